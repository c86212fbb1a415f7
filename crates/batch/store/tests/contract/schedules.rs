//! Schedules: of all who see the same time due one deals with it, and what is written down of it stays.

use std::sync::Mutex;
use std::time::Duration;

use cardgenius_failure::error::{DatabaseError, ErrorKind};
use cardgenius_pipeline::ports::{RunRequest, RunState, Store};
use cardgenius_store::config::CallLimits;
use cardgenius_store::protocol::{SqlStore, Tending};
use cardgenius_store::schedule::{Decision, Fired, LockedSchedule, Tended};
use cardgenius_store::server::Server;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::backend::{Backend, Database, Session};
use crate::world::{World, patient, quick, run_request, text, users};

const NAME: &str = "weekly";

const HOUR: u32 = 3600;

/// Four times: three, two and one hour ago, and in an hour.
async fn times<B: Backend>(world: &World<B>) -> [DateTime<Utc>; 4] {
    let now = B::Source::epoch(&world.ago(0));
    let now: i64 = world.value(&format!("SELECT {now}")).await.parse().unwrap();
    [-3, -2, -1, 1].map(|hours| DateTime::from_timestamp(now, 0).unwrap() + TimeDelta::hours(hours))
}

/// As if somebody had last dealt with the schedule so long ago.
async fn last_looked_at<B: Backend>(world: &World<B>, seconds: u32) {
    let row = format!(
        "INSERT INTO cardgenius_schedule (source_table, name, decided_until)
         VALUES ('{}', '{NAME}', {})",
        world.source_table(),
        world.ago(seconds)
    );
    world.run(&row).await;
}

/// What the daemon would decide of these times, if it is never too late.
fn decide(times: &[DateTime<Utc>], locked: &LockedSchedule) -> Decision {
    let is_passed = |time: &DateTime<Utc>| *time > locked.decided_until && *time <= locked.now;
    let mut passed = times.to_vec();
    passed.retain(|time| is_passed(time) && !locked.settled.contains(time));
    let next = times.iter().copied().find(|time| *time > locked.now);
    Decision { due: passed.pop(), missed: passed, next }
}

async fn tend_by<S: Server, T: Server>(
    store: &SqlStore<S, T>,
    decide: &(dyn Fn(&LockedSchedule) -> Decision + Send + Sync),
    request: Option<&RunRequest>,
) -> Result<Tended, DatabaseError> {
    let abandon_after = Duration::from_secs(u64::from(24 * HOUR));
    store.tend(&Tending { name: NAME, decide, request, refresh: TimeDelta::hours(1), abandon_after }).await
}

async fn tend<S: Server, T: Server>(
    store: &SqlStore<S, T>,
    times: &[DateTime<Utc>],
    request: Option<&RunRequest>,
) -> Result<Tended, DatabaseError> {
    tend_by(store, &|locked| decide(times, locked), request).await
}

/// The outcomes in the order of their times, and how many of them name a run.
async fn fires<B: Backend>(world: &World<B>) -> String {
    let sql = format!(
        "SELECT outcome, run_id FROM cardgenius_fires WHERE name = 'weekly' AND source_table = '{}' ORDER BY fire_at",
        world.source_table()
    );
    let rows = world.source.rows(&sql).await;
    let outcomes: Vec<String> = rows.iter().map(|row| text(row, 0)).collect();
    format!("{}, {}", outcomes.join(" "), rows.iter().filter(|row| row[1].is_some()).count())
}

/// A fire's whole row.
async fn fire_at<B: Backend>(world: &World<B>, time: DateTime<Utc>) -> String {
    let time = B::Source::moment(time);
    let rows = world.source.rows(&format!("SELECT * FROM cardgenius_fires WHERE fire_at = {time}")).await;
    format!("{rows:?}")
}

