//! Sessions on one PostgreSQL database: few, pooled, every call on them bounded in time, and thrown away when in doubt.

use std::sync::Arc;
use std::time::Duration;

use cardgenius_failure::error::{DatabaseError, ErrorKind};
use deadpool::managed::Metrics;
use deadpool_postgres::{Manager, ManagerConfig, Object, RecyclingMethod};

use super::address;
use super::connect::Dial;
use super::search_path::SearchPath;
use super::sqlstate::{connect_error, may_be_of_memory, store_error};
use super::tls;
use crate::config::{CallLimits, DatabaseConfig, TableNames};
use crate::pool::SessionPool;
use crate::server::PoolStatus;

/// The sessions on one database.
#[derive(Clone)]
pub struct Sessions {
    pool: SessionPool<Manager>,
    dial: Arc<Dial>,
}

impl Sessions {
    /// Prepares (but does not make) at most `size` connections, for work on these tables.
    ///
    /// # Errors
    /// A URL, certificate or password file that cannot be used.
    pub fn new(
        database: &DatabaseConfig,
        limits: CallLimits,
        application_name: &str,
        tables: &TableNames,
        size: usize,
    ) -> Result<Self, DatabaseError> {
        let address = address::parse(database, &limits, application_name)?;
        let tls = tls::connector(address.trust, address.root_file.as_deref())
            .map_err(|error| DatabaseError::caused(ErrorKind::Refused, "cannot prepare TLS to the database", error))?;
        let path = SearchPath::closed(tables)
            .map_err(|error| DatabaseError::caused(ErrorKind::Bug, "preparing the sessions", error))?;
        let dial = Dial::new(address, tls, database, path);
        let shown = dial.shown().to_owned();
        let manager = Manager::from_connect(
            dial.config().clone(),
            dial.clone(),
            ManagerConfig { recycling_method: RecyclingMethod::Fast },
        );
        Ok(Self { pool: SessionPool::new(manager, limits, shown, size)?, dial: Arc::new(dial) })
    }

    /// Where the database is, for messages.
    #[must_use]
    pub fn shown(&self) -> &str {
        self.dial.shown()
    }

    /// How many sessions the pool holds, and who waits for one. Asks nobody.
    #[must_use]
    pub fn status(&self) -> PoolStatus {
        self.pool.status()
    }

    /// The limits that hold for every call.
    #[must_use]
    pub const fn limits(&self) -> &CallLimits {
        self.pool.limits()
    }

    /// How connections outside the pool are made.
    #[must_use]
    pub fn dial(&self) -> &Dial {
        &self.dial
    }

    /// A connection, made anew if none is idle.
    ///
    /// # Errors
    /// None could be had within the limits.
    pub(super) async fn get(&self) -> Result<Object, DatabaseError> {
        self.pool.get(Duration::MAX, |client| client.is_closed(), connect_error).await
    }

    /// See [`SessionPool::may_remember`].
    pub(super) fn may_remember(&self, metrics: &Metrics) -> bool {
        self.pool.may_remember(metrics)
    }

    /// Bounds a call on a session of the pool. A session that `remembers` earlier work may only believe that something is
    /// not as it should be: then all sessions of its age are used no longer, and a new one has to say.
    pub(super) async fn within<T>(
        &self,
        remembers: bool,
        (limit, doing): (Duration, &str),
        call: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, DatabaseError> {
        let Ok(answer) = tokio::time::timeout(limit, call).await else { return Err(no_answer(doing, limit)) };
        answer.map_err(|error| {
            let is_of_memory = remembers && may_be_of_memory(&error);
            let mut error = store_error(doing, error);
            if is_of_memory {
                error = error.into_kind(ErrorKind::StaleSession);
            }
            if error.kind() == ErrorKind::StaleSession {
                self.pool.outdate();
            }
            error
        })
    }
}

/// Bounds a driver's call: its error or the lack of an answer becomes ours.
pub(super) async fn within<T>(
    limit: Duration,
    doing: &str,
    call: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, DatabaseError> {
    match tokio::time::timeout(limit, call).await {
        Ok(answer) => answer.map_err(|error| store_error(doing, error)),
        Err(_) => Err(no_answer(doing, limit)),
    }
}

fn no_answer(doing: &str, limit: Duration) -> DatabaseError {
    DatabaseError::new(ErrorKind::Timeout, format!("{doing}: no answer within {limit:?}"))
}
