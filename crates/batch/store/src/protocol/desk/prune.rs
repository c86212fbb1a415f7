//! Forgetting what is old, one small step a call.

use std::time::Duration;

use cardgenius_failure::error::{DatabaseError, ErrorKind};

use super::super::SqlStore;
use super::super::work::{Work, write};
use crate::desk::Pruned;
use crate::server::Server;
use crate::statement::{Statement, bind};

impl<S: Server, T: Server> SqlStore<S, T> {
    /// One step: deletes at most `step_rows` rows of each of our tables that are older than `keep`, the oldest first, each
    /// table in a transaction of its own. Open runs and claims stay, and so do the last run of each kind that was done and
    /// the last fire of each schedule. [`Pruned::rows`] is zero when nothing is left to do.
    ///
    /// # Errors
    /// A database could not be asked; what was deleted until then stays deleted.
    pub async fn prune(&self, keep: Duration, step_rows: u32) -> Result<Pruned, DatabaseError> {
        let step = Step { keep: keep.as_secs_f64(), rows: i64::from(step_rows) };
        let (sql, source) = (self.source.sql(), &self.source);
        let mut pruned = Pruned {
            claims: step.on(source, &sql.prune_claims).await?,
            runs: step.on(source, &sql.prune_runs).await?,
            audit: step.on(source, &sql.prune_audit).await?,
            instances: step.on(source, &sql.prune_instances).await?,
            fires: step.on(source, &sql.prune_fires).await?,
            ..Pruned::default()
        };
        pruned.catalogues = match self.prune_catalogues(&step).await {
            // Somebody is opening a run: next time.
            Err(error) if error.kind() == ErrorKind::Contention => 0,
            outcome => outcome?,
        };
        if let Some(target) = &self.target {
            pruned.fence = step.on(target.server(), &target.server().sql().prune_fence).await?;
        }
        Ok(pruned)
    }

    async fn prune_catalogues(&self, step: &Step) -> Result<u64, DatabaseError> {
        let mut work = Work::on(&self.source).await?;
        let outcome = async {
            let sql = self.source.sql();
            let mut transaction = work.begin().await?;
            if !transaction.one(&sql.prune_catalogues_due, &bind![step.keep]).await?.get::<bool>(0)? {
                return Ok(0);
            }
            transaction.execute(&sql.prune_catalogues_lock, &[]).await?;
            let pruned = transaction.execute(&sql.prune_catalogues, &bind![step.keep, step.rows]).await?;
            transaction.commit().await?;
            Ok(pruned)
        }
        .await;
        work.done(&outcome).await;
        outcome
    }
}

struct Step {
    /// Seconds.
    keep: f64,
    rows: i64,
}

impl Step {
    async fn on<V: Server>(&self, server: &V, statement: &Statement) -> Result<u64, DatabaseError> {
        write(server, statement, &bind![self.keep, self.rows]).await
    }
}
