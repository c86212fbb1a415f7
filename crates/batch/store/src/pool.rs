//! A small pool of sessions on one database, whatever its kind: every wait bounded, no session kept for ever.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use cardgenius_failure::error::{DatabaseError, ErrorKind};
use deadpool::Runtime;
use deadpool::managed::{Manager, Metrics, Object, Pool, PoolError, TimeoutType};

use crate::config::CallLimits;
use crate::server::PoolStatus;
use crate::sign_in_words::{CANNOT_CONNECT, caught};

/// Connections older than this are retired: memory that a session has gathered on the server goes, and a moved address is
/// noticed.
const MAX_AGE: Duration = Duration::from_secs(30 * 60);

/// For so long after a session was found mistaken, what a younger session finds is so.
const CHANGED_LATELY: Duration = Duration::from_secs(30);

/// The sessions that a manager makes.
pub(crate) struct SessionPool<M: Manager> {
    pool: Pool<M>,
    limits: CallLimits,
    shown: String,
    /// Sessions that were made before this are not used again.
    outdated: Arc<Mutex<Option<Instant>>>,
}

impl<M: Manager> Clone for SessionPool<M> {
    fn clone(&self) -> Self {
        Self {
            pool: self.pool.clone(),
            limits: self.limits,
            shown: self.shown.clone(),
            outdated: self.outdated.clone(),
        }
    }
}

impl<M: Manager> SessionPool<M> {
    /// Prepares (but does not make) at most `size` connections to what messages show as `shown`.
    ///
    /// # Errors
    /// Only a build without a runtime.
    pub(crate) fn new(manager: M, limits: CallLimits, shown: String, size: usize) -> Result<Self, DatabaseError> {
        let pool = Pool::builder(manager)
            .max_size(size)
            .wait_timeout(Some(limits.acquire))
            .create_timeout(Some(limits.connect))
            .recycle_timeout(Some(limits.connect))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| DatabaseError::caused(ErrorKind::Bug, "cannot build the connection pool", error))?;
        Ok(Self { pool, limits, shown, outdated: Arc::default() })
    }

    /// How many sessions the pool holds, and who waits for one. Asks nobody.
    pub(crate) fn status(&self) -> PoolStatus {
        let status = self.pool.status();
        PoolStatus {
            size: status.max_size,
            in_use: status.size.saturating_sub(status.available),
            idle: status.available.min(status.size),
            waiting: status.waiting,
        }
    }

    /// The limits that hold for every call.
    pub(crate) const fn limits(&self) -> &CallLimits {
        &self.limits
    }

    /// From now on only sessions are given out that are made after this moment: what the others remember of the tables is
    /// true no longer.
    pub(crate) fn outdate(&self) {
        *self.outdated.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether a session that was given out before may remember the tables as they were. A session that was made after the last
    /// one that was found mistaken, a short while ago, saw them as they are.
    pub(crate) fn may_remember(&self, metrics: &Metrics) -> bool {
        let outdated = *self.outdated.lock().unwrap_or_else(PoisonError::into_inner);
        let saw_the_change = |moment: Instant| metrics.created > moment && moment.elapsed() < CHANGED_LATELY;
        metrics.recycle_count > 0 && !outdated.is_some_and(saw_the_change)
    }

    /// A connection, made anew if none is idle; none is used that has been idle for longer than `max_idle` or that
    /// `is_closed`: that one may have been ended, by us too, is no news.
    ///
    /// # Errors
    /// None could be had within the limits; the driver's own error in the words of `connect_error`.
    pub(crate) async fn get(
        &self,
        max_idle: Duration,
        is_closed: fn(&M::Type) -> bool,
        connect_error: fn(&str, M::Error) -> DatabaseError,
    ) -> Result<Object<M>, DatabaseError> {
        let outdated = *self.outdated.lock().unwrap_or_else(PoisonError::into_inner);
        self.pool.retain(|connection, metrics| {
            metrics.created.elapsed() < MAX_AGE
                && metrics.last_used() < max_idle
                && outdated.is_none_or(|moment| metrics.created > moment)
                && !is_closed(connection)
        });
        let doing = || format!("{CANNOT_CONNECT} {}", self.shown);
        // In a box: making a connection is a large future, and every call on a session would carry it.
        Box::pin(caught(&doing(), self.pool.get())).await?.map_err(|error| match error {
            PoolError::Backend(error) => connect_error(&doing(), error),
            PoolError::Timeout(TimeoutType::Wait) => DatabaseError::new(
                ErrorKind::ResourceLimit,
                format!("all sessions on the database at {} were busy for {:?}", self.shown, self.limits.acquire),
            ),
            PoolError::Timeout(_) => DatabaseError::new(
                ErrorKind::Unreachable,
                format!("{}: no answer within {:?}", doing(), self.limits.connect),
            ),
            PoolError::NoRuntimeSpecified | PoolError::Closed | PoolError::PostCreateHook(_) => {
                DatabaseError::new(ErrorKind::Bug, format!("{}: the pool cannot be used", doing()))
            }
        })
    }
}
