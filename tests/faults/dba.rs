//! A DBA's own sessions in the middle of a run: locks in another order, old snapshots, locks on whole tables, cancels.

use cardgenius_testkit::until;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::other_sessions::{cancel, wait_for_a_lock};
use crate::program::holds_all;
use crate::running::{Running, spawn};
use crate::scene::Scene;

/// Locks users one by one, the last one first.
const LOCK_DOWNWARDS: &str =
    "SELECT FROM user_spending_data WHERE user_id BETWEEN $1 AND $2 ORDER BY user_id DESC FOR UPDATE";

/// A finish that waits for one user of a DBA's and holds others, of whom the DBA wants all. Whoever of the two waits for its
/// limit first finds the deadlock; true if it was the DBA.
async fn deadlocked(ours_ms: u32, theirs_ms: u32, seed: i64) -> (Scene<'static>, Running, Client, bool) {
    let scene = Scene::of(20, seed).await;
    let name = &scene.source.name;
    scene.source.psql(&format!(r#"ALTER DATABASE "{name}" SET deadlock_timeout = {ours_ms}"#));
    let gate = scene.gate("").await;
    let dba = scene.source.connect().await;
    dba.batch_execute(&format!("SET deadlock_timeout = {theirs_ms}; BEGIN")).await.unwrap();
    let run = spawn(scene.start(20).variable("CARDGENIUS_LIMITS__LOCK_MS", "20000"));
    gate.reached_by(1).await;
    // Not the first one that the finish comes to, in whichever order it goes.
    let last = "SELECT user_id FROM user_spending_data WHERE user_id <> 'CK0000001' ORDER BY ctid DESC LIMIT 1";
    let last: String = dba.query_one(last, &[]).await.unwrap().get(0);
    dba.query(LOCK_DOWNWARDS, &[&last, &last]).await.unwrap();
    gate.open().await;
    wait_for_a_lock(&scene.source, "%UPDATE%completed%", 1).await;
    let victim = match dba.query(LOCK_DOWNWARDS, &[&"", &"D"]).await {
        Ok(_) => false,
        Err(error) if error.code() == Some(&SqlState::T_R_DEADLOCK_DETECTED) => true,
        Err(error) => panic!("{error}"),
    };
    (scene, run, dba, victim)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finish_that_falls_victim_to_a_deadlock_is_made_again_when_the_users_are_free() {
    let (scene, run, dba, they_were_the_victim) = deadlocked(2_000, 60_000, 311).await;
    assert!(!they_were_the_victim);
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    until("a deadlock to be counted", async || (scene.source.psql(deadlocks) == "1").then_some(())).await;
    assert!(scene.audited().await.completed < 20, "users were settled under a lock of the DBA's");
    dba.batch_execute("COMMIT").await.unwrap();
    run.end().ended(0);
    scene.all_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finish_goes_on_when_the_other_session_falls_victim_to_the_deadlock() {
    let (scene, run, dba, they_were_the_victim) = deadlocked(60_000, 100, 312).await;
    assert!(they_were_the_victim);
    dba.batch_execute("ROLLBACK").await.unwrap();
    run.end().ended(0);
    scene.all_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_locks_users_downwards_all_the_time_stops_nobody() {
    let scene = Scene::of(600, 313).await;
    let name = &scene.source.name;
    scene.source.psql(&format!(r#"ALTER DATABASE "{name}" SET deadlock_timeout = 5"#));
    let dba = scene.source.connect().await;
    let run = spawn(scene.start(30));
    run.said("opened a run");
    let mut rounds = 0;
    while scene.source.psql("SELECT state FROM {{runs}}") == "open" {
        dba.batch_execute("BEGIN").await.unwrap();
        let (from, to) = (format!("CK{:07}", 561 - 40 * (rounds % 15)), format!("CK{:07}", 600 - 40 * (rounds % 15)));
        let end = match dba.query(LOCK_DOWNWARDS, &[&from, &to]).await {
            Ok(_) => "COMMIT",
            Err(error) if error.code() == Some(&SqlState::T_R_DEADLOCK_DETECTED) => "ROLLBACK",
            Err(error) => panic!("{error}"),
        };
        dba.batch_execute(end).await.unwrap();
        rounds += 1;
    }
    run.end().ended(0);
    assert!(rounds > 1);
    // Whom the last claim could not have for the lock of that moment is left, said so, and done by the next run.
    scene.start(600).run().ended(0);
    scene.all_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_held_open_for_a_whole_run_sees_none_of_it_and_does_not_hold_it_up() {
    let mut scene = Scene::of(300, 314).await;
    let dba = scene.source.connect().await;
    let look = "SELECT (SELECT count(*) FROM user_spending_data WHERE processing_status = 'new'),
        (SELECT count(*) FROM card_recommendations)";
    dba.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ").await.unwrap();
    let before = dba.query_one(look, &[]).await.unwrap();
    scene.start(30).run().ended(0);
    scene.source.psql("UPDATE {{input}} SET processing_status = 'new' WHERE user_id <= 'CK0000100'");
    scene.start(30).run().ended(0);
    let after = dba.query_one(look, &[]).await.unwrap();
    for row in [&before, &after] {
        assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (300, 0));
    }
    // An update in it would be of users that have changed since.
    let update = "UPDATE user_spending_data SET avg_ajio_gmv = 1 WHERE user_id = 'CK0000001'";
    let error = dba.batch_execute(update).await.unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::T_R_SERIALIZATION_FAILURE));
    dba.batch_execute("ROLLBACK").await.unwrap();
    scene.done_again = 100;
    scene.all_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_left_for_a_lock_are_healed_and_done_by_the_same_run_while_it_is_under_way() {
    let scene = Scene::of(200, 315).await;
    let gate = scene.gate("").await;
    let dba = scene.source.connect().await;
    let run = spawn(scene.start(20).variable("CARDGENIUS_RUN__LOCKED_WAIT_MS", "100"));
    gate.reached_by(2).await;
    let lock =
        "BEGIN; SELECT FROM user_spending_data WHERE user_id IN ('CK0000003', 'CK0000004', 'CK0000025') FOR UPDATE";
    dba.batch_execute(lock).await.unwrap();
    // The last chunk keeps the run open, at the gate.
    gate.move_to("CK0000181").await;
    until("two chunks given back", async || (scene.claims("returned") == 2).then_some(())).await;
    scene.completed(177).await;
    assert_eq!(scene.source.psql("SELECT sum(left_locked), sum(returned) FROM {{claims}}"), "3|0");
    dba.batch_execute("ROLLBACK").await.unwrap();
    run.said(r#""healed":3"#);
    gate.open().await;
    let answer = run.end().ended(0);
    holds_all(&answer.stdout, &["(done)", "locked      3 users"]);
    scene.all_well().await;
}

/// A DBA who has the table of recommendations for himself until so many chunks were given back for it.
async fn table_taken_for(given_back: i64, seed: i64) {
    let scene = Scene::of(60, seed).await;
    let dba = scene.source.connect().await;
    dba.batch_execute("BEGIN; LOCK TABLE card_recommendations IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let start = scene.start(20).variable("CARDGENIUS_LIMITS__LOCK_MS", "20");
    let run = spawn(start.variable("CARDGENIUS_PIPELINE__MAX_PASSES", "2").variable("CARDGENIUS_RETRY__ATTEMPTS", "2"));
    run.said("opened a run");
    let enough = async || {
        let over = scene.source.psql("SELECT state FROM {{runs}}") != "open";
        (over || scene.claims("returned") >= given_back).then_some(())
    };
    until("chunks to be given back", enough).await;
    dba.batch_execute("ALTER TABLE card_recommendations SET (fillfactor = 90); COMMIT").await.unwrap();
    let answer = run.end().ended(0);
    holds_all(&answer.stderr, &["lock timeout", "finishing failed; trying again"]);
    assert!(!answer.stdout.contains("\nleft "), "{}", answer.stdout);
    scene.all_completed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_locked_as_a_whole_for_a_moment_is_waited_for() {
    table_taken_for(1, 316).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_locked_as_a_whole_for_longer_than_all_passes_take_leaves_nobody_undone_by_the_run() {
    table_taken_for(9, 317).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_users_locked_as_a_whole_in_the_middle_of_loads_is_waited_for() {
    let scene = Scene::of(200, 319).await;
    let gate = scene.gate("CK0000101").await;
    let run = spawn(scene.start(20).variable("CARDGENIUS_LIMITS__LOCK_MS", "20"));
    gate.reached_by(2).await;
    scene.completed(100).await;
    let dba = scene.source.connect().await;
    dba.batch_execute("BEGIN; LOCK TABLE user_spending_data IN ACCESS EXCLUSIVE MODE").await.unwrap();
    gate.open().await;
    run.said("finishing failed; trying again");
    run.said("could not give a chunk back; trying again");
    dba.batch_execute("COMMIT").await.unwrap();
    run.end().ended(0);
    scene.all_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_rewritten_again_and_again_under_a_run_lose_and_double_nobody() {
    let scene = Scene::of(1_000, 320).await;
    let dba = scene.source.connect().await;
    let run = spawn(scene.start(50));
    run.said("opened a run");
    let mut rewritten = 0;
    while scene.source.psql("SELECT state FROM {{runs}}") == "open" {
        for table in ["card_recommendations", "user_spending_data"] {
            dba.batch_execute(&format!("VACUUM FULL {table}")).await.unwrap();
            rewritten += 1;
        }
    }
    run.end().ended(0);
    assert!(rewritten > 2, "the run was over too early");
    scene.all_completed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_that_a_dba_cancels_again_and_again_are_made_again() {
    let scene = Scene::of(200, 318).await;
    let gate = scene.gate("").await;
    let dba = scene.source.connect().await;
    let run = spawn(scene.start(20));
    for round in 1..=5 {
        gate.reached_by(2).await;
        cancel(&dba).await;
        run.said_times("finishing failed", 2 * round);
    }
    gate.open().await;
    let answer = run.end().ended(0);
    holds_all(&answer.stderr, &["57014", "giving the chunk back"]);
    scene.all_completed().await;
}
