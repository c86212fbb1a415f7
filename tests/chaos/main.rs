//! Storms: faults drawn at random from a printed seed, one upon the other, while several instances share a run.
//!
//! In the ordinary tests for a short while; `make chaos` goes on for `CHAOS_MINUTES`, from `CHAOS_SEED` if it is set.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

// What the whole-program tests have is used here in part.
#[allow(dead_code)]
#[path = "../whole_program/comparison.rs"]
mod comparison;
#[allow(dead_code)]
#[path = "../../crates/engine/tests/oracle/number.rs"]
mod number;
#[allow(dead_code)]
#[path = "../../crates/engine/tests/oracle/people.rs"]
mod people;
#[allow(dead_code)]
#[path = "../whole_program/place.rs"]
mod place;
#[path = "../program.rs"]
mod program;
#[allow(dead_code)]
#[path = "../../crates/engine/tests/oracle/rules.rs"]
mod rules;

mod chance;
mod customers;
mod faults;
mod fleet;
mod lull;
mod network;
mod plan;
mod processes;
mod recovery;
mod report;
mod scene;
mod server;
mod sessions;
mod storm;
mod watch;
mod weather;

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_every_fault_loses_nobody_and_doubles_nobody() {
    Box::pin(storm::rage(plan::from_environment())).await;
}
