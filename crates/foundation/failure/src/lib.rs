//! What can go wrong with a database or a network, as kinds; the wait before a further attempt; points at which a test fails.
//!
//! This crate says what happened. Each system decides by itself what to do about it. The crate refuses to hold retry decisions,
//! a system's own kinds of error, and bodies of HTTP answers.

#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod backoff;
pub mod error;
pub mod failpoint;
pub mod redaction;
