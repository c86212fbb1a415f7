//! The daemon is stopped, killed, frozen, or cannot go on in the middle of a run: what becomes of the run, and of the daemon.

use cardgenius_testkit::{Counts, Database, Gate, populate, until};
use nix::sys::signal::Signal;

use crate::comparison::assert_as_the_oracle_says;
use crate::daemon::{Daemon, start};
use crate::place::{audited, claimed_by, migrated, on};
use crate::program::holds_all;

const USERS: i64 = 400;

/// How many loads wait at a gate: as many as one instance has sessions, which two share.
const LOADS: i64 = 2;

fn run_now(database: &Database<'_>) {
    holds_all(&on(database, &["run-now"]).run().ended(0).stdout, &["opened=true"]);
}

/// A gate from this key on, at which every load of so many daemons waits, in a run that was asked for.
async fn at_the_gate(database: &Database<'_>, seed: i64, from_key: &str, count: usize) -> (Gate, Vec<Daemon>) {
    populate(&database.connect().await, &database.tables, USERS, seed).await;
    let gate = Gate::closed_from(database.connect().await, &database.tables, from_key).await;
    let daemons = (0..count).map(|_| Daemon::ready(start(database))).collect();
    run_now(database);
    gate.reached_by(LOADS).await;
    let claims = "SELECT count(*), count(DISTINCT owner) FROM {{claims}} WHERE state = 'open'";
    until("all claims", async || (database.psql(claims) == format!("4|{count}")).then_some(())).await;
    (gate, daemons)
}

async fn runs_done(database: &Database<'_>, runs: usize) {
    let look = "SELECT count(*) FROM {{runs}} WHERE state = 'done'";
    until(&format!("{runs} runs done"), async || (database.psql(look) == runs.to_string()).then_some(())).await;
}

