//! How clients reach a private server of the MySQL family.

use std::path::PathBuf;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What may stand as it is in any part of a URL.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where a server listens.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    pub(crate) socket: PathBuf,
    /// Of loopback TCP, if the server listens there.
    pub(crate) port: Option<u16>,
}

/// An account of the server, and its password if it needs one.
#[derive(Clone, Copy)]
pub(crate) struct Login<'a> {
    pub(crate) user: &'a str,
    pub(crate) password: Option<&'a str>,
}

impl Address {
    /// Over the Unix socket.
    pub(crate) fn socket_url(&self, database: &str, login: Login<'_>) -> String {
        let socket = escaped(&self.socket.to_string_lossy());
        format!("mysql://{}@localhost/{}?socket={socket}", credentials(login), escaped(database))
    }

    /// Over loopback TCP, if the server listens there.
    pub(crate) fn tcp_url(&self, database: &str, login: Login<'_>) -> Option<String> {
        let port = self.port?;
        Some(format!("mysql://{}@127.0.0.1:{port}/{}", credentials(login), escaped(database)))
    }
}

fn credentials(login: Login<'_>) -> String {
    let password = login.password.map(|password| format!(":{}", escaped(password))).unwrap_or_default();
    format!("{}{password}", escaped(login.user))
}

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGIN: Login<'_> = Login { user: "o'neil", password: Some("p&/=1") };

    #[test]
    fn the_socket_url_escapes_what_a_url_cannot_hold() {
        let address = Address { socket: "/var/run/a b/server.sock".into(), port: None };
        assert_eq!(
            address.socket_url("cash/karo", LOGIN),
            "mysql://o%27neil:p%26%2F%3D1@localhost/cash%2Fkaro?socket=%2Fvar%2Frun%2Fa%20b%2Fserver.sock"
        );
    }

    #[test]
    fn a_server_without_tcp_has_no_tcp_url() {
        let address = |port| Address { socket: "/s".into(), port };
        assert_eq!(address(None).tcp_url("d", LOGIN), None);
        assert_eq!(
            address(Some(15_000)).tcp_url("d", LOGIN).unwrap(),
            "mysql://o%27neil:p%26%2F%3D1@127.0.0.1:15000/d"
        );
    }
}
