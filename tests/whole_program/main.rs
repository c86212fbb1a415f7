//! The real binary against real private servers: what was promised of the whole program, each promise a test.
//!
//! One target, so that it links once; one server for all but the tests that stop or reconfigure theirs; a database for
//! each test. The oracle is that of the engine's own tests: it shares no code with the engine.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../http.rs"]
mod http;
#[path = "../program.rs"]
mod program;

#[path = "../../crates/engine/tests/oracle/number.rs"]
mod number;
// The oracle's part that drives the engine is not needed here.
#[allow(dead_code)]
#[path = "../../crates/engine/tests/oracle/people.rs"]
mod people;
#[path = "../../crates/engine/tests/oracle/rules.rs"]
mod rules;

mod backfill;
mod bad_input;
mod certificates;
mod combinations;
mod comparison;
mod customer_meanwhile;
mod customers_tables;
mod daemon;
mod daemon_stops;
mod demonstration;
mod examples;
mod exit_codes;
mod failing_runs;
mod faulty_users;
mod four_combinations;
mod hostile_server;
mod hostile_sessions;
mod hostile_text;
mod joining;
mod left_behind;
mod limits;
mod logs;
mod migrating;
mod odd_keys;
mod pacing;
mod pages;
mod passwords;
mod place;
mod progress;
mod refused_rows;
mod renamed;
mod replacing;
mod requeueing;
mod running;
mod schedules;
mod second_database;
mod silent_standby;
mod stale_sessions;
mod steering;
mod stopping;
mod stopping_anywhere;
mod supervision;
mod the_audit;
mod throttle;
mod tls;
mod tls_elsewhere;
mod unwritable_log;
mod views;
mod worn_out_pages;
