//! What can go wrong with a private server, and what to do about it.

use std::path::PathBuf;

/// Why a private server could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbeddedError {
    /// No server of a usable version is installed.
    #[error("no {server} server (version {oldest} or later) on this machine; looked at {looked_at}; {advice}")]
    BinariesNotFound {
        /// What kind of server.
        server: &'static str,
        /// The oldest version that is usable.
        oldest: String,
        /// Every place looked at, and what was missing there.
        looked_at: String,
        /// What to install, or to set.
        advice: &'static str,
    },
    /// The folder that was asked for by name holds no usable server.
    #[error("no usable {server} server in {folder} (named by {named_by}): {reason}")]
    BinariesUnusable {
        /// What kind of server.
        server: &'static str,
        /// The folder.
        folder: PathBuf,
        /// Who named it.
        named_by: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The owner is root and the machine has no account that a server may run under.
    #[error("a database server does not run as root, and this machine has no account {names}; create one of them")]
    NoAccount {
        /// The accounts looked for.
        names: String,
    },
    /// No place for the server's folder.
    #[error("cannot make a temporary folder for a private server: {reasons}")]
    NoFolder {
        /// Each place tried, and why it did not serve.
        reasons: String,
    },
    /// A file in the server's folder could not be written.
    #[error("cannot write {path} for a private server")]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A program could not be started at all.
    #[error("cannot start {program}")]
    Spawn {
        /// The program.
        program: String,
        /// The cause.
        source: std::io::Error,
    },
    /// An option or setting that cannot be used.
    #[error("cannot use {name} for a private server: {reason}")]
    Option {
        /// The option's or setting's name.
        name: String,
        /// The rule that it breaks.
        reason: String,
    },
    /// A program that prepares the server failed.
    #[error("{program} failed with status {status}; its last lines:\n{log}")]
    Preparation {
        /// The program.
        program: String,
        /// Its exit status.
        status: i32,
        /// Its last lines.
        log: String,
    },
    /// The server ended instead of becoming ready.
    #[error("the private server ended while it started; its last lines:\n{log}")]
    EndedAtStart {
        /// The log's last lines.
        log: String,
    },
    /// The server did not become ready in time, and was ended.
    #[error("the private server was not ready after {seconds} s and was ended; its last lines:\n{log}")]
    NotReady {
        /// The limit.
        seconds: u64,
        /// The log's last lines.
        log: String,
    },
    /// No loopback port could be bound.
    #[error("no loopback port could be bound after {attempts} attempts; the server's last lines:\n{log}")]
    NoPort {
        /// How many ports were tried.
        attempts: u32,
        /// The log's last lines.
        log: String,
    },
    /// `start` on a server that runs.
    #[error("the private server already runs (process {pid}); stop it first")]
    AlreadyRunning {
        /// The server's main process.
        pid: u32,
    },
    /// The server ended, but not by the signal that was asked for.
    #[error("the private server did not end by itself within {seconds} s and was sent {signal}")]
    EndForced {
        /// How long it was given.
        seconds: u64,
        /// The harsher signal that it was sent.
        signal: String,
    },
    /// The process that watches over the server is gone or does not answer.
    #[error("the private server's supervisor is gone or does not answer ({doing}); the last lines:\n{log}")]
    SupervisorLost {
        /// What it was asked.
        doing: &'static str,
        /// The log's last lines.
        log: String,
    },
    /// A client program reported an error.
    #[error("{program} on database {database} failed: {message}")]
    Client {
        /// The client program.
        program: &'static str,
        /// The database.
        database: String,
        /// What it wrote to its standard error.
        message: String,
    },
}
