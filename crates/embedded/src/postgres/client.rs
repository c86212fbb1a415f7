//! The machine's own client programs on a private server.

use std::io::Write;
use std::process::{Command, Stdio};

use super::address::{Address, Login};
use super::binaries::PostgresBinaries;
use crate::EmbeddedError;
use crate::supervise::without_client_settings;

/// Client programs that talk to one server as one role.
pub(crate) struct Client<'a> {
    pub(crate) binaries: &'a PostgresBinaries,
    pub(crate) address: &'a Address,
    pub(crate) login: Login<'a>,
}

impl Client<'_> {
    /// Runs a script through `psql`, which stops at its first error, and returns what it wrote.
    pub(crate) fn psql(&self, database: &str, script: &str) -> Result<String, EmbeddedError> {
        let mut command = self.command("psql");
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-", "-d", database]);
        run(command, "psql", database, script)
    }

    /// Makes a database.
    pub(crate) fn create_database(&self, name: &str) -> Result<(), EmbeddedError> {
        let mut command = self.command("createdb");
        command.args(["--maintenance-db=postgres", "--", name]);
        run(command, "createdb", name, "").map(drop)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.binaries.client(program));
        without_client_settings(&mut command);
        command.env("PGHOST", &self.address.socket_dir).env("PGPORT", self.address.port.to_string());
        command.env("PGUSER", self.login.user).env("PGCLIENTENCODING", "UTF8");
        if let Some(password) = self.login.password {
            command.env("PGPASSWORD", password);
        }
        command
    }
}

fn run(mut command: Command, program: &'static str, database: &str, input: &str) -> Result<String, EmbeddedError> {
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
