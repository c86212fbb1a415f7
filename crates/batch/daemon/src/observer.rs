//! From what happens in the pipeline and the store to the metrics.

use std::sync::Arc;
use std::time::Duration;

use cardgenius_failure::error::ErrorKind;
use cardgenius_pipeline::observe::{ChunkEnd, HeldBack, Observe, Stage, UserEnd};
use cardgenius_pipeline::ports::Swept;
use cardgenius_pipeline::pressure::Sign;
use tokio::time::Instant;

use crate::metrics::Metrics;

/// Watches the pipeline and the store, and counts.
#[derive(Debug)]
pub struct MetricsObserver(Arc<Metrics>);

impl MetricsObserver {
    /// An observer that counts in `metrics`.
    #[must_use]
    pub fn new(metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self(metrics))
    }
}

impl Observe for MetricsObserver {
    fn stage(&self, stage: Stage, took: Duration) {
        self.0.stage_duration.with_label_values(&[stage.name()]).observe(took.as_secs_f64());
    }

    fn chunk_started(&self) {
        self.0.chunks_in_flight.inc();
    }

    fn chunk_over(&self, end: ChunkEnd, users: usize, life: Duration) {
        self.0.chunks_in_flight.dec();
        self.0.chunks.with_label_values(&[end.name()]).inc();
        self.0.chunk_users.observe(users as f64);
        self.0.batch_time.observe(life.as_secs_f64());
    }

    fn users(&self, end: UserEnd, users: u64) {
        self.0.users.with_label_values(&[end.name()]).inc_by(users);
    }

    fn failed(&self, kind: ErrorKind) {
        self.0.errors.with_label_values(&[kind.name()]).inc();
    }

    fn retried(&self, kind: ErrorKind) {
        self.0.retries.with_label_values(&[kind.name()]).inc();
    }

    fn claim_lost(&self) {
        self.0.claims_lost.inc();
    }

    fn worker_started(&self) {
        self.0.workers_active.inc();
        self.0.concurrent_workers_active.inc();
    }

    fn worker_ended(&self) {
        self.0.workers_active.dec();
        self.0.concurrent_workers_active.dec();
    }

    fn users_timed(&self, times: &[Duration]) {
        times.iter().for_each(|time| self.0.user_time.observe(time.as_secs_f64()));
    }

    fn lease_started(&self, until: Instant) {
        self.0.lease_until(until);
        self.0.database_up("source", true);
    }

    fn lease_renewed(&self, until: Instant) {
        self.0.lease_renewals.with_label_values(&["ok"]).inc();
        self.0.lease_until(until);
        self.0.database_up("source", true);
    }

    fn lease_not_renewed(&self, kind: ErrorKind) {
        self.failed(kind);
        self.0.lease_renewals.with_label_values(&["error"]).inc();
        self.0.database_up("source", false);
    }

    fn swept(&self, swept: &Swept) {
        self.0.sweeps.with_label_values(&["ok"]).inc();
        self.0.swept_claims.inc_by(swept.claims);
        self.0.swept_users.inc_by(swept.returned + swept.healed);
    }

    fn sweep_failed(&self, kind: ErrorKind) {
        self.failed(kind);
        self.0.sweeps.with_label_values(&["error"]).inc();
    }

    fn held_back(&self, reason: HeldBack, held: bool) {
        self.0.held_back(reason, held);
    }

    fn throttled(&self, share: f64, shares: &[(Sign, f64)]) {
        self.0.throttled(share, shares);
    }

    fn copied(&self, rows: u64, bytes: u64) {
        self.0.rows_copied.inc_by(rows);
        self.0.copy_bytes.inc_by(bytes);
    }

    fn users_locked(&self, held: Duration) {
        self.0.rows_locked(held);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, series: &str) -> f64 {
        let mut found = text.lines().filter_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        found.next().unwrap_or_else(|| panic!("no series {series} in:\n{text}")).parse().unwrap()
    }

