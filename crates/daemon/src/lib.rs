//! CardGenius recommends ten credit cards to each of millions of users, from database to database.
//!
//! This package is the binary `cardgenius`: configuration, command line, wiring. `main.rs` only calls [`run`].

pub mod any_store;
mod backfill_hours;
mod bounded_read;
pub mod catalogue_file;
pub mod cli;
mod clocks;
pub mod commands;
pub mod config;
pub mod demo;
pub mod exit;
mod http;
mod instance;
mod metric_kinds;
pub mod metrics;
pub mod observer;
mod run_request;
pub mod sampler;
pub mod schedule;
mod service;
mod signals;
pub mod status;
mod summary;
pub mod telemetry;
mod terminal;
mod watch;
mod wiring;

use std::ffi::OsString;

use self::exit::Exit;

/// The whole program: reads the command line (the program's name first), does what it says.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    match cli::parse(&arguments) {
        Ok(cli) => commands::dispatch(&cli),
        Err(refusal) => refusal.report(&arguments),
    }
}
