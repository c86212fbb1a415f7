//! Every metric of the program: declared here and nowhere else, explained in docs/metrics.md.
//!
//! Labels are words of the program or names from the configuration, never a user, a chunk or a run. Every series exists
//! with 0 from the start, so that a query over something that never happened finds it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cardgenius_failure::error::ErrorKind;
use cardgenius_pipeline::observe::{ChunkEnd, HeldBack, Stage, UserEnd};
use cardgenius_pipeline::ports::{Run, RunState};
use cardgenius_pipeline::pressure::Sign;
use cardgenius_store::migrate::SCHEMA_VERSION;
use cardgenius_store::server::PoolStatus;
use chrono::{DateTime, Utc};
use prometheus::process_collector::ProcessCollector;
use prometheus::{Gauge, GaugeVec, Histogram, HistogramVec, IntCounter, IntCounterVec, Registry, TextEncoder};
use tokio::time::Instant;

use crate::metric_kinds::{Declare, Declared};
use crate::standard_error;

/// From 1 ms to 60 s.
const STAGES: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0];
/// From 10 ms to the longest deadline that is likely.
const LIVES: &[f64] = &[0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0];
/// From 0.1 µs to 1 ms.
const USER_TIMES: &[f64] =
    &[1e-7, 2.5e-7, 5e-7, 1e-6, 2e-6, 3e-6, 4e-6, 5e-6, 7.5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3];
/// Users of a chunk.
const CHUNK_SIZES: &[f64] = &[1.0, 10.0, 100.0, 500.0, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5];

/// The kinds of a run.
pub const RUN_KINDS: [&str; 4] = ["backfill", "weekly", "manual", "scheduled"];
/// What becomes of a time at which a schedule is due.
pub const FIRES: [&str; 3] = ["opened", "covered", "missed"];
/// The databases.
pub const DATABASES: [&str; 2] = ["source", "target"];
/// The states of a user.
pub const STATUSES: [&str; 4] = ["new", "pending", "completed", "failed"];
const ENDED: [RunState; 4] = [RunState::Done, RunState::Failed, RunState::Cancelled, RunState::Abandoned];
const RESULTS: [&str; 2] = ["ok", "error"];

macro_rules! metrics {
    ($($field:ident: $type:ident = $name:literal $([$($label:literal),+])? $(in $buckets:ident)?, $help:literal;)*) => {
        /// The program's metrics, with a registry of their own.
        #[derive(Debug)]
        pub struct Metrics {
            registry: Registry,
            lease_until: Mutex<Option<Instant>>,
            longest_lock: Mutex<Duration>,
            $(pub(crate) $field: $type,)*
        }

        impl Metrics {
            /// Every metric that is declared, but for those of the process, which the library names.
            pub const DECLARED: &[Declared] = &[$(Declared {
                name: $name,
                kind: <$type as Declare>::KIND,
                labels: &[$($($label),+)?],
                buckets: metrics!(@buckets $($buckets)?),
                help: $help,
            },)*];

            fn declare() -> prometheus::Result<Self> {
                let registry = Registry::new();
                let mut declared = Self::DECLARED.iter();
                let mut next = || declared.next().ok_or(prometheus::Error::AlreadyReg);
                Ok(Self {
                    $($field: <$type as Declare>::declare(&registry, next()?)?,)*
                    registry,
                    lease_until: Mutex::default(),
                    longest_lock: Mutex::default(),
                })
            }
        }
    };
    (@buckets) => { &[] };
    (@buckets $buckets:ident) => { $buckets };
}

