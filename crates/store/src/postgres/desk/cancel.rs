//! Ending the open run on an operator's word.

use cardgenius_pipeline::error::StoreError;
use cardgenius_pipeline::ports::RunState;
use uuid::Uuid;

use crate::postgres::PostgresStore;

impl PostgresStore {
    /// Closes the open run as cancelled, and says so in the audit; `None` if none is open. What is in flight is finished by
    /// its claims, and nothing new is claimed.
    ///
    /// # Errors
    /// The database could not be asked, or somebody held the run locked for too long.
    pub async fn cancel_run(&self, reason: Option<&str>, actor: &str) -> Result<Option<(Uuid, String)>, StoreError> {
        let mut session = self.source.session().await?;
        let outcome = async {
            let sql = &self.statements;
            let transaction = session.begin().await?;
            let Some(run) = transaction.maybe_one(&sql.run_find_open, &[&self.source_table]).await? else {
                return Ok(None);
            };
            let (run_id, kind): (Uuid, String) = (run.get(0), run.get(1));
            // First what takes its time, then what claims wait for.
            let left: i64 = transaction.one(&sql.backlog_count, &[]).await?.get(0);
            let locked = transaction.maybe_one(&sql.run_lock, &[&run_id]).await?;
            if locked.is_none_or(|row| row.get::<_, &str>(0) != RunState::Open.name()) {
                return Ok(None);
            }
            let why =
                reason.map_or_else(|| format!("cancelled by {actor}"), |why| format!("cancelled by {actor}: {why}"));
            let state = RunState::Cancelled.name();
            transaction.execute(&sql.run_close, &[&run_id, &state, &self.instance_id, &left, &why]).await?;
            transaction.execute(&sql.desk_audit, &[&actor, &"cancel", &run_id, &reason]).await?;
            transaction.commit().await?;
            Ok(Some((run_id, kind)))
        }
        .await;
        session.done(&outcome);
        outcome
    }
}
