//! An address of MySQL or MariaDB for the driver: where the server is, and how the connection is encrypted.

use std::path::PathBuf;

use crate::address::{Address, AddressError, Host};
use crate::tls::Trust;

/// MySQL's port where an address names none.
const USUAL_PORT: u16 = 3306;

/// Where the server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A host, by its name or number, and a port.
    Tcp(String, u16),
    /// A Unix socket.
    Socket(PathBuf),
}

/// Whether a connection over TCP is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SslMode {
    /// It is not.
    Disabled,
    /// It is where the server can, and is made without where that fails.
    Preferred,
    /// It is, or there is none.
    Required,
}

/// How the connection is encrypted, and which certificates it trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encryption {
    /// Whether there is TLS.
    pub mode: SslMode,
    /// How far the server's certificate is trusted.
    pub trust: Trust,
    /// Certificates to trust, instead of the system's.
    pub root_file: Option<PathBuf>,
}

/// An address whose every part was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The server.
    pub place: Place,
    /// How to speak with it.
    pub encryption: Encryption,
    /// The database to begin in.
    pub database: String,
    /// The password as text, if the address holds one.
    pub password: Option<String>,
}

impl Target {
    /// Where the database is, for messages: no secret.
    #[must_use]
    pub fn shown(&self) -> String {
        match &self.place {
            Place::Tcp(name, port) => {
                let host = Host { name: name.clone(), port: Some(*port) };
                format!("{}/{}", host.with_port(USUAL_PORT), self.database)
            }
            Place::Socket(path) => format!("{}:/{}", path.display(), self.database),
        }
    }
}

/// Reads what is MySQL's own in an address.
///
/// # Errors
/// An option with a value that is not known or would not be used, or no database.
pub fn target(address: &Address) -> Result<Target, AddressError> {
    let place = match (address.option("socket"), address.hosts.first()) {
        (Some(path), _) if !path.is_empty() => Place::Socket(PathBuf::from(path)),
        (_, Some(host)) => Place::Tcp(host.name.clone(), host.port.unwrap_or(USUAL_PORT)),
        _ => return Err(AddressError::new("must not have an empty socket")),
    };
    let database = address.database.clone();
    let database =
        database.ok_or_else(|| AddressError::new("must name a database: write mysql://user@host:3306/database"))?;
    let password = address.password().map(|password| {
        String::from_utf8(password.to_vec()).map_err(|_| AddressError::new("must hold UTF-8 in its password"))
    });
    Ok(Target { place, encryption: encryption(address)?, database, password: password.transpose()? })
}

/// Judges the options of an address.
///
/// # Errors
/// As `target`.
pub fn check(address: &Address) -> Result<(), AddressError> {
    target(address).map(|_| ())
}

/// `ssl-mode` with `ssl-ca`. A file of certificates is never passed over: `REQUIRED` verifies with it, and so does an address
/// without a mode, as the server's own client does.
fn encryption(address: &Address) -> Result<Encryption, AddressError> {
    let (mode, file) = (address.option("ssl-mode"), address.option("ssl-ca"));
    let root_file = file.filter(|path| *path != "system").map(PathBuf::from);
    let default = if file.is_some() { "VERIFY_CA" } else { "PREFERRED" };
    let written = mode.unwrap_or(default).to_ascii_uppercase();
    let (mode, trust) = match written.as_str() {
        "DISABLED" => (SslMode::Disabled, Trust::Anything),
        "PREFERRED" => (SslMode::Preferred, Trust::Anything),
        "REQUIRED" if file.is_some() => (SslMode::Required, Trust::Authority),
        "REQUIRED" => (SslMode::Required, Trust::Anything),
        "VERIFY_CA" => (SslMode::Required, Trust::Authority),
        "VERIFY_IDENTITY" => (SslMode::Required, Trust::Name),
        other => {
            let other: String = other.chars().take(40).collect();
            return Err(AddressError::new(format!(
                "must not have ssl-mode={other}, which is not known: use DISABLED, PREFERRED, REQUIRED, VERIFY_CA or \
                 VERIFY_IDENTITY"
            )));
        }
    };
    if file.is_some() && trust == Trust::Anything {
        return Err(AddressError::new(format!(
            "must not have ssl-ca beside ssl-mode={written}, which verifies nothing: use ssl-mode=VERIFY_IDENTITY (which \
             asks for the host's name too) or VERIFY_CA"
        )));
    }
    Ok(Encryption { mode, trust, root_file })
}

