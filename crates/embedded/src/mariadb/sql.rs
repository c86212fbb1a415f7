//! The statements, one a file; and what stands in them for a name or a text.

/// One statement a line, because MySQL reads its script so. A start that failed may be made again.
pub(crate) const FIRST_START: [&str; 3] = [
    include_str!("sql/superuser_create.sql"),
    include_str!("sql/superuser_grant.sql"),
    include_str!("sql/root_drop.sql"),
];

pub(crate) const DATABASE_CREATE: &str = include_str!("sql/database_create.sql");

/// A name in backticks, whatever it holds.
pub(crate) fn quoted_name(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A text in single quotes, whatever it holds.
pub(crate) fn quoted_text(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}
