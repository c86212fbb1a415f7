//! The views for the DBA: each says what it must while a run is on, and every column is explained in the database.

use cardgenius_testkit::{Gate, populate, until};

use crate::place::{backfill, migrate, migrated, on};
use crate::running::spawn;

const VIEWS: [&str; 5] = [
    "cardgenius_status",
    "cardgenius_progress",
    "cardgenius_stuck",
    "cardgenius_recent_runs",
    "cardgenius_slow_chunks",
];

#[tokio::test(flavor = "multi_thread")]
async fn each_view_says_in_the_middle_of_a_run_what_is_going_on() {
    let database = migrated();
    let client = database.connect().await;
    populate(&client, &database.tables, 600, 321).await;
    database.psql("UPDATE {{input}} SET avg_amazon_gmv = -1 WHERE user_id <= 'CK0000003'");
    for view in ["cardgenius_progress", "cardgenius_stuck", "cardgenius_recent_runs", "cardgenius_slow_chunks"] {
        assert_eq!(database.psql(&format!("SELECT count(*) FROM {view}")), "0", "{view} before the first run");
    }
    let gate = Gate::closed_from(database.connect().await, &database.tables, "CK0000301").await;
    let instance = spawn(backfill(&database, 20));
    gate.reached_by(2).await;
    let done = "SELECT count(*) FROM {{input}} WHERE processing_status IN ('completed', 'failed')";
    until("the first half", async || (database.psql(done) == "300").then_some(())).await;
    until("four chunks in flight", async || {
        (database.psql("SELECT claims_open FROM cardgenius_progress") == "4").then_some(())
    })
    .await;
    on(&database, &["pause", "--reason", "look"]).run().ended(0);

    let status =
        "SELECT users_new, users_pending, users_failed, paused, pause_reason, paused_by LIKE '%via cardgenius)',
        run_id IS NOT NULL, run_kind, instances_alive, claims_open, last_success_at IS NULL FROM cardgenius_status";
    assert_eq!(database.psql(status), "220|80|3|t|look|t|t|backfill|1|4|t");
    let progress = "SELECT kind, users_total, users_done, users_failed, percent, users_per_second > 0,
        time_left > interval '0', claims_open FROM cardgenius_progress";
    assert_eq!(database.psql(progress), "backfill|600|300|3|50.00|t|t|4");
    let recent = "SELECT kind, state, backlog, completed, failed, duration > interval '0', users_per_second > 0, closed_at IS NULL
        FROM cardgenius_recent_runs";
    assert_eq!(database.psql(recent), "backfill|open|600|297|3|t|t|t");
    let slow = "SELECT count(*), sum(users), bool_and(state = 'finished'), bool_and(host <> ''), bool_and(duration >= interval '0'),
        bool_and(first_user_id <= last_user_id) FROM cardgenius_slow_chunks";
    assert_eq!(database.psql(slow), "15|300|t|t|t|t");

    assert_eq!(database.psql("SELECT count(*) FROM cardgenius_stuck"), "0", "nothing is stuck");
    // Those at the gate hold their claims' rows locked; the last one waits for a session.
    let claim = "(SELECT claim_id FROM {{claims}} WHERE state = 'open' ORDER BY first_user_id DESC LIMIT 1)";
    database.psql(&format!(
        "UPDATE {{{{claims}}}} SET claimed_at = now() - interval '11 minutes' WHERE claim_id = {claim}"
    ));
    let stuck = "SELECT string_agg(concat_ws(':', what, users, host IS NOT NULL, what_to_do <> ''), ', ') FROM cardgenius_stuck";
    assert_eq!(database.psql(stuck), "old claim:20:t:t");
    gate.open().await;
    on(&database, &["resume"]).run().ended(0);
    instance.end().ended(3);
    assert_eq!(database.psql("SELECT count(*) FROM cardgenius_progress"), "0");
    let after =
        "SELECT run_id IS NULL, last_success_at IS NOT NULL, claims_open, instances_alive FROM cardgenius_status";
    assert_eq!(database.psql(after), "t|t|0|0");

    // What dead instances and other people's hands leave behind.
    database.psql("UPDATE {{input}} SET processing_status = 'pending', claim_id = NULL WHERE user_id = 'CK0000500'");
    database.psql("UPDATE {{claims}} SET state = 'open', closed_at = NULL WHERE first_user_id = 'CK0000501'");
    assert_eq!(
        database.psql("SELECT string_agg(what || ':' || users, ', ' ORDER BY what) FROM cardgenius_stuck"),
        "claim of a dead instance:0, pending users without a claim:1"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_view_and_every_column_of_it_is_explained_in_the_database_and_migrating_again_changes_nothing() {
    let database = migrated();
    migrate(&database);
    for view in VIEWS {
        let unexplained = format!(
            "SELECT count(*) FROM pg_attribute AS a WHERE a.attrelid = '{view}'::regclass AND a.attnum > 0
                 AND col_description(a.attrelid, a.attnum) IS NULL"
        );
        assert_eq!(database.psql(&unexplained), "0", "{view}");
        let own = format!("SELECT obj_description('{view}'::regclass, 'pg_class') LIKE 'CardGenius: %'");
        assert_eq!(database.psql(&own), "t", "{view}");
    }
    let spending = "SELECT count(*) FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
        WHERE c.relkind = 'v' AND c.relname LIKE 'cardgenius%' AND a.attname ~ 'gmv|amount|spend'";
    assert_eq!(database.psql(spending), "0", "no spending figure");
}
