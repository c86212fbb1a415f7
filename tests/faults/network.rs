//! The network between the program and its databases: each fault in the middle of a COPY, before a COMMIT reaches the
//! server, and between a COMMIT and its answer; on the transaction that claims and on the one that finishes.

use std::time::Duration;

use cardgenius_testkit::{Database, Fault, Proxy, Trigger, until};

use crate::place::SERVER;
use crate::program::{Answer, Start, holds_all};
use crate::running::{Running, spawn};
use crate::scene::{Charged, Scene};

const USERS: i64 = 60;

/// Where in the life of a chunk a fault strikes.
#[derive(Clone, Copy, Debug)]
pub enum Moment {
    InTheCopy,
    BeforeTheClaimsCommit,
    AfterTheClaimsCommit,
    BeforeTheFinishesCommit,
    AfterTheFinishesCommit,
}

impl Moment {
    pub const ALL: [Self; 5] = [
        Self::InTheCopy,
        Self::BeforeTheClaimsCommit,
        Self::AfterTheClaimsCommit,
        Self::BeforeTheFinishesCommit,
        Self::AfterTheFinishesCommit,
    ];

    pub const fn trigger(self) -> Trigger {
        match self {
            Self::InTheCopy => Trigger::FirstCopyData { after_bytes: 9_000 },
            Self::BeforeTheClaimsCommit | Self::BeforeTheFinishesCommit => Trigger::CommitSent,
            Self::AfterTheClaimsCommit | Self::AfterTheFinishesCommit => Trigger::CommitForwarded,
        }
    }

    /// A statement of the transaction whose COMMIT is meant, so close before it that no other COMMIT comes between.
    pub const fn within(self) -> Option<&'static str> {
        match self {
            Self::InTheCopy => None,
            Self::BeforeTheClaimsCommit | Self::AfterTheClaimsCommit => Some("(claim_id, run_id, owner"),
            Self::BeforeTheFinishesCommit | Self::AfterTheFinishesCommit => Some("SET parts = parts + 1"),
        }
    }

    /// What the program says of a connection that is lost then.
    pub const fn is_noticed_as(self) -> &'static str {
        match self {
            Self::InTheCopy => "loading recommendations: ",
            Self::BeforeTheClaimsCommit | Self::AfterTheClaimsCommit => "a claim was cut off",
            Self::BeforeTheFinishesCommit | Self::AfterTheFinishesCommit => "a commit's answer was lost; looking it up",
        }
    }

    /// Whether a claim was committed whose answer never came.
    pub fn leaves_a_claim(self, fault: Fault) -> bool {
        match self {
            Self::AfterTheClaimsCommit => true,
            Self::BeforeTheClaimsCommit => fault == Fault::MuteServer,
            _ => false,
        }
    }
}

/// Limits that notice silence within seconds, and one chunk at a time, so that the moments come in a known order.
pub fn watchful(start: Start) -> Start {
    start
        .variable("CARDGENIUS_LIMITS__CONNECT_MS", "3000")
        .variable("CARDGENIUS_LIMITS__ACQUIRE_MS", "6000")
        .variable("CARDGENIUS_LIMITS__STATEMENT_MS", "1500")
        .variable("CARDGENIUS_LIMITS__LOAD_MS", "1500")
        .variable("CARDGENIUS_PIPELINE__CHUNKS_IN_FLIGHT", "1")
        .variable("CARDGENIUS_PIPELINE__SESSIONS", "1")
}

/// Has `fault` strike one connection at the moment. Everything before the moment's transaction passes.
pub async fn strikes(proxy: &Proxy, moment: Moment, fault: Fault) {
    if moment.within().is_some() {
        // Held there since the program came to it.
        proxy.struck().await;
        proxy.arm(moment.trigger(), fault);
        proxy.set(Fault::Pass);
    }
    proxy.struck().await;
}

/// After this long a fault will not strike any more, and had better say so. Not a measure of speed.
const PATIENCE: Duration = Duration::from_secs(60);

/// The run's end, after the fault has struck.
pub async fn ends_well(run: Running, strikes: impl Future<Output = ()>) -> Answer {
    let struck = tokio::time::timeout(PATIENCE, strikes).await;
    let answer = run.end().ended(0);
    assert!(struck.is_ok(), "nothing struck:\n{}", answer.stderr);
    answer
}

pub fn arm(proxy: &Proxy, moment: Moment, fault: Fault) {
    match moment.within() {
        Some(text) => proxy.arm(Trigger::Statement(text.into()), Fault::BlackHole),
        None => proxy.arm(moment.trigger(), fault),
    }
}

/// One run of three chunks, during which the fault strikes once. It must end well by itself.
async fn survives(scene: Scene<'static>, behind: &Database<'static>, moment: Moment, fault: Fault) {
    println!("{fault:?} {moment:?}");
    let proxy = Proxy::before(SERVER.address()).await;
    arm(&proxy, moment, fault);
    let place = if behind.name == scene.source.name { "SOURCE" } else { "TARGET" };
    let url = proxy.url(behind);
    let run = spawn(watchful(scene.start(20)).variable(&format!("CARDGENIUS_{place}__URL"), &url));
    let answer = ends_well(run, strikes(&proxy, moment, fault)).await;
    // What is half open is closed.
    drop(proxy);
    if !matches!(fault, Fault::Slow { .. }) {
        holds_all(&answer.stderr, &[moment.is_noticed_as()]);
        // A claim of which nobody knows whether it was made is given back if it was.
        assert_eq!(scene.claims("returned"), i64::from(moment.leaves_a_claim(fault)), "{}", answer.stderr);
    }
    scene.all_well().await;
}

