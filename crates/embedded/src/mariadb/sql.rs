//! The statements, one a file; and what stands in them for a name or a text.

/// One statement a line, because MySQL reads its script so. A start that failed may be made again.
pub(crate) const FIRST_START: [&str; 2] =
    [include_str!("sql/superuser_create.sql"), include_str!("sql/superuser_grant.sql")];

/// Goes on in MySQL so: it has made one other account.
pub(crate) const MYSQL_ROOT: [&str; 1] = [include_str!("sql/root_drop.sql")];

/// And in MariaDB so: one for each name of the machine.
pub(crate) const MARIADB_ROOTS: [&str; 2] =
    [include_str!("sql/roots_delete.sql"), include_str!("sql/privileges_flush.sql")];

pub(crate) const DATABASE_CREATE: &str = include_str!("sql/database_create.sql");

/// A name in backticks, whatever it holds.
pub(crate) fn quoted_name(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A text in single quotes, whatever it holds.
pub(crate) fn quoted_text(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}
