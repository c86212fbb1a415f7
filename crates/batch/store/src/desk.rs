//! The operator's desk: what a person is told of the runs, and what a person can ask for. Plain data, without users' figures.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// How things stand.
#[derive(Clone, Debug)]
pub struct Overview {
    /// When, by the database's clock.
    pub taken_at: DateTime<Utc>,
    /// The table of users, as schema.table.
    pub source_table: String,
    /// Highest version of the schema that was applied.
    pub schema_version: i32,
    /// Users by status; none if they are too many to be counted within five seconds.
    pub backlog: Option<Backlog>,
    /// The switch.
    pub switch: Switch,
    /// The open run.
    pub run: Option<OpenRun>,
    /// Instances that are alive, or that hold claims, or whose lease has run out within the last day.
    pub instances: Vec<InstanceSeen>,
    /// The last runs, the youngest first.
    pub last_runs: Vec<RunSeen>,
    /// The schedules that the daemon has written down.
    pub schedules: Vec<ScheduleSeen>,
}

/// Users by status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Waiting.
    pub new: u64,
    /// Being computed.
    pub pending: u64,
    /// Could not be done.
    pub failed: u64,
    /// All users but the three above, by the planner's estimate; `None` before the first ANALYZE.
    pub completed_estimate: Option<u64>,
    /// Of the pending, those under no open claim: the next sweep heals them.
    pub pending_without_claim: u64,
}

/// The switch that pauses every instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switch {
    /// Nobody claims.
    pub paused: bool,
    /// Why, if it was said.
    pub reason: Option<String>,
    /// Who turned it last.
    pub changed_by: Option<String>,
    /// When.
    pub changed_at: Option<DateTime<Utc>>,
}

/// The run that is open, and how far it is.
#[derive(Clone, Debug)]
pub struct OpenRun {
    /// Its id.
    pub run_id: Uuid,
    /// `backfill`, `weekly`, `manual` or `scheduled`.
    pub kind: String,
    /// Who or what asked for it.
    pub opened_for: String,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// Users to do.
    pub total: u64,
    /// Users completed, failed or taken back by the customer.
    pub done: u64,
    /// Users failed.
    pub failed: u64,
    /// Users a second, of chunks closed within the last minute.
    pub users_per_second: f64,
    /// Chunks in flight.
    pub open_claims: u64,
}

/// An instance of the program.
#[derive(Clone, Debug)]
pub struct InstanceSeen {
    /// Its id, part of the `application_name` of its sessions.
    pub instance_id: Uuid,
    /// Host name.
    pub host: String,
    /// Process id on that host.
    pub process_id: i32,
    /// Version of the program.
    pub version: String,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// Whether its lease holds.
    pub alive: bool,
    /// Seconds until its lease ends; below zero: since it ended.
    pub lease_left_seconds: f64,
    /// Claims that it holds.
    pub open_claims: u64,
    /// Users in them that are not settled.
    pub users_held: u64,
    /// What its throttle holds back; none: nothing.
    pub throttled: Option<Throttled>,
}

/// An instance that may not go at full speed.
#[derive(Clone, Debug, PartialEq)]
pub struct Throttled {
    /// Share of its full speed, 0 (claims nobody) to 1.
    pub share: f64,
    /// Why.
    pub reason: Option<String>,
    /// Since when it has not been at full speed.
    pub since: Option<DateTime<Utc>>,
}

/// A run.
#[derive(Clone, Debug)]
pub struct RunSeen {
    /// Its id.
    pub run_id: Uuid,
    /// `backfill`, `weekly`, `manual` or `scheduled`.
    pub kind: String,
    /// `open`, `done`, `failed`, `cancelled` or `abandoned`.
    pub state: String,
    /// Who or what asked for it.
    pub opened_for: String,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// Seconds from opening to closing, or until now.
    pub seconds: f64,
    /// Users completed.
    pub completed: u64,
    /// Users failed.
    pub failed: u64,
    /// Why it was closed, where that is not plain.
    pub reason: Option<String>,
}

/// A schedule.
#[derive(Clone, Debug)]
pub struct ScheduleSeen {
    /// Its name in the configuration.
    pub name: String,
    /// The last time that was due and dealt with.
    pub last_fire: Option<DateTime<Utc>>,
    /// What became of it: `opened`, `covered` or `missed`.
    pub last_outcome: Option<String>,
    /// The next time that will be due.
    pub next_fire: Option<DateTime<Utc>>,
}

/// A cause of failures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// As `processing_error` says, digits folded to `N`.
    pub cause: String,
    /// Users.
    pub users: u64,
    /// Up to three of them.
    pub examples: Vec<String>,
}

/// Which users are to be computed once more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requeue {
    /// All that failed.
    Failed,
    /// Those that failed with an error that holds this text; `*` stands for any text, case does not matter, and digits may
    /// be folded to `N`, as [`Cause::cause`] shows them.
    Error(String),
    /// Those that failed in this run.
    Run(Uuid),
    /// These, if they are completed or failed.
    Users(Vec<String>),
    /// Everybody who is completed or failed.
    Everybody,
}

/// What came of it, so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requeued {
    /// Users set to `new`.
    pub users: u64,
    /// Users passed over because somebody held their rows locked.
    pub locked: u64,
    /// Users passed over because the database refuses to set them back.
    pub refused: u64,
}

/// What one step of the pruning deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Closed claims.
    pub claims: u64,
    /// Closed runs without claims.
    pub runs: u64,
    /// Catalogues that no run names.
    pub catalogues: u64,
    /// Audit entries.
    pub audit: u64,
    /// Instances that ended or died.
    pub instances: u64,
    /// Fires of schedules.
    pub fires: u64,
    /// Rows of the fence in a second target.
    pub fence: u64,
}

impl Pruned {
    /// All of them. Zero: nothing is left to prune.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.claims + self.runs + self.catalogues + self.audit + self.instances + self.fires + self.fence
    }
}
