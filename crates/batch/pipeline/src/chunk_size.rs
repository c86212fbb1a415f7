//! How large a chunk may be: as large as the database gets done in about the time that was asked for.

use std::time::Duration;

use crate::config::PipelineConfig;

/// One step changes the size by these factors at most: neither a single slow chunk nor a single fast one means much.
const STEP: (f64, f64) = (0.5, 1.5);

/// A size that follows how long the database works at a chunk.
///
/// The time is that of the claim's and the finish's transactions. What a chunk waits for a session, for a retry or for
/// our own computing threads is left out: smaller chunks would wait as long, and hold no lock in the meantime.
#[derive(Debug)]
pub struct ChunkSize {
    rows: f64,
    least: f64,
    most: f64,
    target: f64,
}

impl ChunkSize {
    /// The largest size: on an ordinary database it stays there, and a slow one has corrected it after the first chunks.
    #[must_use]
    pub fn new(config: &PipelineConfig) -> Self {
        let most = config.chunk_rows.max(1);
        let least = config.min_chunk_rows.clamp(1, most);
        Self { rows: most as f64, least: least as f64, most: most as f64, target: config.chunk_target.as_secs_f64() }
    }

    /// Users that the next chunk may have.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows as usize
    }

    /// The smallest size.
    #[must_use]
    pub const fn least(&self) -> usize {
        self.least as usize
    }

    /// The database worked at a chunk of so many users for so long.
    pub fn note(&mut self, users: usize, took: Duration) {
        let (users, took) = (users as f64, took.as_secs_f64());
        let is_late = took > self.target;
        // A chunk far smaller than it might have been (the table's last, or one of suspects) is fast because it is small.
        if users < 1.0 || (!is_late && users < self.rows / 2.0) {
            return;
        }
        let ideal = users * self.target / took;
        // Half of the way, on a scale of factors: chunks in flight still tell of the size before.
        let step = (ideal / self.rows).sqrt().clamp(STEP.0, STEP.1);
        let step = if is_late { step.min(1.0) } else { step.max(1.0) };
        self.rows = (self.rows * step).clamp(self.least, self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(most: usize) -> ChunkSize {
        let target = Duration::from_secs(2);
        let config = PipelineConfig {
            chunk_rows: most,
            min_chunk_rows: 1_000,
            chunk_target: target,
            ..PipelineConfig::default()
        };
        ChunkSize::new(&config)
    }

    /// Lets chunk after chunk be done by a database that takes `fixed` seconds for each and `each` for a user.
    fn settle(size: &mut ChunkSize, chunks: usize, (fixed, each): (f64, f64)) -> Vec<usize> {
        let mut sizes = Vec::new();
        for _ in 0..chunks {
            let users = size.rows();
            size.note(users, Duration::from_secs_f64(each.mul_add(users as f64, fixed)));
            sizes.push(size.rows());
        }
        sizes
    }

    #[test]
    fn it_starts_at_the_largest_and_stays_there_while_chunks_are_done_in_time() {
        let mut size = size(10_000);
        assert_eq!(settle(&mut size, 5, (0.1, 0.000_09)), [10_000; 5]);
    }

    #[test]
    fn it_falls_step_by_step_to_what_the_database_does_in_time_and_grows_again_when_it_is_faster() {
        let mut size = size(10_000);
        let falling = settle(&mut size, 12, (0.0, 0.001));
        assert!(falling.is_sorted_by(|before, after| before >= after), "{falling:?}");
        assert!(falling[0] >= 4_000, "the first step is bounded: {falling:?}");
        assert!((1_900..=2_100).contains(falling.last().unwrap()), "2,000 users take two seconds: {falling:?}");
        let growing = settle(&mut size, 12, (0.1, 0.000_09));
        assert!(growing.is_sorted() && growing[0] <= 3_200, "{growing:?}");
        assert_eq!(*growing.last().unwrap(), 10_000);
    }

    #[test]
    fn it_stays_within_its_bounds_however_slow_the_database_is() {
        let mut size = size(10_000);
        assert_eq!(*settle(&mut size, 10, (60.0, 0.1)).last().unwrap(), 1_000);
        let mut tiny = ChunkSize::new(&PipelineConfig { chunk_rows: 10, ..PipelineConfig::default() });
        assert_eq!(settle(&mut tiny, 5, (60.0, 0.1)), [10; 5], "a largest size below the smallest is both");
    }

    #[test]
    fn a_chunk_that_is_fast_because_it_is_small_says_nothing() {
        let mut size = size(10_000);
        settle(&mut size, 20, (0.0, 0.001));
        let rows = size.rows();
        for users in [1, 100, rows / 3] {
            size.note(users, Duration::from_millis(5));
            assert_eq!(size.rows(), rows, "{users} users");
        }
        size.note(0, Duration::ZERO);
        assert_eq!(size.rows(), rows);
        size.note(rows, Duration::ZERO);
        assert!(size.rows() > rows);
    }

    #[test]
    fn chunks_in_flight_that_are_larger_than_the_size_now_do_not_push_it_too_low() {
        let mut size = size(10_000);
        // Ten at once, all of the first size: each says 2,000.
        for _ in 0..10 {
            size.note(10_000, Duration::from_secs(10));
        }
        assert!((1_990..=2_400).contains(&size.rows()), "{}", size.rows());
    }
}
