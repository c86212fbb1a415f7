//! The narrow races, on a real server: two real stores, each stepped statement by statement, through all schedules with
//! few switches between them, and through random ones. `RACES_SEED` sets the seed of the random ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[allow(dead_code)]
#[path = "../contract/backend.rs"]
mod backend;
#[allow(dead_code)]
#[path = "../contract/chunks.rs"]
mod chunks;
#[allow(dead_code)]
#[path = "../contract/world.rs"]
mod world;

mod explorer;
mod place;
mod schedules;

mod close_and_claim;
mod commit_and_look_up;
mod finish_and_give_back;
mod finish_and_sweep;
mod renewals;
