//! Who failed, and why.

use cardgenius_failure::error::DatabaseError;
use cardgenius_failure::redaction::without_figures;
use uuid::Uuid;

use super::super::SqlStore;
use super::super::work::read;
use crate::desk::Cause;
use crate::server::Server;
use crate::statement::{Row, bind};

impl<S: Server, T: Server> SqlStore<S, T> {
    /// Users that are failed now, by cause, the most frequent first; of all runs or of one. A hundred causes at most.
    ///
    /// # Errors
    /// The database could not be asked.
    pub async fn failures(&self, run_id: Option<Uuid>) -> Result<Vec<Cause>, DatabaseError> {
        let rows = read(&self.source, &self.source.sql().desk_failures, &bind![run_id]).await?;
        let cause = |row: &Row| {
            let cause = without_figures(&row.get::<String>(0)?);
            Ok(Cause { cause, users: row.count(1)?, examples: row.get(2)? })
        };
        rows.iter().map(cause).collect()
    }
}
