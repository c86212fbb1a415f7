//! What is refused at the start, and what is warned about, on real databases (database.md, "What is refused at the start,
//! by name"): each with its mending, after which nothing is said any more.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "refusals/database.rs"]
mod database;
#[path = "refusals/others.rs"]
mod others;
#[path = "refusals/protocol.rs"]
mod protocol;
#[path = "refusals/rehearsal.rs"]
mod rehearsal;
#[path = "refusals/rights.rs"]
mod rights;
#[path = "refusals/server.rs"]
mod server;
#[path = "refusals/settings.rs"]
mod settings;
#[path = "refusals/strangers.rs"]
mod strangers;
#[path = "refusals/tables.rs"]
mod tables;
#[path = "refusals/warnings.rs"]
mod warnings;
#[path = "refusals/widths.rs"]
mod widths;