/// A run for each moment, all at the same time: most of it is waiting for limits.
fn one_database_survives(fault: Fault, seed: i64) {
    side_by_side(Moment::ALL, move |moment| async move {
        let scene = Scene::of(USERS, seed).await;
        let source = scene.source.clone();
        survives(scene, &source, moment, fault).await;
    });
}

/// Each on a thread and a runtime of its own: waiting for a process stops a thread, and a proxy must go on meanwhile.
pub fn side_by_side<C, F>(cases: impl IntoIterator<Item = C>, scene: impl Fn(C) -> F + Copy + Send + 'static)
where
    C: Send + 'static,
    F: Future<Output = ()>,
{
    let start = |case| std::thread::spawn(move || tokio::runtime::Runtime::new().unwrap().block_on(scene(case)));
    let started: Vec<_> = cases.into_iter().map(start).collect();
    let failed = started.into_iter().map(std::thread::JoinHandle::join).filter(Result::is_err).count();
    assert_eq!(failed, 0, "scenes that failed");
}

#[test]
fn connections_that_are_cut_at_any_moment_cost_nobody_anything() {
    one_database_survives(Fault::Cut, 361);
}

#[test]
fn connections_that_are_reset_at_any_moment_cost_nobody_anything() {
    one_database_survives(Fault::Reset, 362);
}

#[test]
fn connections_that_fall_silent_at_any_moment_cost_nobody_anything() {
    one_database_survives(Fault::BlackHole, 363);
}

#[test]
fn connections_of_whose_end_the_server_never_learns_cost_nobody_anything() {
    one_database_survives(Fault::HalfOpen, 364);
}

#[test]
fn servers_whose_answers_do_not_arrive_cost_nobody_anything() {
    one_database_survives(Fault::MuteServer, 365);
}

#[test]
fn connections_that_become_slow_at_any_moment_cost_nobody_anything() {
    one_database_survives(Fault::Slow { bytes_per_second: 60_000 }, 366);
}

#[test]
fn connections_too_slow_for_a_load_are_given_up_and_cost_nobody_anything() {
    one_database_survives(Fault::Slow { bytes_per_second: 500 }, 367);
}

const LOSSES: [Fault; 3] = [Fault::Reset, Fault::BlackHole, Fault::HalfOpen];

async fn loads_again(fault: Fault, moment: Moment) {
    println!("{fault:?} {moment:?}");
    let scene = Scene::in_two(USERS, 368).await;
    let proxy = Proxy::before(SERVER.address()).await;
    // Loads are all that commits there.
    proxy.arm(moment.trigger(), fault);
    let run = spawn(watchful(scene.start(20)).variable("CARDGENIUS_TARGET__URL", &proxy.url(&scene.target)));
    let answer = ends_well(run, proxy.struck()).await;
    holds_all(&answer.stderr, &["finishing failed; trying again"]);
    drop(proxy);
    scene.all_well().await;
}

#[test]
fn a_target_of_its_own_that_loses_a_connection_in_the_middle_is_loaded_again() {
    let moments = [Moment::InTheCopy, Moment::BeforeTheFinishesCommit, Moment::AfterTheFinishesCommit];
    for fault in LOSSES {
        side_by_side(moments, move |moment| loads_again(fault, moment));
    }
}

#[test]
fn a_source_that_loses_a_connection_after_the_targets_commit_is_settled_again() {
    for moment in [Moment::BeforeTheFinishesCommit, Moment::AfterTheFinishesCommit] {
        side_by_side(LOSSES, move |fault| async move {
            let scene = Scene::in_two(USERS, 369).await;
            let source = scene.source.clone();
            survives(scene, &source, moment, fault).await;
        });
    }
}

/// The whole network fails in the middle of loads, and comes back after the program has noticed.
async fn outage(fault: Fault, seed: i64) {
    let scene = Scene::of(200, seed).await;
    let proxy = Proxy::before(SERVER.address()).await;
    let gate = scene.gate("CK0000101").await;
    let start = watchful(scene.start(20)).variable("CARDGENIUS_SOURCE__URL", &proxy.url(&scene.source));
    let run = spawn(start.variable("CARDGENIUS_RETRY__ATTEMPTS", "20"));
    gate.reached_by(1).await;
    proxy.arm_everywhere(Trigger::Now, fault);
    gate.open().await;
    run.said("cannot connect to the database");
    run.said("finishing failed; trying again");
    run.said("the lease could not be renewed; trying again");
    proxy.heal();
    run.end().ended(0);
    until("the proxy's connections to end", async || (proxy.connections() == 0).then_some(())).await;
    drop(proxy);
    scene.all_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_resets_every_connection_for_a_while_is_waited_for() {
    outage(Fault::Reset, 370).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_swallows_everything_for_a_while_is_waited_for() {
    outage(Fault::BlackHole, 371).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_cut_off_from_the_network_past_its_lease_is_swept_and_writes_nothing_when_it_is_back() {
    let scene = Scene::of(400, 372).await;
    let proxy = Proxy::before(SERVER.address()).await;
    let gate = scene.gate("CK0000101").await;
    let late = spawn(scene.start(20).variable("CARDGENIUS_SOURCE__URL", &proxy.url(&scene.source)));
    gate.reached_by(2).await;
    scene.completed(100).await;
    until("four claims", async || (scene.claims("open") == 4).then_some(())).await;
    proxy.set(Fault::BlackHole);
    late.said("the lease could not be renewed; trying again");
    let other = spawn(scene.start(20));
    other.said("swept what dead instances had left");
    gate.open().await;
    other.end().ended(0);
    proxy.heal();
    let answer = late.end().ended(0);
    assert_eq!(answer.stderr.matches("claim lost").count(), 4, "{}", answer.stderr);
    assert_eq!(scene.all_completed().await, Charged { attempts: 0, crashes: 80 });
}
