//! How things stand, for people and for programs: backlog, run, instances, last runs, schedules, and the switch.

use crate::any_store::AnyStore;
use cardgenius_failure::error::DatabaseError;
use cardgenius_pipeline::progress::eta;
use cardgenius_store::desk::{InstanceSeen, OpenRun, Overview, RunSeen, ScheduleSeen, Throttled};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use crate::backfill_hours;
use crate::clocks;
use crate::config::RunConfig;

/// How things stand. Times are UTC, as RFC 3339 says.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// When, by the database's clock.
    pub taken_at: String,
    /// Seconds by which the clock of the machine that asks is ahead of the database's; below zero: behind it.
    pub clock_ahead_seconds: i64,
    /// What is wrong with the two clocks, if anything is.
    pub clock_fault: Option<String>,
    /// Version of the program that says so.
    pub program_version: &'static str,
    /// Highest version of the schema that was applied.
    pub schema_version: i32,
    /// The table of users, as schema.table.
    pub source_table: String,
    /// Users by status; none if they are too many to be counted within five seconds.
    pub backlog: Option<BacklogStatus>,
    /// The switch.
    pub control: ControlStatus,
    /// Until when nobody claims, and why, if it is not the hour of the open run by this configuration.
    pub waiting: Option<String>,
    /// The open run.
    pub run: Option<RunStatus>,
    /// Instances that are alive, hold claims, or died within the last day.
    pub instances: Vec<InstanceStatus>,
    /// The last five runs, the youngest first.
    pub last_runs: Vec<PastRun>,
    /// The schedules that the daemon has written down.
    pub schedules: Vec<ScheduleStatus>,
}

/// Users by status.
#[derive(Clone, Debug, Serialize)]
pub struct BacklogStatus {
    /// Waiting.
    pub new: u64,
    /// Being computed.
    pub pending: u64,
    /// Could not be done.
    pub failed: u64,
    /// By the planner's estimate; none before the first ANALYZE.
    pub completed_estimate: Option<u64>,
}

/// The switch that pauses every instance.
#[derive(Clone, Debug, Serialize)]
pub struct ControlStatus {
    /// Nobody claims.
    pub paused: bool,
    /// Why.
    pub reason: Option<String>,
    /// Who turned it last.
    pub changed_by: Option<String>,
    /// When.
    pub changed_at: Option<String>,
}

/// The open run.
#[derive(Clone, Debug, Serialize)]
pub struct RunStatus {
    /// Its id.
    pub run_id: String,
    /// `backfill`, `weekly`, `manual` or `scheduled`.
    pub kind: String,
    /// Who or what asked for it.
    pub opened_for: String,
    /// When it was opened.
    pub opened_at: String,
    /// Users to do.
    pub total: u64,
    /// Users completed, failed or taken back by the customer.
    pub done: u64,
    /// Users failed.
    pub failed: u64,
    /// Users a second over the last minute.
    pub users_per_second: f64,
    /// Seconds until it is done at that speed; none while nothing moves.
    pub eta_seconds: Option<u64>,
    /// Chunks in flight.
    pub open_claims: u64,
}

/// An instance.
#[derive(Clone, Debug, Serialize)]
pub struct InstanceStatus {
    /// Its id.
    pub instance_id: String,
    /// Host name.
    pub host: String,
    /// Process id there.
    pub process_id: i32,
    /// Version of the program.
    pub version: String,
    /// When it started.
    pub started_at: String,
    /// Whether its lease holds.
    pub alive: bool,
    /// Seconds until its lease ends; below zero: since it ended.
    pub lease_left_seconds: f64,
    /// Claims that it holds.
    pub open_claims: u64,
    /// Users in them that are not settled.
    pub users_held: u64,
    /// What its throttle holds back; none: nothing.
    pub throttle: Option<ThrottleStatus>,
}

/// An instance that its throttle does not let go at full speed.
#[derive(Clone, Debug, Serialize)]
pub struct ThrottleStatus {
    /// Share of its full speed, 0 (claims nobody) to 1.
    pub share: f64,
    /// Why.
    pub reason: Option<String>,
    /// Since when it has not been at full speed.
    pub since: Option<String>,
}

