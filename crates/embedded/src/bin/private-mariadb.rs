//! Starts a private server of the MySQL family and holds it until its standard input ends: a server to try things on,
//! and the owner that the clean-up tests kill.
//!
//! Prints, one a line: the URL, the folder, the process id of the server. With `--forget` the program ends without
//! dropping it, which must come to the same as dropping it.

use std::error::Error;
use std::io::Read;
use std::process::ExitCode;

use cardgenius_embedded::{EmbeddedError, MariadbOptions, PrivateMariadb};

fn main() -> ExitCode {
    match hold(std::env::args().nth(1).as_deref() == Some("--forget")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let source = error.source().map(|source| format!(": {source}")).unwrap_or_default();
            eprintln!("private-mariadb: {error}{source}");
            ExitCode::FAILURE
        }
    }
}

fn hold(forget: bool) -> Result<(), EmbeddedError> {
    let server = PrivateMariadb::launch(MariadbOptions::for_tests())?;
    println!("{}", server.url("mysql"));
    println!("{}", server.folder().display());
    println!("{}", server.server_pid().unwrap_or_default());
    // Nothing is expected: the end of the input is the sign.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    if forget {
        std::mem::forget(server);
    }
    Ok(())
}