/// The schedule's last and next fire, and whether everything until this time was dealt with, and nothing after it.
async fn row<B: Backend>(world: &World<B>, decided_until: DateTime<Utc>) -> String {
    let sql = format!(
        "SELECT concat_ws(' ', {}, {}, CASE WHEN decided_until = {} THEN 't' ELSE 'f' END)
         FROM cardgenius_schedule WHERE name = '{NAME}'",
        seconds_of::<B>("last_fire"),
        seconds_of::<B>("next_fire"),
        B::Source::moment(decided_until)
    );
    world.value(&sql).await
}

/// A column's whole seconds as text, or `never`.
fn seconds_of<B: Backend>(column: &str) -> String {
    format!("CASE WHEN {column} IS NULL THEN 'never' ELSE concat('', {}) END", B::Source::epoch(column))
}

pub async fn of_eight_that_see_a_time_due_at_once_one_opens_a_run<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(3)).await;
    last_looked_at(&world, 4 * HOUR).await;
    let times = times(&world).await;
    let mut tending = JoinSet::new();
    for _ in 0..8 {
        let instance = world.instance_with(Uuid::new_v4(), patient());
        tending.spawn(async move { tend(&instance.store, &times, Some(&run_request())).await.unwrap() });
    }
    let tended = tending.join_all().await;
    let fired: Vec<_> = tended.iter().filter_map(|tended| tended.fired.as_ref()).collect();
    let [(time, Fired::Opened(run))] = &fired[..] else { panic!("{fired:?}") };
    assert_eq!((*time, run.backlog, run.opened_here), (times[2], 3, true));
    let missed: Vec<_> = tended.iter().flat_map(|tended| &tended.missed).collect();
    assert_eq!(missed, [&times[0], &times[1]], "by one of them, once each");
    assert_eq!(fires(&world).await, "missed missed opened, 1");
    let sql = format!("SELECT run_id, {} FROM cardgenius_runs", B::Source::epoch("scheduled_for"));
    let opened = [Some(run.run_id.to_string()), Some(times[2].timestamp().to_string())];
    assert_eq!(world.source.rows(&sql).await, [opened]);
    let lately = format!("SELECT count(*) FROM cardgenius_schedule WHERE decided_until > {}", world.ago(600));
    assert_eq!(world.value(&lately).await, "1");
    let told = format!("{} {} f", times[2].timestamp(), times[3].timestamp());
    assert_eq!(row(&world, times[2]).await, told);
}

pub async fn a_schedule_that_eight_see_for_the_first_time_makes_up_for_nothing<B: Backend>() {
    let world = World::<B>::fresh().await;
    let times = times(&world).await;
    let mut tending = JoinSet::new();
    for _ in 0..8 {
        let instance = world.instance_with(Uuid::new_v4(), patient());
        tending.spawn(async move { tend(&instance.store, &times, Some(&run_request())).await.unwrap() });
    }
    for tended in tending.join_all().await {
        assert!(tended.fired.is_none() && tended.missed.is_empty(), "{tended:?}");
    }
    assert_eq!(fires(&world).await, ", 0");
    assert_eq!(world.value("SELECT count(*) FROM cardgenius_runs").await, "0");
    assert_eq!(world.value("SELECT count(*) FROM cardgenius_schedule").await, "1");
    assert_eq!(row(&world, times[2]).await, format!("never {} f", times[3].timestamp()));
}

pub async fn whoever_cannot_have_the_schedules_row_is_told_so_and_the_time_stays_due<B: Backend>() {
    let world = World::<B>::fresh().await;
    last_looked_at(&world, 4 * HOUR).await;
    let times = times(&world).await;
    let instance = world.instance_with(Uuid::new_v4(), CallLimits { lock: Duration::from_millis(50), ..quick() });
    let holder = world.backend.source().session().await;
    holder.rows("BEGIN; SELECT name FROM cardgenius_schedule FOR UPDATE").await;
    let error = tend(&instance.store, &times, Some(&run_request())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Contention, "{error}");
    World::<B>::let_go(holder).await;
    assert_eq!(fires(&world).await, ", 0");
    let tended = tend(&instance.store, &times, Some(&run_request())).await.unwrap();
    assert!(matches!(tended.fired, Some((_, Fired::Opened(_)))), "{tended:?}");
    assert_eq!(fires(&world).await, "missed missed opened, 1");
}

