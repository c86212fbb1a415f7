//! Ranks credit cards by what each would save a user in a year, exact to the paisa.
//!
//! Pure: no async, no I/O, no clock, no environment, no logging. A catalogue is parsed and checked
//! ([`catalogue`]), compiled once per run, and then asked for the ten best cards of one user after another.

#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod catalogue;
pub mod category;
mod engine;
mod exact;
mod fast;
mod plan;
mod published;
pub mod user;

pub use engine::{Engine, Scratch};
pub use published::{MAX_PUBLISHED, PublishedCard, PublishedOption, RANKS, Recommendation, TopTen};
