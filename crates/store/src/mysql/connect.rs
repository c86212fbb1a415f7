//! Making connections: the password is read anew each time, so that a changed one needs no restart.

use std::path::PathBuf;
use std::time::Duration;

use cardgenius_pipeline::error::{ErrorKind, StoreError};
use mysql_async::{Conn, DriverError, Error, IoError, Opts, OptsBuilder};
use tracing::warn;

use super::address::{self, Address, Place};
use super::codes::{connect_error, store_error};
use super::tls::{self, SslMode};
use crate::config::{CallLimits, DatabaseConfig};

/// Before the first probe of a silent connection; the system's number of probes follows.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// How to connect to one database.
#[derive(Clone)]
pub struct Dial {
    opts: OptsBuilder,
    /// Without TLS, where the server has none and need not have.
    plain: Option<OptsBuilder>,
    password_file: Option<PathBuf>,
    shown: String,
}

impl Dial {
    /// Prepares connections (but makes none) whose sessions carry `name`, for people who look at the server.
    ///
    /// # Errors
    /// A URL or certificates that cannot be used.
    pub fn new(database: &DatabaseConfig, limits: &CallLimits, name: &str) -> Result<Self, StoreError> {
        let address = address::parse(&database.url)?;
        let shown = address.shown();
        let Address { place, user, password, database: schema, ssl_mode, ssl_ca } = address;
        let mut opts = OptsBuilder::default()
            .user(user)
            .pass(database.password.clone().or(password))
            .db_name(Some(schema))
            .client_found_rows(true)
            .tcp_keepalive(Some(KEEPALIVE))
            .connect_attribute("program_name", name)
            // Where the configuration says, and nowhere else.
            .prefer_socket(false)
            .setup(vec![settings(limits), include_str!("sql/session_isolation.sql").to_owned()]);
        let ssl = match place {
            Place::Socket(path) => {
                opts = opts.socket(Some(path.display().to_string()));
                // Nobody is on the way to the server.
                None
            }
            Place::Tcp(host, port) => {
                opts = opts.ip_or_hostname(host).tcp_port(port);
                tls::options(ssl_mode, ssl_ca.as_deref()).map_err(|error| {
                    StoreError::caused(ErrorKind::Refused, "cannot prepare TLS to the database", error)
                })?
            }
        };
        let plain = (ssl_mode == SslMode::Preferred && ssl.is_some()).then(|| opts.clone());
        Ok(Self { opts: opts.ssl_opts(ssl), plain, password_file: database.password_file.clone(), shown })
    }

    /// Where the database is, for messages.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// A connection with our settings.
    ///
    /// # Errors
    /// It could not be made within the limit.
    pub async fn connect(&self, limit: Duration) -> Result<Conn, StoreError> {
        let doing = format!("cannot connect to the database at {}", self.shown);
        match tokio::time::timeout(limit, self.dial()).await {
            Ok(made) => made.map_err(|error| connect_error(&doing, error)),
            Err(_) => Err(StoreError::new(ErrorKind::Unreachable, format!("{doing}: no answer within {limit:?}"))),
        }
    }

    async fn dial(&self) -> Result<Conn, Error> {
        let password = self.password().await;
        let with_password = |opts: &OptsBuilder| match &password {
            Some(password) => Opts::from(opts.clone().pass(Some(password))),
            None => Opts::from(opts.clone()),
        };
        match (Conn::new(with_password(&self.opts)).await, &self.plain) {
            (Err(error), Some(plain)) if is_without_tls(&error) => Conn::new(with_password(plain)).await,
            (made, _) => made,
        }
    }

    async fn password(&self) -> Option<String> {
        let file = self.password_file.as_ref()?;
        match tokio::fs::read_to_string(file).await {
            Ok(text) => Some(text.trim_end_matches(['\r', '\n']).to_owned()),
            // The server will refuse, and its message names the user; this one names the file.
            Err(error) => {
                warn!(file = %file.display(), %error, "the password file cannot be read");
                None
            }
        }
    }
}

/// Whether a server offers no TLS, or none that can be used (PREFERRED means to do without, then).
fn is_without_tls(error: &Error) -> bool {
    match error {
        Error::Driver(DriverError::NoClientSslFlagFromServer) | Error::Io(IoError::Tls(_)) => true,
        Error::Io(IoError::Io(error)) => error.get_ref().is_some_and(|cause| cause.is::<rustls::Error>()),
        _ => false,
    }
}

/// Bounds a driver's call: its error or the lack of an answer becomes ours.
pub(super) async fn within<T>(
    limit: Duration,
    doing: &str,
    call: impl Future<Output = Result<T, Error>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(limit, call).await {
        Ok(answer) => answer.map_err(|error| store_error(doing, error)),
        Err(_) => Err(StoreError::new(ErrorKind::Timeout, format!("{doing}: no answer within {limit:?}"))),
    }
}

/// The statement that sets what a session depends on, and its limits.
pub(super) fn settings(limits: &CallLimits) -> String {
    let seconds = |limit: Duration| limit.as_millis().div_ceil(1000).max(1).to_string();
    // With two databases a session sits idle in its transaction while the other one loads.
    let idle = limits.load + limits.statement;
    include_str!("sql/session_settings.sql")
        .replace("$1", &seconds(limits.lock))
        .replace("$2", &seconds(idle))
        .replace("$3", &seconds(limits.statement))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_told_to_the_server_in_whole_seconds() {
        let settings = settings(&CallLimits { lock: Duration::from_millis(1200), ..CallLimits::default() });
        assert!(
            settings.contains("innodb_lock_wait_timeout = 2, lock_wait_timeout = 2, wait_timeout = 180"),
            "{settings}"
        );
        assert!(!settings.contains('$'));
    }
}
