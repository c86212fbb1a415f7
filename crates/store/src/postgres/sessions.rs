//! Sessions on one PostgreSQL database: few, pooled, every call on them bounded in time, and thrown away when in doubt.

use std::sync::Arc;
use std::time::Duration;

use cardgenius_pipeline::error::{ErrorKind, StoreError};
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime, TimeoutType};

use super::address::{self, Address};
use super::connect::Dial;
use super::sqlstate::{connect_error, store_error};
use super::tls;
use crate::config::{CallLimits, DatabaseConfig};
use crate::server::PoolStatus;

/// Connections older than this are retired: memory that a backend has gathered goes, and a moved address is noticed.
const MAX_AGE: Duration = Duration::from_secs(30 * 60);

/// The sessions on one database.
#[derive(Clone)]
pub struct Sessions {
    pool: Pool,
    dial: Arc<Dial>,
    limits: CallLimits,
}

impl Sessions {
    /// Prepares (but does not make) at most `size` connections.
    ///
    /// # Errors
    /// A URL, certificate or password file that cannot be used.
    pub fn new(
        database: &DatabaseConfig,
        limits: CallLimits,
        application_name: &str,
        size: usize,
    ) -> Result<Self, StoreError> {
        let Address { config, verify, root_file, shown } = address::parse(database, &limits, application_name)?;
        let tls = tls::connector(verify, root_file.as_deref())
            .map_err(|error| StoreError::caused(ErrorKind::Refused, "cannot prepare TLS to the database", error))?;
        let dial = Dial::new(config, tls, database, shown);
        let manager = Manager::from_connect(
            dial.config().clone(),
            dial.clone(),
            ManagerConfig { recycling_method: RecyclingMethod::Fast },
        );
        let pool = Pool::builder(manager)
            .max_size(size)
            .wait_timeout(Some(limits.acquire))
            .create_timeout(Some(limits.connect))
            .recycle_timeout(Some(limits.connect))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| StoreError::caused(ErrorKind::Bug, "cannot build the connection pool", error))?;
        Ok(Self { pool, dial: Arc::new(dial), limits })
    }

    /// Where the database is, for messages.
    #[must_use]
    pub fn shown(&self) -> &str {
        self.dial.shown()
    }

    /// How many sessions the pool holds, and who waits for one. Asks nobody.
    #[must_use]
    pub fn status(&self) -> PoolStatus {
        let status = self.pool.status();
        PoolStatus {
            size: status.max_size,
            in_use: status.size.saturating_sub(status.available),
            idle: status.available.min(status.size),
            waiting: status.waiting,
        }
    }

    /// The limits that hold for every call.
    #[must_use]
    pub const fn limits(&self) -> &CallLimits {
        &self.limits
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
    pub(super) async fn get(&self) -> Result<Object, StoreError> {
        self.pool.retain(|_, metrics| metrics.created.elapsed() < MAX_AGE);
        self.pool.get().await.map_err(|error| self.pool_error(error))
    }

    fn pool_error(&self, error: PoolError) -> StoreError {
        let doing = format!("cannot connect to the database at {}", self.shown());
        match error {
            PoolError::Backend(error) => connect_error(&doing, error),
            PoolError::Timeout(TimeoutType::Wait) => StoreError::new(
                ErrorKind::ResourceLimit,
                format!("all sessions on the database at {} were busy for {:?}", self.shown(), self.limits.acquire),
            ),
            PoolError::Timeout(_) => {
                StoreError::new(ErrorKind::Unreachable, format!("{doing}: no answer within {:?}", self.limits.connect))
            }
            other => StoreError::caused(ErrorKind::Bug, doing, other),
        }
    }
}

/// Bounds a driver's call: its error or the lack of an answer becomes ours.
pub(super) async fn within<T>(
    limit: Duration,
    doing: &str,
    call: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(limit, call).await {
        Ok(answer) => answer.map_err(|error| store_error(doing, error)),
        Err(_) => Err(StoreError::new(ErrorKind::Timeout, format!("{doing}: no answer within {limit:?}"))),
    }
}
