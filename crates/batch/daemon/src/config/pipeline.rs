//! How chunks of users go from claim to finish.

use std::{num::NonZero, thread};

use serde::{Deserialize, Serialize};

use super::violation::{Bound, Violation};

/// Computing threads at most: more than any machine that was measured can feed.
const MAX_WORKERS: usize = 200;

/// The life of a chunk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PipelineConfig {
    /// Threads that compute. Default: the number of cores that the process may use, because computing is all they do.
    pub workers: usize,
    /// Users claimed at a time, at most. Default 10,000: large enough that a claim's fixed cost vanishes, small enough that a lost
    /// chunk is done again within a second.
    pub chunk_rows: usize,
    /// Users claimed at a time, at least, where a slow database makes chunks smaller; `chunk_rows` where that is less.
    /// Default 1,000: below it the fixed cost of a chunk begins to show.
    pub min_chunk_rows: usize,
    /// How long the database shall work at a chunk, in ms; chunks become smaller where it takes longer. Default 2,000: twice
    /// what an ordinary server takes for 10,000 users.
    pub chunk_target_ms: u64,
    /// Users a second that are claimed at most, by all live instances together. Default 0: no ceiling.
    pub max_users_per_second: u64,
    /// Chunks between claim and finish at once, shared by all live instances with one each at least; memory is bounded by
    /// this times `chunk_rows`. Default 4: two load while one computes and one is being read.
    pub chunks_in_flight: usize,
    /// Chunks that load and finish at once, each on a database session, shared by all live instances with one each at
    /// least. Default 2: one alone waits for the network half of its time, and more take the customer's disks without
    /// going faster.
    pub sessions: usize,
    /// From claim to finish at most, in ms; then the chunk is given back. Default 300,000: five minutes, longer than a
    /// load and a statement that both run to their limits.
    pub chunk_deadline_ms: u64,
    /// Passes over the table in one run at most. Default 10: each pass finds what was new or locked in the one before,
    /// and a table that is written to all the time must not keep a run open for ever.
    pub max_passes: u32,
    /// Given to the chunks in flight after a request to stop, in ms. Default 30,000: enough for several chunks; whatever
    /// supervises the process must wait longer before it kills.
    pub grace_ms: u64,
    /// Share of failed users, 0 to 1, above which a finished run counts as incomplete (exit 3). Default 0.001: the 0.1 %
    /// promised to the customer.
    pub max_failed_share: f64,
    /// Share of users, 0 to 1, that the database refuses or that make the computation panic, above which the run is
    /// stopped and the rest stays `new`. Default 0.05: one user in twenty is not bad luck any more.
    pub max_poison_share: f64,
    /// Users that an instance has settled before that share means anything. Default 1,000.
    pub poison_min_users: u64,
}

impl Default for PipelineConfig {
    fn default() -> Self {
        Self {
            workers: thread::available_parallelism().map_or(1, NonZero::get).min(MAX_WORKERS),
            chunk_rows: 10_000,
            min_chunk_rows: 1_000,
            chunk_target_ms: 2_000,
            max_users_per_second: 0,
            chunks_in_flight: 4,
            sessions: 2,
            chunk_deadline_ms: 300_000,
            max_passes: 10,
            grace_ms: 30_000,
            max_failed_share: 0.001,
            max_poison_share: 0.05,
            poison_min_users: 1_000,
        }
    }
}

impl PipelineConfig {
    /// The numbers of this section with their bounds.
    #[must_use]
    pub fn bounds(&self) -> Vec<Bound> {
        vec![
            Bound::new("pipeline.workers", self.workers as u64, 1, MAX_WORKERS as u64),
            Bound::new("pipeline.chunk_rows", self.chunk_rows as u64, 1, 100_000),
            Bound::new("pipeline.min_chunk_rows", self.min_chunk_rows as u64, 1, 100_000),
            Bound::new("pipeline.chunk_target_ms", self.chunk_target_ms, 100, 60_000),
            Bound::new("pipeline.max_users_per_second", self.max_users_per_second, 0, 10_000_000),
            Bound::new("pipeline.chunks_in_flight", self.chunks_in_flight as u64, 1, 64),
            Bound::new("pipeline.sessions", self.sessions as u64, 1, 200),
            Bound::new("pipeline.chunk_deadline_ms", self.chunk_deadline_ms, 100, 3_600_000),
            Bound::new("pipeline.max_passes", self.max_passes.into(), 1, 1_000),
            Bound::new("pipeline.grace_ms", self.grace_ms, 0, 3_600_000),
            Bound::new("pipeline.poison_min_users", self.poison_min_users, 1, 1_000_000_000),
        ]
    }

    /// Every rule that this section breaks by itself.
    #[must_use]
    pub fn validate(&self) -> Vec<Violation> {
        let mut violations: Vec<_> = self.bounds().iter().filter_map(Bound::violation).collect();
        for (field, share) in
            [("pipeline.max_failed_share", self.max_failed_share), ("pipeline.max_poison_share", self.max_poison_share)]
        {
            // Written so that NaN, which TOML can hold, breaks it too.
            if !(0.0..=1.0).contains(&share) {
                violations.push(Violation::new(field, format!("must be 0 to 1, is {share}")));
            }
        }
        if self.sessions > self.chunks_in_flight {
            let rule = format!(
                "must be at most `pipeline.chunks_in_flight`, {}, is {}: a session without a chunk would only be held",
                self.chunks_in_flight, self.sessions
            );
            violations.push(Violation::new("pipeline.sessions", rule));
        }
        violations
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_that_is_not_a_number_is_refused() {
        for (share, faults) in [(f64::NAN, 1), (-0.001, 1), (1.001, 1), (f64::INFINITY, 1), (0.0, 0), (1.0, 0)] {
            let config = PipelineConfig { max_failed_share: share, ..PipelineConfig::default() };
            assert_eq!(config.validate().len(), faults, "{share}");
            let config = PipelineConfig { max_poison_share: share, ..PipelineConfig::default() };
            assert_eq!(config.validate().len(), faults, "{share}");
        }
    }

    #[test]
    fn there_are_never_more_sessions_than_chunks_for_them() {
        let config = PipelineConfig { sessions: 5, chunks_in_flight: 4, ..PipelineConfig::default() };
        let violations = config.validate();
        assert_eq!(violations.len(), 1);
        assert_eq!(violations[0].field, "pipeline.sessions");
    }
}
