//! The customer's other objects, which a run meets without naming them: foreign keys to and from the recommendations.

use super::facts::Table;
use crate::config::TableNames;
use crate::inspection::references::{OnDelete, Reference};
use crate::statement::Row;
use cardgenius_failure::error::DatabaseError;

/// A foreign key of a table, and what it references.
#[derive(Clone, Debug)]
pub(super) struct Referenced {
    constraint: String,
    schema: String,
    table: String,
}

/// Reads a row of `inspect_references.sql`.
pub(super) fn reference(row: &Row) -> Result<Reference, DatabaseError> {
    let on_delete = match row.get::<String>(3)?.as_str() {
        "CASCADE" => OnDelete::Cascade,
        "SET NULL" => OnDelete::SetNull,
        "SET DEFAULT" => OnDelete::SetDefault,
        // NO ACTION is judged at once here, as RESTRICT is.
        _ => OnDelete::Refuse,
    };
    Ok(Reference { constraint: row.get(1)?, table: row.get(2)?, on_delete })
}

/// Reads a row of `inspect_referenced.sql`.
pub(super) fn referenced(row: &Row) -> Result<Referenced, DatabaseError> {
    Ok(Referenced { constraint: row.get(1)?, schema: row.get(2)?, table: row.get(3)? })
}

/// The foreign key of the recommendations that references the table of users, if there is one on this server.
pub(super) fn reference_to_users(output: &Table, tables: &TableNames) -> Option<String> {
    let is_input = |key: &&Referenced| {
        key.schema.eq_ignore_ascii_case(&tables.source_schema) && key.table.eq_ignore_ascii_case(&tables.source_table)
    };
    output.referenced.iter().find(is_input).map(|key| key.constraint.clone())
}
