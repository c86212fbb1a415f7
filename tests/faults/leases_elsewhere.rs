//! On MariaDB: leases that cannot be renewed, what is left by nobody, and instances that are frozen past their lease.

use cardgenius_embedded::MariadbOptions;
use cardgenius_testkit::{MariadbServer, until};
use mysql_async::prelude::Queryable;
use nix::sys::signal::Signal;

use crate::program::holds_all;
use crate::running::spawn;
use crate::scene_elsewhere::Elsewhere;

const USERS: i64 = 400;

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_on_mariadb_that_cannot_renew_its_lease_starts_nothing_and_is_swept_by_another() {
    let scene = Elsewhere::of(USERS, 421).await;
    let mut gate = scene.gate("CK0000101").await;
    let late = spawn(scene.start(20));
    gate.reached_by(2).await;
    scene.completed(100).await;
    until("four claims", async || (scene.claims("open") == 4).then_some(())).await;
    let mut dba = scene.database().connect().await;
    // Rows alone: at the server's own level it would lock the gaps as well, and nobody could register.
    dba.query_drop("SET TRANSACTION ISOLATION LEVEL READ COMMITTED").await.unwrap();
    dba.query_drop("START TRANSACTION").await.unwrap();
    dba.query_drop("SELECT * FROM cardgenius_instances FOR UPDATE").await.unwrap();
    late.said("the lease could not be renewed; trying again");
    let over = "SELECT count(*) FROM cardgenius_instances WHERE lease_until < UTC_TIMESTAMP(6)";
    scene.until("the lease to be over", over).await;
    // What was begun under the lease may still end; nobody has taken it away.
    gate.open().await;
    scene.completed(140).await;

    let other = spawn(scene.start(20));
    let answer = other.end().ended(0);
    holds_all(&answer.stderr, &[r#""claims":2,"returned":40"#]);
    let by_the_late_one = "SELECT count(*) FROM {{claims}} WHERE owner = (SELECT instance_id FROM cardgenius_instances
        ORDER BY started_at LIMIT 1)";
    assert_eq!(scene.ask(by_the_late_one), "9", "it claimed without a lease");
    dba.query_drop("ROLLBACK").await.unwrap();
    let answer = late.end().ended(0);
    assert_eq!(answer.stderr.matches("claim lost").count(), 2, "{}", answer.stderr);
    scene.all_completed();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_frozen_past_its_lease_on_mariadb_is_swept_and_writes_nothing_when_it_goes_on() {
    let scene = Elsewhere::of(USERS, 422).await;
    let mut gate = scene.gate("CK0000101").await;
    let late = spawn(scene.start(20));
    gate.reached_by(2).await;
    scene.completed(100).await;
    until("four claims", async || (scene.claims("open") == 4).then_some(())).await;
    late.signal(Signal::SIGSTOP);
    let other = spawn(scene.start(20));
    other.said("swept what dead instances had left");
    assert_eq!(scene.claims("swept"), 4);
    gate.open().await;
    let answer = other.end().ended(0);
    holds_all(&answer.stderr, &["joined the open run", r#""claims":4,"returned":80"#]);
    assert!(!answer.stderr.contains(r#""sessions_ended":0"#), "{}", answer.stderr);
    let users =
        "SELECT concat_ws('|', user_id, processing_status, claim_id, processed_at) FROM {{input}} ORDER BY user_id";
    let before = scene.ask(users);
    late.signal(Signal::SIGCONT);
    let answer = late.end().ended(0);
    assert_eq!(answer.stderr.matches("claim lost").count(), 4, "{}", answer.stderr);
    holds_all(&answer.stdout, &["(done)", "completed   400 users"]);
    assert_eq!(scene.ask(users), before, "the late one wrote");
    scene.all_completed();
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_crash_of_a_mariadb_that_outlasts_all_leases_nobody_sweeps_anybody_who_is_alive() {
    let server: &'static MariadbServer = Box::leak(Box::new(MariadbServer::launch(MariadbOptions::for_tests())));
    let scene = Elsewhere::on(server, USERS, 423).await;
    let mut gate = scene.gate("").await;
    let first = spawn(scene.start(20));
    gate.reached_by(2).await;
    // The second one takes its share of what one would take alone: half.
    let both = [first, spawn(scene.start(20))];
    gate.reached_by(3).await;
    until("six claims", async || (scene.claims("open") == 6).then_some(())).await;
    drop(gate);
    server.mariadb.kill().unwrap();
    let stopped = std::time::Instant::now();
    for instance in &both {
        instance.said("the lease could not be renewed; trying again");
    }
    until("a lease's length to be over", async || (stopped.elapsed().as_millis() > 3_300).then_some(())).await;
    server.mariadb.start().unwrap();
    for instance in both {
        instance.end().ended(0);
    }
    assert_eq!((scene.claims("swept"), scene.claims("returned")), (0, 0));
    scene.all_completed();
}

#[tokio::test(flavor = "multi_thread")]
async fn users_set_to_pending_by_hand_on_mariadb_are_healed_while_a_run_is_under_way() {
    let mut scene = Elsewhere::of(USERS, 424).await;
    let mut gate = scene.gate("CK0000381").await;
    let run = spawn(scene.start(20));
    gate.reached_by(1).await;
    scene.completed(380).await;
    // One with the link to its finished claim, one without any.
    scene.ask("UPDATE {{input}} SET processing_status = 'pending' WHERE user_id = 'CK0000007'");
    scene.ask("UPDATE {{input}} SET processing_status = 'pending', claim_id = NULL WHERE user_id = 'CK0000008'");
    run.said(r#""healed":2"#);
    gate.open().await;
    run.end().ended(0);
    scene.done_again = 2;
    scene.all_completed();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chunk_that_is_stuck_on_mariadb_is_given_back_at_its_deadline_and_done_later() {
    let scene = Elsewhere::of(60, 425).await;
    let mut gate = scene.gate("CK0000021").await;
    let start = scene
        .start(20)
        .variable("CARDGENIUS_LIMITS__LOCK_MS", "1000")
        .variable("CARDGENIUS_LIMITS__LOAD_MS", "1100")
        .variable("CARDGENIUS_LIMITS__STATEMENT_MS", "1100")
        .variable("CARDGENIUS_PIPELINE__CHUNK_DEADLINE_MS", "2500")
        .variable("CARDGENIUS_RETRY__ATTEMPTS", "20");
    let run = spawn(start);
    gate.reached_by(2).await;
    until("both to be given back", async || (scene.claims("returned") >= 2).then_some(())).await;
    let longest = "SELECT max(timestampdiff(MICROSECOND, claimed_at, closed_at)) BETWEEN 2.4e6 AND 30e6
        FROM {{claims}} WHERE state = 'returned'";
    assert_eq!(scene.ask(longest), "1");
    gate.open().await;
    run.end().ended(0);
    scene.all_completed();
}

/// A client frozen in the middle of its load holds its claim's row locked; whether another instance has taken its users back after
/// it looked three times.
async fn taken_back_from_a_frozen_load(taken_out: &str, seed: i64) -> bool {
    let scene = Elsewhere::of(300, seed).await;
    let start = |failpoints: &str| {
        let guards = [taken_out, failpoints].into_iter().filter(|points| !points.is_empty()).collect::<Vec<_>>();
        if guards.is_empty() { scene.start(300) } else { scene.start(300).failpoints(&guards.join(";")) }
    };
    let frozen = spawn(start("load.middle=1*return(freeze)"));
    frozen.is_stopped();
    let other = spawn(start(""));
    if taken_out.is_empty() {
        other.said("swept what dead instances had left");
        other.end().ended(0);
        scene.all_completed();
    } else {
        other.said_times("a dead instance could not be swept", 3);
    }
    drop(frozen);
    scene.claims("swept") == 1
}

#[tokio::test(flavor = "multi_thread")]
async fn users_of_a_client_frozen_in_the_middle_of_its_load_on_mariadb_are_taken_back() {
    assert!(taken_back_from_a_frozen_load("", 426).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_eviction_taken_out_they_never_are_on_mariadb_either() {
    assert!(!taken_back_from_a_frozen_load("eviction=return", 427).await);
}
