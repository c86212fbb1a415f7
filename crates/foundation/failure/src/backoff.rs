//! Exponential backoff with full jitter, in a type that cannot be invalid.

use std::time::Duration;

use rand::RngExt;

/// How long to wait before a further attempt: a random time up to `base · 2^attempt`, at most `max`.
///
/// Full jitter, so that instances that failed together do not come back together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    base: Duration,
    max: Duration,
}

impl Backoff {
    /// A backoff; a `max` below `base` is raised to it.
    #[must_use]
    pub fn new(base: Duration, max: Duration) -> Self {
        Self { base, max: max.max(base) }
    }

    /// The longest that the wait after attempt `attempt` (counted from 0) can be.
    #[must_use]
    pub fn ceiling(&self, attempt: u32) -> Duration {
        self.base.saturating_mul(1_u32.checked_shl(attempt).unwrap_or(u32::MAX)).min(self.max)
    }

    /// A wait after attempt `attempt` (counted from 0), drawn evenly from zero to its ceiling.
    #[must_use]
    pub fn wait(&self, attempt: u32) -> Duration {
        self.ceiling(attempt).mul_f64(rand::rng().random_range(0.0..=1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_doubles_and_then_stays() {
        let backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(5));
        let ceilings: Vec<u64> = (0..5).map(|attempt| backoff.ceiling(attempt).as_secs()).collect();
        assert_eq!(ceilings, [1, 2, 4, 5, 5]);
        assert_eq!(backoff.ceiling(u32::MAX).as_secs(), 5);
    }

    #[test]
    fn a_wait_is_never_longer_than_its_ceiling() {
        let backoff = Backoff::new(Duration::from_millis(10), Duration::from_millis(80));
        for attempt in 0..200 {
            assert!(backoff.wait(attempt % 8) <= backoff.ceiling(attempt % 8));
        }
    }

    #[test]
    fn a_maximum_below_the_base_is_raised_to_it() {
        let backoff = Backoff::new(Duration::from_secs(2), Duration::from_secs(1));
        assert_eq!(backoff.ceiling(0), Duration::from_secs(2));
    }
}
