//! A synchronous standby that does not answer: the server takes statements and answers no commit.

use cardgenius_embedded::PostgresOptions;
use cardgenius_testkit::TestServer;

use crate::daemon::{Daemon, start};
use crate::place::migrated_on;

const WAITING: &str = "ALTER SYSTEM SET synchronous_commit = 'on'";
const STANDBY: &str = "ALTER SYSTEM SET synchronous_standby_names = 'gone'";
const NO_STANDBY: &str = "ALTER SYSTEM SET synchronous_standby_names = ''";
const RELOAD: &str = "SELECT pg_reload_conf()";

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_says_what_commits_wait_for_and_is_not_ready_until_they_are_answered() {
    let server = TestServer::launch(PostgresOptions::for_tests().loopback_tcp());
    let database = migrated_on(&server);
    let told = |statements: &[&str]| statements.iter().for_each(|statement| drop(database.psql(statement)));
    told(&[WAITING, STANDBY, RELOAD]);
    let daemon = Daemon::spawn(start(&database).variable("CARDGENIUS_LIMITS__STATEMENT_MS", "1000"));
    daemon.running.said("cannot register; trying again");
    daemon.running.said("the server waits for its synchronous standby, which does not answer");
    daemon
        .shows("/readyz", 503, "failing source: this instance cannot register: committing: no answer came in time")
        .await;
    told(&[NO_STANDBY, RELOAD]);
    daemon.running.said("ready: waiting for what is due");
    daemon.shows("/readyz", 200, "ok      source\n").await;
    // The standby goes while the daemon is up and has nothing to do.
    told(&[STANDBY, RELOAD]);
    daemon.shows("/readyz", 503, "failing source: this instance's lease ran out").await;
    told(&[NO_STANDBY, RELOAD]);
    daemon.shows("/readyz", 200, "ok      source\n").await;
    daemon.stop();
}
