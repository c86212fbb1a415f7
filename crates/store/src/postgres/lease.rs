//! The lease's own connection: a heartbeat must not wait for a COPY, nor for a place in the pool.

use std::time::Duration;

use cardgenius_pipeline::error::{ErrorKind, StoreError};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

use super::PostgresStore;
use super::sessions::within;
use super::transaction::{Parameters, Statement, unsigned};

/// The connection, made when needed and thrown away at the first trouble.
#[derive(Default)]
pub(super) struct LeaseLine {
    line: Mutex<Option<Line>>,
}

/// A connection and the task that drives it. Dropped it is closed at once, whatever the server is still at: the driver by
/// itself would wait for the answer, and every renewal that hangs would leave a session behind.
struct Line {
    client: Client,
    driving: JoinHandle<()>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.driving.abort();
    }
}

impl PostgresStore {
    pub(super) async fn register_instance(&self, lease: Duration) -> Result<(), StoreError> {
        let process = i32::try_from(std::process::id()).unwrap_or(0);
        let seconds = lease.as_secs_f64();
        let version = env!("CARGO_PKG_VERSION");
        // Not on the lease's line: a first sign of life may take longer than a renewal, since no lease is waiting for it.
        let mut session = self.source.session().await?;
        let outcome = async {
            let transaction = session.begin().await?;
            let parameters: Parameters<'_> = &[&self.instance_id, &self.host, &process, &version, &seconds];
            transaction.execute(&self.statements.instance_register, parameters).await?;
            transaction.commit().await
        }
        .await;
        session.done(&outcome);
        outcome
    }

    pub(super) async fn renew_lease(&self, lease: Duration) -> Result<(), StoreError> {
        let seconds = lease.as_secs_f64();
        match self.on_lease_line(&self.statements.lease_renew, &[&self.instance_id, &seconds]).await? {
            0 => {
                // Somebody pruned our row: without one nobody could tell us from the dead.
                self.register_instance(lease).await
            }
            _ => Ok(()),
        }
    }

    /// Ends the lease, and whatever sessions a faulty network has left behind: nobody else may be there to sweep them.
    pub(super) async fn stop_instance(&self) -> Result<(), StoreError> {
        self.on_lease_line(&self.statements.instance_stop, &[&self.instance_id]).await?;
        self.end_own_sessions().await
    }

    pub(super) async fn count_live_instances(&self) -> Result<u64, StoreError> {
        let row = self.source.read_one(&self.statements.instances_live, &[]).await?;
        Ok(unsigned(&row, 0))
    }

    /// One statement, by itself a transaction, within the limit of renewals.
    async fn on_lease_line(
        &self,
        statement: &Statement,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, StoreError> {
        let limits = self.source.limits();
        let mut kept = self.lease_line.line.lock().await;
        let line = match kept.take() {
            Some(line) if !line.client.is_closed() => line,
            _ => self.new_line().await?,
        };
        let outcome = within(limits.renewal, statement.doing, line.client.execute(&statement.sql, parameters)).await;
        let sound = outcome.as_ref().err().is_none_or(|error| error.kind() == ErrorKind::Contention);
        if sound {
            *kept = Some(line);
        }
        outcome
    }

    /// A connection on which the server ends by itself what takes longer than a renewal may.
    async fn new_line(&self) -> Result<Line, StoreError> {
        let limits = self.source.limits();
        let (client, driving) = self.source.dial().connect_alone(limits.connect).await?;
        let line = Line { client, driving };
        let session = &self.statements.lease_session;
        let limit = limits.renewal.as_millis().to_string();
        within(limits.renewal, session.doing, line.client.execute(&session.sql, &[&limit])).await?;
        Ok(line)
    }
}
