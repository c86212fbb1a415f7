//! Private database servers, started from the machine's own binaries in a temporary folder.
//!
//! For the demo and for tests. A private server listens on a Unix socket in a folder that only its own account (and
//! root) may enter, touches no server that was there before, and leaves nothing behind: it ends, and its folder goes,
//! when its value is dropped, when the program ends without dropping it, and when the program is killed.
//!
//! ```no_run
//! # fn main() -> Result<(), cardgenius_embedded::EmbeddedError> {
//! use cardgenius_embedded::{PostgresOptions, PrivatePostgres};
//!
//! let server = PrivatePostgres::launch(PostgresOptions::for_tests())?;
//! server.create_database("cashkaro")?;
//! println!("{}", server.url("cashkaro"));
//! # Ok(())
//! # }
//! ```
//!
//! What belongs to one kind of server is in `postgres` and in `mariadb` (MariaDB and MySQL); the rest belongs to any.

#![warn(clippy::print_stdout, clippy::print_stderr)]

mod account;
mod client_program;
mod durability;
mod error;
mod mariadb;
mod password;
mod port;
mod postgres;
mod programs;
mod supervise;
mod transcript;

pub use durability::Durability;
pub use error::EmbeddedError;
pub use mariadb::binaries::{MariadbBinaries, VARIABLE as MARIADB_BIN_VARIABLE};
pub use mariadb::options::MariadbOptions;
pub use mariadb::server::PrivateMariadb;
pub use mariadb::version::{MariadbVersion, Vendor};
pub use postgres::binaries::{PostgresBinaries, ServerVersion, VARIABLE as POSTGRES_BIN_VARIABLE};
pub use postgres::keep::KeptPostgres;
pub use postgres::options::{Locale, PostgresOptions};
pub use postgres::server::PrivatePostgres;
