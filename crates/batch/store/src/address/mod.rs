//! The address of a database, read in one place only.
//!
//! The configuration, the messages, the resolver and the drivers all use these parts. Two readers of one text could disagree
//! about where a password ends, and then one of them would print it or look it up as a host's name.
//!
//! No general URL library: several hosts with ports (`h1:5432,h2:5432`), usual with a standby, are no URL by the standard.

mod pieces;
#[cfg(test)]
mod tests;

use std::fmt;

use percent_encoding::percent_decode_str;

use self::pieces::Pieces;
use crate::family::Family;

/// Options that hold a part of the address, which may stand at its usual place instead.
const PARTS: [&str; 6] = ["dbname", "host", "hostaddr", "password", "port", "user"];

/// What else an address of PostgreSQL may say: the names are libpq's.
const POSTGRES_OPTIONS: [&str; 15] = [
    "application_name",
    "channel_binding",
    "connect_timeout",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "load_balance_hosts",
    "options",
    "sslmode",
    "sslnegotiation",
    "sslrootcert",
    "target_session_attrs",
    "tcp_user_timeout",
];

/// What an address of MySQL or MariaDB may say: the names are those of the server's own client.
const MYSQL_OPTIONS: [&str; 3] = ["socket", "ssl-ca", "ssl-mode"];

/// Options of libpq and of the MySQL client that mean a certificate of our own.
const CLIENT_CERTIFICATE: [&str; 7] =
    ["sslcert", "sslkey", "sslpassword", "sslcertmode", "ssl-cert", "ssl-key", "ssl-passphrase"];

/// The rule that an address breaks, as a sentence that goes on from its name: `must name a host`. It holds no part of a user or
/// a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AddressError(String);

impl AddressError {
    pub(crate) fn new(rule: impl Into<String>) -> Self {
        Self(rule.into())
    }
}

/// A host of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Its name, its number, or on PostgreSQL the folder of a Unix socket, which begins with a slash.
    pub name: String,
    /// Its port; none means the usual one.
    pub port: Option<u16>,
}

impl Host {
    /// Whether this is the folder of a Unix socket.
    #[must_use]
    pub fn is_socket(&self) -> bool {
        self.name.starts_with('/')
    }

    /// `host:port`, where the number of an IPv6 host stands in brackets.
    #[must_use]
    pub fn with_port(&self, usual: u16) -> String {
        let port = self.port.unwrap_or(usual);
        if self.name.contains(':') { format!("[{}]:{port}", self.name) } else { format!("{}:{port}", self.name) }
    }
}

