//! This instance's row and its lease. A heartbeat must not wait for a load, nor for a place in the pool: it has a
//! connection of its own.

use std::time::Duration;

use cardgenius_failure::error::DatabaseError;
use cardgenius_pipeline::ports::Live;

use super::SqlStore;
use super::work::{read_one, write};
use crate::server::Server;
use crate::statement::bind;

impl<S: Server, T: Server> SqlStore<S, T> {
    pub(super) async fn register_instance(&self, lease: Duration) -> Result<(), DatabaseError> {
        let process = i32::try_from(std::process::id()).unwrap_or(0);
        let version = env!("CARGO_PKG_VERSION");
        let values = bind![self.instance_id, &self.host, process, version, lease.as_secs_f64()];
        // Not on the lease's line: a first sign of life may take longer than a renewal, since no lease is waiting for it.
        write(&self.source, &self.source.sql().instance_register, &values).await.map(drop)
    }

    pub(super) async fn renew_lease(&self, lease: Duration) -> Result<(), DatabaseError> {
        let values = bind![self.instance_id, lease.as_secs_f64()];
        match self.source.on_lease_line(&self.source.sql().lease_renew, &values).await? {
            0 => {
                // Somebody pruned our row: without one nobody could tell us from the dead.
                self.register_instance(lease).await
            }
            _ => Ok(()),
        }
    }

    /// Ends the lease, and whatever sessions a faulty network has left behind: nobody else may be there to sweep them.
    pub(super) async fn stop_instance(&self) -> Result<(), DatabaseError> {
        self.source.on_lease_line(&self.source.sql().instance_stop, &bind![self.instance_id]).await?;
        self.end_own_sessions().await
    }

    pub(super) async fn count_live_instances(&self) -> Result<Live, DatabaseError> {
        let row = read_one(&self.source, &self.source.sql().instances_live, &bind![self.instance_id]).await?;
        Ok(Live { instances: row.count(0)?, before: row.count(1)? })
    }
}