metrics! {
    users: IntCounterVec = "cardgenius_users_total" ["outcome"], "Users that this instance is done with, by what became of them.";
    rows_copied: IntCounter = "cardgenius_rows_copied_total", "Recommendations loaded in transactions that committed: ten per user.";
    copy_bytes: IntCounter = "cardgenius_copy_bytes_total", "Bytes of the recommendations loaded in transactions that committed.";
    chunks: IntCounterVec = "cardgenius_chunks_total" ["outcome"], "Chunks whose life in this instance is over, by how it ended.";
    retries: IntCounterVec = "cardgenius_retries_total" ["kind"], "Further attempts, by the kind of failure that made them necessary.";
    errors: IntCounterVec = "cardgenius_errors_total" ["kind"], "Calls on a database that failed, by kind.";
    lease_renewals: IntCounterVec = "cardgenius_lease_renewals_total" ["result"], "Renewals of this instance's lease.";
    sweeps: IntCounterVec = "cardgenius_sweeps_total" ["result"], "Looks for dead instances and orphaned users.";
    swept_claims: IntCounter = "cardgenius_swept_claims_total", "Claims of dead instances that this one closed.";
    swept_users: IntCounter = "cardgenius_swept_users_total", "Users of dead instances or of no claim that this instance set back to new.";
    claims_lost: IntCounter = "cardgenius_claims_lost_total", "Claims of this instance that another one swept; nothing was written for them.";
    schedule_fires: IntCounterVec = "cardgenius_schedule_fires_total" ["schedule", "outcome"], "Times at which a schedule was due and that this instance dealt with.";
    runs: IntCounterVec = "cardgenius_runs_total" ["kind", "state"], "Runs that ended while this instance took part.";
    log_lines_lost: IntCounter = "cardgenius_log_lines_lost_total", "Lines of the log that were lost, because standard error could not be written to or was not read.";
    build_info: GaugeVec = "cardgenius_build_info" ["version", "schema"], "Always 1: the program's version and the schema version that it works with.";
    backlog: GaugeVec = "cardgenius_backlog_users" ["status"], "Users by status, sampled; completed is estimated from the planner's statistics.";
    backlog_sampled: Gauge = "cardgenius_backlog_sampled_timestamp_seconds", "When the backlog was last sampled; 0: never.";
    pending_without_claim: Gauge = "cardgenius_pending_without_claim_users", "Users pending under no open claim, sampled; the next sweep heals them.";
    workers: Gauge = "cardgenius_workers", "Threads that compute.";
    workers_active: Gauge = "cardgenius_workers_active", "Threads that are computing just now.";
    concurrent_workers_active: Gauge = "concurrent_workers_active", "The same as cardgenius_workers_active, under the customer's name.";
    chunks_in_flight: Gauge = "cardgenius_chunks_in_flight", "Chunks between claim and finish.";
    pool_connections: GaugeVec = "cardgenius_pool_connections" ["database", "state"], "Sessions of the pool, in use or idle.";
    pool_waiting: GaugeVec = "cardgenius_pool_waiting" ["database"], "Calls that wait for a session of the pool.";
    pool_size: GaugeVec = "cardgenius_pool_size" ["database"], "Sessions that the pool may hold at most; 0: there is no such database.";
    database_up: GaugeVec = "cardgenius_database_up" ["database"], "Whether the database answered when last asked; without a second database the target is the source.";
    lease_valid: Gauge = "cardgenius_lease_valid", "Whether this instance's lease holds.";
    lease_remaining: Gauge = "cardgenius_lease_remaining_seconds", "How long this instance's lease still holds, unless it is renewed.";
    instances: GaugeVec = "cardgenius_instances" ["state"], "Instances, sampled: live, or expired within the last day (neither stopped nor renewed).";
    run_in_progress: GaugeVec = "cardgenius_run_in_progress" ["kind"], "Whether a run of this kind is open.";
    run_users: Gauge = "cardgenius_run_users", "Users that the open run was opened for; 0: none is open.";
    run_settled: Gauge = "cardgenius_run_settled_users", "Users settled in the open run, by all instances.";
    run_progress: Gauge = "cardgenius_run_progress_ratio", "Share of the open run's users that are settled, 0 to 1.";
    run_rate: Gauge = "cardgenius_run_users_per_second", "Users settled a second in the open run, by all instances, over the last minute.";
    run_eta: Gauge = "cardgenius_run_eta_seconds", "Time until the open run is over at the present rate; NaN: unknown, or none is open.";
    run_started: Gauge = "cardgenius_run_started_timestamp_seconds", "When the open run was opened; 0: none is open.";
    run_last_progress: Gauge = "cardgenius_run_last_progress_timestamp_seconds", "When a user was last settled in the open run, or it was opened; 0: none is open.";
    last_success: GaugeVec = "cardgenius_last_success_timestamp_seconds" ["kind"], "When a run of this kind was last done, from the database; 0: never.";
    next_fire: GaugeVec = "cardgenius_schedule_next_fire_timestamp_seconds" ["schedule"], "When the schedule is due next; 0: never.";
    schedule_enabled: GaugeVec = "cardgenius_schedule_enabled" ["schedule"], "Whether the schedule is on.";
    catalogue_refused: Gauge = "cardgenius_catalogue_refused", "Whether the configured catalogue is faulty, so that no run can be opened with it.";
    failed_parts: Gauge = "cardgenius_failed_parts", "Parts of this instance in runs that failed one after the other, up to the last one.";
    paused: Gauge = "cardgenius_paused", "Whether an operator has paused every instance.";
    paused_since: Gauge = "cardgenius_paused_since_timestamp_seconds", "Since when; 0: not paused.";
    held_back: GaugeVec = "cardgenius_held_back" ["reason"], "Whether this instance claims nobody just now for this reason.";
    throttle_share: Gauge = "cardgenius_throttle_ratio", "Share of its full speed that the throttle lets this instance use, 0 to 1.";
    throttle_sign_share: GaugeVec = "cardgenius_throttle_sign_ratio" ["sign"], "Share that this sign alone would let it use; 1: it is not bad, or not seen.";
    row_lock_longest: Gauge = "cardgenius_row_lock_longest_seconds", "Longest time for which users' rows were locked in the open or last run.";
    stage_duration: HistogramVec = "cardgenius_stage_duration_seconds" ["stage"] in STAGES, "Time of the stages of a chunk's life that ended well.";
    row_lock: Histogram = "cardgenius_row_lock_seconds" in STAGES, "Time for which users' rows were held locked by one transaction.";
    chunk_users: Histogram = "cardgenius_chunk_users" in CHUNK_SIZES, "Users of a chunk.";
    batch_time: Histogram = "batch_processing_time_seconds" in LIVES, "Time from the claim of a chunk to its end, under the customer's name.";
    user_time: Histogram = "user_processing_time_seconds" in USER_TIMES, "Time to compute and encode one user, under the customer's name; one in sixteen is timed.";
}

