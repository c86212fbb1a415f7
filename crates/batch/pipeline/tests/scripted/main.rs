//! The pipeline against a store that fails as it is told: "did the work, then reported a failure" above all.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod bench;
mod blame;
mod chunks;
mod computing;
mod hours;
mod lease;
mod memory;
mod pace;
mod pauses;
mod port;
mod runs;
mod scripts;
mod stops;
mod throttle;
mod watching;
