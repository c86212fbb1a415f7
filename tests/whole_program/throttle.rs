//! A good guest: while the database cannot keep up the program slows and pauses by itself, says why wherever people look, and
//! goes on by itself.

use std::time::Duration;

use cardgenius_embedded::PostgresOptions;
use cardgenius_testkit::{Counts, Database, Standby, TestServer, populate, until};
use serde_json::Value as Json;

use crate::place::{audited, backfill, migrated, migrated_on, on};
use crate::program::{Start, holds_all};
use crate::running::spawn;

/// Slows after one second of lag and pauses after three; looks ten times a second.
fn watched(start: Start) -> Start {
    start
        .variable("CARDGENIUS_THROTTLE__LOOK_MS", "100")
        .variable("CARDGENIUS_THROTTLE__REPLICA_LAG_SLOW_MS", "1000")
        .variable("CARDGENIUS_THROTTLE__REPLICA_LAG_PAUSE_MS", "3000")
}

async fn claims(database: &Database<'_>) -> (i64, i64) {
    let sql = database.tables.render("SELECT count(*), count(*) FILTER (WHERE state = 'open') FROM {{claims}}");
    let row = database.connect().await.query_one(&sql, &[]).await.unwrap();
    (row.get(0), row.get(1))
}

fn json_status(database: &Database<'_>) -> Json {
    serde_json::from_str(&on(database, &["status", "--json"]).run().ended(0).stdout).unwrap()
}

/// Nobody is claimed any more, for as long as one can tell.
async fn nobody_is_claimed(database: &Database<'_>) {
    until("the chunks in flight to be done", async || (claims(database).await.1 == 0).then_some(())).await;
    let before = claims(database).await;
    // That nothing happens sends no signal.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(claims(database).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_lag_that_rises_the_rate_falls_to_zero_and_it_comes_back_with_the_standby() {
    const USERS: i64 = 60_000;
    let server = TestServer::launch(PostgresOptions::for_tests());
    let database = migrated_on(&server);
    let standby = Standby::of(&server.postgres, "reports");
    populate(&database.connect().await, &database.tables, USERS, 601).await;
    let run = spawn(watched(backfill(&database, 100)));
    until("the run to be on its way", async || (claims(&database).await.0 > 3).then_some(())).await;
    standby.pause();
    run.said("throttled: claiming nobody");
    holds_all(&run.said_line("throttled: claiming nobody"), &["replica", "(standby reports)", "throttle.replica_"]);
    nobody_is_claimed(&database).await;
    let done = database.psql("SELECT count(*) FROM {{input}} WHERE processing_status = 'completed'");
    assert!((100..USERS).contains(&done.parse::<i64>().unwrap()), "{done} of {USERS}");
    holds_all(&on(&database, &["status"]).run().ended(0).stdout, &["throttle", "paused: replica", "standby reports"]);
    let throttle = &json_status(&database)["instances"][0]["throttle"];
    assert_eq!(throttle["share"], 0.0, "{throttle}");
    assert!(throttle["since"].is_string() && throttle["reason"].as_str().unwrap().contains("reports"), "{throttle}");
    let view = "SELECT instances_throttled, throttle_reason LIKE 'replica%' FROM cardgenius_status";
    assert_eq!(database.psql(view), "1|t");
    standby.resume();
    run.said("not throttled any more");
    let answer = run.end().ended(0);
    holds_all(&answer.stdout, &["(done)", "completed   60,000 users"]);
    assert_eq!(audited(&database).await, Counts::all_completed(60_000));
    assert_eq!(database.psql("SELECT count(*) FROM cardgenius_instances WHERE throttle_share IS NOT NULL"), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dbas_own_query_stops_a_run_before_its_first_user_and_lets_it_go_on() {
    let database = migrated();
    populate(&database.connect().await, &database.tables, 300, 602).await;
    database.psql("CREATE TABLE busy AS SELECT true AS stop");
    let run =
        spawn(watched(backfill(&database, 20)).variable("CARDGENIUS_THROTTLE__STOP_QUERY", "SELECT stop FROM busy"));
    holds_all(&run.said_line("throttled: claiming nobody"), &["throttle.stop_query says stop"]);
    nobody_is_claimed(&database).await;
    assert_eq!(claims(&database).await.0, 0);
    database.psql("DROP TABLE busy");
    let lost = async || {
        let throttle = json_status(&database)["instances"][0]["throttle"].clone();
        throttle["reason"].as_str().unwrap_or_default().contains("is taken for a stop").then_some(())
    };
    until("a query that fails to be taken for a stop", lost).await;
    database.psql("CREATE TABLE busy AS SELECT false AS stop");
    run.end().ended(0);
    assert_eq!(audited(&database).await, Counts::all_completed(300));
}

#[test]
fn a_query_that_cannot_be_asked_is_refused_by_name_before_anything_is_done() {
    let database = migrated();
    for (query, fault) in [("SELECT nothing", "nothing"), ("SELECT 1", "must return a boolean")] {
        for arguments in [&["check"][..], &["--backfill"]] {
            let start = on(&database, arguments).variable("CARDGENIUS_THROTTLE__STOP_QUERY", query);
            holds_all(&start.run().ended(64).stderr, &["refused (bad-stop-query)", "throttle.stop_query", fault]);
        }
    }
    let off = on(&database, &["check"]).variable("CARDGENIUS_THROTTLE__STOP_QUERY", "SELECT nothing");
    off.variable("CARDGENIUS_THROTTLE__ENABLED", "false").run().ended(0);
}