    #[test]
    fn what_is_observed_is_what_is_counted() {
        let metrics = Metrics::new().unwrap();
        let observer = MetricsObserver::new(metrics.clone());
        observer.chunk_started();
        observer.chunk_started();
        observer.chunk_over(ChunkEnd::Settled, 700, Duration::from_millis(300));
        observer.users(UserEnd::Completed, 699);
        observer.users(UserEnd::Failed, 1);
        observer.copied(6_990, 1_000_000);
        observer.stage(Stage::Load, Duration::from_millis(80));
        observer.users_timed(&[Duration::from_nanos(2_500), Duration::from_micros(3)]);
        observer.retried(ErrorKind::Contention);
        observer.swept(&Swept { claims: 2, returned: 50, healed: 3, ..Swept::default() });
        for held in [5, 900, 20] {
            observer.users_locked(Duration::from_millis(held));
        }
        let text = metrics.render();
        for (series, expected) in [
            ("cardgenius_chunks_in_flight", 1.0),
            ("cardgenius_chunks_total{outcome=\"settled\"}", 1.0),
            ("cardgenius_chunk_users_sum", 700.0),
            ("batch_processing_time_seconds_sum", 0.3),
            ("cardgenius_users_total{outcome=\"completed\"}", 699.0),
            ("cardgenius_users_total{outcome=\"failed\"}", 1.0),
            ("cardgenius_users_total{outcome=\"returned\"}", 0.0),
            ("cardgenius_rows_copied_total", 6_990.0),
            ("cardgenius_copy_bytes_total", 1e6),
            ("cardgenius_stage_duration_seconds_bucket{stage=\"load\",le=\"0.05\"}", 0.0),
            ("cardgenius_stage_duration_seconds_bucket{stage=\"load\",le=\"0.1\"}", 1.0),
            ("user_processing_time_seconds_bucket{le=\"0.000002\"}", 0.0),
            ("user_processing_time_seconds_bucket{le=\"0.000003\"}", 2.0),
            ("cardgenius_retries_total{kind=\"contention\"}", 1.0),
            ("cardgenius_sweeps_total{result=\"ok\"}", 1.0),
            ("cardgenius_swept_claims_total", 2.0),
            ("cardgenius_swept_users_total", 53.0),
            ("cardgenius_row_lock_longest_seconds", 0.9),
            ("cardgenius_row_lock_seconds_count", 3.0),
        ] {
            assert!((value(&text, series) - expected).abs() < 1e-9, "{series}: {}", value(&text, series));
        }
    }

    #[test]
    fn the_throttles_share_and_that_of_each_sign_are_shown_and_one_that_is_not_seen_allows_all() {
        let metrics = Metrics::new().unwrap();
        let observer = MetricsObserver::new(metrics.clone());
        assert_eq!(value(&metrics.render(), "cardgenius_throttle_ratio"), 1.0);
        observer.throttled(0.25, &[(Sign::ReplicaLag, 0.25), (Sign::Blocked, 1.0)]);
        let text = metrics.render();
        assert_eq!(value(&text, "cardgenius_throttle_ratio"), 0.25);
        assert_eq!(value(&text, "cardgenius_throttle_sign_ratio{sign=\"replica_lag\"}"), 0.25);
        assert_eq!(value(&text, "cardgenius_throttle_sign_ratio{sign=\"slot_wal\"}"), 1.0);
        observer.throttled(1.0, &[]);
        assert_eq!(value(&metrics.render(), "cardgenius_throttle_sign_ratio{sign=\"replica_lag\"}"), 1.0);
    }

    #[test]
    fn the_lease_is_as_long_as_it_was_renewed_for_and_the_database_follows_it() {
        let metrics = Metrics::new().unwrap();
        let observer = MetricsObserver::new(metrics.clone());
        assert_eq!(value(&metrics.render(), "cardgenius_lease_valid"), 0.0);
        observer.lease_renewed(Instant::now() + Duration::from_secs(30));
        let text = metrics.render();
        let left = value(&text, "cardgenius_lease_remaining_seconds");
        assert!(left > 20.0 && left <= 30.0, "{left}");
        assert_eq!(value(&text, "cardgenius_lease_valid"), 1.0);
        assert_eq!(value(&text, "cardgenius_database_up{database=\"source\"}"), 1.0);
        observer.lease_not_renewed(ErrorKind::Unreachable);
        observer.lease_renewed(Instant::now());
        observer.lease_not_renewed(ErrorKind::Unreachable);
        let text = metrics.render();
        assert_eq!(value(&text, "cardgenius_lease_valid"), 0.0);
        assert_eq!(value(&text, "cardgenius_database_up{database=\"source\"}"), 0.0);
        assert_eq!(value(&text, "cardgenius_lease_renewals_total{result=\"error\"}"), 2.0);
        assert_eq!(value(&text, "cardgenius_errors_total{kind=\"unreachable\"}"), 2.0);
    }
}
