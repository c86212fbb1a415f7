//! An address of PostgreSQL for the driver, with libpq's meaning of its options.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use cardgenius_failure::error::{DatabaseError, ErrorKind};
use tokio_postgres::Config;
use tokio_postgres::config::{ChannelBinding, LoadBalanceHosts, SslMode, SslNegotiation, TargetSessionAttrs};
use tracing::warn;

use crate::address::{Address as Parts, AddressError, Host};
use crate::config::{CallLimits, DatabaseConfig};
use crate::tls::Trust;

/// PostgreSQL's port where an address names none.
pub(super) const USUAL_PORT: u16 = 5432;

/// Where the database is, and how its TLS is to be.
#[derive(Clone)]
pub struct Address {
    /// For the driver; without password if that comes from elsewhere.
    pub config: Config,
    /// How far its certificate is trusted.
    pub trust: Trust,
    /// Certificates to trust, instead of the system's.
    pub root_file: Option<PathBuf>,
    /// All hosts, ports and the database, for messages: no secret.
    pub shown: String,
}

/// Reads a URL.
///
/// # Errors
/// A rule that it breaks; never quotes a user or a password.
pub fn parse(database: &DatabaseConfig, limits: &CallLimits, application_name: &str) -> Result<Address, DatabaseError> {
    let refused = |error: AddressError| DatabaseError::new(ErrorKind::Refused, format!("the database's URL {error}"));
    let parts = Parts::parse(&database.url).map_err(refused)?;
    if parts.option("application_name").is_some() {
        warn!(
            "application_name in the address of {} has no effect: sessions are found by the name that this program \
               gives them",
            parts.place(USUAL_PORT)
        );
    }
    for_driver(&parts, limits, application_name).map_err(refused)
}

/// Judges the options of an address.
///
/// # Errors
/// An option with a value that is not known, or that would be read and then not used.
pub fn check(parts: &Parts) -> Result<(), AddressError> {
    for_driver(parts, &CallLimits::default(), "").map(|_| ())
}

fn for_driver(parts: &Parts, limits: &CallLimits, application_name: &str) -> Result<Address, AddressError> {
    let mut config = Config::new();
    for host in &parts.hosts {
        config.host(&host.name).port(host.port.unwrap_or(USUAL_PORT));
    }
    for number in &parts.host_numbers {
        config.hostaddr(*number);
    }
    if let Some(user) = &parts.user {
        config.user(user);
    }
    if let Some(password) = parts.password() {
        config.password(password);
    }
    if let Some(database) = &parts.database {
        config.dbname(database);
    }
    config.application_name(application_name);
    config.connect_timeout(limits.connect);
    config.tcp_user_timeout(limits.load);
    config.keepalives_idle(Duration::from_secs(30));
    config.keepalives_interval(Duration::from_secs(10));
    config.keepalives_retries(3);
    config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    let Encryption { mode, trust, root_file } = encryption(parts)?;
    config.ssl_mode(mode);
    for (key, value) in &parts.options {
        set(&mut config, key, value, limits)?;
    }
    Ok(Address { config, trust, root_file, shown: parts.place(USUAL_PORT) })
}

fn set(config: &mut Config, key: &str, value: &str, limits: &CallLimits) -> Result<(), AddressError> {
    match key {
        "options" => drop(config.options(value)),
        "channel_binding" => {
            let known = [
                ("disable", ChannelBinding::Disable),
                ("prefer", ChannelBinding::Prefer),
                ("require", ChannelBinding::Require),
            ];
            config.channel_binding(one_of(key, value, &known)?);
        }
        "load_balance_hosts" => {
            let known = [("disable", LoadBalanceHosts::Disable), ("random", LoadBalanceHosts::Random)];
            config.load_balance_hosts(one_of(key, value, &known)?);
        }
        "sslnegotiation" => {
            let known = [("postgres", SslNegotiation::Postgres), ("direct", SslNegotiation::Direct)];
            let negotiation = one_of(key, value, &known)?;
            if negotiation == SslNegotiation::Direct && config.get_ssl_mode() != SslMode::Require {
                return Err(AddressError::new("must have sslmode=require or more beside sslnegotiation=direct"));
            }
            config.ssl_negotiation(negotiation);
        }
        // A run writes, so that a session which may only read is of no use.
        "target_session_attrs" => drop(one_of(key, value, &[("any", ()), ("read-write", ())])?),
        "keepalives" => drop(config.keepalives(number::<u32>(key, value)? != 0)),
        "keepalives_idle" => drop(config.keepalives_idle(seconds(key, value)?)),
        "keepalives_interval" => drop(config.keepalives_interval(seconds(key, value)?)),
        "keepalives_count" | "keepalives_retries" => drop(config.keepalives_retries(number(key, value)?)),
        // 0 means no limit, and there is always one.
        "connect_timeout" => match seconds(key, value)? {
            Duration::ZERO => {}
            limit => drop(config.connect_timeout(limit.min(limits.connect))),
        },
        "tcp_user_timeout" => match Duration::from_millis(number(key, value)?) {
            Duration::ZERO => {}
            limit => drop(config.tcp_user_timeout(limit)),
        },
        // `application_name` is told of at the start; `sslmode` and `sslrootcert` are read as a pair.
        _ => {}
    }
    Ok(())
}

