//! Where the parts of an address begin and end. Everything here is still percent-encoded.

use std::fmt::Write;
use std::net::Ipv6Addr;

use super::{AddressError, Host, decoded};
use crate::family::Family;

/// The schemes of the databases that can be used.
const SCHEMES: [&str; 3] = ["postgres", "postgresql", "mysql"];

/// What stands in the place of a password within an address.
const STARS: &str = "***";

/// How to write what would end the user or the password too early.
const ENCODE: &str = "within a user or password write '@', '/', '?', '#' and '%' as %40, %2F, %3F, %23 and %25";

/// Options whose values may be printed. This is a list of what is safe, so that a new secret is not printed by mistake.
const PRINTED_OPTIONS: [&str; 22] = [
    "application_name",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "load_balance_hosts",
    "port",
    "socket",
    "ssl-ca",
    "ssl-mode",
    "sslmode",
    "sslnegotiation",
    "sslrootcert",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];

/// An address, cut where its parts meet.
pub(super) struct Pieces<'a> {
    scheme: &'a str,
    pub(super) user: Option<&'a str>,
    pub(super) password: Option<&'a str>,
    hosts: &'a str,
    /// With its slash.
    pub(super) path: &'a str,
    pub(super) query: &'a str,
}

impl<'a> Pieces<'a> {
    pub(super) fn of(text: &'a str) -> Result<Self, AddressError> {
        if text.is_empty() {
            return Err(AddressError::new("must not be empty"));
        }
        let (scheme, rest) = text
            .split_once("://")
            .ok_or_else(|| AddressError::new("must have the form postgres://user@host:5432/database"))?;
        if !SCHEMES.contains(&scheme) {
            return Err(AddressError::new(
                "must begin with postgres://, postgresql:// or, for MySQL and MariaDB, mysql://",
            ));
        }
        if text.contains(|c: char| c.is_control() || c.is_whitespace()) {
            return Err(AddressError::new("must not hold white space or control characters (percent-encode them)"));
        }
        let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if tail.contains(['@', '#']) {
            return Err(AddressError::new(format!("must not hold '@' or '#' after the host ({ENCODE})")));
        }
        let (user_info, hosts) = match authority.rsplit_once('@') {
            Some((user_info, hosts)) => (Some(user_info), hosts),
            None => (None, authority),
        };
        if user_info.is_some_and(|text| text.contains('@')) {
            return Err(AddressError::new(format!("must hold one '@', in front of the host ({ENCODE})")));
        }
        let (user, password) = match user_info.map(|text| text.split_once(':').ok_or(text)) {
            None => (None, None),
            Some(Ok((user, password))) => (Some(user), Some(password)),
            Some(Err(user)) => (Some(user), None),
        };
        let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
        Ok(Self { scheme, user, password, hosts, path, query })
    }

    /// The hosts in front of the database's name.
    pub(super) fn hosts(&self, family: Family) -> Result<Vec<Host>, AddressError> {
        if self.hosts.is_empty() {
            return Ok(Vec::new());
        }
        let hosts = self.hosts.split(',').map(|host| one_host(host, family)).collect::<Result<Vec<_>, _>>()?;
        if family == Family::Mysql && hosts.len() > 1 {
            return Err(AddressError::new("must name one host, or what stands before several hosts"));
        }
        Ok(hosts)
    }

    /// The address for people: as it was written, without its secrets. `options` are the decoded names and values.
    pub(super) fn shown(&self, options: &[(String, String)]) -> String {
        let mut shown = format!("{}://", self.scheme);
        if let Some(user) = self.user {
            shown += user;
            if self.password.is_some() {
                shown = shown + ":" + STARS;
            }
            shown.push('@');
        }
        shown = shown + self.hosts + self.path;
        let written = self.query.split('&').filter(|pair| !pair.is_empty());
        for (index, (pair, (key, _))) in written.zip(options).enumerate() {
            let value = pair.split_once('=').map_or("", |(_, value)| value);
            let value = if PRINTED_OPTIONS.contains(&key.as_str()) { value } else { STARS };
            let _ = write!(shown, "{}{key}={value}", if index == 0 { '?' } else { '&' });
        }
        shown
    }
}

fn one_host(text: &str, family: Family) -> Result<Host, AddressError> {
    let (name, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((number, after)) => {
            let number = decoded(number, "host")?;
            let plain = number.split('%').next().unwrap_or_default();
            if plain.parse::<Ipv6Addr>().is_err() {
                return Err(not_a_host());
            }
            let port = match after.strip_prefix(':') {
                None if !after.is_empty() => return Err(not_a_host()),
                port => port,
            };
            return Ok(Host { name: number, port: port.map(self::port).transpose()? });
        }
        None => text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port))),
    };
    Ok(Host { name: host_name(&decoded(name, "host")?, family)?, port: port.map(self::port).transpose()? })
}

/// Refuses what can be no name of a host: it may be the rest of a password that was not encoded.
pub(super) fn host_name(name: &str, family: Family) -> Result<String, AddressError> {
    if family == Family::Postgres && name.starts_with('/') {
        return Ok(name.to_owned());
    }
    let number = name.parse::<Ipv6Addr>().is_ok();
    let foreign = |c: char| c.is_whitespace() || c.is_control() || "@/?#:,[]%\\'\"&=".contains(c);
    if name.is_empty() || (!number && name.contains(foreign)) { Err(not_a_host()) } else { Ok(name.to_owned()) }
}

fn not_a_host() -> AddressError {
    AddressError::new("must name each host as host, host:port or [IPv6 number]:port")
}

pub(super) fn port(text: &str) -> Result<u16, AddressError> {
    match text.parse() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(AddressError::new(format!("must give a port as a number from 1 to 65535 ({ENCODE})"))),
    }
}
