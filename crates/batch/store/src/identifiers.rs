//! Identifiers from the configuration, quoted in one place for each family of databases, and the SQL files that name them
//! as `{{input}}`.

use crate::config::TableNames;

/// An SQL file that names something unknown, or leaves a brace open: ours to mend, found by a test over all files.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the SQL template names {{{{{name}}}}}, which does not exist")]
pub struct UnknownName {
    name: String,
}

/// Quotes an identifier for PostgreSQL: whatever it holds, it stays one identifier.
#[must_use]
pub fn quote(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

/// Quotes a text literal for PostgreSQL (`standard_conforming_strings` is on, as it is by default).
#[must_use]
pub fn quote_literal(text: &str) -> String {
    if text.contains('\\') {
        // Right whatever the server makes of a backslash in a plain literal.
        return format!(" E'{}'", text.replace('\\', "\\\\").replace('\'', "''"));
    }
    format!("'{}'", text.replace('\'', "''"))
}

/// Quotes an identifier for MySQL and MariaDB: whatever it holds, it stays one identifier.
#[must_use]
pub fn quote_mysql(identifier: &str) -> String {
    format!("`{}`", identifier.replace('`', "``"))
}

/// Quotes a text literal for MySQL and MariaDB, where a backslash escapes (our sessions and printed scripts see to that).
#[must_use]
pub fn quote_mysql_literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// The names that SQL files may use, with what they stand for.
#[derive(Clone, Debug)]
pub struct Names {
    names: Vec<(&'static str, String)>,
}

impl Names {
    /// The names for these tables.
    #[must_use]
    pub fn new(tables: &TableNames) -> Self {
        let own = |table: &str| format!("{}.{}", quote(&tables.source_schema), quote(&format!("cardgenius_{table}")));
        let input = format!("{}.{}", quote(&tables.source_schema), quote(&tables.source_table));
        let output = format!("{}.{}", quote(&tables.target_schema), quote(&tables.target_table));
        let optional = |column: &Option<String>| {
            column.as_ref().map_or("NULL::numeric".into(), |name| format!("u.{}::numeric", quote(name)))
        };
        let names = vec![
            ("runs", own("runs")),
            ("claims", own("claims")),
            ("instances", own("instances")),
            ("catalogues", own("catalogues")),
            ("schedule", own("schedule")),
            ("control", own("control")),
            ("fires", own("fires")),
            ("audit", own("audit")),
            ("control_changed", own("control_changed")),
            ("view_status", own("status")),
            ("view_progress", own("progress")),
            ("view_stuck", own("stuck")),
            ("view_recent_runs", own("recent_runs")),
            ("view_slow_chunks", own("slow_chunks")),
            ("source_table_literal", quote_literal(&format!("{}.{}", tables.source_schema, tables.source_table))),
            ("source_schema_literal", quote_literal(&tables.source_schema)),
            ("versions", own("schema_version")),
            ("unsettled_literal", quote_literal(&unsettled_index(tables))),
            ("control_literal", quote_literal(&own("control"))),
            ("unsettled", quote(&unsettled_index(tables))),
            ("unsettled_qualified", format!("{}.{}", quote(&tables.source_schema), quote(&unsettled_index(tables)))),
            ("fence", format!("{}.{}", quote(&tables.target_schema), quote("cardgenius_fence"))),
            ("source_schema_literal", quote_literal(&tables.source_schema)),
            ("target_schema_literal", quote_literal(&tables.target_schema)),
            ("input_table_literal", quote_literal(&tables.source_table)),
            ("output_table_literal", quote_literal(&tables.target_table)),
            ("input_literal", quote_literal(&input)),
            ("output_literal", quote_literal(&output)),
            ("monthly_income", optional(&tables.monthly_income)),
            ("credit_score", optional(&tables.credit_score)),
            ("input", input),
            ("output", output),
        ];
        Self { names }
    }

    /// The names for these tables on MySQL and MariaDB, where a schema is a database.
    #[must_use]
    pub fn mysql(tables: &TableNames) -> Self {
        let of_source = |name: &str| format!("{}.{}", quote_mysql(&tables.source_schema), quote_mysql(name));
        let own = |table: &str| of_source(&format!("cardgenius_{table}"));
        // Its exact text, whatever type the column has.
        let optional = |column: &Option<String>| {
            column.as_ref().map_or("NULL".into(), |name| format!("CAST(u.{} AS CHAR)", quote_mysql(name)))
        };
        let names = vec![
            ("runs", own("runs")),
            ("claims", own("claims")),
            ("instances", own("instances")),
            ("catalogues", own("catalogues")),
            ("schedule", own("schedule")),
            ("control", own("control")),
            ("fires", own("fires")),
            ("audit", own("audit")),
            ("versions", own("schema_version")),
            ("control_inserted", own("control_inserted")),
            ("control_updated", own("control_updated")),
            ("control_insert_audited", own("control_insert_audited")),
            ("control_update_audited", own("control_update_audited")),
            ("control_delete_audited", own("control_delete_audited")),
            ("view_status", own("status")),
            ("view_progress", own("progress")),
            ("view_stuck", own("stuck")),
            ("view_recent_runs", own("recent_runs")),
            ("view_slow_chunks", own("slow_chunks")),
            ("source_table_literal", quote_mysql_literal(&format!("{}.{}", tables.source_schema, tables.source_table))),
            ("source_schema", quote_mysql(&tables.source_schema)),
            ("source_schema_literal", quote_mysql_literal(&tables.source_schema)),
            ("target_schema_literal", quote_mysql_literal(&tables.target_schema)),
            ("input_table_literal", quote_mysql_literal(&tables.source_table)),
            ("output_table_literal", quote_mysql_literal(&tables.target_table)),
            ("unsettled_literal", quote_mysql_literal(&unsettled_index(tables))),
            ("unsettled", quote_mysql(&unsettled_index(tables))),
            ("fence", format!("{}.{}", quote_mysql(&tables.target_schema), quote_mysql("cardgenius_fence"))),
            ("monthly_income", optional(&tables.monthly_income)),
            ("credit_score", optional(&tables.credit_score)),
            ("input", of_source(&tables.source_table)),
            ("output", format!("{}.{}", quote_mysql(&tables.target_schema), quote_mysql(&tables.target_table))),
        ];
        Self { names }
    }

    /// The same names, with one more.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.names.push((name, value.into()));
        self
    }

    /// Replaces every `{{name}}` of an SQL file.
    ///
    /// # Errors
    /// A name that does not exist.
    pub fn render(&self, template: &str) -> Result<String, UnknownName> {
        let mut sql = String::with_capacity(template.len() + 64);
        let mut rest = template;
        while let Some((before, after)) = rest.split_once("{{") {
            let unknown = |name: &str| UnknownName { name: name.chars().take(40).collect() };
            let (name, remainder) = after.split_once("}}").ok_or_else(|| unknown(after))?;
            let (_, value) = self.names.iter().find(|(known, _)| *known == name).ok_or_else(|| unknown(name))?;
            sql.push_str(before);
            sql.push_str(value);
            rest = remainder;
        }
        sql.push_str(rest);
        Ok(sql)
    }
}

/// The name of the index that finds users who are not completed.
#[must_use]
pub fn unsettled_index(tables: &TableNames) -> String {
    index_name("cardgenius_unsettled_", &tables.source_table)
}

/// An index's name within PostgreSQL's 63 bytes (MySQL has 64 characters), cut at a character's end.
fn index_name(prefix: &str, table: &str) -> String {
    let mut end = table.len().min(63 - prefix.len());
    while !table.is_char_boundary(end) {
        end -= 1;
    }
    format!("{prefix}{}", &table[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_identifier_stays_one_identifier_whatever_it_holds() {
        assert_eq!(quote("users"), "\"users\"");
        assert_eq!(quote("a\"; DROP TABLE b; --"), "\"a\"\"; DROP TABLE b; --\"");
    }

    #[test]
    fn a_quoted_literal_stays_one_literal_whatever_it_holds() {
        assert_eq!(quote_literal("it's"), "'it''s'");
        assert_eq!(quote_literal("a\\'b"), " E'a\\\\''b'");
    }

    #[test]
    fn what_is_quoted_for_mysql_stays_one_identifier_and_one_literal() {
        assert_eq!(quote_mysql("a`; DROP TABLE b; -- "), "`a``; DROP TABLE b; -- `");
        assert_eq!(quote_mysql_literal("a\\'b"), "'a\\\\''b'");
    }

    #[test]
    fn on_mysql_an_optional_column_is_read_as_text_and_one_that_is_not_there_as_null() {
        let tables = TableNames { monthly_income: Some("in`come".into()), ..TableNames::default() };
        let names = Names::mysql(&tables);
        assert_eq!(names.render("{{monthly_income}}, {{credit_score}}").unwrap(), "CAST(u.`in``come` AS CHAR), NULL");
    }

    #[test]
    fn a_template_gets_its_names_and_an_unknown_name_is_refused() {
        let names = Names::new(&TableNames::default());
        assert_eq!(names.render("SELECT 1 FROM {{input}}").unwrap(), "SELECT 1 FROM \"public\".\"user_spending_data\"");
        assert!(names.render("SELECT {{nonsense}}").is_err());
        assert!(names.render("SELECT {{input").is_err());
    }

    #[test]
    fn an_index_name_is_cut_at_a_characters_end() {
        let name = index_name("cardgenius_unsettled_", &"ü".repeat(40));
        assert!(name.len() <= 63 && name.ends_with('ü'));
    }
}
