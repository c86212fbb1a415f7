//! What this instance has done in a run so far, counted without locks, and how fast it goes.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::ports::ClaimTotals;

/// Counters of this instance's part in a run.
#[derive(Debug, Default)]
pub struct Progress {
    completed: AtomicU64,
    failed: AtomicU64,
    superseded: AtomicU64,
    poison: AtomicU64,
    chunks: AtomicU64,
    in_flight: AtomicU64,
    retries: AtomicU64,
    given_back: AtomicU64,
    lost: AtomicU64,
    left_locked: AtomicU64,
    waits_for: Mutex<Option<Arc<str>>>,
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Users with ten new rows.
    pub completed: u64,
    /// Users that failed.
    pub failed: u64,
    /// Users that the customer took back in the middle.
    pub superseded: u64,
    /// Of those that failed, the ones that the database or a panic refused: not by the rules.
    pub poison: u64,
    /// Chunks settled.
    pub chunks: u64,
    /// Chunks between claim and finish.
    pub in_flight: u64,
    /// Attempts after the first.
    pub retries: u64,
    /// Chunks given back.
    pub given_back: u64,
    /// Claims that somebody swept from under us.
    pub lost: u64,
    /// Users that stayed locked by somebody else.
    pub left_locked: u64,
}

impl Progress {
    /// A chunk was claimed.
    pub fn chunk_started(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    /// A chunk's life is over, in whatever way.
    pub fn chunk_ended(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    /// A claim's totals went from `before` to `after`.
    pub fn settled(&self, before: &ClaimTotals, after: &ClaimTotals) {
        self.add_users(before, after);
        if after.left == 0 {
            self.chunks.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn add_users(&self, before: &ClaimTotals, after: &ClaimTotals) {
        let add = |counter: &AtomicU64, before: u64, after: u64| {
            counter.fetch_add(after.saturating_sub(before), Ordering::Relaxed);
        };
        add(&self.completed, before.completed, after.completed);
        add(&self.failed, before.failed, after.failed);
        add(&self.superseded, before.superseded, after.superseded);
    }

    /// So many of the users that failed did not fail by the rules.
    pub fn poisoned(&self, users: u64) {
        self.poison.fetch_add(users, Ordering::Relaxed);
    }

    /// A further attempt was made.
    pub fn retried(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    /// A claim was closed with `after`: mostly, that gave users back. `before` is what was counted of it, if that is known.
    pub fn gave_back(&self, before: Option<&ClaimTotals>, after: &ClaimTotals) {
        self.add_users(before.unwrap_or(after), after);
        let counter = if after.returned + after.left > 0 { &self.given_back } else { &self.chunks };
        counter.fetch_add(u64::from(*after != ClaimTotals::default()), Ordering::Relaxed);
        self.left_locked.fetch_add(after.left, Ordering::Relaxed);
    }

    /// A claim was swept from under us.
    pub fn lost(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
    }

    /// It is not the hour to claim, for this reason; none: it is.
    pub fn waits_for(&self, reason: Option<Arc<str>>) {
        *self.waits_for.lock().unwrap_or_else(PoisonError::into_inner) = reason;
    }

    /// What hour this instance waits for, for people.
    #[must_use]
    pub fn waiting(&self) -> Option<Arc<str>> {
        self.waits_for.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All counters now.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            completed: read(&self.completed),
            failed: read(&self.failed),
            superseded: read(&self.superseded),
            poison: read(&self.poison),
            chunks: read(&self.chunks),
            in_flight: read(&self.in_flight),
            retries: read(&self.retries),
            given_back: read(&self.given_back),
            lost: read(&self.lost),
            left_locked: read(&self.left_locked),
        }
    }
}

/// A rate over the last while, for people who watch: `(when, how many were done by then)`.
#[derive(Debug)]
pub struct Rate {
    window: Duration,
    seen: VecDeque<(Instant, u64)>,
}

impl Rate {
    /// A rate over `window`.
    #[must_use]
    pub fn new(window: Duration) -> Self {
        Self { window, seen: VecDeque::new() }
    }

    /// Notes that `done` were done by `now`, and returns users a second over the window; 0 until it can be told.
    pub fn note(&mut self, now: Instant, done: u64) -> f64 {
        self.seen.push_back((now, done));
        // One observation older than the window stays, so that the window is always covered.
        while self.seen.len() > 2 && now - self.seen[1].0 >= self.window {
            self.seen.pop_front();
        }
        let Some((then, done_then)) = self.seen.front() else { return 0.0 };
        let seconds = (now - *then).as_secs_f64();
        if seconds <= 0.0 { 0.0 } else { done.saturating_sub(*done_then) as f64 / seconds }
    }
}

/// Time until `total` are done at `rate` users a second; `None` if that cannot be told.
#[must_use]
pub fn eta(done: u64, total: u64, rate: f64) -> Option<Duration> {
    let left = total.saturating_sub(done) as f64;
    (rate > 0.0).then(|| Duration::try_from_secs_f64(left / rate).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_while_only() {
        let start = Instant::now();
        let mut rate = Rate::new(Duration::from_secs(10));
        let mut last = 0.0;
        for second in 0..=60 {
            let done = if second <= 40 { second * 1_000 } else { 40_000 + (second - 40) * 10 };
            last = rate.note(start + Duration::from_secs(second), done);
        }
        assert!((last - 10.0).abs() < 1e-9, "{last}");
    }

    #[test]
    fn the_eta_is_unknown_while_nothing_moves() {
        assert_eq!(eta(0, 100, 0.0), None);
        assert_eq!(eta(50, 100, 10.0), Some(Duration::from_secs(5)));
        assert_eq!(eta(120, 100, 10.0), Some(Duration::ZERO));
    }
}
