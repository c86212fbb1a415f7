//! The look before a migration's first step: what would keep one of the steps from being taken is said by name, while nothing has been
//! changed yet.

use cardgenius_failure::error::{DatabaseError, ErrorKind};

use super::Migration;
use crate::identifiers::quote;
use crate::postgres::inspect::{self, refused_by};
use crate::postgres::values::row_of;
use crate::statement::Row as StoredRow;

/// Our columns in the table of users.
const OWN_COLUMNS: i64 = 4;

impl Migration<'_> {
    /// Looks at the rights that the steps need, and, where the users are, at the columns that they name.
    pub(super) async fn look_first(&mut self, is_source: bool) -> Result<(), DatabaseError> {
        let config = self.config;
        let tables = &config.tables;
        let mut faults = Vec::new();
        if is_source {
            faults.extend(self.missing_rights(&tables.source_schema, &tables.source_table).await?);
            faults.extend(self.unfit_columns().await?);
        } else {
            faults.extend(self.missing_rights(&tables.target_schema, &tables.target_table).await?);
        }
        if faults.is_empty() { Ok(()) } else { Err(DatabaseError::new(ErrorKind::Refused, faults.join("; "))) }
    }

    async fn missing_rights(&mut self, schema: &String, table: &String) -> Result<Vec<String>, DatabaseError> {
        let doing = "looking at the rights that the migration needs";
        let rows = self.query(include_str!("../sql/migrate_look.sql"), doing, &[schema, table]).await?;
        // Without the schema a step says so, and what to do.
        let Some(row) = rows.first() else { return Ok(Vec::new()) };
        let (role, may_create): (&str, bool) = (row.get(0), row.get(1));
        let (owner, is_owner): (Option<&str>, bool) = (row.get(2), row.get(3));
        let mut faults = Vec::new();
        if !may_create {
            faults.push(format!(
                "role {role} may not create our tables in schema {schema} (since PostgreSQL 15 only the owner of the database may, in public): let that owner or a superuser run GRANT CREATE ON SCHEMA {} TO {};",
                quote(schema),
                quote(role)
            ));
        }
        if !is_owner && *table == self.config.tables.source_table && self.must_alter().await? {
            let owner = owner.unwrap_or_default();
            faults.push(format!(
                "role {role} does not own {schema}.{table}, and only the owner, {owner}, may add our columns and our index: migrate as {owner}, or as a role that is a member of it"
            ));
        }
        Ok(faults)
    }

    /// Whether columns or the index are still to be added to the table of users.
    async fn must_alter(&mut self) -> Result<bool, DatabaseError> {
        let state = self.input().await?;
        Ok(state.columns < OWN_COLUMNS || state.index != Some(true))
    }

    /// What is wrong with the columns that the index over the unsettled and the views name, and with the users' key.
    async fn unfit_columns(&mut self) -> Result<Vec<String>, DatabaseError> {
        // Says what is no table.
        self.input().await?;
        let columns = self.inspect(include_str!("../sql/inspect_columns.sql")).await?;
        let indexes = self.inspect(include_str!("../sql/inspect_indexes.sql")).await?;
        let tables = &self.config.tables;
        inspect::unfit_for_migration((&tables.source_schema, &tables.source_table), &columns, &indexes)
    }

    /// The rows of a statement of the inspection about the table of users.
    async fn inspect(&mut self, statement: &str) -> Result<Vec<StoredRow>, DatabaseError> {
        let tables = &self.config.tables;
        let (schemas, names) = ([tables.source_schema.as_str()], [tables.source_table.as_str()]);
        let doing = "looking at the table of users";
        let rows = self.query(statement, doing, &[&schemas.as_slice(), &names.as_slice()]).await?;
        rows.iter().map(|row| row_of(row, doing)).collect()
    }
}

/// An error of ours in the inspection's words, where it is one that the inspection refuses by name.
pub(super) fn in_words(error: DatabaseError, place: &str) -> DatabaseError {
    match refused_by(&error, "the database", place) {
        Some(refusal) => DatabaseError::new(ErrorKind::Refused, refusal.message),
        None => error,
    }
}