fn one_of<T: Copy>(key: &str, value: &str, known: &[(&str, T)]) -> Result<T, AddressError> {
    known.iter().find(|(name, _)| *name == value).map(|(_, meaning)| *meaning).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        AddressError::new(format!("must not have {key}={}: use {}", shortened(value), names.join(" or ")))
    })
}

fn number<T: FromStr>(key: &str, value: &str) -> Result<T, AddressError> {
    value.parse().map_err(|_| AddressError::new(format!("must give a whole number for the option {key}")))
}

fn seconds(key: &str, value: &str) -> Result<Duration, AddressError> {
    Ok(Duration::from_secs(u64::from(number::<u32>(key, value)?)))
}

fn shortened(value: &str) -> String {
    value.chars().take(40).collect()
}

struct Encryption {
    mode: SslMode,
    trust: Trust,
    root_file: Option<PathBuf>,
}

/// `sslmode` with `sslrootcert`. As in libpq a file of certificates is never passed over: `require` verifies with it.
fn encryption(parts: &Parts) -> Result<Encryption, AddressError> {
    const VERIFYING: &str = "verify-full (which asks for the host's name too) or verify-ca";
    let (mode, file) = (parts.option("sslmode"), parts.option("sslrootcert"));
    let (driver, mut trust) = match mode.unwrap_or("prefer") {
        "disable" => (SslMode::Disable, Trust::Anything),
        "allow" | "prefer" => (SslMode::Prefer, Trust::Anything),
        "require" => (SslMode::Require, Trust::Anything),
        "verify-ca" => (SslMode::Require, Trust::Authority),
        "verify-full" => (SslMode::Require, Trust::Name),
        other => {
            return Err(AddressError::new(format!(
                "must not have sslmode={}, which is not known: use disable, prefer, require, verify-ca or verify-full",
                shortened(other)
            )));
        }
    };
    let root_file = file.filter(|path| *path != "system").map(PathBuf::from);
    if file.is_some() && trust == Trust::Anything {
        if driver != SslMode::Require || root_file.is_none() {
            let mode = mode.map_or_else(|| "without sslmode".to_owned(), |mode| format!("beside sslmode={mode}"));
            return Err(AddressError::new(format!(
                "must not have sslrootcert {mode}, which verifies nothing: use sslmode={VERIFYING}"
            )));
        }
        trust = Trust::Authority;
    }
    // As in libpq: a Unix socket has no TLS, and needs none.
    let mode = if parts.hosts.iter().all(Host::is_socket) { SslMode::Disable } else { driver };
    Ok(Encryption { mode, trust, root_file })
}

