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
#[allow(dead_code)]
#[path = "../whole_program/running.rs"]
mod running;
