//! The schema on MySQL and MariaDB, on a real server: made, made again, made by two at once, printed, made beside running work.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod beside_work;
mod control;
mod keys;
mod migrations;
mod mixed;
mod names;
mod place;
mod printed;
mod refused;
mod roles;
