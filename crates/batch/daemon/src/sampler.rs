//! Sampling what only the database knows: the backlog, the run over all instances, leases, the operator's switch.
//!
//! Our own small tables are read every `metrics.sample_ms`, and every few seconds while a run is open. Counting the
//! backlog takes longer the larger it is: it is done every `metrics.sample_ms` too, but no sooner than a hundred times what
//! the last count took, so that it never keeps more than 1 % of one session busy.

use std::sync::Arc;
use std::time::Duration;

use crate::any_store::AnyStore;
use cardgenius_failure::error::DatabaseError;
use cardgenius_pipeline::progress::{Rate, eta};
use cardgenius_store::protocol::{RunSample, StateSample};
use chrono::{DateTime, Utc};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::debug;
use uuid::Uuid;

use crate::config::MetricsConfig;
use crate::metrics::{Metrics, RunFigures};

/// Between two looks while a run is open, and between two at the pool at any time.
const RUN_EVERY: Duration = Duration::from_secs(5);
/// The rate is that of the last so many seconds.
const RATE_WINDOW: Duration = Duration::from_secs(60);
/// A count is followed by at least so many times as long without one.
const REST: u32 = 100;

/// Fills the metrics that only the database knows.
pub struct Sampler {
    store: Arc<AnyStore>,
    metrics: Arc<Metrics>,
    every: Duration,
    state_due: Instant,
    count_due: Instant,
    /// The run that is followed, and how fast it goes.
    followed: Option<(Uuid, Rate)>,
    /// The database's clock when the state was last read.
    at: DateTime<Utc>,
}

impl Sampler {
    /// Samples until `stop`. Failures cost nothing but the sample: the last figures stay.
    pub async fn run(store: Arc<AnyStore>, metrics: Arc<Metrics>, config: MetricsConfig, stop: CancellationToken) {
        let now = Instant::now();
        let mut sampler = Self {
            store,
            metrics,
            every: Duration::from_millis(config.sample_ms),
            state_due: now,
            count_due: now,
            followed: None,
            at: DateTime::UNIX_EPOCH,
        };
        while stop.run_until_cancelled(sampler.look()).await.is_some() {
            let next = sampler.state_due.min(sampler.count_due).min(Instant::now() + RUN_EVERY);
            if stop.run_until_cancelled(sleep_until(next)).await.is_none() {
                return;
            }
        }
    }

    async fn look(&mut self) {
        read_pools(&self.store, &self.metrics);
        let now = Instant::now();
        // Also when this instance says that its run is over: its end is yet to be read.
        let is_run_open = self.followed.is_some() || self.metrics.has_open_run();
        if now >= self.state_due || is_run_open {
            self.look_at_state().await;
            if now >= self.state_due {
                self.look_at_target().await;
                self.state_due = now + self.every;
            }
        }
        if now >= self.count_due {
            let begun = Instant::now();
            self.count().await;
            self.count_due = begun + self.every.max(begun.elapsed() * REST);
        }
    }

    async fn look_at_state(&mut self) {
        let sampled = self.store.sample_state().await;
        self.metrics.database_up("source", sampled.is_ok());
        match sampled {
            Ok(state) => self.tell(&state),
            Err(error) => not_sampled(&error),
        }
    }

    fn tell(&mut self, state: &StateSample) {
        self.at = state.at;
        self.metrics.instances(state.live, state.expired);
        self.metrics.paused(state.paused_since);
        for (kind, at) in &state.successes {
            self.metrics.last_success(kind, *at);
        }
        match &state.run {
            Some(run) => self.follow(run),
            None => {
                self.followed = None;
                self.metrics.run(None);
            }
        }
    }

    fn follow(&mut self, run: &RunSample) {
        let known = self.followed.take().filter(|(run_id, _)| *run_id == run.run_id);
        let (_, rate) = self.followed.insert(known.unwrap_or_else(|| (run.run_id, Rate::new(RATE_WINDOW))));
        let rate = rate.note(Instant::now(), run.settled);
        let users = run.users.max(run.settled);
        self.metrics.run(Some(&RunFigures {
            kind: &run.kind,
            users,
            settled: run.settled,
            rate,
            eta: eta(run.settled, users, rate),
            opened_at: run.opened_at,
            last_progress: run.last_progress,
        }));
    }

    async fn look_at_target(&self) {
        if let Some(answer) = self.store.sample_target().await {
            self.metrics.database_up("target", answer.is_ok());
            answer.unwrap_or_else(|error| not_sampled(&error));
        }
    }

    async fn count(&self) {
        match self.store.count_backlog().await {
            Ok(Some(backlog)) => {
                let completed = backlog.completed_estimate.unwrap_or(0);
                self.metrics.backlog([backlog.new, backlog.pending, completed, backlog.failed], self.at);
                self.metrics.pending_without_claim(backlog.pending_without_claim);
            }
            Ok(None) => debug!("the backlog could not be counted within its limit; counting it later"),
            Err(error) => {
                self.metrics.database_up("source", false);
                not_sampled(&error);
            }
        }
    }
}

fn not_sampled(error: &DatabaseError) {
    // The lease's renewals and the work itself say at warn that a database is away.
    debug!(kind = error.kind().name(), %error, "nothing could be sampled; the last figures stay");
}

/// Reads the pools of sessions into the metrics. Asks no database.
pub fn read_pools(store: &AnyStore, metrics: &Metrics) {
    let (source, target) = store.pool_status();
    metrics.pool("source", source);
    metrics.pool("target", target.unwrap_or_default());
}
