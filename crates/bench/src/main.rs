//! `cardgenius-bench`: what the program costs beside what its database must do in any case.
//!
//! Starts a private server with all durability on, gives every contender a fresh copy of the same database in turn,
//! measures, and audits afterwards that the whole job was done. docs/benchmarks.md says what the figures mean.

mod audit;
mod bench;
mod cases;
mod claim_times;
mod cli;
mod database;
mod failure;
mod floor;
mod machine;
mod mariadb;
mod measure;
mod population;
mod proc_files;
mod program;
mod proxy;
mod ready;
mod report;
mod server;
mod shoppers;
mod statements;

use std::process::ExitCode;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use crate::bench::Bench;
use crate::cli::{Case, Options};
use crate::failure::{Outcome, chain};

/// What a shell reports of a program that a Ctrl-C ended.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let options = Options::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    runtime.block_on(async {
        // Whichever ends first: the other is dropped, and with it the server, its folder, and the program under measure.
        tokio::select! {
            outcome = work(options) => outcome.map_or_else(|error| failed(&error), |()| ExitCode::SUCCESS),
            heard = interruption() => heard.map_or_else(|error| failed(&error), |()| ExitCode::from(INTERRUPTED)),
        }
    })
}

async fn work(options: Options) -> Outcome<()> {
    let cases = options.cases.clone();
    for case in cases {
        if case == Case::Mariadb {
            mariadb::run(&options).await?;
            continue;
        }
        // A server of its own for each: what one case leaves in caches and logs is nothing to the next.
        let bench = Bench::start(options.clone()).await?;
        cases::run(&bench, case).await?;
        bench.stop()?;
    }
    Ok(())
}

async fn interruption() -> Outcome<()> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    eprintln!("stopped on request; the server and its folder are removed");
    Ok(())
}

fn failed(error: &failure::Failure) -> ExitCode {
    eprintln!("cardgenius-bench: {}", chain(error.as_ref()));
    ExitCode::FAILURE
}
