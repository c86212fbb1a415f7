//! The engine against an oracle: the worked examples through both, and generated catalogues and users.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod examples;
mod number;
mod people;
mod rules;
