//! Who failed, and why.

use cardgenius_pipeline::error::StoreError;
use uuid::Uuid;

use crate::desk::Cause;
use crate::postgres::PostgresStore;
use crate::postgres::transaction::unsigned;

impl PostgresStore {
    /// Users that are failed now, by cause, the most frequent first; of all runs or of one. A hundred causes at most.
    ///
    /// # Errors
    /// The database could not be asked.
    pub async fn failures(&self, run_id: Option<Uuid>) -> Result<Vec<Cause>, StoreError> {
        let rows = self.source.read(&self.statements.desk_failures, &[&run_id]).await?;
        Ok(rows.iter().map(|row| Cause { cause: row.get(0), users: unsigned(row, 1), examples: row.get(2) }).collect())
    }
}
