//! Ending the open run on an operator's word.

use cardgenius_failure::error::DatabaseError;
use cardgenius_pipeline::ports::RunState;
use uuid::Uuid;

use super::super::SqlStore;
use super::super::work::Work;
use crate::server::Server;
use crate::statement::bind;

impl<S: Server, T: Server> SqlStore<S, T> {
    /// Closes the open run as cancelled, and says so in the audit; `None` if none is open. What is in flight is finished by
    /// its claims, and nothing new is claimed.
    ///
    /// # Errors
    /// The database could not be asked, or somebody held the run locked for too long.
    pub async fn cancel_run(&self, reason: Option<&str>, actor: &str) -> Result<Option<(Uuid, String)>, DatabaseError> {
        let mut work = Work::on(&self.source).await?;
        let outcome = async {
            let sql = self.source.sql();
            let mut transaction = work.begin().await?;
            let Some(run) = transaction.maybe_one(&sql.run_find_open, &bind![&self.source_table]).await? else {
                return Ok(None);
            };
            let (run_id, kind): (Uuid, String) = (run.get(0)?, run.get(1)?);
            // First what takes its time, then what claims wait for.
            let left: i64 = transaction.one(&sql.backlog_count, &[]).await?.get(0)?;
            let locked = transaction.maybe_one(&sql.run_lock, &bind![run_id]).await?;
            let state = locked.map(|row| row.get::<String>(0)).transpose()?;
            if state.is_none_or(|state| state != RunState::Open.name()) {
                return Ok(None);
            }
            let why =
                reason.map_or_else(|| format!("cancelled by {actor}"), |why| format!("cancelled by {actor}: {why}"));
            let state = RunState::Cancelled.name();
            transaction.execute(&sql.run_close, &bind![run_id, state, self.instance_id, left, &why]).await?;
            transaction.execute(&sql.desk_audit, &bind![actor, "cancel", run_id, reason]).await?;
            transaction.commit().await?;
            Ok(Some((run_id, kind)))
        }
        .await;
        work.done(&outcome).await;
        outcome
    }
}
