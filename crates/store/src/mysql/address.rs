//! A URL of MySQL or MariaDB taken apart: `mysql://user@host:port/database?ssl-mode=VERIFY_IDENTITY`.
//!
//! By hand: the driver's own reading knows a server's address and password only, and calls what it does not know by no name.

use std::path::PathBuf;

use cardgenius_pipeline::error::{ErrorKind, StoreError};
use percent_encoding::percent_decode_str;

use super::tls::SslMode;

/// The options that a URL may have.
const OPTIONS: &str = "socket, ssl-mode and ssl-ca";

const DEFAULT_PORT: u16 = 3306;

/// Where the server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A host, by its name or number, and a port.
    Tcp(String, u16),
    /// A Unix socket.
    Socket(PathBuf),
}

/// Where the database is, who signs in there, and how its TLS is to be. `Debug` shows no password.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// The server.
    pub place: Place,
    /// Who signs in.
    pub user: Option<String>,
    /// With what, unless that comes from elsewhere.
    pub password: Option<String>,
    /// The database to begin in.
    pub database: String,
    /// How far the server's certificate is trusted.
    pub ssl_mode: SslMode,
    /// Certificates to trust, instead of the system's.
    pub ssl_ca: Option<PathBuf>,
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown())
    }
}

impl Address {
    /// `host:port/database`, for messages: no secret.
    #[must_use]
    pub fn shown(&self) -> String {
        match &self.place {
            Place::Tcp(host, port) => format!("{host}:{port}/{}", self.database),
            Place::Socket(path) => format!("{}:/{}", path.display(), self.database),
        }
    }
}

fn refused(reason: impl Into<String>) -> StoreError {
    StoreError::new(ErrorKind::Refused, reason)
}

/// Takes a URL apart.
///
/// # Errors
/// A URL that is none, or an option that is not known; never quotes the URL, which may hold a password.
pub fn parse(url: &str) -> Result<Address, StoreError> {
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    if scheme != "mysql" {
        return Err(refused(format!(
            "the database's URL must start with mysql://, not with {:?}: write mysql://user@host:3306/database",
            scheme.chars().take(20).collect::<String>()
        )));
    }
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    let (sign_in, server) = authority.rsplit_once('@').map_or((None, authority), |(who, host)| (Some(who), host));
    let (user, password) = match sign_in.map(|who| who.split_once(':').map_or((who, None), |(u, p)| (u, Some(p)))) {
        Some((user, password)) => (Some(decoded(user, "user")?), password.map(|p| decoded(p, "password")).transpose()?),
        None => (None, None),
    };
    let options = options(query)?;
    let place = match options.socket {
        Some(path) => Place::Socket(path),
        None => tcp(server)?,
    };
    if database.is_empty() {
        return Err(refused("the database's URL names no database: write mysql://user@host:3306/database"));
    }
    let database = decoded(database, "database")?;
    let user = user.filter(|user| !user.is_empty());
    Ok(Address { place, user, password, database, ssl_mode: options.ssl_mode, ssl_ca: options.ssl_ca })
}

fn decoded(text: &str, of: &str) -> Result<String, StoreError> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(String::from).map_err(|_| refused(format!("the {of} in the database's URL is not UTF-8")))
}

/// An IPv6 host stands in brackets.
fn tcp(server: &str) -> Result<Place, StoreError> {
    let (host, port) = match server.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, port)) => (host, port.strip_prefix(':')),
        None => server.split_once(':').map_or((server, None), |(host, port)| (host, Some(port))),
    };
    if host.is_empty() {
        return Err(refused(
            "the database's URL names no host: write mysql://user@host:3306/database, or ...?socket=/path for a Unix socket",
        ));
    }
    if host.contains(',') {
        return Err(refused("the database's URL names several hosts: name one, or what stands before them"));
    }
    let Ok(port) = port.map_or(Ok(DEFAULT_PORT), str::parse) else {
        return Err(refused("the port in the database's URL is not a number up to 65535"));
    };
    Ok(Place::Tcp(decoded(host, "host")?, port))
}

#[derive(Default)]
struct Options {
    socket: Option<PathBuf>,
    ssl_mode: SslMode,
    ssl_ca: Option<PathBuf>,
}

