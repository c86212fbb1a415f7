//! A backfill that goes slower than it could: under a ceiling, and outside its hours.

use cardgenius_testkit::{Counts, populate, until};
use chrono::{TimeDelta, Utc};
use nix::sys::signal::Signal;

use crate::place::{audited, migrated, on};
use crate::program::holds_all;
use crate::running::spawn;

const USERS: i64 = 600;
const CEILING: i64 = 150;

const BACKFILL: &[&str] = &["--backfill", "--chunk-rows", "10"];

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_with_a_ceiling_never_claims_more_users_than_it_allows() {
    let database = migrated();
    populate(&database.connect().await, &database.tables, USERS, 71).await;
    on(&database, &["--backfill", "--max-users-per-second", &CEILING.to_string()]).run().ended(0);
    assert_eq!(audited(&database).await, Counts::all_completed(USERS));
    // By the claims' own times: between any two of them, what was claimed before the later one was allowed by the time
    // that had passed, and by the quarter of a second that a late claim may make up for. A second and a half is for the way of
    // a claim to the server, which may be long on a busy machine.
    let beyond = database.psql(&format!(
        "SELECT count(*) FROM (
            SELECT a.claimed_at, b.claimed_at,
                (SELECT sum(users) FROM {{{{claims}}}} AS c WHERE c.claimed_at >= a.claimed_at AND c.claimed_at < b.claimed_at)
                    > {CEILING} * (extract(epoch FROM b.claimed_at - a.claimed_at) + 1.75) AS is_beyond
            FROM {{{{claims}}}} AS a JOIN {{{{claims}}}} AS b ON a.claimed_at < b.claimed_at
        ) AS pairs WHERE is_beyond"
    ));
    assert_eq!(beyond, "0");
    let sizes = database.psql("SELECT max(users), count(*) >= 4 FROM {{claims}}");
    assert_eq!(sizes, format!("{CEILING}|t"), "a chunk is a second's users at most");
}

#[tokio::test(flavor = "multi_thread")]
async fn outside_its_hours_a_backfill_claims_nobody_and_says_until_when_and_within_them_it_works() {
    let database = migrated();
    populate(&database.connect().await, &database.tables, 50, 72).await;
    let clock = |hours: i64| (Utc::now() + TimeDelta::hours(hours)).format("%H:%M").to_string();
    let with_hours = |hours: &str, arguments: &[&str]| {
        on(&database, arguments)
            .variable("CARDGENIUS_RUN__TIME_ZONE", "UTC")
            .variable("CARDGENIUS_RUN__BACKFILL_HOURS", hours)
    };
    let opens = clock(2);
    let (shut, open) = (format!("{opens}-{}", clock(4)), format!("{}-{opens}", clock(-2)));
    let run = spawn(with_hours(&shut, BACKFILL));
    run.said("claiming nobody until they begin");
    run.said(&format!("waiting until {opens}"));
    until("a run that is open", async || {
        (database.psql("SELECT count(*) FROM {{runs}} WHERE state = 'open'") == "1").then_some(())
    })
    .await;
    // The progress says it as well.
    run.said("progress");
    assert_eq!(database.psql("SELECT count(*) FROM {{claims}}"), "0");
    let status = with_hours(&shut, &["status"]).run().ended(0);
    holds_all(&status.stdout, &[&format!("claiming   waiting until {opens}")]);
    run.signal(Signal::SIGTERM);
    let answer = run.end().ended(4);
    holds_all(&answer.stderr, &["run.backfill_hours", "stopped on request"]);

    with_hours(&open, BACKFILL).run().ended(0);
    assert_eq!(audited(&database).await, Counts::all_completed(50));
}
