//! One database of MySQL or MariaDB, as the protocol asks for it.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use cardgenius_engine::Engine;
use cardgenius_failure::error::{DatabaseError, ErrorKind};
use cardgenius_pipeline::pressure::Pressure;
use uuid::Uuid;

use super::lease_line::LeaseLine;
use super::pressure::Sight;
use super::session::MysqlSession;
use super::sessions::Sessions;
use super::statements::OwnStatements;
use crate::config::{CallLimits, DatabaseConfig, StoreConfig, TableNames, application_name};
use crate::identifiers::Names;
use crate::inspection::{Inspected, Intent, Part};
use crate::protocol::statements::Statements;
use crate::protocol::work::read_one;
use crate::rows::Rows;
use crate::server::{PoolStatus, PressureLook, Server, SessionNumber};
use crate::statement::{Statement, Value, bind};
use crate::text_rows::TextRows;

/// A database of MySQL or MariaDB.
pub struct MysqlServer {
    pub(super) shared: Shared,
    statements: Box<Statements>,
    lease_line: LeaseLine,
    pub(super) sight: Sight,
}

/// What every session needs of its server.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) sessions: Sessions,
    pub(super) own: Arc<OwnStatements>,
    /// The customer's two tables.
    pub(super) tables: Arc<TableNames>,
    /// Whether it was said that the server takes no local files.
    pub(super) said_no_files: Arc<AtomicBool>,
}

impl MysqlServer {
    /// Prepares at most `connections` sessions of a pool; connects to nothing yet.
    ///
    /// # Errors
    /// A URL, certificate or name that cannot be used.
    pub fn new(database: &DatabaseConfig, config: &StoreConfig, connections: usize) -> Result<Self, DatabaseError> {
        let names = Names::mysql(&config.tables);
        let unprepared = |error| DatabaseError::caused(ErrorKind::Bug, "preparing the statements", error);
        let own = Arc::new(OwnStatements::render(&names).map_err(unprepared)?);
        let called = application_name(config.instance_id);
        let sessions = Sessions::new(database, config.limits, (&called, &own), connections)?;
        Ok(Self {
            shared: Shared { sessions, own, tables: Arc::new(config.tables.clone()), said_no_files: Arc::default() },
            statements: Box::new(Statements::of_mysql(&names).map_err(unprepared)?),
            lease_line: LeaseLine::default(),
            sight: Sight::default(),
        })
    }

    /// The users of a configuration whose source is of this family.
    ///
    /// # Errors
    /// As [`MysqlServer::new`].
    pub fn source(config: &StoreConfig) -> Result<Self, DatabaseError> {
        // One of the source's connections is the lease's own, outside the pool.
        Self::new(&config.source, config, config.source_connections() - 1)
    }

    /// The recommendations of a configuration whose target is a second database, of this family.
    ///
    /// # Errors
    /// As [`MysqlServer::new`].
    pub fn target(config: &StoreConfig) -> Result<Option<Self>, DatabaseError> {
        config.target.as_ref().map(|database| Self::new(database, config, config.target_connections())).transpose()
    }
}

impl Server for MysqlServer {
    type Session = MysqlSession;

    fn sql(&self) -> &Statements {
        &self.statements
    }

    fn limits(&self) -> &CallLimits {
        self.shared.sessions.limits()
    }

    fn token(&self, user_id: &str) -> String {
        user_id.to_owned()
    }

    fn status(&self) -> PoolStatus {
        self.shared.sessions.status()
    }

    async fn session(&self) -> Result<MysqlSession, DatabaseError> {
        MysqlSession::of(&self.shared).await
    }

    async fn on_lease_line(&self, statement: &Statement, values: &[Value<'_>]) -> Result<u64, DatabaseError> {
        self.lease_line.execute(&self.shared.sessions, statement, values).await
    }

    async fn end_sessions(&self, instance_id: Uuid, only: Option<SessionNumber>) -> Result<u64, DatabaseError> {
        self.shared.end(&application_name(instance_id), only).await
    }

    async fn sessions_alive(&self, instance_id: Uuid, only: Option<SessionNumber>) -> Result<u64, DatabaseError> {
        self.shared.alive(&application_name(instance_id), only).await
    }

    async fn may_sweep(&self, instance_id: Uuid, lease: Duration) -> Result<bool, DatabaseError> {
        read_one(self, &self.shared.own.sweep_allowed, &bind![instance_id, lease.as_secs_f64()]).await?.get(0)
    }

    async fn rows_for(&self, engine: &Engine) -> Result<Rows, DatabaseError> {
        Ok(Rows::Text(TextRows::new(engine)))
    }

    async fn pressure(&self, look: PressureLook<'_>) -> Result<Pressure, DatabaseError> {
        self.look_for_pressure(look).await
    }

    async fn ask_whether_to_stop(&self, query: &str) -> Result<Result<bool, String>, DatabaseError> {
        self.ask_stop_query(query).await
    }

    async fn inspect(&self, part: Part, intent: &Intent) -> Result<Inspected, DatabaseError> {
        self.look_inside_out(part, intent).await
    }
}
