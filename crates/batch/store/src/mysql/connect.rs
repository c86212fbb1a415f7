//! Making connections: the password is read anew each time, so that a changed one needs no restart.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cardgenius_failure::error::{DatabaseError, ErrorKind};
use mysql_async::{Conn, Error, Opts, OptsBuilder};
use tracing::warn;

use super::address::{self, Encryption, Place, SslMode};
use super::codes::{connect_error, store_error};
use super::sign_in::{Fault, Security, Way};
use crate::address::Address;
use crate::config::{CallLimits, DatabaseConfig};
use crate::password_file;
use crate::sign_in_words::{CANNOT_CONNECT, NO_PASSWORD, caught};
use crate::tls::client_config;

/// How to connect to one database.
#[derive(Clone)]
pub struct Dial {
    opts: OptsBuilder,
    /// Over TCP; none for a Unix socket.
    tcp: Option<(u16, Security)>,
    password_file: Option<PathBuf>,
    has_password: bool,
    shown: String,
}

impl Dial {
    /// Prepares connections (but makes none) whose sessions carry `name`, for people who look at the server.
    ///
    /// # Errors
    /// A URL or certificates that cannot be used.
    pub fn new(database: &DatabaseConfig, limits: &CallLimits, name: &str) -> Result<Self, DatabaseError> {
        let refused = |error| DatabaseError::new(ErrorKind::Refused, format!("the database's URL {error}"));
        let address = Address::parse(&database.url).map_err(refused)?;
        let target = address::target(&address).map_err(refused)?;
        let shown = target.shown();
        let password = database.password.clone().or(target.password);
        let has_password = password.is_some() || database.password_file.is_some();
        let mut opts = OptsBuilder::default()
            .user(address.user)
            .pass(password)
            .db_name(Some(target.database))
            .client_found_rows(true)
            .connect_attribute("program_name", name)
            // Where the configuration says, and nowhere else.
            .prefer_socket(false)
            // The driver begins with the last of them.
            .setup(session_setup(limits).into_iter().rev().collect::<Vec<_>>());
        let tcp = match target.place {
            Place::Socket(path) => {
                opts = opts.socket(Some(path.display().to_string()));
                // Nothing is on the way to the server that could listen.
                None
            }
            Place::Tcp(host, port) => Some((port, security(host, &target.encryption)?)),
        };
        Ok(Self { opts, tcp, password_file: database.password_file.clone(), has_password, shown })
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
    pub async fn connect(&self, limit: Duration) -> Result<Conn, DatabaseError> {
        let doing = format!("{CANNOT_CONNECT} {}", self.shown);
        match tokio::time::timeout(limit, self.dial(&doing)).await {
            Ok(made) => made,
            Err(_) => Err(DatabaseError::new(ErrorKind::Unreachable, format!("{doing}: no answer within {limit:?}"))),
        }
    }

    async fn dial(&self, doing: &str) -> Result<Conn, DatabaseError> {
        let opts = match self.password().await {
            Some(password) => self.opts.clone().pass(Some(password)),
            None => self.opts.clone(),
        };
        let Some((port, security)) = &self.tcp else {
            return driven(doing, opts).await.map_err(|cause| self.told(doing, cause));
        };
        match over_tcp(doing, &opts, *port, security).await {
            // PREFERRED means to do without, where TLS fails.
            Err(Cause::Way(Fault::Handshake(_))) if security.mode == SslMode::Preferred => {
                let plain = Security { tls: None, ..security.clone() };
                over_tcp(doing, &opts, *port, &plain).await
            }
            made => made,
        }
        .map_err(|cause| self.told(doing, cause))
    }

    fn told(&self, doing: &str, cause: Cause) -> DatabaseError {
        match cause {
            Cause::Driver(Error::Server(error)) if error.code == ACCESS_DENIED && !self.has_password => {
                let words = format!(
                    "{doing}: {}: {NO_PASSWORD}. If the account demands TLS, ssl-mode must not be DISABLED",
                    error.message
                );
                DatabaseError::new(ErrorKind::Refused, words)
            }
            Cause::Driver(error) => connect_error(doing, error),
            Cause::Panic(error) => error,
            Cause::Way(fault) => fault.told(doing).unwrap_or_else(|| {
                DatabaseError::new(ErrorKind::Unreachable, format!("{doing}: the connection broke while signing in"))
            }),
        }
    }

    async fn password(&self) -> Option<String> {
        let file = self.password_file.as_ref()?;
        match password_file::read_in_time(file).await {
            Ok(password) => Some(password),
            // The server will refuse, and its message names the user; this one names the file.
            Err(error) => {
                warn!(file = %file.display(), %error, "the password file cannot be read");
                None
            }
        }
    }
}

/// ER_ACCESS_DENIED_ERROR
const ACCESS_DENIED: u16 = 1045;

/// Why a connection was not made.
enum Cause {
    Driver(Error),
    /// The driver came upon what it cannot do, such as a way to sign in that it was built without.
    Panic(DatabaseError),
    Way(Fault),
}

fn security(host: String, encryption: &Encryption) -> Result<Security, DatabaseError> {
    let Encryption { mode, trust, root_file } = encryption;
    let tls = match mode {
        SslMode::Disabled => None,
        SslMode::Preferred | SslMode::Required => {
            let config = client_config(*trust, root_file.as_deref(), "ssl-ca").map_err(|error| {
                DatabaseError::caused(ErrorKind::Refused, "cannot prepare TLS to the database", error)
            })?;
            Some(Arc::new(config))
        }
    };
    Ok(Security { host, mode: *mode, trust: *trust, tls })
}

async fn over_tcp(doing: &str, opts: &OptsBuilder, port: u16, security: &Security) -> Result<Conn, Cause> {
    let way = Way::open(port, security).await.map_err(|error| Cause::Driver(error.into()))?;
    match driven(doing, opts.clone().socket(Some(way.socket.clone()))).await {
        Ok(conn) => {
            way.keep();
            Ok(conn)
        }
        Err(cause @ Cause::Driver(Error::Server(_))) => Err(cause),
        Err(cause) => Err(match way.fault().await {
            Some(Fault::Broken) | None => cause,
            Some(fault) => Cause::Way(fault),
        }),
    }
}

async fn driven(doing: &str, opts: OptsBuilder) -> Result<Conn, Cause> {
    caught(doing, Conn::new(Opts::from(opts))).await.map_err(Cause::Panic)?.map_err(Cause::Driver)
}

/// Bounds a driver's call: its error or the lack of an answer becomes ours.
pub(super) async fn within<T>(
    limit: Duration,
    doing: &str,
    call: impl Future<Output = Result<T, Error>>,
) -> Result<T, DatabaseError> {
    match tokio::time::timeout(limit, call).await {
        Ok(answer) => answer.map_err(|error| store_error(doing, error)),
        Err(_) => Err(DatabaseError::new(ErrorKind::Timeout, format!("{doing}: no answer within {limit:?}"))),
    }
}

/// What every session begins with, in this order: an end to whatever an `init_connect` has begun, and our settings.
pub(super) fn session_setup(limits: &CallLimits) -> [String; 5] {
    [
        include_str!("sql/session_roll_back.sql").to_owned(),
        include_str!("sql/session_unlock_tables.sql").to_owned(),
        include_str!("sql/session_character_set.sql").to_owned(),
        settings(limits),
        include_str!("sql/session_isolation.sql").to_owned(),
    ]
}

/// The statement that sets what a session depends on, and its limits.
fn settings(limits: &CallLimits) -> String {
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
