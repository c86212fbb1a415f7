//! What a daemon and the database tell each other about schedules; plain data, whatever the database.

use std::collections::BTreeSet;

use cardgenius_pipeline::ports::Run;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A look at what there is to do.
#[derive(Clone, Debug)]
pub struct Look {
    /// The database's clock, which alone decides what is due: instances' own clocks may differ.
    pub now: DateTime<Utc>,
    /// The open run.
    pub open_run: Option<Uuid>,
    /// The schedules that the database knows.
    pub schedules: Vec<KnownSchedule>,
}

/// A schedule as its row tells.
#[derive(Clone, Debug)]
pub struct KnownSchedule {
    /// Its name.
    pub name: String,
    /// Every time until then was dealt with.
    pub decided_until: Option<DateTime<Utc>>,
    /// What was last written down as the next time.
    pub next_fire: Option<DateTime<Utc>>,
}

/// A schedule under the lock of its row.
#[derive(Clone, Debug)]
pub struct LockedSchedule {
    /// Every time until then was dealt with.
    pub decided_until: DateTime<Utc>,
    /// The database's clock.
    pub now: DateTime<Utc>,
    /// Times, as far back as was asked for, that a run was opened for or that one covered.
    pub settled: BTreeSet<DateTime<Utc>>,
}

/// What to do about a schedule.
#[derive(Clone, Debug, Default)]
pub struct Decision {
    /// The time to open a run for.
    pub due: Option<DateTime<Utc>>,
    /// Times to be recorded as missed.
    pub missed: Vec<DateTime<Utc>>,
    /// The next time, for people to read.
    pub next: Option<DateTime<Utc>>,
}

/// What became of a time at which a schedule was due.
#[derive(Clone, Debug)]
pub enum Fired {
    /// It opened this run.
    Opened(Run),
    /// This run was open already.
    Covered(Run),
    /// There is nothing to open a run with, as yet; it stays due.
    Waiting,
}

/// What came of tending a schedule.
#[derive(Clone, Debug)]
pub struct Tended {
    /// The time that was due, and what became of it.
    pub fired: Option<(DateTime<Utc>, Fired)>,
    /// Times that were recorded as missed.
    pub missed: Vec<DateTime<Utc>>,
}

/// Whether a server can be worked with just now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// It is a standby.
    pub is_standby: bool,
    /// It takes no writes.
    pub is_read_only: bool,
    /// Why its schema does not fit this program; none if it does.
    pub schema_fault: Option<String>,
}
