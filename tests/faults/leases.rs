//! Leases that cannot be renewed, that all run out at once, and what is left by nobody: who may sweep, and who may write.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use cardgenius_embedded::PostgresOptions;
use cardgenius_testkit::{Fault, Proxy, TestServer, Trigger, until};

use crate::other_sessions::wait_for_a_lock;
use crate::place::SERVER;
use crate::program::holds_all;
use crate::running::spawn;
use crate::scene::{Charged, OUR_SESSIONS, Scene};

const USERS: i64 = 400;

/// Renewals wait for the instances' rows until this is rolled back; nothing else does.
const HOLD_LEASES: &str = "BEGIN; SELECT FROM cardgenius_instances FOR UPDATE";

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_cannot_renew_its_lease_starts_nothing_and_is_swept_by_another() {
    let scene = Scene::of(USERS, 341).await;
    let gate = scene.gate("CK0000101").await;
    let late = spawn(scene.start(20));
    gate.reached_by(2).await;
    scene.completed(100).await;
    until("four claims", async || (scene.claims("open") == 4).then_some(())).await;
    let dba = scene.source.connect().await;
    dba.batch_execute(HOLD_LEASES).await.unwrap();
    late.said("the lease could not be renewed; trying again");
    let over = "SELECT count(*) FROM cardgenius_instances WHERE lease_until < clock_timestamp()";
    until("the lease to be over", async || (scene.source.psql(over) == "1").then_some(())).await;
    // What was begun under the lease may still end; nobody has taken it away.
    gate.open().await;
    scene.completed(140).await;

    let other = spawn(scene.start(20));
    let answer = other.end().ended(0);
    holds_all(&answer.stderr, &[r#""claims":2,"returned":40"#]);
    let by_the_late_one = "SELECT count(*) FROM {{claims}} WHERE owner = (SELECT instance_id FROM cardgenius_instances
        ORDER BY started_at LIMIT 1)";
    assert_eq!(scene.source.psql(by_the_late_one), "9", "it claimed without a lease");
    dba.batch_execute("ROLLBACK").await.unwrap();
    let answer = late.end().ended(0);
    assert_eq!(answer.stderr.matches("claim lost").count(), 2, "{}", answer.stderr);
    assert_eq!(scene.all_completed().await, Charged { attempts: 0, crashes: 40 });
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_alone_whose_renewals_are_swallowed_starts_nothing_and_goes_on_when_they_get_through() {
    let scene = Scene::of(USERS, 346).await;
    let proxy = Arc::new(Proxy::before(SERVER.address()).await);
    let gate = scene.gate("CK0000101").await;
    let run = spawn(scene.start(20).variable("CARDGENIUS_SOURCE__URL", &proxy.url(&scene.source)));
    gate.reached_by(2).await;
    scene.completed(100).await;
    until("four claims", async || (scene.claims("open") == 4).then_some(())).await;
    let swallowed = Arc::new(AtomicU32::new(0));
    let (before, counted) = (proxy.clone(), swallowed.clone());
    let swallowing = tokio::spawn(async move {
        loop {
            before.arm(Trigger::Statement("held_since = CASE".into()), Fault::BlackHole);
            before.struck().await;
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    let over = "SELECT count(*) FROM cardgenius_instances WHERE lease_until < clock_timestamp()";
    until("the lease to be over", async || (scene.source.psql(over) == "1").then_some(())).await;
    gate.open().await;
    scene.completed(140).await;
    let so_far = swallowed.load(Ordering::Relaxed);
    until("two more renewals", async || (swallowed.load(Ordering::Relaxed) >= so_far + 2).then_some(())).await;
    assert_eq!(scene.audited().await.completed, 140, "a finish was started without a lease");
    assert_eq!(scene.claims("finished") + scene.claims("open"), 9, "a claim was made without a lease");
    swallowing.abort();
    proxy.heal();
    run.end().ended(0);
    assert_eq!(scene.claims("finished"), 20);
    scene.all_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn renewals_that_hang_do_not_leave_sessions_behind_that_fill_the_server() {
    let scene = Scene::of(USERS, 342).await;
    let gate = scene.gate("CK0000101").await;
    let run = spawn(scene.start(20));
    gate.reached_by(2).await;
    let dba = scene.source.connect().await;
    dba.batch_execute(HOLD_LEASES).await.unwrap();
    for _ in 0..4 {
        // A renewal that has just given up, and the next one.
        wait_for_a_lock(&scene.source, "%lease_until%", 1).await;
        let renewing = "SELECT max(query_start) FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%lease_until%'";
        let last = scene.source.psql(renewing);
        until("the next renewal", async || (scene.source.psql(renewing) > last).then_some(())).await;
    }
    let sessions: i64 = scene.source.psql(OUR_SESSIONS).parse().unwrap();
    dba.batch_execute("ROLLBACK").await.unwrap();
    gate.open().await;
    run.end().ended(0);
    // Five were promised; a hanging one may be told to end at this moment.
    assert!(sessions <= 6, "{sessions} sessions");
    scene.all_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_crash_of_the_server_that_outlasts_all_leases_nobody_sweeps_anybody_who_is_alive() {
    let server = TestServer::launch(PostgresOptions::for_tests());
    let scene = Scene::on(&server, USERS, 343).await;
    let gate = scene.gate("").await;
    let first = spawn(scene.start(20));
    gate.reached_by(2).await;
    // The second one takes its share of what one would take alone: half.
    let both = [first, spawn(scene.start(20))];
    gate.reached_by(3).await;
    until("six claims", async || (scene.claims("open") == 6).then_some(())).await;
    drop(gate);
    server.postgres.stop_immediate().unwrap();
    let stopped = std::time::Instant::now();
    for instance in &both {
        instance.said("the lease could not be renewed; trying again");
    }
    until("a lease's length to be over", async || (stopped.elapsed().as_millis() > 3_300).then_some(())).await;
    server.postgres.start().unwrap();
    for instance in both {
        instance.end().ended(0);
    }
    assert_eq!((scene.claims("swept"), scene.claims("returned")), (0, 0));
    scene.all_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_set_to_pending_by_hand_are_healed_while_a_run_is_under_way() {
    let mut scene = Scene::of(USERS, 344).await;
    let gate = scene.gate("CK0000381").await;
    let run = spawn(scene.start(20));
    gate.reached_by(1).await;
    scene.completed(380).await;
    // One with the link to its finished claim, one without any.
    scene.source.psql(
        "UPDATE {{input}} SET processing_status = 'pending' WHERE user_id = 'CK0000007';
         UPDATE {{input}} SET processing_status = 'pending', claim_id = NULL WHERE user_id = 'CK0000008'",
    );
    run.said(r#""healed":2"#);
    gate.open().await;
    run.end().ended(0);
    scene.done_again = 2;
    scene.all_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chunk_that_is_stuck_is_given_back_at_its_deadline_and_done_later() {
    let scene = Scene::of(60, 345).await;
    let gate = scene.gate("CK0000021").await;
    let start = scene
        .start(20)
        .variable("CARDGENIUS_LIMITS__LOAD_MS", "700")
        .variable("CARDGENIUS_LIMITS__STATEMENT_MS", "700")
        .variable("CARDGENIUS_PIPELINE__CHUNK_DEADLINE_MS", "1500")
        .variable("CARDGENIUS_RETRY__ATTEMPTS", "20");
    let run = spawn(start);
    gate.reached_by(2).await;
    until("both to be given back", async || (scene.claims("returned") >= 2).then_some(())).await;
    let longest = scene.source.psql(
        "SELECT max(closed_at - claimed_at) FILTER (WHERE state = 'returned') BETWEEN '1.4 s' AND '30 s' FROM {{claims}}",
    );
    assert_eq!(longest, "t");
    gate.open().await;
    run.end().ended(0);
    scene.all_completed().await;
}