/// Whether two addresses certainly mean the same server and the same account, so that one transaction can serve both: here a
/// transaction spans the databases of a server.
#[must_use]
pub fn same_database(one: &Address, other: &Address) -> bool {
    let place = |address: &Address| target(address).ok().map(|target| (target.place, address.user.clone()));
    place(one).is_some_and(|place_of_one| Some(place_of_one) == place(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Target, AddressError> {
        target(&Address::parse(text)?)
    }

    #[test]
    fn a_url_is_taken_apart() {
        let text = "mysql://ann%40home:p%2Fw@db.example:3307/shop?ssl-mode=verify_identity&ssl-ca=/etc/ca.pem";
        let target = read(text).unwrap();
        assert_eq!(target.place, Place::Tcp("db.example".into(), 3307));
        assert_eq!(target.password.as_deref(), Some("p/w"));
        let root_file = Some("/etc/ca.pem".into());
        assert_eq!(target.encryption, Encryption { mode: SslMode::Required, trust: Trust::Name, root_file });
        assert_eq!(target.shown(), "db.example:3307/shop");
    }

    #[test]
    fn a_url_has_the_usual_port_and_encrypts_where_the_server_can() {
        let target = read("mysql://[::1]/shop").unwrap();
        assert_eq!(
            (target.place.clone(), target.shown().as_str()),
            (Place::Tcp("::1".into(), 3306), "[::1]:3306/shop")
        );
        let expected = Encryption { mode: SslMode::Preferred, trust: Trust::Anything, root_file: None };
        assert_eq!(target.encryption, expected);
    }

    #[test]
    fn a_url_may_name_a_unix_socket_in_place_of_a_host() {
        for host in ["", "localhost"] {
            let target = read(&format!("mysql://ann@{host}/shop?socket=/run/my%20sql.sock")).unwrap();
            assert_eq!(target.place, Place::Socket("/run/my sql.sock".into()));
            assert_eq!(target.shown(), "/run/my sql.sock:/shop");
        }
    }

    #[test]
    fn a_file_of_certificates_is_used_for_verifying_or_refused() {
        let trust = |rest: &str| read(&format!("mysql://db/x?{rest}")).map(|target| target.encryption.trust);
        for (rest, expected) in [
            ("", Trust::Anything),
            ("ssl-mode=REQUIRED", Trust::Anything),
            ("ssl-mode=REQUIRED&ssl-ca=ca.pem", Trust::Authority),
            ("ssl-ca=ca.pem", Trust::Authority),
            ("ssl-ca=ca.pem&ssl-mode=VERIFY_IDENTITY", Trust::Name),
        ] {
            assert_eq!(trust(rest), Ok(expected), "{rest}");
        }
        for rest in ["ssl-mode=PREFERRED&ssl-ca=ca.pem", "ssl-mode=disabled&ssl-ca=system"] {
            assert!(trust(rest).unwrap_err().to_string().contains("verifies nothing"), "{rest}");
        }
    }

    #[test]
    fn a_url_that_cannot_be_used_is_refused_without_a_word_of_its_password() {
        for (url, word) in [
            ("s3cret", "must have the form"),
            ("mysql://ann:s3cret@/shop", "must name a host"),
            ("mysql://ann:s3cret@one,two/shop", "must name one host"),
            ("mysql://ann:s3cret@db:99999/shop", "port"),
            ("mysql://ann:s3cret@db", "must name a database"),
            ("mysql://ann:s3cret@db/shop?ssl-mode=off", "ssl-mode=OFF"),
            ("mysql://ann@db/shop?password=s3cret", "\"password\""),
            ("mysql://ann:s3cret@db/shop?sslmode=require", "\"sslmode\""),
            ("mysql://ann:%ffs3cret@db/shop", "UTF-8 in its password"),
            ("mysql://ann:s3cret@db/shop?ssl-cert=a.pem", "certificate of the client is not supported"),
        ] {
            let error = read(url).unwrap_err().to_string();
            assert!(error.contains(word) && !error.contains("s3cret"), "{url}: {error}");
        }
    }

    #[test]
    fn two_urls_mean_the_same_server_only_where_that_is_certain() {
        let same = |other: &str| {
            let one = Address::parse("mysql://ann:one@db/shop").unwrap();
            same_database(&one, &Address::parse(other).unwrap())
        };
        assert!(same("mysql://ann:other@db:3306/recommendations?ssl-mode=REQUIRED"));
        assert!(!same("mysql://bob@db/shop"));
        assert!(!same("mysql://ann@db2/shop"));
        assert!(!same("mysql://ann@db/shop?socket=/run/mysqld/mysqld.sock"));
    }
}
