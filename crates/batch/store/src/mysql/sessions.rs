//! Sessions on one database of MySQL's family: few, pooled, each known to the server by a lock of its instance's name, so
//! that whoever sweeps the instance finds it.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use cardgenius_failure::error::{DatabaseError, ErrorKind};
use deadpool::managed::{Manager, Metrics, Object, RecycleError, RecycleResult};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error};

use super::codes::{may_be_of_memory, store_error};
use super::connect::{Dial, within};
use super::inspect::Version;
use super::keys::KeyNames;
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
    ) -> Result<Self, DatabaseError> {
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
    pub(super) async fn get(&self) -> Result<Pooled, DatabaseError> {
        // The server ends a session that is idle for as long as the two together: see session_settings.sql.
        let limits = self.limits();
        self.pool.get((limits.load + limits.statement) / 2, |line| line.is_disconnected(), |_, error| error).await
    }

    /// Bounds a call on a session of the pool. A session that `remembers` earlier work may only believe that something is
    /// not as it should be: then all sessions of its age are used no longer, and a new one has to say.
    pub(super) async fn within<T>(
        &self,
        remembers: bool,
        (limit, doing): (Duration, &str),
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, DatabaseError> {
        let mut is_of_memory = false;
        let call = async { call.await.inspect_err(|error| is_of_memory = remembers && may_be_of_memory(error)) };
        let mut answer = within(limit, doing, call).await;
        if is_of_memory {
            answer = answer.map_err(|error| error.into_kind(ErrorKind::StaleSession));
        }
        if answer.as_ref().is_err_and(|error| error.kind() == ErrorKind::StaleSession) {
            self.pool.outdate();
        }
        answer
    }

    /// A session outside the pool.
    ///
    /// # Errors
    /// None could be had within the limits.
    pub(super) async fn alone(&self) -> Result<Conn, DatabaseError> {
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
    async fn make(&self) -> Result<Conn, DatabaseError> {
        let mut conn = Box::pin(self.dial.connect(self.limits.connect)).await?;
        if let Some(fault) = Version(conn.server_version()).fault() {
            return Err(DatabaseError::new(ErrorKind::Refused, fault));
        }
        let taking = conn.exec_first::<(u32, u32), _, _>(&self.identity.sql, (&self.called,));
        match within(self.limits.connect, self.identity.doing, taking).await? {
            Some(_) => Ok(conn),
            None => Err(DatabaseError::new(
                ErrorKind::ResourceLimit,
                format!(
                    "this instance has 64 sessions on the database already, of which some may not have ended yet, or other accounts have taken the locks of their names: SELECT IS_USED_LOCK('{0}/0') to '{0}/63' tells their connections",
                    self.called
                ),
            )),
        }
    }
}

/// A session, and what was found out on it: a change of a table or of a setting of the server is seen by new sessions, and needs
/// no restart.
pub(super) struct Line {
    conn: Conn,
    /// The keys of the two tables, once they were looked for.
    pub(super) keys: Option<Arc<KeyNames>>,
    /// Whether the server has refused a local file.
    pub(super) takes_no_files: bool,
}

impl Deref for Line {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.conn
    }
}

impl DerefMut for Line {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.conn
    }
}

impl Manager for Connections {
    type Type = Line;
    type Error = DatabaseError;

    async fn create(&self) -> Result<Line, DatabaseError> {
        Ok(Line { conn: self.make().await?, keys: None, takes_no_files: false })
    }

    async fn recycle(&self, line: &mut Line, _: &Metrics) -> RecycleResult<DatabaseError> {
        // That the server has closed it shows only when it is used: asked here, no work fails of it.
        line.ping().await.map_err(|error| RecycleError::Backend(store_error("looking whether a session lives", error)))
    }
}
