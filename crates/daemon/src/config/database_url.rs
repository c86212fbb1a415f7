//! The address of a database, which may carry a password and is therefore never printed as it stands.
//!
//! Not parsed with a general URL library: a list of hosts with ports (`h1:5432,h2:5432`), usual with a standby, is no URL
//! by the standard. Only what checking and redacting need is read here; the driver reads the rest.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

use super::secret::REDACTED;

/// What stands in the place of a password within an address.
const STARS: &str = "***";

/// The schemes of the databases that can be used.
const SCHEMES: [&str; 3] = ["postgres", "postgresql", "mysql"];

/// Parameters whose values may be printed. A list of what is safe, so that a driver's new secret is not printed by mistake.
const PRINTED_PARAMETERS: [&str; 19] = [
    "application_name",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "load_balance_hosts",
    "port",
    "socket",
    "ssl-ca",
    "ssl-mode",
    "sslmode",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];

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

    /// Whether it has the shape of a database's address.
    ///
    /// # Errors
    ///
    /// The rule that it breaks, without any part of the address.
    pub fn check(&self) -> Result<(), &'static str> {
        Parts::of(&self.0).map(|_| ())
    }

    /// Whether it carries a password, in front of the host or as a parameter.
    #[must_use]
    pub fn has_password(&self) -> bool {
        Parts::of(&self.0).is_ok_and(|parts| {
            parts.password.is_some_and(|password| !password.is_empty())
                || parts.parameters().any(|(key, value)| key == "password" && !value.is_empty())
        })
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Parts::of(&self.0) {
            Ok(parts) => parts.fmt(f),
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

/// The parts of an address, still percent-encoded. `Display` leaves the secrets out.
struct Parts<'a> {
    scheme: &'a str,
    user: Option<&'a str>,
    password: Option<&'a str>,
    hosts: &'a str,
    /// With its slash.
    path: &'a str,
    query: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err("must not be empty");
        }
        if text.contains(|c: char| c.is_control() || c.is_whitespace()) {
            return Err("must not hold white space or control characters (percent-encode them)");
        }
        let (scheme, rest) = text.split_once("://").ok_or("must have the form postgres://user@host:5432/database")?;
        if !SCHEMES.contains(&scheme) {
            return Err("must begin with postgres://, postgresql:// or, for MySQL and MariaDB, mysql://");
        }
        let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if tail.contains(['@', '#']) {
            return Err(
                "must not hold '@' or '#' after the host (within a user or password write '@', '/', '?', '#' as \
                        %40, %2F, %3F, %23)",
            );
        }
        let (userinfo, hosts) = match authority.rsplit_once('@') {
            Some((userinfo, hosts)) => (Some(userinfo), hosts),
            None => (None, authority),
        };
        if !hosts.split(',').all(port_is_a_number) {
            return Err("must name each host as host or host:port");
        }
        let (user, password) = match userinfo.map(|userinfo| userinfo.split_once(':').ok_or(userinfo)) {
            None => (None, None),
            Some(Ok((user, password))) => (Some(user), Some(password)),
            Some(Err(user)) => (Some(user), None),
        };
        let (path, query) = match tail.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (tail, None),
        };
        Ok(Self { scheme, user, password, hosts, path, query })
    }

    fn parameters(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let query = self.query.unwrap_or_default();
        query.split('&').filter(|part| !part.is_empty()).map(|part| part.split_once('=').unwrap_or((part, "")))
    }
}

/// Whether what follows the host is nothing or a port. An IPv6 host stands in brackets.
fn port_is_a_number(host: &str) -> bool {
    let after = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((_, after)) => after,
        None => host.find(':').map_or("", |colon| &host[colon..]),
    };
    after.is_empty() || after.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
}

impl fmt::Display for Parts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme)?;
        if let Some(user) = self.user {
            f.write_str(user)?;
            if self.password.is_some() {
                write!(f, ":{STARS}")?;
            }
            f.write_str("@")?;
        }
        write!(f, "{}{}", self.hosts, self.path)?;
        for (index, (key, value)) in self.parameters().enumerate() {
            let value = if PRINTED_PARAMETERS.contains(&key) { value } else { STARS };
            write!(f, "{}{key}={value}", if index == 0 { '?' } else { '&' })?;
        }
        Ok(())
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
            "postgresql:///x?host=/run/pg&pass%77ord=***"
        );
        assert_eq!(shown("postgres://a:p@ss:w@h1:1,h2:2,[::1]:3/x"), "postgres://a:***@h1:1,h2:2,[::1]:3/x");
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
            "ana:s3cret@db/x",
            "host=db password=s3cret",
            "oracle://ana:s3cret@db/x",
            "postgres://ana:s3 cret@db/x",
            "",
        ] {
            assert_eq!(shown(text), REDACTED, "{text}");
            let rule = DatabaseUrl::new(text).check().unwrap_err();
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
