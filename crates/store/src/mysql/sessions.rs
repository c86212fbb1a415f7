//! Sessions on one database of MySQL's family: few, pooled, each known to the server by a lock of its instance's name, so
//! that whoever sweeps the instance finds it.

use cardgenius_pipeline::error::{ErrorKind, StoreError};
use deadpool::managed::{Manager, Metrics, Object, RecycleError, RecycleResult};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::codes::store_error;
use super::connect::{Dial, within};
use super::inspect::Version;
use super::statements::OwnStatements;
use crate::config::{CallLimits, DatabaseConfig};
use crate::pool::SessionPool;
use crate::server::PoolStatus;
use crate::statement::Statement;

/// A session out of the pool.
pub(super) type Pooled = Object<Connections>;

/// The sessions on one database.
#[derive(Clone)]
pub(super) struct Sessions {
    pool: SessionPool<Connections>,
    connections: Connections,
}

impl Sessions {
    /// Prepares (but does not make) at most `size` connections for the instance that is `called` so.
    ///
    /// # Errors
    /// A URL, certificate or password file that cannot be used.
    pub(super) fn new(
        database: &DatabaseConfig,
        limits: CallLimits,
        (called, own): (&str, &OwnStatements),
        size: usize,
    ) -> Result<Self, StoreError> {
        let dial = Dial::new(database, &limits, called)?;
        let shown = dial.shown().to_owned();
        let connections =
            Connections { dial, limits, called: called.to_owned(), identity: own.session_identity.clone() };
        Ok(Self { pool: SessionPool::new(connections.clone(), limits, shown, size)?, connections })
    }

    /// How many sessions the pool holds, and who waits for one. Asks nobody.
    pub(super) fn status(&self) -> PoolStatus {
        self.pool.status()
    }

    /// The limits that hold for every call.
    pub(super) const fn limits(&self) -> &CallLimits {
        self.pool.limits()
    }

    /// What the server knows this instance's sessions by.
    pub(super) fn called(&self) -> &str {
        &self.connections.called
    }

    /// A session, made anew if none is idle.
    ///
    /// # Errors
    /// None could be had within the limits.
    pub(super) async fn get(&self) -> Result<Pooled, StoreError> {
        // The server ends a session that is idle for as long as the two together: see session_settings.sql.
        let limits = self.limits();
        self.pool.get((limits.load + limits.statement) / 2, Conn::is_disconnected, |_, error| error).await
    }

    /// A session outside the pool.
    ///
    /// # Errors
    /// None could be had within the limits.
    pub(super) async fn alone(&self) -> Result<Conn, StoreError> {
        self.connections.make().await
    }
}

/// How sessions are made.
#[derive(Clone)]
pub(super) struct Connections {
    dial: Dial,
    limits: CallLimits,
    called: String,
    identity: Statement,
}

impl Connections {
    async fn make(&self) -> Result<Conn, StoreError> {
        let mut conn = self.dial.connect(self.limits.connect).await?;
        if let Some(fault) = Version(conn.server_version()).fault() {
            return Err(StoreError::new(ErrorKind::Refused, fault));
        }
        let taking = conn.exec_first::<(u32, u32), _, _>(&self.identity.sql, (&self.called,));
        match within(self.limits.connect, self.identity.doing, taking).await? {
            Some(_) => Ok(conn),
            None => Err(StoreError::new(
                ErrorKind::ResourceLimit,
                "this instance has 64 sessions on the database already, of which some may not have ended yet",
            )),
        }
    }
}

impl Manager for Connections {
    type Type = Conn;
    type Error = StoreError;

    async fn create(&self) -> Result<Conn, StoreError> {
        self.make().await
    }

    async fn recycle(&self, conn: &mut Conn, _: &Metrics) -> RecycleResult<StoreError> {
        // That the server has closed it shows only when it is used: asked here, no work fails of it.
        conn.ping().await.map_err(|error| RecycleError::Backend(store_error("looking whether a session lives", error)))
    }
}
