//! The look before a migration's first step at the columns that the steps name, and what is refused in the inspection's words.

use cardgenius_failure::error::{DatabaseError, ErrorKind};

use mysql_async::Row as DriverRow;
use mysql_async::prelude::Queryable;

use super::Migration;
use crate::mysql::connect::within;
use crate::mysql::keys::KeyNames;
use crate::mysql::marks::marked;
use crate::mysql::values::{calls, row_of};
use crate::mysql::{inspect, strangers};
use crate::statement::{Row, bind};

impl Migration<'_> {
    /// Refuses a table of users whose key or status our index and our statements could not use.
    pub(super) async fn look_at_columns(&mut self) -> Result<(), DatabaseError> {
        let columns = self.inspect(include_str!("../sql/inspect_columns.sql")).await?;
        let keys = self.inspect(include_str!("../sql/inspect_keys.sql")).await?;
        let tables = &self.config.tables;
        let faults = inspect::unfit_for_migration((&tables.source_schema, &tables.source_table), &columns, &keys)?;
        if faults.is_empty() { Ok(()) } else { Err(DatabaseError::new(ErrorKind::Refused, faults.join("; "))) }
    }

    /// The rows of a statement of the inspection about the table of users.
    async fn inspect(&mut self, statement: &str) -> Result<Vec<Row>, DatabaseError> {
        let values = self.input();
        let rows = self.query(statement, "looking at the table of users", values).await?;
        Ok(rows.into_iter().map(row_of).collect())
    }

    /// Refuses what bears a name of ours in a schema and is not ours.
    pub(super) async fn look_for_strangers(&mut self, schema: &str, of_source: bool) -> Result<(), DatabaseError> {
        let values = vec![schema.into(); 3];
        let mut faults = self.texts(strangers::QUESTION, "looking for what is not ours", values).await?;
        faults.extend(self.other_forms(schema, of_source).await?);
        if faults.is_empty() { Ok(()) } else { Err(DatabaseError::new(ErrorKind::Refused, faults.join("; "))) }
    }

    /// Tables under our names that have another form than ours, and what stands where the recommendations shall stand and is no table.
    async fn other_forms(&mut self, schema: &str, of_source: bool) -> Result<Vec<String>, DatabaseError> {
        let names = inspect::forms::names(of_source);
        let tables = self.looked_up(include_str!("../sql/inspect_tables.sql"), schema, &names).await?;
        let columns = self.looked_up(include_str!("../sql/inspect_columns.sql"), schema, &names).await?;
        let mut faults = inspect::of_other_forms(schema, &names, &[tables, columns])?;
        if !(of_source && self.second_target) {
            let (schema, name) = (self.config.tables.target_schema.clone(), self.config.tables.target_table.clone());
            let output = self.looked_up(include_str!("../sql/inspect_tables.sql"), &schema, &[&name]).await?;
            faults.extend(inspect::in_the_outputs_place(&schema, &name, output)?);
        }
        Ok(faults)
    }

    /// The rows of a statement of the inspection about tables of a database.
    async fn looked_up(&mut self, template: &str, schema: &str, tables: &[&str]) -> Result<Vec<Row>, DatabaseError> {
        let doing = "looking for what is not ours";
        let statement = marked(&self.names, template, doing)
            .map_err(|error| DatabaseError::caused(ErrorKind::Bug, "preparing the migrations", error))?;
        let (mut rows, names) = (Vec::new(), KeyNames::default());
        for call in calls(&statement, &bind![schema, tables], &names) {
            let asking = self.session.exec::<DriverRow, _, _>(call.sql, call.values);
            rows.extend(within(self.config.limits.statement, doing, asking).await?.into_iter().map(row_of));
        }
        Ok(rows)
    }
}

/// A server that takes no writes, in words; any other error as it is.
pub(super) fn in_words(error: DatabaseError) -> DatabaseError {
    if error.kind() != ErrorKind::ReadOnly {
        return error;
    }
    let advice = "the server takes no writes from this account: read_only (or innodb_read_only) is on, as on a replica; give the address of the primary, or switch that setting off";
    DatabaseError::new(ErrorKind::Refused, format!("{advice} ({error})"))
}
