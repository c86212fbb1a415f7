//! The server ends our sessions, stops, takes no writes, or has no room for us.

use cardgenius_embedded::{EmbeddedError, PostgresOptions, PrivatePostgres};
use cardgenius_testkit::{TestServer, until};
use tokio_postgres::Client;

use crate::other_sessions::terminate;
use crate::program::holds_all;
use crate::running::spawn;
use crate::scene::{OUR_SESSIONS, Scene};

const USERS: i64 = 400;

#[tokio::test(flavor = "multi_thread")]
async fn sessions_ended_in_the_middle_of_their_loads_again_and_again_cost_nobody_anything() {
    let scene = Scene::of(USERS, 301).await;
    let gate = scene.gate("CK0000101").await;
    let dba = scene.source.connect().await;
    let run = spawn(scene.start(20));
    let fallen = async || {
        if gate.waiting().await >= 2 {
            terminate(&dba).await;
        }
        (run.times_said("finishing failed") >= 12).then_some(())
    };
    until("twelve loads that lost their sessions", fallen).await;
    gate.open().await;
    holds_all(&run.end().ended(0).stderr, &["57P01"]);
    scene.all_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_ended_at_any_moment_of_a_run_lose_and_double_nobody() {
    let scene = Scene::of(3_000, 302).await;
    let dba = scene.source.connect().await;
    let run = spawn(scene.start(50));
    scene.completed(100).await;
    let mut ended = 0;
    let terminated = async || {
        ended += terminate(&dba).await;
        (ended >= 60).then_some(())
    };
    until("60 sessions ended", terminated).await;
    assert_eq!(scene.source.psql("SELECT state FROM {{runs}}"), "open", "the run was over too early");
    run.end().ended(0);
    scene.all_well().await;
}

/// A server that is gone in the middle of loads, and comes back when the program has noticed.
async fn gone_for_a_while(stop: impl FnOnce(&PrivatePostgres) -> Result<(), EmbeddedError>, seed: i64) {
    let server = TestServer::launch(PostgresOptions::for_tests());
    let scene = Scene::on(&server, USERS, seed).await;
    let gate = scene.gate("CK0000101").await;
    let run = spawn(scene.start(20));
    gate.reached_by(2).await;
    scene.completed(100).await;
    stop(&server.postgres).unwrap();
    // The gate's connection is gone: it is open from now on.
    drop(gate);
    run.said("finishing failed; trying again");
    run.said(r#""kind":"unreachable""#);
    run.said("the lease could not be renewed; trying again");
    server.postgres.start().unwrap();
    run.end().ended(0);
    assert_eq!(scene.claims("finished"), 20, "a chunk was given back");
    scene.all_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_stopped_in_the_middle_of_loads_is_waited_for_by_the_same_process() {
    gone_for_a_while(PrivatePostgres::stop, 307).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_crashes_in_the_middle_of_loads_is_waited_for_by_the_same_process() {
    gone_for_a_while(PrivatePostgres::stop_immediate, 303).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_as_by_a_power_cut_in_the_middle_of_loads_is_waited_for_by_the_same_process() {
    gone_for_a_while(PrivatePostgres::kill, 308).await;
}

const READ_ONLY: &str = "ALTER SYSTEM SET default_transaction_read_only = on";
const WRITABLE: &str = "ALTER SYSTEM RESET default_transaction_read_only";

async fn reconfigured(dba: &Client, change: &str) {
    dba.batch_execute(change).await.unwrap();
    dba.batch_execute("SELECT pg_reload_conf()").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_on_a_server_that_takes_no_writes_asks_to_be_started_again() {
    let server = TestServer::launch(PostgresOptions::for_tests());
    let scene = Scene::on(&server, USERS, 309).await;
    let dba = scene.source.connect().await;
    reconfigured(&dba, READ_ONLY).await;
    let answer = scene.start(20).run().ended(75);
    holds_all(&answer.stderr, &["refused (read-only-server)", "default_transaction_read_only"]);
    reconfigured(&dba, WRITABLE).await;
    scene.start(20).run().ended(0);
    scene.all_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_takes_no_writes_for_a_while_is_waited_for_and_costs_nobody_anything() {
    let server = TestServer::launch(PostgresOptions::for_tests());
    let scene = Scene::on(&server, USERS, 304).await;
    let gate = scene.gate("CK0000101").await;
    let dba = scene.source.connect().await;
    let run = spawn(scene.start(20));
    gate.reached_by(2).await;
    scene.completed(100).await;
    reconfigured(&dba, READ_ONLY).await;
    terminate(&dba).await;
    gate.open().await;
    run.said("finishing failed; trying again");
    run.said("the lease could not be renewed; trying again");
    assert_eq!(scene.audited().await.completed, 100);
    reconfigured(&dba, WRITABLE).await;
    run.end().ended(0);
    assert_eq!(scene.claims("finished"), 20, "a chunk was given back");
    scene.all_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_takes_no_writes_for_longer_than_an_outage_may_last_ends_the_run_with_75_and_leaves_it_open() {
    let server = TestServer::launch(PostgresOptions::for_tests());
    let scene = Scene::on(&server, USERS, 305).await;
    let gate = scene.gate("CK0000101").await;
    let dba = scene.source.connect().await;
    let run = spawn(scene.start(20).variable("CARDGENIUS_RETRY__OUTAGE_MS", "300"));
    gate.reached_by(2).await;
    scene.completed(100).await;
    reconfigured(&dba, READ_ONLY).await;
    terminate(&dba).await;
    gate.open().await;
    run.end().ended(75);
    assert_eq!(scene.source.psql("SELECT state FROM {{runs}}"), "open");
    let counts = scene.audited().await;
    assert!(counts.pending > 0 && counts.completed == 100, "{counts:?}");

    reconfigured(&dba, WRITABLE).await;
    let next = spawn(scene.start(20));
    next.said("joined the open run");
    next.end().ended(0);
    // What could not be given back was swept, as after a death.
    let charged = scene.all_completed().await;
    assert_eq!((charged.attempts, charged.crashes), (0, counts.pending));
}

/// Connects until the server has no room, each time with fewer sessions of ours, until none of ours is left.
async fn take_all_places(scene: &Scene<'_>, dba: &Client) -> Vec<Client> {
    let mut taken = Vec::new();
    let full = async || {
        while let Ok((client, connection)) = tokio_postgres::connect(&scene.source.url(), tokio_postgres::NoTls).await {
            tokio::spawn(connection);
            taken.push(client);
        }
        if dba.query_one(OUR_SESSIONS, &[]).await.unwrap().get::<_, i64>(0) == 0 {
            return Some(());
        }
        terminate(dba).await;
        None
    };
    until("a server full of others", full).await;
    taken
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_full_of_other_sessions_is_waited_for_and_costs_nobody_anything() {
    let server = TestServer::launch(PostgresOptions::for_tests().setting("max_connections", "20"));
    let scene = Scene::on(&server, USERS, 306).await;
    let gate = scene.gate("CK0000101").await;
    let dba = scene.source.connect().await;
    let run = spawn(scene.start(20));
    gate.reached_by(2).await;
    let taken = take_all_places(&scene, &dba).await;
    run.said("SQLSTATE 53300");
    run.said("finishing failed; trying again");
    drop(taken);
    gate.open().await;
    run.end().ended(0);
    scene.all_well().await;
}
