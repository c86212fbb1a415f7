//! Storms: faults drawn at random from a printed seed, one upon the other, while several instances share a run.
//!
//! In the ordinary tests for a short while; `make chaos` goes on for `CHAOS_MINUTES`, from `CHAOS_SEED` if it is set, and on the kind
//! of database that `CHAOS_ON` names, if it names one.
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
mod ground;
mod judge;
mod lull;
mod network;
mod plan;
mod processes;
mod reading;
mod recovery;
mod report;
mod scene;
mod server;
mod session;
mod sessions;
mod storm;
mod watch;
mod weather;
mod words;

use tokio::sync::Mutex;

use crate::ground::Kind;

/// One at a time: each needs the whole machine.
static ONE: Mutex<()> = Mutex::const_new(());

async fn storm_on(kind: Kind) {
    let _alone = ONE.lock().await;
    Box::pin(storm::rage(plan::from_environment(kind))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_every_fault_on_postgresql_loses_nobody_and_doubles_nobody() {
    storm_on(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_every_fault_on_mariadb_loses_nobody_and_doubles_nobody() {
    storm_on(Kind::Mariadb).await;
}
