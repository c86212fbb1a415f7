//! Forgetting what is old, one small step a call.

use std::time::Duration;

use cardgenius_pipeline::error::{ErrorKind, StoreError};

use crate::desk::Pruned;
use crate::postgres::PostgresStore;
use crate::postgres::sessions::Sessions;
use crate::postgres::transaction::Statement;

impl PostgresStore {
    /// One step: deletes at most `step_rows` rows of each of our tables that are older than `keep`, the oldest first, each
    /// table in a transaction of its own. Open runs and claims stay, and so do the last run of each kind that was done and
    /// the last fire of each schedule. [`Pruned::rows`] is zero when nothing is left to do.
    ///
    /// # Errors
    /// A database could not be asked; what was deleted until then stays deleted.
    pub async fn prune(&self, keep: Duration, step_rows: u32) -> Result<Pruned, StoreError> {
        let step = Step { keep: keep.as_secs_f64(), rows: i64::from(step_rows) };
        let (sql, source) = (&self.statements, &self.source);
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
            pruned.fence = step.on(target.sessions(), &sql.prune_fence).await?;
        }
        Ok(pruned)
    }

    async fn prune_catalogues(&self, step: &Step) -> Result<u64, StoreError> {
        let mut session = self.source.session().await?;
        let outcome = async {
            let sql = &self.statements;
            let transaction = session.begin().await?;
            if !transaction.one(&sql.prune_catalogues_due, &[&step.keep]).await?.get::<_, bool>(0) {
                return Ok(0);
            }
            transaction.execute(&sql.prune_catalogues_lock, &[]).await?;
            let pruned = transaction.execute(&sql.prune_catalogues, &[&step.keep, &step.rows]).await?;
            transaction.commit().await?;
            Ok(pruned)
        }
        .await;
        session.done(&outcome);
        outcome
    }
}

struct Step {
    /// Seconds.
    keep: f64,
    rows: i64,
}

impl Step {
    async fn on(&self, sessions: &Sessions, statement: &Statement) -> Result<u64, StoreError> {
        let mut session = sessions.session().await?;
        let outcome = async {
            let transaction = session.begin().await?;
            let pruned = transaction.execute(statement, &[&self.keep, &self.rows]).await?;
            transaction.commit().await?;
            Ok(pruned)
        }
        .await;
        session.done(&outcome);
        outcome
    }
}
