//! Making connections: the password is read anew each time, so that a changed one needs no restart.

use std::path::PathBuf;

use deadpool_postgres::Connect;
use futures_util::future::BoxFuture;
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, Error};
use tokio_postgres_rustls::MakeRustlsConnect;
use tracing::warn;

use super::address::Address;
use super::search_path::SearchPath;
use super::tls::ROOT_FILE;
use crate::config::DatabaseConfig;
use crate::password_file;
use crate::sign_in_words::{CANNOT_CONNECT, caught};
use crate::tls::refusal;
use cardgenius_failure::error::{DatabaseError, ErrorKind};

const ALONE: &str =
    concat!(include_str!("sql/session_unlimited.sql"), ";\n", include_str!("sql/session_uncompiled.sql"));

/// How to connect to one database.
#[derive(Clone)]
pub struct Dial {
    config: Config,
    tls: MakeRustlsConnect,
    password_file: Option<PathBuf>,
    shown: String,
    path: SearchPath,
}

impl Dial {
    pub(super) fn new(address: Address, tls: MakeRustlsConnect, database: &DatabaseConfig, path: SearchPath) -> Self {
        let Address { mut config, shown, .. } = address;
        if let Some(password) = &database.password {
            config.password(password);
        }
        Self { config, tls, password_file: database.password_file.clone(), shown, path }
    }

    /// By which path transactions on these connections find names.
    pub(super) const fn path(&self) -> &SearchPath {
        &self.path
    }

    /// The driver's configuration.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The TLS connector.
    #[must_use]
    pub fn tls(&self) -> MakeRustlsConnect {
        self.tls.clone()
    }

    /// Where the database is, for messages.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// A connection of its own, outside any pool, and the task that drives it. No statement on it is ended or slowed down by what is
    /// preset for the role.
    ///
    /// # Errors
    /// It could not be made within the limit.
    pub async fn connect_alone(&self, limit: std::time::Duration) -> Result<(Client, JoinHandle<()>), DatabaseError> {
        let doing = format!("{CANNOT_CONNECT} {}", self.shown);
        let made = async {
            let made = self.dial().await?;
            made.0.batch_execute(ALONE).await?;
            Ok(made)
        };
        match tokio::time::timeout(limit, Box::pin(caught(&doing, made))).await {
            Ok(made) => made?.map_err(|error| super::sqlstate::connect_error(&doing, error)),
            Err(_) => Err(DatabaseError::new(ErrorKind::Unreachable, format!("{doing}: no answer within {limit:?}"))),
        }
    }

    async fn dial(&self) -> Result<(Client, JoinHandle<()>), Error> {
        let mut config = self.config.clone();
        if let Some(file) = &self.password_file {
            match password_file::read_in_time(file).await {
                Ok(password) => {
                    config.password(password);
                }
                // The server will refuse, and its message names the user; this one names the file.
                Err(error) => {
                    warn!(file = %file.display(), %error, "the password file cannot be read");
                    config.password("");
                }
            }
        }
        let (client, connection) = match config.connect(self.tls.clone()).await {
            // As in libpq: `prefer` means to do without, where TLS fails.
            Err(error) if config.get_ssl_mode() == SslMode::Prefer && refusal(&error, ROOT_FILE).is_some() => {
                config.ssl_mode(SslMode::Disable).connect(self.tls.clone()).await?
            }
            made => made?,
        };
        // Ends with the connection; what broke it is seen by whoever uses the client.
        let driving = tokio::spawn(async move {
            let _ = connection.await;
        });
        self.path.ask(&client).await?;
        be_missed_soon(&client, &self.path.settings()).await?;
        Ok((client, driving))
    }
}

/// Has the server notice soon that our host is lost. Where it does not know a setting, or cannot do it, it notices later. Each is
/// set in a transaction with our own `settings`: what is preset for the role, such as a limit of time, must not end the session.
async fn be_missed_soon(client: &Client, settings: &str) -> Result<(), Error> {
    for set in [include_str!("sql/session_keepalives.sql"), include_str!("sql/session_connection_check.sql")] {
        let (begin, commit) = (include_str!("sql/transaction_begin.sql"), include_str!("sql/transaction_commit.sql"));
        match client.batch_execute(&format!("{begin};\n{settings};\n{set};\n{commit}")).await {
            Err(error) if error.as_db_error().is_none() => return Err(error),
            Err(_) => client.batch_execute(include_str!("sql/transaction_roll_back.sql")).await?,
            Ok(()) => {}
        }
    }
    Ok(())
}

impl Connect for Dial {
    fn connect(&self, _: &Config) -> BoxFuture<'_, Result<(Client, JoinHandle<()>), Error>> {
        Box::pin(self.dial())
    }
}
