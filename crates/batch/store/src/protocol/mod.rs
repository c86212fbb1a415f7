//! The pipeline's port, written once for every kind of database: users and our own tables in a source, recommendations in
//! the same database or in a second one, of the same kind or of another.

mod claim;
mod desk;
mod doubt;
mod failure_log;
mod finish;
mod give_back;
mod guilty;
mod held_claim;
mod inspect;
mod lease;
mod left;
mod load;
mod lock_watch;
mod pressure;
mod ready;
mod rehearse;
mod renamed;
mod run;
mod sample;
mod schedule;
mod settle;
mod sift;
mod slot;
pub mod statements;
mod sweep;
mod target;
pub(crate) mod work;

pub use self::desk::RequeueCursor;
pub(crate) use self::load::is_refusal;
pub use self::sample::{RunSample, StateSample};
pub use self::schedule::Tending;

use std::sync::Arc;
use std::time::Duration;

use cardgenius_engine::Engine;
use cardgenius_failure::error::DatabaseError;
use cardgenius_pipeline::compute::ComputedChunk;
use cardgenius_pipeline::observe::{Observe, Unobserved};
use cardgenius_pipeline::ports::{
    Blame, ClaimAnswer, ClaimRequest, ClaimRow, ClaimTotals, Closed, Finished, Key, Live, Run, RunRequest, RunState,
    RunTotals, Slots, Store, Swept,
};
use cardgenius_pipeline::pressure::Pressure;
use cardgenius_pipeline::throttle::Headroom;
use uuid::Uuid;

use self::doubt::Doubts;
use self::failure_log::FailureLog;
use self::slot::{ClaimTurn, SlotWait};
use self::target::Target;
use crate::config::{StoreConfig, TableNames};
use crate::rows::Rows;
use crate::server::{PoolStatus, Server, SlotWanted};

/// The port on a source `S`, with the recommendations there too or in a second database `T`.
pub struct SqlStore<S: Server, T: Server = S> {
    source: S,
    /// Only where it is another database.
    target: Option<Target<T>>,
    tables: TableNames,
    instance_id: Uuid,
    host: String,
    /// `schema.table` of the users, as runs name it.
    source_table: String,
    doubts: Arc<Doubts>,
    observer: Arc<dyn Observe>,
    failures: FailureLog,
    claim_turn: ClaimTurn,
}

impl<S: Server, T: Server> SqlStore<S, T> {
    /// A store over a source, and over a second database for the recommendations if there is one; asks them nothing yet.
    #[must_use]
    pub fn over(source: S, target: Option<T>, config: &StoreConfig) -> Self {
        Self {
            source,
            target: target.map(Target::new),
            tables: config.tables.clone(),
            instance_id: config.instance_id,
            host: config.host.clone(),
            source_table: format!("{}.{}", config.tables.source_schema, config.tables.source_table),
            doubts: Arc::default(),
            observer: Arc::new(Unobserved),
            failures: FailureLog::default(),
            claim_turn: ClaimTurn::default(),
        }
    }

    /// The same store, with `observer` told of loads and locks.
    #[must_use]
    pub fn observed_by(mut self, observer: Arc<dyn Observe>) -> Self {
        self.observer = observer;
        self
    }

    /// Says in the log how many users failed in the run beyond those that were named, at the end of this instance's part.
    pub fn conclude_failures(&self, run_id: Uuid) {
        self.failures.conclude(run_id);
    }

    /// The pool of sessions on the source, and that of a second database if there is one.
    #[must_use]
    pub fn pool_status(&self) -> (PoolStatus, Option<PoolStatus>) {
        (self.source.status(), self.target.as_ref().map(|target| target.server().status()))
    }

    /// This start of this instance.
    #[must_use]
    pub const fn instance_id(&self) -> Uuid {
        self.instance_id
    }
}

impl<S: Server, T: Server> Store for SqlStore<S, T> {
    type Encoder = Rows;

    async fn encoder(&self, engine: &Engine) -> Result<Rows, DatabaseError> {
        match &self.target {
            None => self.source.rows_for(engine).await,
            Some(target) => target.server().rows_for(engine).await,
        }
    }

    async fn register(&self, lease: Duration) -> Result<(), DatabaseError> {
        self.register_instance(lease).await
    }

    async fn renew(&self, lease: Duration) -> Result<(), DatabaseError> {
        self.renew_lease(lease).await
    }

    async fn deregister(&self) -> Result<(), DatabaseError> {
        self.stop_instance().await
    }

    async fn live_instances(&self) -> Result<Live, DatabaseError> {
        self.count_live_instances().await
    }

    async fn open_or_join(&self, request: &RunRequest) -> Result<Run, DatabaseError> {
        self.open_or_join_run(request).await
    }

    async fn close_run(&self, run_id: Uuid, state: RunState, reason: Option<&str>) -> Result<Closed, DatabaseError> {
        self.close_run_in(run_id, state, reason).await
    }

    async fn run_totals(&self, run_id: Uuid) -> Result<RunTotals, DatabaseError> {
        self.sum_run(run_id).await
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<ClaimAnswer, DatabaseError> {
        self.claim_users(request).await
    }

    async fn finish(&self, chunk: &ComputedChunk, slots: Option<Slots>) -> Result<Finished, DatabaseError> {
        let within = self.source.limits().slot_wait();
        let wanted = slots.map(|slots| SlotWanted { of: &self.source_table, slots, within });
        let mut slot = SlotWait::new(wanted, self.observer.as_ref());
        let finished = match &self.target {
            None => self.finish_in_one(chunk, &mut slot).await?,
            Some(target) => self.finish_in_two(target, chunk, &mut slot).await?,
        };
        Ok(Finished { waited: slot.waited, ..finished })
    }

    fn key(&self, user_id: &str) -> Key {
        Key { token: self.source.token(user_id), shown: user_id.to_owned() }
    }

    async fn look_up(&self, claim_id: Uuid) -> Result<Option<ClaimRow>, DatabaseError> {
        self.look_up_claim(claim_id).await
    }

    async fn give_back(&self, claim_id: Uuid) -> Result<ClaimTotals, DatabaseError> {
        self.give_back_own(claim_id).await
    }

    async fn give_up(&self, claim_id: Uuid, blame: &Blame) -> Result<ClaimTotals, DatabaseError> {
        self.give_up_own(claim_id, blame).await
    }

    async fn sweep(&self, lease: Duration) -> Result<Swept, DatabaseError> {
        self.sweep_once(lease).await
    }

    async fn pressure(&self, stop_query: Option<&str>) -> Result<Pressure, DatabaseError> {
        self.look_for_pressure(stop_query).await
    }

    async fn note_headroom(&self, headroom: &Headroom) -> Result<(), DatabaseError> {
        self.write_headroom(headroom).await
    }
}