/// The parts of an address, each decoded once. `Debug` and `Display` show no password.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// The kind of database that its scheme means.
    pub family: Family,
    /// The role or account that signs in; none is left to the driver.
    pub user: Option<String>,
    password: Option<Vec<u8>>,
    /// In their order; there may be none where MySQL's option `socket` is given.
    pub hosts: Vec<Host>,
    /// Numbers of these hosts, by PostgreSQL's option `hostaddr`; there are as many as hosts, or none.
    pub host_numbers: Vec<std::net::IpAddr>,
    /// The database.
    pub database: Option<String>,
    /// All other options, in their order and without duplicates.
    pub options: Vec<(String, String)>,
    shown: String,
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let pieces = Pieces::of(text)?;
        let family = Family::of_url(text);
        let given = Given::of(&pieces, family)?;
        let user = given.once("user", pieces.user.map(|user| decoded(user, "user")).transpose()?)?;
        let password = given.password(&pieces)?;
        let path = pieces.path.strip_prefix('/').filter(|name| !name.is_empty());
        let database = given.once("dbname", path.map(|name| decoded(name, "database")).transpose()?)?;
        let hosts = given.hosts(&pieces, family)?;
        let host_numbers = given.host_numbers(hosts.len())?;
        if hosts.is_empty() && given.value("socket").is_none() {
            return Err(AddressError::new(match family {
                Family::Postgres => "must name a host: write postgres://user@host:5432/database",
                Family::Mysql => {
                    "must name a host: write mysql://user@host:3306/database, or ...?socket=/path for a Unix socket"
                }
            }));
        }
        let shown = pieces.shown(&given.pairs);
        let options = given.pairs.into_iter().filter(|(key, _)| !PARTS.contains(&key.as_str())).collect();
        Ok(Self { family, user, password, hosts, host_numbers, database, options, shown })
    }

    /// The password, as it is sent: only for the driver.
    #[must_use]
    pub fn password(&self) -> Option<&[u8]> {
        self.password.as_deref()
    }

    /// The value of an option.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All hosts with their ports and the database, for messages.
    #[must_use]
    pub fn place(&self, usual_port: u16) -> String {
        let hosts: Vec<String> = self.hosts.iter().map(|host| host.with_port(usual_port)).collect();
        format!("{}/{}", hosts.join(","), self.database.as_deref().unwrap_or_default())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What stands behind the question mark, decoded.
struct Given {
    pairs: Vec<(String, String)>,
    /// The values of `host`, which are separated by commas before they are decoded.
    hosts: Vec<String>,
}

impl Given {
    fn of(pieces: &Pieces<'_>, family: Family) -> Result<Self, AddressError> {
        let mut given = Self { pairs: Vec::new(), hosts: Vec::new() };
        for pair in pieces.query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let key = decoded(key, "name of an option")?;
            known(&key, family)?;
            if given.value(&key).is_some() {
                return Err(AddressError::new(format!("must give the option {key} once")));
            }
            if key == "host" {
                given.hosts = value.split(',').map(|host| decoded(host, "host")).collect::<Result<_, _>>()?;
            }
            // The password stays in its bytes: see `password`.
            let value = if key == "password" { value.to_owned() } else { decoded(value, &key)? };
            given.pairs.push((key, value));
        }
        Ok(given)
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A part that stands at its usual place, or as an option, but not at both.
    fn once(&self, name: &str, usual: Option<String>) -> Result<Option<String>, AddressError> {
        match (usual.filter(|text| !text.is_empty()), self.value(name).filter(|text| !text.is_empty())) {
            (Some(_), Some(_)) => Err(given_twice(name)),
            (usual, option) => Ok(usual.or(option.map(str::to_owned))),
        }
    }

    fn password(&self, pieces: &Pieces<'_>) -> Result<Option<Vec<u8>>, AddressError> {
        let option = self.value("password").filter(|text| !text.is_empty());
        let raw = match (pieces.password.filter(|text| !text.is_empty()), option) {
            (Some(_), Some(_)) => return Err(given_twice("password")),
            (usual, option) => usual.or(option),
        };
        raw.map(|raw| bytes(raw, "password")).transpose()
    }

    fn hosts(&self, pieces: &Pieces<'_>, family: Family) -> Result<Vec<Host>, AddressError> {
        let mut hosts = pieces.hosts(family)?;
        if !self.hosts.is_empty() {
            if !hosts.is_empty() {
                return Err(given_twice("host"));
            }
            for name in &self.hosts {
                hosts.push(Host { name: pieces::host_name(name, family)?, port: None });
            }
        }
        let Some(ports) = self.value("port") else { return Ok(hosts) };
        if hosts.iter().any(|host| host.port.is_some()) {
            return Err(given_twice("port"));
        }
        let ports = ports.split(',').map(pieces::port).collect::<Result<Vec<_>, _>>()?;
        if ports.len() != 1 && ports.len() != hosts.len() {
            return Err(AddressError::new("must give one port in all, or one for each host"));
        }
        for (index, host) in hosts.iter_mut().enumerate() {
            host.port = Some(ports[index.min(ports.len() - 1)]);
        }
        Ok(hosts)
    }

    fn host_numbers(&self, hosts: usize) -> Result<Vec<std::net::IpAddr>, AddressError> {
        let Some(numbers) = self.value("hostaddr") else { return Ok(Vec::new()) };
        let numbers: Result<Vec<_>, _> = numbers.split(',').map(str::parse).collect();
        match numbers {
            Ok(numbers) if numbers.len() == hosts => Ok(numbers),
            _ => Err(AddressError::new("must give as many numbers in the option hostaddr as it names hosts")),
        }
    }
}

fn given_twice(part: &str) -> AddressError {
    AddressError::new(format!("must give the {part} once: at its usual place, or as the option {part}"))
}

/// Refuses an option that would be read and not used.
fn known(key: &str, family: Family) -> Result<(), AddressError> {
    let known = match family {
        Family::Postgres => POSTGRES_OPTIONS.contains(&key) || PARTS.contains(&key),
        Family::Mysql => MYSQL_OPTIONS.contains(&key),
    };
    if known {
        return Ok(());
    }
    // Its name and not its value, which may be a password.
    let key: String = key.chars().take(40).collect();
    let names = match family {
        Family::Postgres => [PARTS.as_slice(), &POSTGRES_OPTIONS].concat().join(", "),
        Family::Mysql => MYSQL_OPTIONS.join(", "),
    };
    let certificate = if CLIENT_CERTIFICATE.contains(&key.as_str()) {
        " (a certificate of the client is not supported: sign in with a password)"
    } else {
        ""
    };
    Err(AddressError::new(format!("must not have the option {key:?}, which is not known{certificate}: use {names}")))
}

/// Decodes what is percent-encoded, once.
fn decoded(text: &str, of: &str) -> Result<String, AddressError> {
    String::from_utf8(bytes(text, of)?).map_err(|_| AddressError::new(format!("must hold UTF-8 in its {of}")))
}

fn bytes(text: &str, of: &str) -> Result<Vec<u8>, AddressError> {
    let sound = |rest: &str| rest.as_bytes().get(..2).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));
    if text.split('%').skip(1).all(sound) {
        return Ok(percent_decode_str(text).collect());
    }
    Err(AddressError::new(format!(
        "must write a '%' in its {of} as %25: what follows one of them is no code of two digits"
    )))
}