/// How a run goes, over all instances.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunFigures<'a> {
    /// Its kind.
    pub kind: &'a str,
    /// Users that it was opened for.
    pub users: u64,
    /// Users settled so far.
    pub settled: u64,
    /// Users settled a second.
    pub rate: f64,
    /// Time until it is over, where that can be told.
    pub eta: Option<Duration>,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// When a user was last settled in it.
    pub last_progress: Option<DateTime<Utc>>,
}

impl Metrics {
    /// All metrics, at 0.
    ///
    /// # Errors
    /// Two metrics of the same name, which a test would have found.
    pub fn new() -> prometheus::Result<Arc<Self>> {
        let metrics = Self::declare()?;
        metrics.registry.register(Box::new(ProcessCollector::for_self()))?;
        metrics.create_series();
        Ok(Arc::new(metrics))
    }

    fn create_series(&self) {
        UserEnd::ALL.iter().for_each(|end| drop(self.users.with_label_values(&[end.name()])));
        ChunkEnd::ALL.iter().for_each(|end| drop(self.chunks.with_label_values(&[end.name()])));
        for kind in ErrorKind::ALL {
            self.retries.with_label_values(&[kind.name()]);
            self.errors.with_label_values(&[kind.name()]);
        }
        for result in RESULTS {
            self.lease_renewals.with_label_values(&[result]);
            self.sweeps.with_label_values(&[result]);
        }
        for kind in RUN_KINDS {
            self.run_in_progress.with_label_values(&[kind]);
            self.last_success.with_label_values(&[kind]);
            ENDED.iter().for_each(|state| drop(self.runs.with_label_values(&[kind, state.name()])));
        }
        self.build_info.with_label_values(&[env!("CARGO_PKG_VERSION"), &SCHEMA_VERSION.to_string()]).set(1.0);
        STATUSES.iter().for_each(|status| drop(self.backlog.with_label_values(&[status])));
        for database in DATABASES {
            ["in_use", "idle"]
                .iter()
                .for_each(|state| drop(self.pool_connections.with_label_values(&[database, state])));
            self.pool_waiting.with_label_values(&[database]);
            self.pool_size.with_label_values(&[database]);
            self.database_up.with_label_values(&[database]);
        }
        ["live", "expired"].iter().for_each(|state| drop(self.instances.with_label_values(&[state])));
        HeldBack::ALL.iter().for_each(|reason| drop(self.held_back.with_label_values(&[reason.name()])));
        self.throttled(1.0, &[]);
        Stage::ALL.iter().for_each(|stage| drop(self.stage_duration.with_label_values(&[stage.name()])));
        self.run_eta.set(f64::NAN);
    }

