//! The pipeline's port on MySQL and MariaDB.

mod address;
mod codes;
mod connect;
pub mod migrate;
mod tls;

pub use self::address::{database_of, same_database};
