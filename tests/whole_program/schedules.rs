//! Runs that the daemon opens by itself, with several instances, after silence, beside other runs, with a faulty catalogue.

use cardgenius_testkit::{Counts, Database, Gate, populate, until};

use crate::comparison::assert_as_the_oracle_says;
use crate::daemon::{Daemon, start};
use crate::place::{audited, backfill, claimed_by, migrated};
use crate::program::Start;
use crate::running::spawn;

/// A daily expression whose last time was an hour ago by the database's clock, in UTC.
fn an_hour_ago(database: &Database<'_>) -> String {
    database.psql("SELECT to_char((now() - interval '1 hour') AT TIME ZONE 'UTC', 'FMMI FMHH24 * * *')")
}

/// As if the schedule had last been looked at so long ago.
fn last_looked_at(database: &Database<'_>, name: &str, ago: &str) {
    let row = format!(
        "INSERT INTO cardgenius_schedule (source_table, name, decided_until)
         VALUES ('public.user_spending_data', '{name}', now() - interval '{ago}')"
    );
    database.psql(&row);
}

fn with_schedule(database: &Database<'_>, cron: &str) -> Start {
    start(database).variable("CARDGENIUS_SCHEDULE__CRON", cron).variable("CARDGENIUS_SCHEDULE__TIME_ZONE", "UTC")
}

fn fires(database: &Database<'_>) -> String {
    database.psql("SELECT name, outcome, count(*) FROM cardgenius_fires GROUP BY 1, 2 ORDER BY 1, 2")
}

