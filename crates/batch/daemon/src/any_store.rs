//! The store on whatever databases the configuration names: one way into each kind, and nothing else.

use std::sync::Arc;
use std::time::Duration;

use cardgenius_engine::Engine;
use cardgenius_failure::error::DatabaseError;
use cardgenius_pipeline::compute::ComputedChunk;
use cardgenius_pipeline::observe::Observe;
use cardgenius_pipeline::ports::{
    Blame, ClaimAnswer, ClaimRequest, ClaimRow, ClaimTotals, Closed, Finished, Key, Live, Run, RunRequest, RunState,
    RunTotals, Slots, Store, Swept, Unknown,
};
use cardgenius_pipeline::pressure::Pressure;
use cardgenius_pipeline::throttle::Headroom;
use cardgenius_store::config::StoreConfig;
use cardgenius_store::desk::{Backlog, Cause, Overview, Pruned, Requeue, Requeued, Switch};
use cardgenius_store::family::Family;
use cardgenius_store::inspection::{Inspection, Intent};
use cardgenius_store::mysql::{MysqlServer, MysqlStore};
use cardgenius_store::postgres::{PostgresServer, PostgresStore};
use cardgenius_store::protocol::{RequeueCursor, SqlStore, StateSample, Tending};
use cardgenius_store::rows::Rows;
use cardgenius_store::schedule::{Look, Readiness, Tended};
use cardgenius_store::server::PoolStatus;
use uuid::Uuid;

/// A store by the kinds of its source and its target.
pub enum AnyStore {
    /// PostgreSQL alone.
    Postgres(Box<PostgresStore>),
    /// MySQL or MariaDB alone.
    Mysql(Box<MysqlStore>),
    /// Users on PostgreSQL, recommendations on MySQL or MariaDB.
    PostgresToMysql(Box<SqlStore<PostgresServer, MysqlServer>>),
    /// Users on MySQL or MariaDB, recommendations on PostgreSQL.
    MysqlToPostgres(Box<SqlStore<MysqlServer, PostgresServer>>),
}

/// The same call on whichever it is.
macro_rules! on {
    ($any:expr, $store:ident => $call:expr) => {
        match $any {
            AnyStore::Postgres($store) => $call,
            AnyStore::Mysql($store) => $call,
            AnyStore::PostgresToMysql($store) => $call,
            AnyStore::MysqlToPostgres($store) => $call,
        }
    };
}

impl AnyStore {
    /// Prepares the store that the addresses ask for; connects to nothing yet.
    ///
    /// # Errors
    /// An address, certificate or name that cannot be used.
    pub fn new(config: &StoreConfig) -> Result<Self, DatabaseError> {
        let source = Family::of_url(&config.source.url);
        let target = config.target.as_ref().map_or(source, |database| Family::of_url(&database.url));
        Ok(match (source, target) {
            (Family::Postgres, Family::Postgres) => Self::Postgres(Box::new(PostgresStore::new(config)?)),
            (Family::Mysql, Family::Mysql) => Self::Mysql(Box::new(MysqlStore::new(config)?)),
            (Family::Postgres, Family::Mysql) => {
                let (source, target) = (PostgresServer::source(config)?, MysqlServer::target(config)?);
                Self::PostgresToMysql(Box::new(SqlStore::over(source, target, config)))
            }
            (Family::Mysql, Family::Postgres) => {
                let (source, target) = (MysqlServer::source(config)?, PostgresServer::target(config)?);
                Self::MysqlToPostgres(Box::new(SqlStore::over(source, target, config)))
            }
        })
    }

    /// The same store, with `observer` told of loads and locks.
    #[must_use]
    pub fn observed_by(self, observer: Arc<dyn Observe>) -> Self {
        match self {
            Self::Postgres(store) => Self::Postgres(Box::new(store.observed_by(observer))),
            Self::Mysql(store) => Self::Mysql(Box::new(store.observed_by(observer))),
            Self::PostgresToMysql(store) => Self::PostgresToMysql(Box::new(store.observed_by(observer))),
            Self::MysqlToPostgres(store) => Self::MysqlToPostgres(Box::new(store.observed_by(observer))),
        }
    }
}

/// Calls that are passed on as they are; what they do is said where they are made.
macro_rules! pass_on {
    ($($name:ident($($argument:ident: $type:ty),*) $(-> $answer:ty)?;)+) => {
        impl AnyStore {
            $(#[allow(missing_docs, clippy::missing_errors_doc, clippy::must_use_candidate)]
            pub fn $name(&self, $($argument: $type),*) $(-> $answer)? {
                on!(self, store => store.$name($($argument),*))
            })+
        }
    };
}

