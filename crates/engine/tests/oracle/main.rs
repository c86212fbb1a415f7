//! The engine against an oracle: the worked examples through both, and generated catalogues and users.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod amounts;
mod catalogue_json;
mod catalogues;
mod examples;
mod number;
mod people;
mod properties;
mod rules;
mod thresholds;
