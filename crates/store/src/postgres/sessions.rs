//! Sessions on one PostgreSQL database: few, pooled, every call on them bounded in time, and thrown away when in doubt.

use std::sync::Arc;
use std::time::Duration;

use cardgenius_pipeline::error::{ErrorKind, StoreError};
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime, TimeoutType};
use tokio_postgres::{CancelToken, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::{self, Address};
use super::connect::Dial;
use super::doubt::Trail;
use super::sqlstate::{connect_error, store_error};
use super::tls;
use super::transaction::{Parameters, Statement, Transaction};
use crate::config::{CallLimits, DatabaseConfig};

/// Connections older than this are retired: memory that a backend has gathered goes, and a moved address is noticed.
const MAX_AGE: Duration = Duration::from_secs(30 * 60);

/// A pool of sessions at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolStatus {
    /// Sessions that it may hold at most.
    pub size: usize,
    /// Sessions at work.
    pub in_use: usize,
    /// Sessions that wait for work.
    pub idle: usize,
    /// Calls that wait for a session.
    pub waiting: usize,
}

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

    /// A session, made anew if none is idle.
    ///
    /// # Errors
    /// None could be had within the limits.
    pub async fn session(&self) -> Result<Session, StoreError> {
        self.pool.retain(|_, metrics| metrics.created.elapsed() < MAX_AGE);
        let object = self.pool.get().await.map_err(|error| self.pool_error(error))?;
        let cancel = object.cancel_token();
        let tls = self.dial.tls();
        Ok(Session { object: Some(object), healthy: false, cancel, tls, limits: self.limits, trail: None })
    }

    /// A session for work on a claim: should it end in doubt, `trail` remembers which process of the server it was.
    ///
    /// # Errors
    /// As [`Sessions::session`].
    pub(super) async fn on_trail(&self, trail: Trail) -> Result<Session, StoreError> {
        let mut session = self.session().await?;
        session.trail = Some(trail);
        Ok(session)
    }

    /// The rows of one statement that only reads, on a session of its own.
    ///
    /// # Errors
    /// The database could not be asked.
    pub(super) async fn read(&self, statement: &Statement, parameters: Parameters<'_>) -> Result<Vec<Row>, StoreError> {
        let mut session = self.session().await?;
        let outcome = async { session.begin().await?.rows(statement, parameters).await }.await;
        session.done(&outcome);
        outcome
    }

    /// The same of a statement that always has a row.
    ///
    /// # Errors
    /// As [`Sessions::read`].
    pub(super) async fn read_one(&self, statement: &Statement, parameters: Parameters<'_>) -> Result<Row, StoreError> {
        let rows = self.read(statement, parameters).await?;
        rows.into_iter().next().ok_or_else(|| StoreError::new(ErrorKind::Bug, format!("{}: no row", statement.doing)))
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

/// One session, taken out of the pool. Unless it is [`Session::done`] with success it is closed, not given back: a
/// statement may still be running on it, or it may be half-way through a COPY.
pub struct Session {
    object: Option<Object>,
    healthy: bool,
    cancel: CancelToken,
    tls: MakeRustlsConnect,
    limits: CallLimits,
    trail: Option<Trail>,
}

impl Session {
    /// Begins a transaction with our limits and READ COMMITTED.
    ///
    /// # Errors
    /// The connection is gone.
    pub async fn begin(&mut self) -> Result<Transaction<'_>, StoreError> {
        let limits = self.limits;
        let object =
            self.object.as_mut().ok_or_else(|| StoreError::new(ErrorKind::Bug, "the session was given back"))?;
        let transaction = Transaction::begin(object, limits).await?;
        if let Some(trail) = &mut self.trail {
            trail.backend = transaction.backend();
        }
        Ok(transaction)
    }

    /// Gives the session back if the work on it ended well, or failed in a way that leaves the connection sound.
    pub fn done<T>(mut self, outcome: &Result<T, StoreError>) {
        self.healthy = match outcome {
            Ok(_) => true,
            Err(error) => matches!(
                error.kind(),
                ErrorKind::Contention
                    | ErrorKind::ClaimLost
                    | ErrorKind::DataRejected
                    | ErrorKind::Constraint
                    | ErrorKind::UniqueViolation
                    | ErrorKind::SchemaMismatch
            ),
        };
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(object) = self.object.take() else { return };
        if self.healthy {
            return;
        }
        if let Some(trail) = &self.trail {
            trail.leave();
        }
        let broken = object.is_closed();
        drop(Object::take(object));
        if broken {
            return;
        }
        // A dropped future does not stop a statement on the server: ask it to stop. Best effort, bounded, in nobody's way.
        let (cancel, tls) = (self.cancel.clone(), self.tls.clone());
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let _ = tokio::time::timeout(Duration::from_secs(5), cancel.cancel_query(tls)).await;
            });
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