/// A run of the last ones.
#[derive(Clone, Debug, Serialize)]
pub struct PastRun {
    /// Its id.
    pub run_id: String,
    /// `backfill`, `weekly`, `manual` or `scheduled`.
    pub kind: String,
    /// `open`, `done`, `failed`, `cancelled` or `abandoned`.
    pub state: String,
    /// Who or what asked for it.
    pub opened_for: String,
    /// When it was opened.
    pub opened_at: String,
    /// When it was closed.
    pub closed_at: Option<String>,
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
#[derive(Clone, Debug, Serialize)]
pub struct ScheduleStatus {
    /// Its name.
    pub name: String,
    /// The last time that was due and dealt with.
    pub last_fire: Option<String>,
    /// What became of it: `opened`, `covered` or `missed`.
    pub last_outcome: Option<String>,
    /// The next time that will be due.
    pub next_fire: Option<String>,
}

/// Asks the database how things stand.
///
/// # Errors
/// It could not be asked.
pub async fn status(store: &AnyStore, config: &RunConfig) -> Result<Status, DatabaseError> {
    Ok(Status::of(store.overview().await?, config))
}

impl Status {
    fn of(seen: Overview, config: &RunConfig) -> Self {
        let ahead = clocks::ahead_of(seen.taken_at);
        let shut = seen.run.as_ref().and_then(|run| backfill_hours::of_run(&run.kind, config).shut());
        Self {
            taken_at: instant(seen.taken_at),
            clock_ahead_seconds: ahead.num_seconds(),
            clock_fault: clocks::fault(ahead),
            program_version: env!("CARGO_PKG_VERSION"),
            schema_version: seen.schema_version,
            source_table: seen.source_table,
            backlog: seen.backlog.map(|backlog| BacklogStatus {
                new: backlog.new,
                pending: backlog.pending,
                failed: backlog.failed,
                completed_estimate: backlog.completed_estimate,
            }),
            control: ControlStatus {
                paused: seen.switch.paused,
                reason: seen.switch.reason,
                changed_by: seen.switch.changed_by,
                changed_at: seen.switch.changed_at.map(instant),
            },
            waiting: shut.map(|shut| shut.reason.to_string()),
            run: seen.run.map(RunStatus::of),
            instances: seen.instances.into_iter().map(InstanceStatus::of).collect(),
            last_runs: seen.last_runs.into_iter().map(PastRun::of).collect(),
            schedules: seen.schedules.into_iter().map(ScheduleStatus::of).collect(),
        }
    }
}

impl RunStatus {
    fn of(run: OpenRun) -> Self {
        Self {
            run_id: run.run_id.to_string(),
            kind: run.kind,
            opened_for: run.opened_for,
            opened_at: instant(run.opened_at),
            total: run.total,
            done: run.done,
            failed: run.failed,
            users_per_second: (run.users_per_second * 10.0).round() / 10.0,
            eta_seconds: eta(run.done, run.total, run.users_per_second).map(|eta| eta.as_secs()),
            open_claims: run.open_claims,
        }
    }
}

impl InstanceStatus {
    fn of(instance: InstanceSeen) -> Self {
        Self {
            instance_id: instance.instance_id.to_string(),
            host: instance.host,
            process_id: instance.process_id,
            version: instance.version,
            started_at: instant(instance.started_at),
            alive: instance.alive,
            lease_left_seconds: instance.lease_left_seconds.round(),
            open_claims: instance.open_claims,
            users_held: instance.users_held,
            throttle: instance.throttled.map(ThrottleStatus::of),
        }
    }
}

impl ThrottleStatus {
    fn of(throttled: Throttled) -> Self {
        Self {
            share: (throttled.share * 1_000.0).round() / 1_000.0,
            reason: throttled.reason,
            since: throttled.since.map(instant),
        }
    }
}

impl PastRun {
    fn of(run: RunSeen) -> Self {
        Self {
            run_id: run.run_id.to_string(),
            kind: run.kind,
            state: run.state,
            opened_for: run.opened_for,
            opened_at: instant(run.opened_at),
            closed_at: run.closed_at.map(instant),
            seconds: (run.seconds * 1000.0).round() / 1000.0,
            completed: run.completed,
            failed: run.failed,
            reason: run.reason,
        }
    }
}

impl ScheduleStatus {
    fn of(schedule: ScheduleSeen) -> Self {
        Self {
            name: schedule.name,
            last_fire: schedule.last_fire.map(instant),
            last_outcome: schedule.last_outcome,
            next_fire: schedule.next_fire.map(instant),
        }
    }
}

fn instant(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
