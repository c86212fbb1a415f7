//! The machine's own client programs.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::EmbeddedError;

/// How the variables begin by which a user steers the databases' programs (`PGHOST`, `PGDATA`, `MYSQL_HOST`, ...).
const STEERING: [&str; 3] = ["PG", "MYSQL", "MARIADB"];

/// Removes the variables by which a user steers the databases' programs: a private server must not depend on them, and
/// its clients must not reach another server.
pub(crate) fn without_client_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if STEERING.iter().any(|beginning| text.starts_with(beginning)) {
            command.env_remove(&name);
        }
    }
}

/// Runs a client program on this input, and returns what it wrote.
pub(crate) fn run(
    mut command: Command,
    program: &'static str,
    database: &str,
    input: &str,
) -> Result<String, EmbeddedError> {
    let failed = |source| EmbeddedError::Spawn { program: program.to_owned(), source };
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(failed)?;
    let output = std::thread::scope(|scope| {
        // Written beside the reading: a long script and a long answer must not wait for each other. A client that
        // stopped early closes the pipe; what it says about that is in its standard error.
        if let Some(mut stdin) = child.stdin.take() {
            scope.spawn(move || stdin.write_all(input.as_bytes()));
        }
        child.wait_with_output()
    });
    let output = output.map_err(failed)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned());
    }
    let message = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
    Err(EmbeddedError::Client { program, database: database.to_owned(), message })
}
