//! The families of databases, told apart by the scheme of an address.

use crate::address::{Address, AddressError};
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

/// Reads an address with all its options.
///
/// # Errors
/// The rule that it breaks.
pub fn read_address(url: &str) -> Result<Address, AddressError> {
    let address = Address::parse(url)?;
    match address.family {
        Family::Postgres => postgres::check_address(&address)?,
        Family::Mysql => mysql::check_address(&address)?,
    }
    Ok(address)
}

/// Whether two URLs certainly mean the same database, so that one transaction can serve both.
#[must_use]
pub fn same_database(one: &str, other: &str) -> bool {
    let (Ok(first), Ok(second)) = (Address::parse(one), Address::parse(other)) else { return one == other };
    one == other
        || match (first.family, second.family) {
            (Family::Postgres, Family::Postgres) => postgres::same_database(&first, &second),
            (Family::Mysql, Family::Mysql) => mysql::same_database(&first, &second),
            _ => false,
        }
}

/// The schema of the tables where the configuration names none: PostgreSQL's own, or on MySQL and MariaDB, where a schema is a
/// database, the one that the URL names.
#[must_use]
pub fn usual_schema(url: &str) -> String {
    match Family::of_url(url) {
        Family::Postgres => "public".to_owned(),
        Family::Mysql => Address::parse(url).ok().and_then(|address| address.database).unwrap_or_default(),
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
