//! What every test sets up: the memory store, an engine that does as it is told, a lease that is kept, and a run taken
//! part in. The clock stands still, and jumps to the next timer when nobody has anything to do.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cardgenius_engine::user::{Spend, User, UserFault};
use cardgenius_engine::{Recommendation, Scratch, TopTen};
use cardgenius_pipeline::compute::{Recommend, Workers};
use cardgenius_pipeline::config::PipelineConfig;
use cardgenius_pipeline::finish::Shared;
use cardgenius_pipeline::hours::AtAnyHour;
use cardgenius_pipeline::lease::{LeaseKeeper, LeaseView};
use cardgenius_pipeline::observe::{HeldBack, Unobserved, Waits};
use cardgenius_pipeline::policy::Policy;
use cardgenius_pipeline::ports::RunState;
use cardgenius_pipeline::progress::Progress;
use cardgenius_pipeline::run::{Ended, take_part};
use cardgenius_pipeline::throttle::Headroom;
use tokio::sync::{Semaphore, watch};
use tokio::task::yield_now;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::memory::{Memory, Status};
use crate::port::Keys;

/// Longer than anything that a test waits for, by the clock that jumps.
const FOR_EVER: Duration = Duration::from_secs(7 * 24 * 3600);

/// Ranks nothing: fails users by the rule, panics on them, or does not come back from them, by their amount.
#[derive(Debug, Default)]
pub struct Told {
    pub panics_at: Option<i64>,
    pub faulty_at: Option<i64>,
    /// All below this amount.
    pub panics_below: Option<i64>,
    pub faulty_below: Option<i64>,
    /// The encoder's panic, by the user's name.
    pub encoder_panics_at: Option<&'static str>,
    pub stuck_at: Option<i64>,
    /// Whether it is stuck now, once in its life.
    pub is_stuck: AtomicBool,
    pub freed: AtomicBool,
}

impl Recommend for Told {
    fn recommend(&self, user: &User, _: &mut Scratch) -> Result<TopTen, UserFault> {
        let Spend::Paise([amount, ..]) = user.spend else { return Err(UserFault::InvalidSpend) };
        assert!(
            self.panics_at != Some(amount) && self.panics_below.is_none_or(|least| amount >= least),
            "told to panic"
        );
        if self.stuck_at == Some(amount) && !self.freed.load(Ordering::SeqCst) {
            self.is_stuck.store(true, Ordering::SeqCst);
            while !self.freed.load(Ordering::SeqCst) {
                std::thread::yield_now();
            }
            self.is_stuck.store(false, Ordering::SeqCst);
        }
        if self.faulty_at == Some(amount) || self.faulty_below.is_some_and(|least| amount < least) {
            Err(UserFault::NegativeSpend)
        } else {
            Ok([Recommendation::default(); 10])
        }
    }
}

/// Production's waits, and small chunks.
pub fn config() -> PipelineConfig {
    PipelineConfig { workers: 2, chunk_rows: 10, chunks_in_flight: 3, sessions: 2, ..PipelineConfig::default() }
}

/// An instance whose lease is kept until the test is over.
pub async fn shared(store: &Memory, config: PipelineConfig, told: Told) -> Arc<Shared<Memory, Told>> {
    let keeper = LeaseKeeper::start(store, config.lease, config.renew).await.unwrap();
    let lease = keeper.view();
    tokio::spawn(keeper.keep(Arc::new(store.clone()), CancellationToken::new()));
    with_lease(store, config, told, lease)
}

pub fn with_lease(store: &Memory, config: PipelineConfig, told: Told, lease: LeaseView) -> Arc<Shared<Memory, Told>> {
    let encoder = Arc::new(Keys { panics_at: told.encoder_panics_at.map(str::to_owned) });
    let (engine, stop) = (Arc::new(told), CancellationToken::new());
    store.watch(lease.clone(), stop.clone());
    tokio::spawn(hold_the_clock(store.clone(), engine.clone()));
    Arc::new(Shared {
        store: Arc::new(store.clone()),
        engine,
        encoder,
        workers: Workers::new(NonZeroUsize::new(config.workers).unwrap()).unwrap(),
        lease,
        sessions: Semaphore::new(config.sessions),
        slots: watch::Sender::new(None),
        policy: Policy::new(&config),
        config,
        progress: Progress::default(),
        run_id: Uuid::nil(),
        observer: Arc::new(Unobserved),
        outages: Waits::new(HeldBack::Outage),
        headroom: Headroom::unthrottled(),
        hours: Arc::new(AtAnyHour),
        stop,
    })
}

/// Keeps the runtime busy, and so the clock still, while threads compute: it knows nothing of them, and would jump.
async fn hold_the_clock(store: Memory, engine: Arc<Told>) {
    // Whoever computes holds the engine beside this task and the instance, from before it is handed to the threads until
    // after its answer has woken the chunk.
    let is_computed = || Arc::strong_count(&engine) > 2;
    loop {
        store.claimed.notified().await;
        // The chunk's task was made in the same breath: by now it has had its turn.
        for _ in 0..16 {
            yield_now().await;
        }
        while is_computed() {
            yield_now().await;
        }
    }
}

/// An instance's whole part in the run.
pub async fn part(shared: &Arc<Shared<Memory, Told>>) -> Ended {
    timeout(FOR_EVER, take_part(shared.clone(), Uuid::nil())).await.expect("it never ends")
}

/// A whole run over the store.
pub async fn run(store: &Memory, config: PipelineConfig) -> (Ended, Arc<Shared<Memory, Told>>) {
    let shared = shared(store, config, Told::default()).await;
    (part(&shared).await, shared)
}

pub fn is_done(ended: &Ended) -> bool {
    matches!(ended, Ended::Closed(RunState::Done))
}

/// Nobody lost, nobody double, no claim open, nothing done without the lease.
pub fn assert_each_once(store: &Memory) {
    let tables = store.tables();
    for (user_id, row) in &tables.users {
        assert_eq!((row.status, row.settled), (Status::Completed, 1), "{user_id}");
    }
    assert_eq!((tables.open_claims(), &tables.without_lease[..]), (0, &[][..]));
}
