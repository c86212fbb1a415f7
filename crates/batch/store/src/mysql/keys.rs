//! The keys of the customer's tables: every statement that locks or changes rows names the index to go by, so that no two
//! sessions lock the same rows through different ones and wait for each other.

use std::sync::Arc;

use cardgenius_failure::error::DatabaseError;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row as DriverRow};

use super::connect::within;
use super::server::Shared;
use super::values::{calls, row_of};
use crate::identifiers::quote_mysql;
use crate::statement::{Row, bind};

/// What each table's rows are told by.
pub(super) const INPUT_KEY: [&str; 1] = ["user_id"];
pub(super) const OUTPUT_KEY: [&str; 2] = ["user_id", "rank"];

/// The indexes to go by, quoted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeyNames {
    pub(super) input: String,
    pub(super) output: String,
}

impl Default for KeyNames {
    fn default() -> Self {
        Self { input: quote_mysql(PRIMARY), output: quote_mysql(PRIMARY) }
    }
}

/// The name of every table's primary key.
const PRIMARY: &str = "PRIMARY";

/// An index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Index {
    pub(super) name: String,
    pub(super) columns: Vec<String>,
    /// Unique over whole columns.
    pub(super) key: bool,
    /// A column may be NULL, and NULL as often as one likes.
    pub(super) nullable: bool,
    /// No statement may name it, though it still keeps out what is there twice: the word of ALTER INDEX that ends that.
    pub(super) ignored_until: Option<String>,
}

/// The indexes of a table, out of the rows of `inspect_keys.sql`.
pub(super) fn indexes_of(rows: &[Row], table: &str) -> Result<Vec<Index>, DatabaseError> {
    let mut indexes: Vec<Index> = Vec::new();
    for row in rows {
        if !row.get::<String>(0)?.eq_ignore_ascii_case(table) {
            continue;
        }
        let (name, column): (String, Option<String>) = (row.get(1)?, row.get(2)?);
        let (unique, whole, nullable): (bool, bool, Option<bool>) = (row.get(3)?, row.get(4)?, row.get(5)?);
        if indexes.last().is_none_or(|index| index.name != name) {
            indexes.push(Index { name, key: true, ..Index::default() });
        }
        if let Some(index) = indexes.last_mut() {
            // An expression has no column.
            index.key &= unique && whole && column.is_some();
            index.nullable |= nullable.unwrap_or(false);
            index.ignored_until = row.get(6)?;
            index.columns.push(column.unwrap_or_default());
        }
    }
    Ok(indexes)
}

/// The index by which rows are told by just these columns, in any order, and which may be named: the primary key if it is one.
pub(super) fn key_over<'a>(indexes: &'a [Index], columns: &[&str]) -> Option<&'a Index> {
    keys_over(indexes, columns)
        .filter(|index| index.ignored_until.is_none())
        .min_by_key(|index| (index.name != PRIMARY, index.nullable))
}

/// All that tell rows by just these columns.
pub(super) fn keys_over<'a>(indexes: &'a [Index], columns: &[&str]) -> impl Iterator<Item = &'a Index> {
    indexes.iter().filter(|index| {
        index.key
            && index.columns.len() == columns.len()
            && columns.iter().all(|column| index.columns.iter().any(|of_index| of_index.eq_ignore_ascii_case(column)))
    })
}

impl Shared {
    /// Asks the database. Where there is no key the primary one is named, which the inspection refuses and any statement too.
    pub(super) async fn look_for_keys(&self, conn: &mut Conn) -> Result<Arc<KeyNames>, DatabaseError> {
        let tables = &self.tables;
        let input = self.key_of(conn, (&tables.source_schema, &tables.source_table), &INPUT_KEY).await?;
        let output = self.key_of(conn, (&tables.target_schema, &tables.target_table), &OUTPUT_KEY).await?;
        Ok(Arc::new(KeyNames { input, output }))
    }

    async fn key_of(
        &self,
        conn: &mut Conn,
        (schema, table): (&str, &str),
        columns: &[&str],
    ) -> Result<String, DatabaseError> {
        let (statement, none) = (&self.own.inspect_keys, KeyNames::default());
        let mut rows = Vec::new();
        for call in calls(statement, &bind![schema, &vec![table]], &none) {
            let asking = conn.exec::<DriverRow, _, _>(call.sql, call.values);
            rows.extend(
                within(self.sessions.limits().statement, statement.doing, asking).await?.into_iter().map(row_of),
            );
        }
        let indexes = indexes_of(&rows, table)?;
        Ok(key_over(&indexes, columns).map_or(none.input, |index| quote_mysql(&index.name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::Cell;

    fn row(index: &str, column: &str, unique: bool, whole: bool, nullable: bool) -> Row {
        let text = |text: &str| Cell::Text(text.to_owned());
        let truth = |truth: bool| Cell::Whole(i64::from(truth));
        Row(vec![text("Users"), text(index), text(column), truth(unique), truth(whole), truth(nullable), Cell::Null])
    }

    #[test]
    fn a_key_that_no_statement_may_name_is_passed_by() {
        let mut rows = [row("a", "user_id", true, true, false), row("b", "user_id", true, true, true)];
        rows[0].0[6] = Cell::Text("NOT IGNORED".to_owned());
        let indexes = indexes_of(&rows, "users").unwrap();
        assert_eq!(key_over(&indexes, &INPUT_KEY).unwrap().name, "b");
        assert_eq!(key_over(&indexes[..1], &INPUT_KEY), None);
    }

    #[test]
    fn the_key_is_the_primary_one_or_else_a_unique_one_over_whole_columns() {
        let plain = [row("a", "user_id", false, true, false), row("b", "user_id", true, false, false)];
        let indexes = indexes_of(&plain, "users").unwrap();
        assert_eq!((indexes.len(), key_over(&indexes, &INPUT_KEY)), (2, None));
        let mut rows = plain.to_vec();
        rows.push(row("c", "user_id", true, true, true));
        rows.push(row("d", "USER_ID", true, true, false));
        let name = |rows: &[Row]| key_over(&indexes_of(rows, "users").unwrap(), &INPUT_KEY).unwrap().name.clone();
        assert_eq!(name(&rows), "d", "that which keeps NULL out");
        rows.push(row("PRIMARY", "user_id", true, true, false));
        assert_eq!(name(&rows), "PRIMARY");
    }

    #[test]
    fn a_key_of_two_columns_may_have_them_in_any_order_and_none_beside() {
        let rows = [
            row("a", "rank", true, true, false),
            row("a", "user_id", true, true, false),
            row("b", "user_id", true, true, false),
            row("b", "rank", true, true, false),
            row("b", "card_name", true, true, false),
        ];
        let indexes = indexes_of(&rows, "users").unwrap();
        assert_eq!(key_over(&indexes, &OUTPUT_KEY).unwrap().name, "a");
        assert_eq!(key_over(&indexes[1..], &OUTPUT_KEY), None);
    }
}
