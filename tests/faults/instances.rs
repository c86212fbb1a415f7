//! Instances that take part in a run, with leases so short that nobody waits long for the dead.

use cardgenius_testkit::Database;

use crate::place::backfill;
use crate::program::Start;

/// A backfill whose lease lasts three seconds.
#[allow(dead_code)]
pub fn quick(database: &Database<'_>, chunk_rows: u32) -> Start {
    with_short_leases(backfill(database, chunk_rows))
}

/// Leases of three seconds, and waits between attempts of a fraction of one.
pub fn with_short_leases(start: Start) -> Start {
    start
        .variable("CARDGENIUS_LEASE__LEASE_MS", "3000")
        .variable("CARDGENIUS_LEASE__RENEW_MS", "500")
        .variable("CARDGENIUS_LEASE__SWEEP_MS", "300")
        .variable("CARDGENIUS_LIMITS__RENEW_STATEMENT_MS", "400")
        .variable("CARDGENIUS_RETRY__BASE_MS", "50")
        .variable("CARDGENIUS_RETRY__MAX_MS", "500")
}