pub async fn a_time_without_a_sound_catalogue_stays_due_and_those_before_it_are_missed_once<B: Backend>() {
    let world = World::<B>::fresh().await;
    last_looked_at(&world, 4 * HOUR).await;
    let before = "SELECT decided_until FROM cardgenius_schedule";
    let decided = world.value(before).await;
    let times = times(&world).await;
    let instance = world.instance().await;
    let tended = tend(&instance.store, &times[2..], None).await.unwrap();
    assert!(matches!(tended.fired, Some((time, Fired::Waiting)) if time == times[2]), "{tended:?}");
    assert_eq!(world.value(before).await, decided, "nothing was dealt with");
    assert_eq!(fires(&world).await, ", 0");
    for missed in [&times[..2], &[]] {
        let tended = tend(&instance.store, &times, None).await.unwrap();
        assert!(matches!(tended.fired, Some((time, Fired::Waiting)) if time == times[2]), "{tended:?}");
        assert_eq!(tended.missed, missed);
        assert_eq!(fires(&world).await, "missed missed, 0");
        assert_eq!(row(&world, times[1]).await, format!("never {} t", times[3].timestamp()));
    }
    assert_eq!(world.value("SELECT count(*) FROM cardgenius_runs").await, "0");
    let other = world.instance().await;
    let tended = tend(&other.store, &times, Some(&run_request())).await.unwrap();
    assert!(matches!(tended.fired, Some((time, Fired::Opened(_))) if time == times[2]), "{tended:?}");
    assert_eq!(fires(&world).await, "missed missed opened, 1");
    let told = format!("{} {} f", times[2].timestamp(), times[3].timestamp());
    assert_eq!(row(&world, times[2]).await, told);
}

pub async fn what_was_missed_may_be_opened_and_what_was_opened_or_covered_stays_so<B: Backend>() {
    let world = World::<B>::fresh().await;
    last_looked_at(&world, 4 * HOUR).await;
    let times = times(&world).await;
    let instance = world.instance().await;
    let missed = async |times: &[DateTime<Utc>]| {
        let decide = |_: &LockedSchedule| Decision { missed: times.to_vec(), ..Decision::default() };
        tend_by(&instance.store, &decide, None).await.unwrap()
    };
    let request = run_request();
    let due = async |time: DateTime<Utc>| {
        let decide = |_: &LockedSchedule| Decision { due: Some(time), ..Decision::default() };
        tend_by(&instance.store, &decide, Some(&request)).await.unwrap().fired.unwrap().1
    };
    missed(&times[..2]).await;
    missed(&times[..2]).await;
    assert_eq!(fires(&world).await, "missed missed, 0");
    let Fired::Opened(run) = due(times[0]).await else { panic!("it opens a run") };
    let Fired::Covered(by) = due(times[1]).await else { panic!("the open run covers it") };
    assert_eq!(by.run_id, run.run_id);
    assert_eq!(fires(&world).await, "opened covered, 2");
    let settled = [fire_at(&world, times[0]).await, fire_at(&world, times[1]).await];
    missed(&times[..2]).await;
    assert!(matches!(due(times[0]).await, Fired::Covered(_)));
    instance.store.close_run(run.run_id, RunState::Done, None).await.unwrap();
    missed(&times[..3]).await;
    assert_eq!([fire_at(&world, times[0]).await, fire_at(&world, times[1]).await], settled);
    // Who decides, by a clock that was set back, is told of them, and not of what was missed.
    world.run(&format!("UPDATE cardgenius_schedule SET decided_until = {}", B::Source::moment(times[0]))).await;
    let seen = Mutex::new(Vec::new());
    let look = |locked: &LockedSchedule| {
        seen.lock().unwrap().extend(locked.settled.iter().copied());
        Decision::default()
    };
    tend_by(&instance.store, &look, None).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), times[..2]);
    assert_eq!(fires(&world).await, "opened covered missed, 2");
}
