//! A MariaDB that ends our sessions, stops, or crashes, and comes back.

use cardgenius_embedded::{EmbeddedError, MariadbOptions, PrivateMariadb};
use cardgenius_testkit::{Counts, MariadbDatabase, MariadbServer, Side, until};

use crate::combinations::{MYSQL_CUSTOMER, Pair, on_postgres};
use crate::instances::with_short_leases;
use crate::program::holds_all;
use crate::running::{Running, spawn};

const USERS: i64 = 1_000;

/// Chunks of twenty that take their time.
fn slow_run(pair: &Pair) -> Running {
    spawn(with_short_leases(pair.backfill(20)).failpoints("load.begin=sleep(40)"))
}

async fn completed(pair: &Pair, users: i64) {
    let done = "SELECT count(*) FROM {{input}} WHERE processing_status = 'completed'";
    let look = async || (pair.source.ask(done)[0].parse::<i64>().unwrap() >= users).then_some(());
    until(&format!("{users} completed users"), look).await;
}

/// Made-up users on a server of the test's own; and the rows that they must get.
async fn scene(server: &'static MariadbServer, seed: i64) -> (Pair, Vec<String>) {
    let (users, expected) = on_postgres(USERS, seed).await;
    let pair = Pair { source: Side::Mariadb(server.empty()), second: None };
    let _ = pair.source.ask(MYSQL_CUSTOMER);
    let pair = pair.made_ready();
    pair.source.populate_from(&users);
    (pair, expected)
}

fn all_well(pair: &Pair, expected: &[String]) {
    assert_eq!(pair.audited(), Counts::all_completed(USERS));
    assert!(pair.target().recommendations() == expected, "other rows");
    assert_eq!(
        pair.source.ask("SELECT sum(completed) FROM {{claims}}"),
        [USERS.to_string()],
        "somebody was done twice"
    );
    assert_eq!(pair.source.ask("SELECT max(attempts) + max(crashes) FROM {{input}}"), ["0"]);
}

/// A server that is gone in the middle of loads, and comes back when the program has noticed.
async fn gone_for_a_while(stop: impl FnOnce(&PrivateMariadb) -> Result<(), EmbeddedError>, seed: i64) {
    let server: &'static MariadbServer = Box::leak(Box::new(MariadbServer::launch(MariadbOptions::for_tests())));
    let (pair, expected) = scene(server, seed).await;
    let run = slow_run(&pair);
    completed(&pair, 100).await;
    stop(&server.mariadb).unwrap();
    run.said("finishing failed; trying again");
    run.said(r#""kind":"unreachable""#);
    run.said("the lease could not be renewed; trying again");
    server.mariadb.start().unwrap();
    run.end().ended(0);
    all_well(&pair, &expected);
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
    let server = MariadbServer::launch(MariadbOptions::for_tests());
    let server: &'static MariadbServer = Box::leak(Box::new(server));
    let (pair, expected) = scene(server, 393).await;
    let Side::Mariadb(database) = &pair.source else { panic!("on MariaDB") };
    let run = slow_run(&pair);
    completed(&pair, 40).await;
    let mut ended = 0;
    let look = async || {
        ended += end_sessions(database);
        (ended >= 60).then_some(())
    };
    until("60 sessions ended", look).await;
    assert_eq!(pair.source.ask("SELECT state FROM {{runs}}"), ["open"], "the run was over too early");
    holds_all(&run.end().ended(0).stderr, &["trying again"]);
    all_well(&pair, &expected);
    server.mariadb.stop().unwrap();
}