/// Everybody is done, in one run, none twice.
async fn assert_all_done_once(database: &Database<'_>) {
    assert_eq!(audited(database).await, Counts::all_completed(USERS));
    assert_as_the_oracle_says(database, 40).await;
    assert_eq!(database.psql("SELECT count(*), min(state), min(kind) FROM {{runs}}"), "1|done|manual");
    assert_eq!(database.psql("SELECT sum(completed) FROM {{claims}}"), USERS.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_is_asked_to_stop_finishes_what_is_in_flight_and_another_goes_on_with_the_run() {
    let database = migrated();
    let (gate, mut daemons) = at_the_gate(&database, 421, "CK0000201", 1).await;
    let daemon = daemons.remove(0);
    let done = "SELECT count(*) FROM {{input}} WHERE processing_status = 'completed'";
    until("the first half", async || (database.psql(done) == "200").then_some(())).await;
    daemon.running.signal(Signal::SIGTERM);
    daemon.running.said("SIGTERM: stopping");
    daemon.running.said("finishing the chunks in flight");
    assert_eq!(daemon.page("/livez").0, 200, "it can be watched until its end");
    gate.open().await;
    let answer = daemon.running.end().ended(0);
    holds_all(&answer.stderr, &[r#""outcome":"stopped""#]);
    let counts = audited(&database).await;
    assert_eq!((counts.pending, counts.failed), (0, 0), "{counts:?}");
    assert!((240..USERS).contains(&counts.completed), "{counts:?}");
    assert_eq!(database.psql("SELECT sum(attempts), sum(crashes) FROM {{input}}"), "0|0");
    assert_eq!(database.psql("SELECT state FROM {{runs}}"), "open");
    let stopped = "SELECT count(*) FROM cardgenius_instances WHERE stopped_at IS NOT NULL AND lease_until <= now()";
    assert_eq!(database.psql(stopped), "1");

    let next = Daemon::ready(start(&database));
    next.running.said("joined the open run");
    next.running.said("run over");
    next.stop();
    assert_all_done_once(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_is_killed_is_swept_by_the_other_which_finishes_the_run() {
    let database = migrated();
    let (gate, mut daemons) = at_the_gate(&database, 422, "", 2).await;
    let (killed, other) = (daemons.remove(0), daemons.remove(0));
    killed.running.kill();
    // Its sessions wait at the gate, with rows written, and would for ever: they are ended.
    other.running.said("swept what dead instances had left");
    assert_eq!(database.psql("SELECT count(*) > 1, sum(returned) > 0 FROM {{claims}} WHERE state = 'swept'"), "t|t");
    gate.open().await;
    other.running.said("run over");
    assert_all_done_once(&database).await;
    assert_eq!(database.psql("SELECT count(*) FROM {{claims}} WHERE state = 'open'"), "0");
    other.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_is_frozen_past_its_lease_loses_its_claims_goes_on_and_takes_part_in_the_next_run() {
    let database = migrated();
    let (gate, mut daemons) = at_the_gate(&database, 423, "", 2).await;
    let (frozen, other) = (daemons.remove(0), daemons.remove(0));
    frozen.running.signal(Signal::SIGSTOP);
    frozen.running.is_stopped();
    other.running.said("swept what dead instances had left");
    gate.open().await;
    other.running.said("run over");
    assert_all_done_once(&database).await;
    let rows = "SELECT md5(string_agg(u::text, '' ORDER BY user_id)) FROM {{input}} AS u";
    let before = database.psql(rows);

    frozen.running.signal(Signal::SIGCONT);
    frozen.running.said("run over");
    let heard = frozen.running.heard();
    assert!(heard.contains("claim lost") && !heard.contains("part in the run failed"), "{heard}");
    assert_eq!(database.psql(rows), before, "the late one wrote");

    gate.close().await;
    database.psql("UPDATE {{input}} SET processing_status = 'new'");
    run_now(&database);
    gate.reached_by(LOADS).await;
    claimed_by(&database, 2).await;
    gate.open().await;
    runs_done(&database, 2).await;
    for daemon in [&frozen, &other] {
        daemon.running.said_times("run over", 2);
        assert_eq!(daemon.page("/livez").0, 200);
    }
    assert_eq!(audited(&database).await, Counts::all_completed(USERS));
    let owners = "SELECT count(DISTINCT c.owner) FROM {{claims}} AS c JOIN {{runs}} AS r USING (run_id)
                  GROUP BY run_id ORDER BY run_id";
    assert_eq!(database.psql(owners), "2\n2");
    frozen.stop();
    other.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_in_a_run_that_fails_leaves_the_daemon_up_and_after_a_rest_it_takes_part_in_the_next() {
    let database = migrated();
    populate(&database.connect().await, &database.tables, USERS, 424).await;
    let daemon = Daemon::ready(start(&database));
    on(&database, &["pause", "--reason", "a table is to be mended"]).run().ended(0);
    run_now(&database);
    daemon.running.said("paused by an operator");
    database.psql("ALTER TABLE {{output}} RENAME TO kept");
    on(&database, &["resume"]).run().ended(0);
    daemon.running.said("this instance's part in the run failed");
    daemon.running.said("resting before taking part in a run again");
    assert_eq!(database.psql("SELECT state, reason LIKE '%card_recommendations%' FROM {{runs}}"), "failed|t");
    assert_eq!(daemon.page("/livez").0, 200);

    database.psql("ALTER TABLE kept RENAME TO card_recommendations");
    let counts = audited(&database).await;
    assert_eq!(counts, Counts { users: USERS, new: USERS, ..Counts::default() }, "nobody is held, nobody failed");
    run_now(&database);
    runs_done(&database, 1).await;
    daemon.running.said_times("run over", 2);
    assert_eq!(daemon.running.times_said("resting before taking part"), 1);
    assert_eq!(audited(&database).await, Counts::all_completed(USERS));
    assert_eq!(database.psql("SELECT string_agg(state, ' ' ORDER BY opened_at) FROM {{runs}}"), "failed done");
    daemon.stop();
}
