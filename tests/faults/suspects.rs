//! Users whose computation ends the process, and storms of kills that look like it.

use cardgenius_testkit::{Counts, populate};
use nix::sys::signal::Signal;

use crate::instances::with_short_leases;
use crate::place::backfill;
use crate::program::Start;
use crate::running::spawn;
use crate::scene::CHARGES;
use crate::sides::Sides;

const USERS: i64 = 400;

fn instance(sides: &Sides) -> Start {
    // Shorter than elsewhere: nine instances in a row have to die.
    with_short_leases(backfill(&sides.source, 100))
        .variable("CARDGENIUS_LEASE__LEASE_MS", "1500")
        .variable("CARDGENIUS_LEASE__RENEW_MS", "300")
}

#[tokio::test(flavor = "multi_thread")]
async fn one_user_that_ends_the_process_fails_alone_and_takes_nobody_along() {
    let sides = Sides::one();
    populate(&sides.source.connect().await, &sides.source.tables, USERS, 311).await;
    let reader = sides.reader();
    let deadly = || instance(&sides).failpoints("compute.user=return(CK0000123)");
    let mut deaths = 0;
    let answer = loop {
        let running = spawn(deadly());
        match running.outcome() {
            Ok(answer) => break answer.ended(3),
            Err(signal) => assert_eq!(signal, Signal::SIGKILL),
        }
        deaths += 1;
        assert!(deaths <= 9, "three in a chunk, three among a hundred, three alone");
    };
    assert_eq!(deaths, 9, "{}", answer.stderr);
    let counts = sides.audited().await;
    assert_eq!(counts, Counts { users: USERS, completed: USERS - 1, failed: 1, ..Counts::default() });
    let failed = "SELECT user_id, processing_error FROM {{input}} WHERE processing_status = 'failed'";
    assert_eq!(sides.source.psql(failed), "CK0000123|computation ended the process");
    assert_eq!(sides.source.psql("SELECT sum(attempts), sum(crashes) FROM {{input}}"), "0|0");
    reader.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_on_trial_are_tried_one_by_one_and_never_beside_others() {
    let sides = Sides::one();
    populate(&sides.source.connect().await, &sides.source.tables, USERS, 312).await;
    sides.source.psql(CHARGES);
    // As after a storm of kills: everybody was there six times, the guilty one among them.
    sides.source.psql("UPDATE {{input}} SET crashes = 6 WHERE user_id BETWEEN 'CK0000100' AND 'CK0000140'");
    for _ in 0..3 {
        spawn(instance(&sides).failpoints("compute.user=return(CK0000120)")).ended_by(Signal::SIGKILL);
    }
    instance(&sides).variable("CARDGENIUS_PIPELINE__MAX_FAILED_SHARE", "1").run().ended(0);
    let counts = sides.audited().await;
    assert_eq!(counts, Counts { users: USERS, completed: USERS - 1, failed: 1, ..Counts::default() });
    assert_eq!(sides.source.psql("SELECT user_id FROM {{input}} WHERE processing_status = 'failed'"), "CK0000120");
    assert_eq!(sides.source.psql("SELECT coalesce(sum(attempts), 0) FROM charges"), "0");
    // Each death hit one user only.
    let swept = sides.source.psql("SELECT max(users), count(*) FROM {{claims}} WHERE state = 'swept'");
    assert_eq!(swept, "1|3");
}
