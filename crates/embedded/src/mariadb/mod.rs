//! Private servers of the MySQL family: MariaDB's, or MySQL's own.

pub(crate) mod address;
pub(crate) mod binaries;
pub(crate) mod client;
pub(crate) mod data_folder;
pub(crate) mod options;
pub(crate) mod server;
pub(crate) mod sql;
pub(crate) mod version;

/// The account of a private server that may do everything.
pub(crate) const SUPERUSER: &str = "cardgenius";
