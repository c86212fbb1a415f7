//! The tests can see: with a guard taken out, the very scenarios that pass with it fail.
//!
//! `TAKE_OUT=fence` or `TAKE_OUT=eviction` in the environment takes it out of every start of the program in this target.

use cardgenius_testkit::{populate, until, violations};
use nix::sys::signal::Signal;

use crate::comparison::{recommendations, users};
use crate::instances::with_short_leases;
use crate::place::backfill;
use crate::program::Start;
use crate::rules;
use crate::running::{Running, spawn};
use crate::sides::Sides;

const USERS: i64 = 300;

fn instance(sides: &Sides, taken_out: &str) -> Start {
    let start = with_short_leases(sides.naming(backfill(&sides.source, 300)));
    if taken_out.is_empty() { start } else { start.failpoints(&format!("{taken_out}=return")) }
}

/// An instance frozen with a claim in its hands, and rows computed.
async fn frozen_at(point: &str, sides: &Sides, taken_out: &str) -> Running {
    populate(&sides.source.connect().await, &sides.source.tables, USERS, 321).await;
    let frozen = spawn(instance(sides, taken_out).failpoints(&format!("{point}=1*return(freeze)")));
    frozen.is_stopped();
    frozen
}

/// An instance frozen between the two databases, which will have to make a connection to the target when it wakes: only
/// then is it the fence alone that stops it, and not the end of its sessions.
async fn frozen_without_a_session_on_the_target(sides: &Sides, taken_out: &str) -> Running {
    populate(&sides.source.connect().await, &sides.source.tables, USERS, 322).await;
    sides.source.psql("UPDATE cardgenius_control SET paused = true");
    let target_url = sides.target.server.tcp_url(&sides.target.name).unwrap();
    // A throttle would look at the target again and again.
    let start = instance(sides, taken_out)
        .variable("CARDGENIUS_TARGET__URL", &target_url)
        .variable("CARDGENIUS_THROTTLE__ENABLED", "false");
    let frozen = spawn(start.failpoints("target.begin=1*return(freeze)"));
    frozen.said("paused by an operator");
    let ended = sides.target.psql(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name LIKE 'cardgenius/%'",
    );
    assert_ne!(ended, "0", "its first looks at the target leave a session");
    // Only the target is reached over TCP.
    until("its end of the connection to close", async || (frozen.tcp_sockets() == 0).then_some(())).await;
    sides.source.psql("UPDATE cardgenius_control SET paused = false");
    frozen.is_stopped();
    frozen
}

/// Users whose rows in the target are not those of their present amounts.
async fn stale(sides: &Sides) -> usize {
    let (source, target) = (sides.source.connect().await, sides.target.connect().await);
    let (catalogue, date) = crate::comparison::catalogue_of_last_run(&source, &sides.source.tables).await;
    let rows = recommendations(&target, &sides.source.tables).await;
    let users = users(&source, &sides.source.tables).await;
    let completed = users.iter().filter(|(_, user)| user.status == "completed");
    completed
        .filter(|(id, user)| rules::recommend(&catalogue, &date, &user.person).ok().as_ref() != rows.get(*id))
        .count()
}

/// Swept while it was frozen; the customer has other amounts since, and another instance has done everybody.
async fn rows_written_late(taken_out: &str) -> usize {
    let sides = Sides::two();
    let frozen = frozen_without_a_session_on_the_target(&sides, taken_out).await;
    let other = instance(&sides, taken_out).run().ended(0);
    assert!(other.stderr.contains("swept what dead instances had left"), "{}", other.stderr);
    sides.source.psql("UPDATE {{input}} SET avg_amazon_gmv = 91234.56, processing_status = 'new'");
    instance(&sides, taken_out).run().ended(0);
    let done = "SELECT count(*) FROM {{input}} WHERE processing_status = 'completed'";
    assert_eq!((stale(&sides).await, sides.source.psql(done)), (0, USERS.to_string()), "before it wakes");
    frozen.signal(Signal::SIGCONT);
    let late = frozen.end();
    if taken_out.is_empty() {
        assert!(late.stderr.contains("claim lost"), "{}", late.stderr);
    }
    println!("{taken_out:?} taken out, and it woke:\n{}", late.stderr);
    let source = sides.source.connect().await;
    let found = violations(&source, &sides.target.connect().await, &sides.source.tables).await;
    stale(&sides).await + found.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zombie_writes_nothing() {
    assert_eq!(rows_written_late("").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_fence_taken_out_a_zombies_late_rows_are_seen() {
    assert!(rows_written_late("fence").await > 0, "the audit and the oracle saw nothing");
}

/// A client frozen in the middle of its COPY holds its claim's row locked; how many of its users another instance has
/// taken back after it looked three times.
async fn taken_back_from_a_frozen_load(taken_out: &str) -> i64 {
    let sides = Sides::one();
    let frozen = frozen_at("load.middle", &sides, taken_out).await;
    let other = spawn(instance(&sides, taken_out));
    let client = sides.source.connect().await;
    let open = sides.source.tables.render("SELECT count(*) FROM {{claims}} WHERE state = 'open'");
    if taken_out.is_empty() {
        other.said("swept what dead instances had left");
        until("no claim of the dead", async || {
            (client.query_one(&open, &[]).await.unwrap().get::<_, i64>(0) == 0).then_some(())
        })
        .await;
        other.end().ended(0);
    } else {
        other.said_times("a dead instance could not be swept", 3);
    }
    let settled = "SELECT count(*) FROM {{input}} WHERE processing_status = 'completed'";
    let settled = client.query_one(&sides.source.tables.render(settled), &[]).await.unwrap().get(0);
    drop(frozen);
    settled
}

#[tokio::test(flavor = "multi_thread")]
async fn users_of_a_client_frozen_in_the_middle_of_its_copy_are_taken_back() {
    assert_eq!(taken_back_from_a_frozen_load("").await, USERS);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_eviction_taken_out_they_never_are() {
    assert_eq!(taken_back_from_a_frozen_load("eviction").await, 0);
}
