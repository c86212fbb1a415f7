//! What the tests of several packages need: databases on private servers, made-up users, a gate at which loads wait,
//! a proxy that makes faults, and the audit after a run. For tests only.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a fixture that cannot be had fails the test that asked for it"
)]

pub mod audit;
pub mod database;
pub mod gate;
pub mod mariadb;
pub mod mariadb_gate;
pub mod population;
pub mod proxy;
pub mod reader;
pub mod side;
mod sql;
pub mod standby;
pub mod tables;
pub mod waiting;

pub use audit::{Counts, audit, violations};
pub use database::{Database, TestServer};
pub use gate::Gate;
pub use mariadb::{MariadbDatabase, MariadbServer};
pub use mariadb_gate::MariadbGate;
pub use population::populate;
pub use proxy::{Fault, Lines, Proxy, Request, Stepper, Trigger};
pub use reader::Reader;
pub use side::{Side, audit_sides};
pub use standby::Standby;
pub use tables::Tables;
pub use waiting::until;
