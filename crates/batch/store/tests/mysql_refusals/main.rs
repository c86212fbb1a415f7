//! What is refused at the start on MySQL and MariaDB, and what is warned about, on a real server (database.md, "What is
//! refused at the start, by name"): each with its mending, after which nothing is said any more.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[allow(dead_code)]
#[path = "../mysql_schema/place.rs"]
mod place;
#[path = "../refusals/protocol.rs"]
mod protocol;

mod inspected;
mod others;
mod rehearsal;
mod rights;
mod server;
mod strangers;
mod tables;
mod widths;
