//! The address of a database, which may carry a password and is therefore never printed as it stands.

use std::fmt;

use cardgenius_store::address::{Address, AddressError};
use cardgenius_store::family::read_address;
use serde::{Deserialize, Serialize, Serializer};

use super::secret::REDACTED;

/// A database's address, `postgres://user:password@host:5432/database?sslmode=require`.
///
/// `Debug`, `Display` and `Serialize` show it without its password, and [`REDACTED`] where it cannot be told apart what is
/// the password; only [`DatabaseUrl::expose`] gives the text.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// Takes the exact text; [`DatabaseUrl::check`] judges it.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that hands it to a driver.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it can be used as a database's address.
    ///
    /// # Errors
    ///
    /// The rule that it breaks, without any part of a user or a password.
    pub fn check(&self) -> Result<(), AddressError> {
        read_address(&self.0).map(|_| ())
    }

    /// Whether it carries a password, in front of the host or as a parameter.
    #[must_use]
    pub fn has_password(&self) -> bool {
        Address::parse(&self.0).is_ok_and(|address| address.password().is_some())
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Address::parse(&self.0) {
            Ok(address) => address.fmt(f),
            Err(_) => f.write_str(REDACTED),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for DatabaseUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let url = DatabaseUrl::new(text);
        let shown = url.to_string();
        assert_eq!(format!("{url:?}"), shown);
        assert_eq!(serde_json::to_value(&url).unwrap(), serde_json::Value::from(shown.as_str()));
        shown
    }

    #[test]
    fn an_address_is_shown_without_its_password() {
        assert_eq!(shown("postgres://ana:s3cret@db:5432/x"), "postgres://ana:***@db:5432/x");
        assert_eq!(
            shown("postgres://ana@db/x?password=s3cret&sslmode=require"),
            "postgres://ana@db/x?password=***&sslmode=require"
        );
        assert_eq!(
            shown("postgresql:///x?host=/run/pg&pass%77ord=s3cret"),
            "postgresql:///x?host=/run/pg&password=***"
        );
        assert_eq!(shown("postgres://a:p%40ss:w@h1:1,h2:2,[::1]:3/x"), "postgres://a:***@h1:1,h2:2,[::1]:3/x");
        assert_eq!(shown("postgres://db"), "postgres://db");
        assert_eq!(
            shown("mysql://ana:s3cret@/x?socket=/run/my.sock&ssl-mode=REQUIRED"),
            "mysql://ana:***@/x?socket=/run/my.sock&ssl-mode=REQUIRED"
        );
    }

    #[test]
    fn an_address_whose_password_cannot_be_told_apart_is_hidden_whole_and_refused() {
        for text in [
            "postgres://ana:s3/cret@db/x",
            "postgres://ana:12/cret@db/x",
            "postgres://ana:1?cret@db/x",
            "postgres://ana:1#cret@db/x",
            "postgres://ana:s3cret",
            "postgres://ana:1@cret@db/x",
            "mysql://ana:1@cret@db/x",
            "postgres://ana:1%cret@db/x",
            "ana:s3cret@db/x",
            "host=db password=s3cret",
            "oracle://ana:s3cret@db/x",
            "postgres://ana:s3 cret@db/x",
            "",
        ] {
            assert_eq!(shown(text), REDACTED, "{text}");
            let rule = DatabaseUrl::new(text).check().unwrap_err().to_string();
            assert!(!rule.contains("cret"), "{rule}");
        }
    }

    #[test]
    fn a_password_is_found_in_either_place() {
        for (text, has) in [
            ("postgres://ana:x@db/x", true),
            ("postgres://ana@db/x?password=x", true),
            ("postgres://ana@db/x", false),
            ("postgres://ana:@db/x", false),
            ("postgres://db?password=", false),
        ] {
            assert_eq!(DatabaseUrl::new(text).has_password(), has, "{text}");
        }
    }
}