    /// All metrics in Prometheus' text format, version 0.0.4.
    #[must_use]
    pub fn render(&self) -> String {
        let until = *self.lease_until.lock().unwrap_or_else(PoisonError::into_inner);
        let left = until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()));
        self.lease_remaining.set(left.as_secs_f64());
        self.lease_valid.set(f64::from(!left.is_zero()));
        self.held_back(HeldBack::Lease, until.is_some() && left.is_zero());
        self.log_lines_lost.inc_by(standard_error::lost().saturating_sub(self.log_lines_lost.get()));
        let up = |database| self.database_up.with_label_values(&[database]);
        if self.pool_size.with_label_values(&["target"]).get() == 0.0 {
            up("target").set(up("source").get());
        }
        // Writing to a String cannot fail.
        TextEncoder::new().encode_to_string(&self.registry.gather()).unwrap_or_default()
    }

    /// Creates the series of the schedules that are configured.
    pub fn schedules<'a>(&self, names: impl IntoIterator<Item = &'a str>) {
        for name in names {
            FIRES.iter().for_each(|outcome| drop(self.schedule_fires.with_label_values(&[name, outcome])));
            self.next_fire.with_label_values(&[name]);
            self.schedule_enabled.with_label_values(&[name]);
        }
    }

    /// A time at which a schedule was due was dealt with; `outcome` is one of [`FIRES`].
    pub fn fires(&self, schedule: &str, outcome: &str) {
        if FIRES.contains(&outcome) {
            self.schedule_fires.with_label_values(&[schedule, outcome]).inc();
        }
    }

    /// When a schedule is due next.
    pub fn next_fire(&self, schedule: &str, at: Option<DateTime<Utc>>) {
        self.next_fire.with_label_values(&[schedule]).set(seconds(at));
    }

    /// Whether a schedule is on.
    pub fn schedule_enabled(&self, schedule: &str, enabled: bool) {
        self.schedule_enabled.with_label_values(&[schedule]).set(f64::from(enabled));
    }

    /// Whether the configured catalogue is faulty.
    pub fn catalogue_refused(&self, refused: bool) {
        self.catalogue_refused.set(f64::from(refused));
    }

    /// Since when an operator has paused everybody; `None`: nobody is paused.
    pub fn paused(&self, since: Option<DateTime<Utc>>) {
        self.paused.set(f64::from(since.is_some()));
        self.paused_since.set(seconds(since));
    }

    /// Whether this instance claims nobody for this reason.
    pub fn held_back(&self, reason: HeldBack, held: bool) {
        self.held_back.with_label_values(&[reason.name()]).set(f64::from(held));
    }

    /// The throttle lets this instance use so much of its speed, and each sign that it saw so much.
    pub fn throttled(&self, share: f64, shares: &[(Sign, f64)]) {
        self.throttle_share.set(share);
        for sign in Sign::ALL {
            let allowed = shares.iter().find(|(seen, _)| *seen == sign).map_or(1.0, |(_, share)| *share);
            self.throttle_sign_share.with_label_values(&[sign.name()]).set(allowed);
        }
    }

    /// Threads that compute.
    pub fn workers(&self, threads: usize) {
        self.workers.set(threads as f64);
    }

    /// So many parts in runs have failed one after the other.
    pub fn parts_failed(&self, times: u32) {
        self.failed_parts.set(f64::from(times));
    }

    /// This instance opened or joined a run; the sampler follows it from here on.
    pub fn run_opened(&self, run: &Run) {
        *self.longest_lock.lock().unwrap_or_else(PoisonError::into_inner) = Duration::ZERO;
        self.row_lock_longest.set(0.0);
        self.run_is_open(Some(&run.kind));
        self.run_users.set(run.backlog as f64);
    }

    /// A run in which this instance took part ended in that state.
    pub fn run_closed(&self, kind: &str, state: RunState) {
        if RUN_KINDS.contains(&kind) && ENDED.contains(&state) {
            self.runs.with_label_values(&[kind, state.name()]).inc();
            self.run(None);
        }
    }

    /// How the open run goes; `None`: none is open.
    pub fn run(&self, figures: Option<&RunFigures<'_>>) {
        self.run_is_open(figures.map(|run| run.kind));
        let none = RunFigures { opened_at: DateTime::UNIX_EPOCH, ..RunFigures::default() };
        let run = figures.unwrap_or(&none);
        self.run_users.set(run.users as f64);
        self.run_settled.set(run.settled as f64);
        // Nobody to do is all done; no run at all is nothing done.
        let share = if run.users == 0 { f64::from(figures.is_some()) } else { run.settled as f64 / run.users as f64 };
        self.run_progress.set(share.min(1.0));
        self.run_rate.set(run.rate);
        self.run_eta.set(run.eta.map_or(f64::NAN, |eta| eta.as_secs_f64()));
        self.run_started.set(seconds(Some(run.opened_at)));
        self.run_last_progress.set(seconds(run.last_progress.or(figures.map(|run| run.opened_at))));
    }

    fn run_is_open(&self, kind: Option<&str>) {
        for known in RUN_KINDS {
            self.run_in_progress.with_label_values(&[known]).set(f64::from(kind == Some(known)));
        }
    }

    /// Users by status, in the order of [`STATUSES`], at that time.
    pub fn backlog(&self, users: [u64; 4], at: DateTime<Utc>) {
        for (status, users) in STATUSES.into_iter().zip(users) {
            self.backlog.with_label_values(&[status]).set(users as f64);
        }
        self.backlog_sampled.set(seconds(Some(at)));
    }

    /// Users pending under no open claim.
    pub fn pending_without_claim(&self, users: u64) {
        self.pending_without_claim.set(users as f64);
    }

    /// Instances that live, and those whose lease ran out unsaid.
    pub fn instances(&self, live: u64, expired: u64) {
        self.instances.with_label_values(&["live"]).set(live as f64);
        self.instances.with_label_values(&["expired"]).set(expired as f64);
    }

    /// The sessions of a database's pool.
    pub fn pool(&self, database: &str, pool: PoolStatus) {
        if DATABASES.contains(&database) {
            self.pool_connections.with_label_values(&[database, "in_use"]).set(pool.in_use as f64);
            self.pool_connections.with_label_values(&[database, "idle"]).set(pool.idle as f64);
            self.pool_waiting.with_label_values(&[database]).set(pool.waiting as f64);
            self.pool_size.with_label_values(&[database]).set(pool.size as f64);
        }
    }

    /// Whether a run is open, as far as is known here.
    #[must_use]
    pub fn has_open_run(&self) -> bool {
        RUN_KINDS.iter().any(|kind| self.run_in_progress.with_label_values(&[*kind]).get() > 0.0)
    }

    /// When a run of that kind was last done.
    pub fn last_success(&self, kind: &str, at: DateTime<Utc>) {
        if RUN_KINDS.contains(&kind) {
            self.last_success.with_label_values(&[kind]).set(seconds(Some(at)));
        }
    }

    /// Whether a database, one of [`DATABASES`], answered when last asked.
    pub fn database_up(&self, database: &str, up: bool) {
        if DATABASES.contains(&database) {
            self.database_up.with_label_values(&[database]).set(f64::from(up));
        }
    }

    /// Whether this instance had a lease, and has let it run out.
    #[must_use]
    pub(crate) fn lease_ran_out(&self) -> bool {
        let until = *self.lease_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| until <= Instant::now())
    }

    /// The lease holds until then, unless it is renewed.
    pub(crate) fn lease_until(&self, until: Instant) {
        *self.lease_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
    }

    /// Users' rows were held locked for so long.
    pub(crate) fn rows_locked(&self, held: Duration) {
        self.row_lock.observe(held.as_secs_f64());
        let mut longest = self.longest_lock.lock().unwrap_or_else(PoisonError::into_inner);
        if held > *longest {
            *longest = held;
            self.row_lock_longest.set(held.as_secs_f64());
        }
    }
}

/// Seconds since 1970; 0 for never.
pub(crate) fn seconds(at: Option<DateTime<Utc>>) -> f64 {
    at.map_or(0.0, |at| at.timestamp_millis() as f64 / 1_000.0)
}
