//! The families of databases, told apart by the scheme of an address.

use crate::{mysql, postgres};

/// A family of databases, which share their SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
}

impl Family {
    /// The family that a URL means by its scheme; one that means none is left to PostgreSQL, which refuses it.
    #[must_use]
    pub fn of_url(url: &str) -> Self {
        if url.starts_with("mysql://") { Self::Mysql } else { Self::Postgres }
    }
}

/// Whether two URLs certainly mean the same database, so that one transaction can serve both.
#[must_use]
pub fn same_database(one: &str, other: &str) -> bool {
    match (Family::of_url(one), Family::of_url(other)) {
        (Family::Postgres, Family::Postgres) => postgres::same_database(one, other),
        (Family::Mysql, Family::Mysql) => mysql::same_database(one, other),
        _ => false,
    }
}

/// The schema of the tables where the configuration names none: PostgreSQL's own, or on MySQL and MariaDB, where a schema is a
/// database, the one that the URL names.
#[must_use]
pub fn usual_schema(url: &str) -> String {
    match Family::of_url(url) {
        Family::Postgres => "public".to_owned(),
        Family::Mysql => mysql::database_of(url).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_of_two_families_are_never_the_same_and_a_mysql_servers_databases_are() {
        assert!(!same_database("postgres://ann@db/x", "mysql://ann@db/x"));
        assert!(same_database("mysql://ann@db/x", "mysql://ann@db/y"));
        assert!(!same_database("postgres://ann@db/x", "postgres://ann@db/y"));
    }

    #[test]
    fn the_usual_schema_is_the_familys() {
        assert_eq!(usual_schema("postgres://ann@db/x"), "public");
        assert_eq!(usual_schema("mysql://ann@db/x"), "x");
    }
}