/// Whether two addresses certainly mean the same database, so that one transaction can serve both.
#[must_use]
pub fn same_database(one: &Parts, other: &Parts) -> bool {
    let place = |parts: &Parts| {
        let hosts: Vec<String> = parts.hosts.iter().map(|host| host.with_port(USUAL_PORT)).collect();
        (hosts, parts.host_numbers.clone(), parts.user.clone(), parts.database.clone())
    };
    place(one) == place(other)
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::Host;

    use super::*;

    fn read(text: &str) -> Result<Address, AddressError> {
        for_driver(&Parts::parse(text)?, &CallLimits::default(), "cardgenius/x")
    }

    #[test]
    fn the_driver_is_told_each_part() {
        let text =
            "postgres://ann%40home:p%2Fw@h1:1,[::1],%2Frun%2Fpg/shop?options=-c%20jit%3Doff&hostaddr=::1,::2,::3";
        let config = read(text).unwrap().config;
        let hosts = [Host::Tcp("h1".into()), Host::Tcp("::1".into()), Host::Unix("/run/pg".into())];
        assert_eq!((config.get_hosts(), config.get_ports()), (hosts.as_slice(), [1, 5432, 5432].as_slice()));
        assert_eq!((config.get_user(), config.get_password()), (Some("ann@home"), Some(b"p/w".as_slice())));
        assert_eq!((config.get_dbname(), config.get_options()), (Some("shop"), Some("-c jit=off")));
        assert_eq!((config.get_application_name(), config.get_hostaddrs().len()), (Some("cardgenius/x"), 3));
    }

    #[test]
    fn limits_of_the_address_hold_where_they_are_stricter_than_ours() {
        let text = "postgres://db/x?connect_timeout=2&tcp_user_timeout=1500&keepalives_idle=5&keepalives_count=9";
        let strict = read(text).unwrap().config;
        assert_eq!(strict.get_connect_timeout(), Some(&Duration::from_secs(2)));
        assert_eq!(strict.get_tcp_user_timeout(), Some(&Duration::from_millis(1500)));
        assert_eq!((strict.get_keepalives_idle(), strict.get_keepalives_retries()), (Duration::from_secs(5), Some(9)));
        let loose = read("postgres://db/x?connect_timeout=0&tcp_user_timeout=0").unwrap().config;
        assert_eq!(loose.get_connect_timeout(), Some(&CallLimits::default().connect));
        assert_eq!(loose.get_tcp_user_timeout(), Some(&CallLimits::default().load));
    }

    #[test]
    fn a_file_of_certificates_is_used_for_verifying_or_refused() {
        let trust = |rest: &str| read(&format!("postgres://db/x?{rest}")).map(|address| address.trust);
        for (rest, expected) in [
            ("", Trust::Anything),
            ("sslmode=require", Trust::Anything),
            ("sslmode=require&sslrootcert=ca.pem", Trust::Authority),
            ("sslmode=verify-ca&sslrootcert=system", Trust::Authority),
            ("sslrootcert=ca.pem&sslmode=verify-full", Trust::Name),
        ] {
            assert_eq!(trust(rest), Ok(expected), "{rest}");
        }
        for rest in [
            "sslrootcert=ca.pem",
            "sslmode=disable&sslrootcert=ca.pem",
            "sslmode=allow&sslrootcert=ca.pem",
            "sslmode=prefer&sslrootcert=ca.pem",
            "sslmode=require&sslrootcert=system",
        ] {
            let error = trust(rest).unwrap_err().to_string();
            assert!(error.contains("verifies nothing") && error.contains("sslmode=verify-full"), "{rest}: {error}");
        }
    }

    #[test]
    fn a_value_that_is_not_known_is_refused_with_those_that_are() {
        for (rest, word) in [
            ("sslmode=verify", "verify-ca or verify-full"),
            ("channel_binding=on", "disable or prefer or require"),
            ("target_session_attrs=read-only", "any or read-write"),
            ("load_balance_hosts=yes", "disable or random"),
            ("sslnegotiation=direct", "sslmode=require"),
            ("connect_timeout=soon", "connect_timeout"),
            ("keepalives=-1", "keepalives"),
            ("tcp_user_timeout=1s", "tcp_user_timeout"),
        ] {
            let error = read(&format!("postgres://db/x?{rest}")).err().unwrap().to_string();
            assert!(error.contains(word), "{rest}: {error}");
        }
    }

    #[test]
    fn two_addresses_mean_the_same_database_only_where_that_is_certain() {
        let same = |one: &str, other: &str| same_database(&Parts::parse(one).unwrap(), &Parts::parse(other).unwrap());
        let text = "postgres://ann:one@db/shop";
        assert!(same(text, "postgresql://db:5432/shop?user=ann&password=other&sslmode=require"));
        for other in ["postgres://bob@db/shop", "postgres://ann@db2/shop", "postgres://ann@db:5433/shop"] {
            assert!(!same(text, other), "{other}");
        }
        assert!(!same(text, "postgres://ann@db/shop2") && !same(text, "postgres://ann@db/shop?hostaddr=127.0.0.1"));
        assert!(!same("postgres://ann@/x?host=/run/a", "postgres://ann@/x?host=/run/b"));
    }
}
