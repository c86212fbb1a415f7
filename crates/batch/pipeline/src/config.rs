//! What the pipeline can be told, with defaults that are right for production.

use std::time::Duration;

/// The pipeline's settings. The daemon reads them from its configuration; docs/configuration.md explains each.
#[derive(Clone, Debug, PartialEq)]
pub struct PipelineConfig {
    /// Threads that compute.
    pub workers: usize,
    /// Users claimed at a time, at most.
    pub chunk_rows: usize,
    /// Users claimed at a time, at least, where a slow database makes chunks smaller; `chunk_rows` if that is less.
    pub min_chunk_rows: usize,
    /// How long the database shall work at a chunk: its size follows from that.
    pub chunk_target: Duration,
    /// Users a second that may be claimed, by all live instances together; 0: no ceiling.
    pub max_users_per_second: u64,
    /// Chunks between claim and finish at once, shared by all live instances, with one each at least; bounds memory.
    pub chunks_in_flight: usize,
    /// Chunks that load and finish at once: database sessions, shared by all live instances, with one each at least.
    pub sessions: usize,
    /// From claim to finish at most; then the chunk is given back.
    pub chunk_deadline: Duration,
    /// Passes over the table, at most, in one run, of those in which a chunk did not fall to faults or an outage.
    pub max_passes: u32,
    /// For chunks in flight, after a request to stop.
    pub grace: Duration,
    /// How long a chunk waits for users whose rows somebody else holds locked.
    pub locked_wait: Duration,
    /// Users settled before their share of poison means anything.
    pub poison_min_users: u64,
    /// Share of users, 0 to 1, that the database or a panic may refuse before the run is stopped.
    pub max_poison_share: f64,
    /// A lease's length.
    pub lease: Duration,
    /// Between two renewals of the lease.
    pub renew: Duration,
    /// Between two looks for dead owners.
    pub sweep: Duration,
    /// Attempts at a chunk, of faults that pass; and attempts that one user may spend alone before it fails.
    pub attempts: u32,
    /// First wait of the backoff.
    pub retry_base: Duration,
    /// Longest wait of the backoff.
    pub retry_max: Duration,
    /// An outage is waited out for this long, without spending attempts.
    pub outage: Duration,
}

impl Default for PipelineConfig {
    fn default() -> Self {
        Self {
            workers: std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
            chunk_rows: 10_000,
            min_chunk_rows: 1_000,
            chunk_target: Duration::from_secs(2),
            max_users_per_second: 0,
            chunks_in_flight: 4,
            sessions: 2,
            chunk_deadline: Duration::from_secs(300),
            max_passes: 10,
            grace: Duration::from_secs(30),
            locked_wait: Duration::from_secs(60),
            poison_min_users: 1_000,
            max_poison_share: 0.05,
            lease: Duration::from_secs(30),
            renew: Duration::from_secs(10),
            sweep: Duration::from_secs(5),
            attempts: 3,
            retry_base: Duration::from_secs(1),
            retry_max: Duration::from_secs(10),
            outage: Duration::from_secs(600),
        }
    }
}
