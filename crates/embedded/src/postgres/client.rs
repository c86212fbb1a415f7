//! The machine's own client programs on a private server.

use std::process::Command;

use super::address::{Address, Login};
use super::binaries::PostgresBinaries;
use crate::EmbeddedError;
use crate::client_program::{run, without_client_settings};

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
