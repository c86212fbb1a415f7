//! CardGenius recommends ten credit cards to each of millions of users, from database to database.
//!
//! This package is the binary `cardgenius`: configuration, command line, wiring. `main.rs` only calls [`run`].

#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod any_store;
mod backfill_hours;
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
mod panics;
mod process;
mod run_request;
mod runtime;
pub mod sampler;
pub mod schedule;
mod service;
mod signals;
mod standard_error;
pub mod status;
mod summary;
pub mod telemetry;
mod watch;
mod wiring;

use std::ffi::OsString;
use std::time::Duration;

use self::exit::Exit;

/// At the end, the log's last lines are waited for this long. Its reader may have stopped reading.
const LAST_LINES: Duration = Duration::from_secs(1);

/// The whole program: reads the command line (the program's name first), does what it says.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    process::prepare();
    panics::say_in_the_log();
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let exit = match cli::parse(&arguments) {
        Ok(cli) => commands::dispatch(&cli),
        Err(refusal) => refusal.report(&arguments),
    };
    standard_error::flush(LAST_LINES);
    exit
}