async fn the_run_is_over(database: &Database<'_>) {
    let look = "SELECT count(*) = 0 FROM {{runs}} WHERE state = 'open'";
    until("the run's end", async || (database.psql(look) == "t").then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_instances_one_opens_the_run_that_is_due_and_both_take_part() {
    let database = migrated();
    let client = database.connect().await;
    populate(&client, &database.tables, 600, 401).await;
    let cron = an_hour_ago(&database);
    last_looked_at(&database, "weekly", "90 minutes");
    let gate = Gate::closed_from(database.connect().await, &database.tables, "").await;
    let (one, other) = (Daemon::ready(with_schedule(&database, &cron)), Daemon::ready(with_schedule(&database, &cron)));
    claimed_by(&database, 2).await;
    gate.open().await;
    the_run_is_over(&database).await;
    one.running.said("run over");
    other.running.said("run over");
    let opened = [&one, &other].map(|daemon| daemon.running.times_said("due: opened a run"));
    assert_eq!(opened.iter().sum::<usize>(), 1, "{opened:?}");
    assert_eq!(audited(&database).await, Counts::all_completed(600));
    assert_as_the_oracle_says(&database, 60).await;
    let run = "SELECT kind, opened_for, r.state, scheduled_for = (SELECT fire_at FROM cardgenius_fires), count(DISTINCT c.owner)
               FROM {{runs}} AS r JOIN {{claims}} AS c USING (run_id) GROUP BY 1, 2, 3, 4";
    assert_eq!(database.psql(run), "weekly|weekly|done|t|2");
    assert_eq!(fires(&database), "weekly|opened|1");
    one.stop();
    other.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_that_becomes_due_while_two_are_up_opens_one_run_and_both_live_on() {
    let database = migrated();
    populate(&database.connect().await, &database.tables, 400, 407).await;
    let cron = an_hour_ago(&database);
    last_looked_at(&database, "weekly", "0 seconds");
    let gate = Gate::closed_from(database.connect().await, &database.tables, "").await;
    let (one, other) = (Daemon::ready(with_schedule(&database, &cron)), Daemon::ready(with_schedule(&database, &cron)));
    for daemon in [&one, &other] {
        // It has looked.
        let next = "cardgenius_schedule_next_fire_timestamp_seconds{schedule=\"weekly\"} 1";
        daemon.shows("/metrics", 200, next).await;
    }
    assert_eq!(database.psql("SELECT count(*) FROM {{runs}}") + &fires(&database), "0");
    database.psql("UPDATE cardgenius_schedule SET decided_until = now() - interval '90 minutes'");
    claimed_by(&database, 2).await;
    gate.open().await;
    the_run_is_over(&database).await;
    for daemon in [&one, &other] {
        daemon.running.said("run over");
        assert_eq!(daemon.page("/livez"), (200, "ok\n".to_owned()));
    }
    let opened = [&one, &other].map(|daemon| daemon.running.times_said("due: opened a run"));
    assert_eq!(opened.iter().sum::<usize>(), 1, "{opened:?}");
    one.stop();
    other.stop();
    assert_eq!(fires(&database), "weekly|opened|1");
    assert_eq!(database.psql("SELECT count(*), min(kind), min(state) FROM {{runs}}"), "1|weekly|done");
    assert_eq!(database.psql("SELECT decided_until > now() - interval '10 minutes' FROM cardgenius_schedule"), "t");
    assert_eq!(database.psql("SELECT sum(completed) FROM {{claims}}"), "400");
    assert_eq!(audited(&database).await, Counts::all_completed(400));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_days_of_silence_the_latest_time_is_made_up_for_once_and_the_others_are_recorded_as_missed() {
    let database = migrated();
    populate(&database.connect().await, &database.tables, 100, 402).await;
    let cron = an_hour_ago(&database);
    last_looked_at(&database, "weekly", "9 days 90 minutes");
    let daemon = Daemon::ready(with_schedule(&database, &cron));
    daemon.running.said("run over");
    daemon.running.kill();
    // Nor again after a restart.
    let again = Daemon::ready(with_schedule(&database, &cron));
    again.shows("/metrics", 200, "cardgenius_schedule_next_fire_timestamp_seconds{schedule=\"weekly\"} 1").await;
    assert_eq!(fires(&database), "weekly|missed|9\nweekly|opened|1");
    assert_eq!(database.psql("SELECT count(*) FROM {{runs}}"), "1");
    assert_eq!(audited(&database).await, Counts::all_completed(100));
    let next = "SELECT next_fire > now() AND next_fire < now() + interval '1 day' AND decided_until > now() - interval '1 hour'
                FROM cardgenius_schedule";
    assert_eq!(database.psql(next), "t");
    again.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_that_is_too_long_ago_is_missed_and_opens_nothing() {
    let database = migrated();
    populate(&database.connect().await, &database.tables, 20, 403).await;
    let cron = an_hour_ago(&database);
    last_looked_at(&database, "weekly", "90 minutes");
    let strict = with_schedule(&database, &cron).variable("CARDGENIUS_SCHEDULE__MAX_LATENESS_MS", "1800000");
    let daemon = Daemon::ready(strict);
    daemon.running.said("too late for it now");
    assert_eq!(fires(&database), "weekly|missed|1");
    daemon.shows("/metrics", 200, "cardgenius_schedule_fires_total{outcome=\"missed\",schedule=\"weekly\"} 1").await;
    daemon.stop();
    assert_eq!(database.psql("SELECT count(*) FROM {{runs}}"), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_that_comes_while_a_run_is_open_is_covered_by_it() {
    let database = migrated();
    populate(&database.connect().await, &database.tables, 200, 404).await;
    let gate = Gate::closed_from(database.connect().await, &database.tables, "").await;
    let by_hand = spawn(backfill(&database, 20));
    gate.reached_by(2).await;
    let cron = an_hour_ago(&database);
    last_looked_at(&database, "weekly", "90 minutes");
    let daemon = Daemon::ready(with_schedule(&database, &cron));
    daemon.running.said("covered by the open run");
    daemon.running.said("joined the open run");
    gate.open().await;
    by_hand.end().ended(0);
    daemon.running.said("run over");
    daemon.stop();
    let fire = "SELECT outcome, f.run_id = r.run_id, kind FROM cardgenius_fires AS f, {{runs}} AS r";
    assert_eq!(database.psql(fire), "covered|t|backfill");
    assert_eq!(audited(&database).await, Counts::all_completed(200));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_faulty_catalogue_nothing_runs_until_it_is_mended_and_then_the_time_is_made_up_for() {
    let database = migrated();
    populate(&database.connect().await, &database.tables, 60, 405).await;
    let cron = an_hour_ago(&database);
    last_looked_at(&database, "weekly", "90 minutes");
    let start = with_schedule(&database, &cron);
    let path = start.write("cards.json", "{\"cards\": 7}");
    let daemon = Daemon::ready(start.variable("CARDGENIUS_CATALOG__PATH", path.to_str().unwrap()));
    daemon.running.said("no run can be opened");
    daemon.running.said("no sound catalogue to run with");
    daemon.shows("/readyz", 503, "failing catalogue").await;
    daemon.shows("/metrics", 200, "\ncardgenius_catalogue_refused 1").await;
    assert_eq!(database.psql("SELECT count(*) FROM {{runs}}") + &fires(&database), "0");
    std::fs::write(&path, include_str!("../../catalog/cards.json")).unwrap();
    daemon.running.said("run over");
    daemon.shows("/readyz", 200, "ok      catalogue").await;
    daemon.shows("/metrics", 200, "\ncardgenius_catalogue_refused 0").await;
    assert_eq!(fires(&database), "weekly|opened|1");
    assert_eq!(audited(&database).await, Counts::all_completed(60));
    daemon.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn further_schedules_have_runs_of_their_own_and_a_limit_holds_over_all_instances() {
    let database = migrated();
    populate(&database.connect().await, &database.tables, 500, 406).await;
    let cron = an_hour_ago(&database);
    last_looked_at(&database, "nightly", "90 minutes");
    let further = format!("[{{ name = \"nightly\", cron = \"{cron}\", time_zone = \"UTC\", max_users = 130 }}]");
    let start = || {
        start(&database)
            .variable("CARDGENIUS_SCHEDULE__ENABLED", "false")
            .variable("CARDGENIUS_SCHEDULE__FURTHER", &further)
            .variable("CARDGENIUS_PIPELINE__CHUNK_ROWS", "7")
    };
    let (one, other) = (Daemon::ready(start()), Daemon::ready(start()));
    let opened = "SELECT count(*) = 1 FROM {{runs}} WHERE state = 'done'";
    until("the nightly run", async || (database.psql(opened) == "t").then_some(())).await;
    one.stop();
    other.stop();
    let run = database.psql("SELECT kind, opened_for, max_users, users_left, reason FROM {{runs}}");
    assert_eq!(run, "scheduled|nightly|130|370|limited to 130 users");
    assert_eq!(fires(&database), "nightly|opened|1");
    let counts = audited(&database).await;
    assert_eq!((counts.completed, counts.new, counts.pending), (130, 370, 0), "{counts:?}");
}
