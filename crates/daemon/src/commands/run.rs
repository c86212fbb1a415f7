//! `cardgenius run`: the daemon.

use super::output;
use crate::exit::Exit;

/// There is no schedule yet: says so, and what to use instead.
#[must_use]
pub fn run() -> Exit {
    output::complain("the daemon has no schedule yet: use `cardgenius --backfill`, from cron if it is to be weekly");
    Exit::Usage
}
