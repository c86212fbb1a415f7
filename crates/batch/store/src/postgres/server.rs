//! One PostgreSQL database, as the protocol asks for it.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use cardgenius_engine::Engine;
use cardgenius_failure::error::{DatabaseError, ErrorKind};
use cardgenius_pipeline::pressure::Pressure;
use uuid::Uuid;

use super::lease_line::LeaseLine;
use super::pressure::Sight;
use super::session::PostgresSession;
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

/// A PostgreSQL database.
pub struct PostgresServer {
    pub(super) sessions: Sessions,
    statements: Box<Statements>,
    pub(super) own: Arc<OwnStatements>,
    pub(super) tables: TableNames,
    lease_line: LeaseLine,
    pub(super) sight: Sight,
}

impl PostgresServer {
    /// Prepares at most `connections` sessions of a pool; connects to nothing yet.
    ///
    /// # Errors
    /// A URL, certificate or name that cannot be used.
    pub fn new(database: &DatabaseConfig, config: &StoreConfig, connections: usize) -> Result<Self, DatabaseError> {
        let own = application_name(config.instance_id);
        let sessions = Sessions::new(database, config.limits, &own, &config.tables, connections)?;
        let names = Names::new(&config.tables);
        let unprepared = |error| DatabaseError::caused(ErrorKind::Bug, "preparing the statements", error);
        Ok(Self {
            sessions,
            statements: Box::new(Statements::of_postgres(&names).map_err(unprepared)?),
            own: Arc::new(OwnStatements::render(&names).map_err(unprepared)?),
            tables: config.tables.clone(),
            lease_line: LeaseLine::default(),
            sight: Sight::default(),
        })
    }

    /// The users of a configuration whose source is PostgreSQL.
    ///
    /// # Errors
    /// As [`PostgresServer::new`].
    pub fn source(config: &StoreConfig) -> Result<Self, DatabaseError> {
        // One of the source's connections is the lease's own, outside the pool.
        Self::new(&config.source, config, config.source_connections() - 1)
    }

    /// The recommendations of a configuration whose target is a second database, of PostgreSQL.
    ///
    /// # Errors
    /// As [`PostgresServer::new`].
    pub fn target(config: &StoreConfig) -> Result<Option<Self>, DatabaseError> {
        config.target.as_ref().map(|database| Self::new(database, config, config.target_connections())).transpose()
    }

    async fn count_sessions(
        &self,
        statement: &Statement,
        instance_id: Uuid,
        only: Option<SessionNumber>,
    ) -> Result<u64, DatabaseError> {
        let name = application_name(instance_id);
        read_one(self, statement, &bind![&name, only.unwrap_or(0)]).await?.count(0)
    }
}

impl Server for PostgresServer {
    type Session = PostgresSession;

    fn sql(&self) -> &Statements {
        &self.statements
    }

    fn limits(&self) -> &CallLimits {
        self.sessions.limits()
    }

    fn token(&self, user_id: &str) -> String {
        user_id.bytes().fold(String::with_capacity(2 * user_id.len()), |mut token, byte| {
            // Writing to a String cannot fail.
            let _ = write!(token, "{byte:02x}");
            token
        })
    }

    fn status(&self) -> PoolStatus {
        self.sessions.status()
    }

    async fn session(&self) -> Result<PostgresSession, DatabaseError> {
        PostgresSession::of(&self.sessions, &self.own).await
    }

    async fn on_lease_line(&self, statement: &Statement, values: &[Value<'_>]) -> Result<u64, DatabaseError> {
        self.lease_line.execute(&self.sessions, &self.own.lease_session, (statement, values)).await
    }

    async fn end_sessions(&self, instance_id: Uuid, only: Option<SessionNumber>) -> Result<u64, DatabaseError> {
        self.count_sessions(&self.own.sessions_end, instance_id, only).await
    }

    async fn sessions_alive(&self, instance_id: Uuid, only: Option<SessionNumber>) -> Result<u64, DatabaseError> {
        self.count_sessions(&self.own.sessions_alive, instance_id, only).await
    }

    async fn may_sweep(&self, instance_id: Uuid, lease: Duration) -> Result<bool, DatabaseError> {
        read_one(self, &self.own.sweep_allowed, &bind![instance_id, lease.as_secs_f64()]).await?.get(0)
    }

    async fn rows_for(&self, engine: &Engine) -> Result<Rows, DatabaseError> {
        self.encoder(engine).await
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
