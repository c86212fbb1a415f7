//! MySQL and MariaDB: their sessions, and the steps that they have their own way for.

mod address;
mod claim;
mod codes;
mod connect;
mod evict;
mod insert_rows;
mod inspect;
mod keys;
mod lease_line;
mod load;
pub(crate) mod marks;
pub(crate) mod migrate;
mod pressure;
mod server;
mod session;
mod sessions;
mod sign_in;
mod statements;
mod strangers;
mod values;

pub use self::address::{check as check_address, same_database};
pub use self::server::MysqlServer;

use cardgenius_failure::error::DatabaseError;

use crate::config::StoreConfig;
use crate::protocol::SqlStore;

/// The port on MySQL or MariaDB, with the recommendations in the same database or in a second one of that family.
pub type MysqlStore = SqlStore<MysqlServer>;

impl MysqlStore {
    /// Prepares a store; connects to nothing yet.
    ///
    /// # Errors
    /// A URL, certificate or name that cannot be used.
    pub fn new(config: &StoreConfig) -> Result<Self, DatabaseError> {
        let (source, target) = (MysqlServer::source(config)?, MysqlServer::target(config)?);
        Ok(Self::over(source, target, config))
    }
}
