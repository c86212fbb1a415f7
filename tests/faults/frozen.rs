//! An instance that is frozen past its lease (SIGSTOP), swept by another, and goes on as if nothing had been (SIGCONT).

use cardgenius_testkit::{Gate, until};
use nix::sys::signal::Signal;

use crate::program::holds_all;
use crate::running::{Running, spawn};
use crate::scene::{Charged, Scene};

const USERS: i64 = 400;

/// Whom the frozen one held: four chunks of twenty, two of them loaded and not committed.
const HELD: i64 = 80;

/// An instance frozen with two loads at the gate and two chunks that wait for a session.
async fn frozen(scene: &Scene<'_>) -> (Gate, Running) {
    let gate = scene.gate("CK0000101").await;
    let late = spawn(scene.start(20));
    gate.reached_by(2).await;
    scene.completed(100).await;
    until("four claims", async || (scene.claims("open") == 4).then_some(())).await;
    late.signal(Signal::SIGSTOP);
    (gate, late)
}

async fn late_instance_writes_nothing(scene: Scene<'_>) {
    let (gate, late) = frozen(&scene).await;
    let other = spawn(scene.start(20));
    other.said("swept what dead instances had left");
    assert_eq!(scene.claims("swept"), 4);
    gate.open().await;
    let answer = other.end().ended(0);
    holds_all(&answer.stderr, &["joined the open run", r#""claims":4,"returned":80"#]);
    assert!(!answer.stderr.contains(r#""sessions_ended":0"#), "{}", answer.stderr);
    let before = scene.source.psql("SELECT md5(string_agg(u::text, '' ORDER BY user_id)) FROM {{input}} AS u");

    late.signal(Signal::SIGCONT);
    let answer = late.end().ended(0);
    assert_eq!(answer.stderr.matches("claim lost").count(), 4, "{}", answer.stderr);
    holds_all(&answer.stdout, &["(done)", "completed   400 users"]);
    let after = scene.source.psql("SELECT md5(string_agg(u::text, '' ORDER BY user_id)) FROM {{input}} AS u");
    assert_eq!(before, after, "the late one wrote");
    assert_eq!(scene.all_completed().await, Charged { attempts: 0, crashes: HELD });
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_frozen_past_its_lease_is_swept_and_writes_nothing_when_it_goes_on() {
    late_instance_writes_nothing(Scene::of(USERS, 331).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_frozen_past_its_lease_writes_nothing_into_a_second_database_either() {
    let scene = Scene::in_two(USERS, 332).await;
    let target = scene.target.clone();
    late_instance_writes_nothing(scene).await;
    // Each of the late one's claims is shut out.
    assert_eq!(target.psql("SELECT count(*) FROM cardgenius_fence WHERE NOT loaded"), "4");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_goes_on_before_its_lease_is_over_is_not_noticed() {
    let scene = Scene::of(USERS, 333).await;
    let (gate, late) = frozen(&scene).await;
    let other = spawn(scene.start(20));
    other.said("joined the open run");
    late.signal(Signal::SIGCONT);
    gate.open().await;
    late.end().ended(0);
    other.end().ended(0);
    assert_eq!(scene.claims("swept"), 0);
    scene.all_well().await;
}

/// The server stops reading at this user, until the lock is free.
const STOPS_READING: &str = "CREATE FUNCTION stop_reading() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN PERFORM pg_advisory_xact_lock_shared(77); RETURN NEW; END$$;
    CREATE TRIGGER stop_reading BEFORE INSERT ON {{output}} FOR EACH ROW
    WHEN (NEW.user_id = 'CK0000010' AND NEW.rank = 1) EXECUTE FUNCTION stop_reading()";

async fn frozen_in_the_middle_of_a_copy(scene: Scene<'_>) {
    let dba = scene.target.connect().await;
    scene.target.psql(STOPS_READING);
    dba.batch_execute("SELECT pg_advisory_lock(77)").await.unwrap();
    // More than the sockets' buffers take: the client is in the middle of sending when it freezes.
    let late = spawn(scene.start(6_000));
    let loads = |wait: &str| {
        format!(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY%'
             AND wait_event = '{wait}' AND state = 'active'"
        )
    };
    let look = async || (scene.target.psql(&loads("advisory")) == "1").then_some(());
    until("a load that waits", look).await;
    late.signal(Signal::SIGSTOP);
    dba.batch_execute("SELECT pg_advisory_unlock(77)").await.unwrap();
    let look = async || (scene.target.psql(&loads("ClientRead")) == "1").then_some(());
    until("a server that waits for the rest of the load", look).await;

    let other = spawn(scene.start(1_000));
    let answer = other.end().ended(0);
    holds_all(&answer.stderr, &["swept what dead instances had left"]);
    assert_eq!(scene.target.psql(&loads("ClientRead")), "0");
    late.signal(Signal::SIGCONT);
    let answer = late.end().ended(0);
    holds_all(&answer.stderr, &["claim lost"]);
    assert_eq!(scene.all_completed().await, Charged { attempts: 0, crashes: 6_000 });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_frozen_in_the_middle_of_a_copy_holds_nobody_up_for_longer_than_its_lease() {
    frozen_in_the_middle_of_a_copy(Scene::of(6_000, 334).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_frozen_in_the_middle_of_a_copy_into_a_second_database_holds_nobody_up_either() {
    frozen_in_the_middle_of_a_copy(Scene::in_two(6_000, 335).await).await;
}
