//! The life of a chunk: claimed, computed, written, finished; and what surrounds it: leases, sweeps, runs.
//!
//! Knows no database driver. What it needs of a database is a port, [`ports::Store`]; what a failure means for it is an
//! [`cardgenius_failure::error::ErrorKind`]; what is done about it is decided in one place, [`policy`].

#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod chunk_size;
pub mod claim;
pub mod compute;
pub mod config;
pub mod finish;
pub mod hours;
pub mod lease;
pub mod observe;
pub mod pace;
pub mod policy;
pub mod ports;
pub mod pressure;
pub mod progress;
pub mod run;
pub mod sweep;
pub mod throttle;
pub mod verdict;
