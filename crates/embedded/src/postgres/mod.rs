//! Private PostgreSQL servers.

pub(crate) mod address;
pub(crate) mod binaries;
pub(crate) mod client;
pub(crate) mod data_folder;
pub(crate) mod keep;
pub(crate) mod options;
pub(crate) mod server;

/// The oldest major version that CardGenius supports.
pub(crate) const OLDEST_MAJOR: u32 = 13;
