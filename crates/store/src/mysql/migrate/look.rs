//! The looks before a migration's first step: at the columns that the steps name, and at what bears names of ours and is not ours; what
//! is refused is told in the inspection's words.

use cardgenius_pipeline::error::{ErrorKind, StoreError};
use mysql_async::Row as DriverRow;
use mysql_async::prelude::Queryable;

use super::Migration;
use crate::mysql::connect::within;
use crate::mysql::inspect;
use crate::mysql::keys::KeyNames;
use crate::mysql::marks::marked;
use crate::mysql::values::{calls, row_of};
use crate::statement::{Row, bind};

impl Migration<'_> {
    /// Refuses a table of users whose key or status our index and our statements could not use.
    pub(super) async fn look_at_columns(&mut self) -> Result<(), StoreError> {
        let tables = &self.config.tables;
        let (schema, table) = (tables.source_schema.clone(), tables.source_table.clone());
        let rows = self.looked_up(include_str!("../sql/inspect_columns.sql"), &schema, &[&table]).await?;
        refuse(inspect::unfit_for_migration(&format!("{schema}.{table}"), &rows)?)
    }

    /// Refuses what stands where ours shall stand: CREATE IF NOT EXISTS would take it over.
    pub(super) async fn refuse_strangers(&mut self, of_source: bool) -> Result<(), StoreError> {
        let tables = self.config.tables.clone();
        let schema = if of_source { &tables.source_schema } else { &tables.target_schema };
        let mut faults = Vec::new();
        for (schema, names) in [
            (schema, inspect::strangers::names(of_source)),
            (
                &tables.target_schema,
                if of_source && self.second_target { Vec::new() } else { vec![&*tables.target_table] },
            ),
        ] {
            let mut answers = Vec::new();
            for template in [
                include_str!("../sql/inspect_tables.sql"),
                include_str!("../sql/inspect_columns.sql"),
                include_str!("../sql/inspect_triggers.sql"),
            ] {
                answers.push(self.looked_up(template, schema, &names).await?);
            }
            faults.extend(inspect::foreign_objects(schema, &names, &answers)?);
        }
        refuse(faults)
    }

    /// The rows of a statement of the inspection about tables of a database.
    async fn looked_up(&mut self, template: &str, schema: &str, tables: &[&str]) -> Result<Vec<Row>, StoreError> {
        let doing = "looking at what is there before the first step";
        let statement = marked(&self.names, template, doing)
            .map_err(|error| StoreError::caused(ErrorKind::Bug, "preparing the migrations", error))?;
        let (mut rows, names) = (Vec::new(), KeyNames::default());
        for call in calls(&statement, &bind![schema, tables], &names) {
            let asking = self.session.exec::<DriverRow, _, _>(call.sql, call.values);
            rows.extend(within(self.config.limits.statement, doing, asking).await?.into_iter().map(row_of));
        }
        Ok(rows)
    }
}

fn refuse(faults: Vec<String>) -> Result<(), StoreError> {
    if faults.is_empty() { Ok(()) } else { Err(StoreError::new(ErrorKind::Refused, faults.join("; "))) }
}

/// A server that takes no writes, in words; any other error as it is.
pub(super) fn in_words(error: StoreError) -> StoreError {
    if error.kind() != ErrorKind::ReadOnly {
        return error;
    }
    let advice = "the server takes no writes from this account: read_only (or innodb_read_only) is on, as on a replica; give the address of the primary, or switch that setting off";
    StoreError::new(ErrorKind::Refused, format!("{advice} ({error})"))
}
