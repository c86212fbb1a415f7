//! The machine's own client program on a private server.

use std::process::Command;

use super::address::{Address, Login};
use super::binaries::MariadbBinaries;
use crate::EmbeddedError;
use crate::client_program::{run, without_client_settings};

/// A client program that talks to one server as one account.
pub(crate) struct Client<'a> {
    pub(crate) binaries: &'a MariadbBinaries,
    pub(crate) address: &'a Address,
    pub(crate) login: Login<'a>,
}

impl Client<'_> {
    /// Runs a script, which stops at its first error, and returns what it wrote: a line a row, with tabs in between.
    pub(crate) fn run_sql(&self, database: &str, script: &str) -> Result<String, EmbeddedError> {
        let mut command = self.command();
        command.args(["--batch", "--skip-column-names"]);
        if !database.is_empty() {
            command.arg(format!("--database={database}"));
        }
        run(command, "mariadb", database, script)
    }

    /// The program, told where the server is and who asks.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(self.binaries.client());
        without_client_settings(&mut command);
        command.arg("--no-defaults").arg("--socket").arg(&self.address.socket);
        command.arg(format!("--user={}", self.login.user));
        command.args(["--default-character-set=utf8mb4", "--local-infile=1"]);
        // Not on the command line, where every account of the machine could read it.
        if let Some(password) = self.login.password {
            command.env("MYSQL_PWD", password);
        }
        command
    }
}
