//! Starts a private PostgreSQL server and holds it until its standard input ends: a server to try things on, and the
//! owner that the clean-up tests kill.
//!
//! Prints, one a line: the URL, the folder, the process id of the server. With `--keep` the server stays; with `--forget`
//! the program ends without dropping it, which must come to the same as dropping it.

use std::error::Error;
use std::io::Read;
use std::process::ExitCode;

use cardgenius_embedded::{EmbeddedError, PostgresOptions, PrivatePostgres};

fn main() -> ExitCode {
    match hold(std::env::args().nth(1).as_deref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let source = error.source().map(|source| format!(": {source}")).unwrap_or_default();
            eprintln!("private-postgres: {error}{source}");
            ExitCode::FAILURE
        }
    }
}

fn hold(ending: Option<&str>) -> Result<(), EmbeddedError> {
    let server = PrivatePostgres::launch(PostgresOptions::for_tests())?;
    println!("{}", server.url("postgres"));
    println!("{}", server.folder().display());
    println!("{}", server.postmaster_pid().unwrap_or_default());
    // Nothing is expected: the end of the input is the sign.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    match ending {
        Some("--keep") => println!("{}", server.keep()?.end_command),
        Some("--forget") => std::mem::forget(server),
        _ => {}
    }
    Ok(())
}
