//! How clients reach a private PostgreSQL server.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What may stand as it is in any part of a URL; a path's slashes may stand in its query.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// Where a server listens, and the account that logs in there.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    pub(crate) socket_dir: PathBuf,
    pub(crate) port: u16,
    pub(crate) tcp: bool,
}

/// A role, and its password if it needs one.
#[derive(Clone, Copy)]
pub(crate) struct Login<'a> {
    pub(crate) user: &'a str,
    pub(crate) password: Option<&'a str>,
}

impl Address {
    /// Over the Unix socket. The host is a parameter: libpq and the Rust drivers read this form alike.
    pub(crate) fn socket_url(&self, database: &str, login: Login<'_>) -> String {
        let (host, port) = (escaped_path(&self.socket_dir), self.port);
        let mut url = format!("postgres:///{}?host={host}&port={port}&user={}", escaped(database), escaped(login.user));
        if let Some(password) = login.password {
            let _ = write!(url, "&password={}", escaped(password));
        }
        url
    }

    /// Over loopback TCP, if the server listens there.
    pub(crate) fn tcp_url(&self, database: &str, login: Login<'_>) -> Option<String> {
        let password = login.password.map(|password| format!(":{}", escaped(password))).unwrap_or_default();
        let (user, port) = (escaped(login.user), self.port);
        self.tcp.then(|| format!("postgres://{user}{password}@127.0.0.1:{port}/{}", escaped(database)))
    }
}

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string().replace('/', "%2F")
}

fn escaped_path(path: &Path) -> String {
    utf8_percent_encode(&path.to_string_lossy(), ESCAPED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(tcp: bool) -> Address {
        Address { socket_dir: "/var/run/a b".into(), port: 5432, tcp }
    }

    #[test]
    fn the_socket_url_escapes_what_a_url_cannot_hold() {
        let login = Login { user: "o'neil", password: Some("p&/=1") };
        assert_eq!(
            address(false).socket_url("cash/karo", login),
            "postgres:///cash%2Fkaro?host=/var/run/a%20b&port=5432&user=o%27neil&password=p%26%2F%3D1"
        );
    }

    #[test]
    fn a_server_without_tcp_has_no_tcp_url() {
        let login = Login { user: "x", password: None };
        assert_eq!(address(false).tcp_url("d", login), None);
        assert_eq!(address(true).tcp_url("d", login).unwrap(), "postgres://x@127.0.0.1:5432/d");
    }
}
