//! A MariaDB that ends our sessions, stops, or crashes, and comes back.

use cardgenius_embedded::{EmbeddedError, MariadbOptions, PrivateMariadb};
use cardgenius_testkit::{MariadbDatabase, MariadbServer, until};

use crate::program::holds_all;
use crate::running::{Running, spawn};
use crate::scene_elsewhere::Elsewhere;

const USERS: i64 = 1_000;

/// Chunks of twenty that take their time.
fn slow_run(scene: &Elsewhere) -> Running {
    spawn(scene.start(20).failpoints("load.begin=sleep(40)"))
}

fn server() -> &'static MariadbServer {
    Box::leak(Box::new(MariadbServer::launch(MariadbOptions::for_tests())))
}

/// Nobody was charged for what the server did.
fn all_well(scene: &Elsewhere) {
    scene.all_completed();
    assert_eq!(scene.ask("SELECT max(attempts) + max(crashes) FROM {{input}}"), "0");
}

/// A server that is gone in the middle of loads, and comes back when the program has noticed.
async fn gone_for_a_while(stop: impl FnOnce(&PrivateMariadb) -> Result<(), EmbeddedError>, seed: i64) {
    let server = server();
    let scene = Elsewhere::on(server, USERS, seed).await;
    let run = slow_run(&scene);
    scene.completed(100).await;
    stop(&server.mariadb).unwrap();
    run.said("finishing failed; trying again");
    run.said(r#""kind":"unreachable""#);
    run.said("the lease could not be renewed; trying again");
    server.mariadb.start().unwrap();
    run.end().ended(0);
    all_well(&scene);
    server.mariadb.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mariadb_stopped_in_the_middle_of_loads_is_waited_for_by_the_same_process() {
    gone_for_a_while(PrivateMariadb::stop, 391).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mariadb_killed_as_by_a_power_cut_in_the_middle_of_loads_is_waited_for_by_the_same_process() {
    gone_for_a_while(PrivateMariadb::kill, 392).await;
}

/// Ends all sessions in a database; how many there were.
fn end_sessions(database: &MariadbDatabase<'_>) -> usize {
    let sessions = format!(
        "SELECT id FROM information_schema.processlist WHERE db = '{}' AND id <> CONNECTION_ID()",
        database.name
    );
    database
        .sql(&sessions)
        .lines()
        .filter(|id| {
            // One that has ended by itself meanwhile.
            database.server.run_sql("", &format!("KILL {id}")).is_ok()
        })
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_ended_at_any_moment_of_a_run_on_mariadb_lose_and_double_nobody() {
    let server = server();
    let scene = Elsewhere::on(server, USERS, 393).await;
    let run = slow_run(&scene);
    scene.completed(40).await;
    let mut ended = 0;
    let look = async || {
        ended += end_sessions(scene.database());
        (ended >= 60).then_some(())
    };
    until("60 sessions ended", look).await;
    assert_eq!(scene.ask("SELECT state FROM {{runs}}"), "open", "the run was over too early");
    holds_all(&run.end().ended(0).stderr, &["trying again"]);
    all_well(&scene);
    server.mariadb.stop().unwrap();
}
