//! Stops by request and by force, and what the next start makes of them.

use cardgenius_testkit::{Counts, Database, Gate, populate, until};
use nix::sys::signal::Signal;

use crate::comparison::assert_as_the_oracle_says;
use crate::place::{audited, backfill, migrated};
use crate::program::{Start, holds_all};
use crate::running::{Running, spawn};

const USERS: i64 = 400;

/// Half of the users are done, and two chunks of the other half have computed and loaded and wait to commit.
async fn half_way(database: &Database<'_>, start: Start) -> (Gate, Running) {
    let client = database.connect().await;
    populate(&client, &database.tables, USERS, 51).await;
    let gate = Gate::closed_from(database.connect().await, &database.tables, "CK0000201").await;
    let run = spawn(start);
    gate.reached_by(2).await;
    let done = "SELECT count(*) FROM {{input}} WHERE processing_status = 'completed'";
    until("the first half", async || (database.psql(done) == "200").then_some(())).await;
    (gate, run)
}

/// Leases so short that nobody has to wait long for the dead.
fn with_short_leases(start: Start) -> Start {
    start
        .variable("CARDGENIUS_LEASE__LEASE_MS", "3000")
        .variable("CARDGENIUS_LEASE__RENEW_MS", "500")
        .variable("CARDGENIUS_LEASE__SWEEP_MS", "300")
        .variable("CARDGENIUS_LIMITS__RENEW_STATEMENT_MS", "400")
}

/// Every user is done, in one run, none twice.
async fn assert_all_done_once(database: &Database<'_>) {
    assert_eq!(audited(database).await, Counts::all_completed(USERS));
    assert_as_the_oracle_says(database, 40).await;
    let runs = database.psql("SELECT count(*), min(state) FROM {{runs}}");
    assert_eq!(runs, "1|done");
    let settled = database.psql("SELECT sum(completed) FROM {{claims}}");
    assert_eq!(settled, USERS.to_string());
}

async fn stops_and_goes_on_after(signal: Signal) {
    let database = migrated();
    let (gate, run) = half_way(&database, backfill(&database, 20)).await;
    run.signal(signal);
    run.said(&format!("{signal}: stopping"));
    run.said("finishing the chunks in flight");
    gate.open().await;
    let answer = run.end().ended(4);
    holds_all(&answer.stdout, &["(open)", "failed      0 users"]);
    holds_all(&answer.stderr, &["stopped on request"]);

    // Those in flight were finished, further ones not begun; nobody is held, and it cost nobody anything.
    let counts = audited(&database).await;
    assert_eq!((counts.pending, counts.failed), (0, 0));
    assert!((240..USERS).contains(&counts.completed), "{counts:?}");
    let marks = database.psql("SELECT sum(attempts), sum(crashes) FROM {{input}}");
    assert_eq!(marks, "0|0");
    let stopped = database
        .psql("SELECT count(*) FROM cardgenius_instances WHERE stopped_at IS NOT NULL AND lease_until <= now()");
    assert_eq!(stopped, "1");

    backfill(&database, 20).run().ended(0);
    assert_all_done_once(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sigint_finishes_what_is_in_flight_and_the_next_start_does_the_rest() {
    stops_and_goes_on_after(Signal::SIGINT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_finishes_what_is_in_flight_and_the_next_start_does_the_rest() {
    stops_and_goes_on_after(Signal::SIGTERM).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_finished_when_the_grace_time_ends_is_given_back() {
    let database = migrated();
    let (gate, run) =
        half_way(&database, backfill(&database, 20).variable("CARDGENIUS_PIPELINE__GRACE_MS", "100")).await;
    run.signal(Signal::SIGTERM);
    let answer = run.end().ended(4);
    holds_all(&answer.stderr, &["giving back what is not finished"]);
    let counts = audited(&database).await;
    assert_eq!(counts, Counts { users: USERS, new: 200, completed: 200, ..Counts::default() });
    assert_eq!(database.psql("SELECT sum(attempts), sum(crashes) FROM {{input}}"), "0|0");
    gate.open().await;
    backfill(&database, 20).run().ended(0);
    assert_all_done_once(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_the_program_at_once_and_the_next_start_takes_back_what_it_held() {
    let database = migrated();
    let (gate, run) = half_way(&database, with_short_leases(backfill(&database, 20))).await;
    run.signal(Signal::SIGINT);
    run.said("SIGINT: stopping");
    run.signal(Signal::SIGTERM);
    let answer = run.end().ended(4);
    holds_all(&answer.stderr, &["SIGTERM again: ending at once"]);
    let counts = audited(&database).await;
    assert!(counts.pending >= 40 && counts.completed == 200, "{counts:?}");
    gate.open().await;
    with_short_leases(backfill(&database, 20)).run().ended(0);
    assert_all_done_once(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_sigkill_of_the_only_instance_the_next_start_completes_everybody_by_itself() {
    let database = migrated();
    let (gate, run) = half_way(&database, with_short_leases(backfill(&database, 20))).await;
    run.kill();
    let counts = audited(&database).await;
    assert!(counts.pending >= 40 && counts.completed == 200, "{counts:?}");

    let next = spawn(with_short_leases(backfill(&database, 20)));
    // The dead one's sessions wait at the gate, with rows written, and would for ever: they are ended.
    next.said("swept what dead instances had left");
    gate.open().await;
    let answer = next.end().ended(0);
    holds_all(&answer.stderr, &["joined the open run", r#""sessions_ended":"#]);
    assert!(!answer.stderr.contains(r#""sessions_ended":0"#), "{}", answer.stderr);
    assert_all_done_once(&database).await;
    let swept = database.psql("SELECT sum(returned) FROM {{claims}} WHERE state = 'swept'");
    assert_eq!(swept, counts.pending.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_before_anything_was_claimed_leaves_a_run_that_the_next_start_completes() {
    let database = migrated();
    let client = database.connect().await;
    populate(&client, &database.tables, USERS, 52).await;
    // Claims wait for the catalogue's row, which the run's row needs.
    client.batch_execute("BEGIN; LOCK TABLE cardgenius_runs IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let run = spawn(backfill(&database, 20).variable("CARDGENIUS_LIMITS__LOCK_MS", "30000"));
    let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'cardgenius_runs'::regclass";
    until("a start that waits", async || (database.psql(waiting) != "0").then_some(())).await;
    run.signal(Signal::SIGTERM);
    run.said("SIGTERM: stopping");
    client.batch_execute("ROLLBACK").await.unwrap();
    run.end().ended(4);
    assert_eq!(audited(&database).await, Counts { users: USERS, new: USERS, ..Counts::default() });
    backfill(&database, 200).run().ended(0);
    assert_all_done_once(&database).await;
}
