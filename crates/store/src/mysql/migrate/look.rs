//! The look before a migration's first step at the columns that the steps name, and what is refused in the inspection's words.

use cardgenius_pipeline::error::{ErrorKind, StoreError};

use super::Migration;
use crate::mysql::values::row_of;
use crate::mysql::{inspect, strangers};

impl Migration<'_> {
    /// Refuses a table of users whose key or status our index and our statements could not use.
    pub(super) async fn look_at_columns(&mut self) -> Result<(), StoreError> {
        let doing = "looking at the columns of the table of users";
        let values = self.input();
        let rows = self.query(include_str!("../sql/inspect_columns.sql"), doing, values).await?;
        let rows: Vec<_> = rows.into_iter().map(row_of).collect();
        let tables = &self.config.tables;
        let shown = format!("{}.{}", tables.source_schema, tables.source_table);
        let faults = inspect::unfit_for_migration(&shown, &rows)?;
        if faults.is_empty() { Ok(()) } else { Err(StoreError::new(ErrorKind::Refused, faults.join("; "))) }
    }

    /// Refuses what bears a name of ours in a schema and is not ours.
    pub(super) async fn look_for_strangers(&mut self, schema: &str) -> Result<(), StoreError> {
        let values = vec![schema.into(); 3];
        let faults = self.texts(strangers::QUESTION, "looking for what is not ours", values).await?;
        if faults.is_empty() { Ok(()) } else { Err(StoreError::new(ErrorKind::Refused, faults.join("; "))) }
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
