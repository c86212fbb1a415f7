//! A server that stays when the program ends.

use std::path::PathBuf;

/// What an operator needs in order to use, and later to end, a server that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeptPostgres {
    /// The folder with everything of the server in it: data, socket, log.
    pub folder: PathBuf,
    /// The folder of the Unix socket (`psql -h`).
    pub socket_dir: PathBuf,
    /// The port (`psql -p`).
    pub port: u16,
    /// The superuser (`psql -U`).
    pub superuser: String,
    /// The server's log.
    pub log: PathBuf,
    /// The server's main process.
    pub postmaster_pid: u32,
    /// A shell command that ends the server and removes its folder.
    pub end_command: String,
}
