//! The look before a migration's first step at the columns that the steps name, and what is refused in the inspection's words.

use cardgenius_pipeline::error::{ErrorKind, StoreError};

use super::Migration;
use crate::mysql::inspect;
use crate::mysql::values::row_of;
use crate::statement::Row;

impl Migration<'_> {
    /// Refuses a table of users whose key or status our index and our statements could not use.
    pub(super) async fn look_at_columns(&mut self) -> Result<(), StoreError> {
        let columns = self.inspect(include_str!("../sql/inspect_columns.sql")).await?;
        let keys = self.inspect(include_str!("../sql/inspect_keys.sql")).await?;
        let tables = &self.config.tables;
        let faults = inspect::unfit_for_migration((&tables.source_schema, &tables.source_table), &columns, &keys)?;
        if faults.is_empty() { Ok(()) } else { Err(StoreError::new(ErrorKind::Refused, faults.join("; "))) }
    }

    /// The rows of a statement of the inspection about the table of users.
    async fn inspect(&mut self, statement: &str) -> Result<Vec<Row>, StoreError> {
        let values = self.input();
        let rows = self.query(statement, "looking at the table of users", values).await?;
        Ok(rows.into_iter().map(row_of).collect())
    }
}

/// A server that takes no writes, in words; any other error as it is.
pub(super) fn in_words(error: StoreError) -> StoreError {
    if error.kind() != ErrorKind::ReadOnly {
        return error;
    }
    let advice = "the server takes no writes from this account: read_only (or innodb_read_only) is on, as on a replica; give the address of the primary, or switch that setting off";
    StoreError::new(ErrorKind::Refused, format!("{advice} ({error})"))
}
