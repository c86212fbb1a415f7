//! PostgreSQL: its sessions, and the steps that it has its own way for.

mod address;
mod binary_field;
pub(crate) mod binary_rows;
mod claim;
mod connect;
mod inspect;
mod lease_line;
pub(crate) mod migrate;
mod numeric;
mod pressure;
mod row_form;
mod search_path;
mod server;
mod session;
mod sessions;
mod sqlstate;
mod statements;
mod strangers;
mod tls;
mod values;

pub use self::address::{check as check_address, same_database};
pub use self::server::PostgresServer;

use cardgenius_failure::error::DatabaseError;

use crate::config::StoreConfig;
use crate::protocol::SqlStore;

/// The port on PostgreSQL, with the recommendations in the same database or in a second one.
pub type PostgresStore = SqlStore<PostgresServer>;

impl PostgresStore {
    /// Prepares a store; connects to nothing yet.
    ///
    /// # Errors
    /// A URL, certificate or name that cannot be used.
    pub fn new(config: &StoreConfig) -> Result<Self, DatabaseError> {
        let (source, target) = (PostgresServer::source(config)?, PostgresServer::target(config)?);
        Ok(Self::over(source, target, config))
    }
}
