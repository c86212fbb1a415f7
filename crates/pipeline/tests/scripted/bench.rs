//! What every test sets up: the memory store, an engine that does as it is told, and a run taken part in.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use cardgenius_engine::user::{Spend, User, UserFault};
use cardgenius_engine::{Recommendation, Scratch, TopTen};
use cardgenius_pipeline::compute::{Recommend, Workers};
use cardgenius_pipeline::config::PipelineConfig;
use cardgenius_pipeline::finish::Shared;
use cardgenius_pipeline::lease::{LeaseKeeper, LeaseView};
use cardgenius_pipeline::policy::Policy;
use cardgenius_pipeline::progress::Progress;
use cardgenius_pipeline::run::{Ended, take_part};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::memory::{Keys, Memory, Status};

/// Ranks nothing: fails users by the rule, or panics on them, by their amount.
#[derive(Debug, Default)]
pub struct Told {
    pub panics_at: Option<i64>,
    pub faulty_at: Option<i64>,
}

impl Recommend for Told {
    fn recommend(&self, user: &User, _: &mut Scratch) -> Result<TopTen, UserFault> {
        let Spend::Paise([amount, ..]) = user.spend else { return Err(UserFault::InvalidSpend) };
        assert!(self.panics_at != Some(amount), "told to panic");
        if self.faulty_at == Some(amount) { Err(UserFault::NegativeSpend) } else { Ok([Recommendation::default(); 10]) }
    }
}

/// Small waits: what is tested is how often and in which order, not how long.
pub fn config() -> PipelineConfig {
    PipelineConfig {
        workers: 2,
        chunk_rows: 10,
        chunks_in_flight: 3,
        sessions: 2,
        retry_base: Duration::from_millis(1),
        retry_max: Duration::from_millis(4),
        outage: Duration::from_millis(40),
        ..PipelineConfig::default()
    }
}

pub async fn shared(store: &Memory, config: PipelineConfig, engine: Told) -> Arc<Shared<Memory, Told>> {
    let keeper = LeaseKeeper::start(store, config.lease, config.renew).await.unwrap();
    with_lease(store, config, engine, keeper.view())
}

pub fn with_lease(store: &Memory, config: PipelineConfig, engine: Told, lease: LeaseView) -> Arc<Shared<Memory, Told>> {
    Arc::new(Shared {
        store: Arc::new(store.clone()),
        engine: Arc::new(engine),
        encoder: Arc::new(Keys),
        workers: Workers::new(NonZeroUsize::new(config.workers).unwrap()).unwrap(),
        lease,
        sessions: Semaphore::new(config.sessions),
        policy: Policy::new(&config),
        config,
        progress: Progress::default(),
        stop: CancellationToken::new(),
    })
}

/// A whole run over the store.
pub async fn run(store: &Memory, config: PipelineConfig) -> (Ended, Arc<Shared<Memory, Told>>) {
    let shared = shared(store, config, Told::default()).await;
    (take_part(shared.clone(), Uuid::nil()).await, shared)
}

/// Nobody lost, nobody double, no claim open.
pub fn assert_each_once(store: &Memory) {
    let tables = store.tables();
    for (user_id, row) in &tables.users {
        assert_eq!((row.status, row.settled), (Status::Completed, 1), "{user_id}");
    }
    assert!(tables.claims.values().all(|claim| !claim.open));
}