/// The same of calls that ask the database.
macro_rules! pass_on_asking {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)+) => {
        impl AnyStore {
            $(#[allow(missing_docs, clippy::missing_errors_doc)]
            pub async fn $name(&self, $($argument: $type),*) -> $answer {
                on!(self, store => store.$name($($argument),*).await)
            })+
        }
    };
}

pass_on! {
    conclude_failures(run_id: Uuid);
    pool_status() -> (PoolStatus, Option<PoolStatus>);
    instance_id() -> Uuid;
}

pass_on_asking! {
    audit(actor: &str, action: &str, run_id: Option<Uuid>, detail: &str) -> Result<(), DatabaseError>;
    cancel_run(reason: Option<&str>, actor: &str) -> Result<Option<(Uuid, String)>, DatabaseError>;
    count_backlog() -> Result<Option<Backlog>, DatabaseError>;
    failures(run_id: Option<Uuid>) -> Result<Vec<Cause>, DatabaseError>;
    find_open_run() -> Result<Option<Run>, DatabaseError>;
    give_back_leftovers() -> Result<u64, DatabaseError>;
    inspect(intent: &Intent) -> Result<Inspection, DatabaseError>;
    look() -> Result<Look, DatabaseError>;
    look_for_unknown() -> Result<Unknown, DatabaseError>;
    overview() -> Result<Overview, DatabaseError>;
    prune(keep: Duration, step_rows: u32) -> Result<Pruned, DatabaseError>;
    ready() -> Result<(Readiness, Option<Readiness>), DatabaseError>;
    rehearse(engine: &Engine) -> Result<Inspection, DatabaseError>;
    requeue_step(what: &Requeue, cursor: &mut RequeueCursor) -> Result<Requeued, DatabaseError>;
    sample_state() -> Result<StateSample, DatabaseError>;
    sample_target() -> Option<Result<(), DatabaseError>>;
    set_switch(paused: bool, reason: Option<&str>, actor: &str) -> Result<(), DatabaseError>;
    switch() -> Result<Switch, DatabaseError>;
    tend(tending: &Tending<'_>) -> Result<Tended, DatabaseError>;
    try_stop_query(query: &str) -> Result<Option<String>, DatabaseError>;
}

impl Store for AnyStore {
    type Encoder = Rows;

    async fn encoder(&self, engine: &Engine) -> Result<Rows, DatabaseError> {
        on!(self, store => store.encoder(engine).await)
    }

    async fn register(&self, lease: Duration) -> Result<(), DatabaseError> {
        on!(self, store => store.register(lease).await)
    }

    async fn renew(&self, lease: Duration) -> Result<(), DatabaseError> {
        on!(self, store => store.renew(lease).await)
    }

    async fn deregister(&self) -> Result<(), DatabaseError> {
        on!(self, store => store.deregister().await)
    }

    async fn live_instances(&self) -> Result<Live, DatabaseError> {
        on!(self, store => store.live_instances().await)
    }

    async fn open_or_join(&self, request: &RunRequest) -> Result<Run, DatabaseError> {
        on!(self, store => store.open_or_join(request).await)
    }

    async fn close_run(&self, run_id: Uuid, state: RunState, reason: Option<&str>) -> Result<Closed, DatabaseError> {
        on!(self, store => store.close_run(run_id, state, reason).await)
    }

    async fn run_totals(&self, run_id: Uuid) -> Result<RunTotals, DatabaseError> {
        on!(self, store => store.run_totals(run_id).await)
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<ClaimAnswer, DatabaseError> {
        on!(self, store => store.claim(request).await)
    }

    async fn finish(&self, chunk: &ComputedChunk, slots: Option<Slots>) -> Result<Finished, DatabaseError> {
        on!(self, store => store.finish(chunk, slots).await)
    }

    fn key(&self, user_id: &str) -> Key {
        on!(self, store => store.key(user_id))
    }

    async fn look_up(&self, claim_id: Uuid) -> Result<Option<ClaimRow>, DatabaseError> {
        on!(self, store => store.look_up(claim_id).await)
    }

    async fn give_back(&self, claim_id: Uuid) -> Result<ClaimTotals, DatabaseError> {
        on!(self, store => store.give_back(claim_id).await)
    }

    async fn give_up(&self, claim_id: Uuid, blame: &Blame) -> Result<ClaimTotals, DatabaseError> {
        on!(self, store => store.give_up(claim_id, blame).await)
    }

    async fn sweep(&self, lease: Duration) -> Result<Swept, DatabaseError> {
        on!(self, store => store.sweep(lease).await)
    }

    async fn pressure(&self, stop_query: Option<&str>) -> Result<Pressure, DatabaseError> {
        on!(self, store => store.pressure(stop_query).await)
    }

    async fn note_headroom(&self, headroom: &Headroom) -> Result<(), DatabaseError> {
        on!(self, store => store.note_headroom(headroom).await)
    }
}