fn options(query: &str) -> Result<Options, StoreError> {
    let mut options = Options::default();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = decoded(value, key)?;
        match key {
            "socket" => options.socket = Some(PathBuf::from(value)),
            "ssl-mode" => options.ssl_mode = value.parse().map_err(refused)?,
            "ssl-ca" if value == "system" => options.ssl_ca = None,
            "ssl-ca" => options.ssl_ca = Some(PathBuf::from(value)),
            // Its name, not its value, which may be a password.
            _ => {
                let key: String = key.chars().take(40).collect();
                return Err(refused(format!(
                    "the database's URL has the option {key:?}, which is not known: use {OPTIONS}"
                )));
            }
        }
    }
    Ok(options)
}

/// Whether two URLs certainly mean the same server and the same account, so that one transaction can serve both: here a
/// transaction spans the databases of a server.
#[must_use]
pub fn same_database(one: &str, other: &str) -> bool {
    let place = |url: &str| parse(url).ok().map(|address| (address.place, address.user));
    one == other || place(one).is_some_and(|place_of_one| Some(place_of_one) == place(other))
}

/// The database that a URL names: the schema of its tables, where the configuration names no other.
///
/// # Errors
/// As `parse`.
pub fn database_of(url: &str) -> Result<String, StoreError> {
    parse(url).map(|address| address.database)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart() {
        let address =
            parse("mysql://ann%40home:p%2Fw@db.example:3307/shop?ssl-mode=verify_identity&ssl-ca=/etc/ca.pem");
        let address = address.unwrap();
        assert_eq!(address.place, Place::Tcp("db.example".into(), 3307));
        assert_eq!((address.user.as_deref(), address.password.as_deref()), (Some("ann@home"), Some("p/w")));
        assert_eq!(
            (address.ssl_mode, address.ssl_ca.as_deref()),
            (SslMode::VerifyIdentity, Some("/etc/ca.pem".as_ref()))
        );
        assert_eq!(format!("{address:?}"), "db.example:3307/shop");
    }

    #[test]
    fn a_url_has_the_usual_port_and_encrypts_where_the_server_can() {
        let address = parse("mysql://[::1]/shop").unwrap();
        assert_eq!(address.place, Place::Tcp("::1".into(), 3306));
        assert_eq!((address.user, address.ssl_mode, address.ssl_ca), (None, SslMode::Preferred, None));
    }

    #[test]
    fn a_url_may_name_a_unix_socket_in_place_of_a_host() {
        let address = parse("mysql://ann@/shop?socket=/run/my%20sql.sock").unwrap();
        assert_eq!(address.place, Place::Socket("/run/my sql.sock".into()));
        assert_eq!(address.shown(), "/run/my sql.sock:/shop");
    }

    #[test]
    fn a_url_that_cannot_be_used_is_refused_without_a_word_of_its_password() {
        for (url, word) in [
            ("postgres://ann:s3cret@db/shop", "must start with mysql://"),
            ("s3cret", "must start with mysql://"),
            ("mysql://ann:s3cret@/shop", "no host"),
            ("mysql://ann:s3cret@one,two/shop", "several hosts"),
            ("mysql://ann:s3cret@db:99999/shop", "port"),
            ("mysql://ann:s3cret@db", "no database"),
            ("mysql://ann:s3cret@db/shop?ssl-mode=off", "ssl-mode=off"),
            ("mysql://ann@db/shop?password=s3cret", "\"password\""),
            ("mysql://ann:s3cret@db/shop?sslmode=require", "\"sslmode\""),
            ("mysql://ann:%ffs3cret@db/shop", "password"),
        ] {
            let error = parse(url).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Refused, "{url}");
            assert!(error.to_string().contains(word) && !error.to_string().contains("s3cret"), "{url}: {error}");
        }
    }

    #[test]
    fn two_urls_mean_the_same_server_only_where_that_is_certain() {
        let url = "mysql://ann:one@db/shop";
        assert!(same_database(url, "mysql://ann:other@db:3306/recommendations?ssl-mode=REQUIRED"));
        assert!(!same_database(url, "mysql://bob@db/shop"));
        assert!(!same_database(url, "mysql://ann@db2/shop"));
        assert!(!same_database(url, "mysql://ann@db/shop?socket=/run/mysqld/mysqld.sock"));
        assert!(!same_database(url, "postgres://ann@db/shop"));
        assert_eq!(database_of(url).unwrap(), "shop");
    }
}
