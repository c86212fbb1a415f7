//! Each arrow of the life of a chunk is cut: the process dies on it, freezes on it past its lease, or loses the answer.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use cardgenius_testkit::Counts;
use nix::sys::signal::Signal;

use crate::combinations::{Combination, Kind};
use crate::ground::{Ground, USERS, Watching};
use crate::points::points_in_the_sources;
use crate::program::{Start, holds_all};
use crate::running::spawn;

/// In chunks of so many: several frames each.
const CHUNK_ROWS: u32 = 300;

/// Scenarios under way at once: they mostly wait for leases.
const AT_ONCE: usize = 6;

/// A point, what must go wrong before it is reached at all, and whether it needs a second database.
struct Arrow {
    point: &'static str,
    before: &'static str,
    two_databases: bool,
}

const fn arrow(point: &'static str) -> Arrow {
    Arrow { point, before: "", two_databases: false }
}

/// In the order of a chunk's life. Of three chunks the second is hit.
const ARROWS: [Arrow; 15] = [
    arrow("claim.commit"),
    arrow("claim.committed"),
    arrow("chunk.claimed"),
    arrow("chunk.computed"),
    arrow("load.begin"),
    arrow("load.middle"),
    Arrow { point: "target.begin", before: "", two_databases: true },
    Arrow { point: "target.commit", before: "", two_databases: true },
    Arrow { point: "target.committed", before: "", two_databases: true },
    arrow("finish.commit"),
    arrow("finish.committed"),
    Arrow { point: "give_back.commit", before: "finish.commit=9*return(timeout)", two_databases: false },
    Arrow { point: "give_back.committed", before: "finish.commit=9*return(timeout)", two_databases: false },
    arrow("run.close"),
    arrow("run.closed"),
];

impl Arrow {
    /// What the instance under test is told.
    fn told(&self, action: &str) -> String {
        let once = if self.is_reached_once() { "" } else { "1*off->" };
        let separator = if self.before.is_empty() { "" } else { ";" };
        format!("{}{separator}{}={once}1*return({action})", self.before, self.point)
    }

    /// Whether whoever stops here has users that it has computed, and has not settled.
    fn holds_a_claim(&self) -> bool {
        ["chunk.", "load.", "target."].iter().any(|room| self.point.starts_with(room)) || self.point == "finish.commit"
    }

    fn is_reached_once(&self) -> bool {
        self.point.starts_with("run.") || self.point.starts_with("give_back.")
    }

    /// The kinds of databases on which it is tried.
    fn grounds(&self) -> &'static [Combination] {
        use Kind::{Mariadb, Postgres};
        if self.two_databases {
            &[
                (Postgres, Some(Postgres)),
                (Mariadb, Some(Mariadb)),
                (Postgres, Some(Mariadb)),
                (Mariadb, Some(Postgres)),
            ]
        } else {
            &[(Postgres, None), (Mariadb, None)]
        }
    }
}

/// An arrow on databases of some kinds.
#[derive(Clone, Copy)]
struct Case {
    arrow: &'static Arrow,
    on: Combination,
}

impl Case {
    fn named(self) -> String {
        format!("{} on {:?}", self.arrow.point, self.on)
    }
}

fn instance(ground: &Ground) -> Start {
    ground.instance(CHUNK_ROWS)
}

/// Runs the scenario of every arrow, several at once, each on a thread and a runtime of its own.
fn on_every_arrow<F: Future<Output = ()>>(arrows: &[&'static Arrow], scenario: impl Fn(Case) -> F + Sync) {
    let cases: Vec<Case> =
        arrows.iter().flat_map(|arrow| arrow.grounds().iter().map(|on| Case { arrow, on: *on })).collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    println!("{}", case.named());
                    tokio::runtime::Runtime::new().unwrap().block_on(scenario(*case));
                }
            });
        }
    });
}

fn all() -> Vec<&'static Arrow> {
    ARROWS.iter().collect()
}

/// Everybody is completed as the oracle says, once, and nobody pays for it.
async fn assert_all_well(point: &str, sides: &Ground, reader: Watching) {
    assert_eq!(sides.audited().await, Counts::all_completed(USERS), "{point}");
    sides.assert_as_the_oracle_says(90).await;
    assert!(reader.end().await > 0, "{point}: the reader never looked");
    let completed = sides.ask("SELECT sum(completed) FROM {{claims}}");
    assert_eq!(completed, USERS.to_string(), "{point}: somebody was done twice");
    // What was settled is forgiven; this was written down whenever it rose.
    assert_eq!(sides.ask("SELECT coalesce(sum(attempts), 0) FROM charges"), "0", "{point}");
}

#[test]
fn after_a_kill_on_any_arrow_the_next_start_completes_everybody_once() {
    on_every_arrow(&all(), async |case| {
        let (arrow, name) = (case.arrow, &case.named());
        let (sides, reader) = Ground::with_users(case.on).await;
        spawn(instance(&sides).failpoints(&arrow.told("kill"))).ended_by(Signal::SIGKILL);
        instance(&sides).run().ended(0);
        assert_all_well(name, &sides, reader).await;
    });
}

#[test]
fn whoever_freezes_on_any_arrow_past_its_lease_is_replaced_and_writes_nothing_when_it_wakes() {
    on_every_arrow(&all(), async |case| {
        let (arrow, name) = (case.arrow, &case.named());
        let (sides, reader) = Ground::with_users(case.on).await;
        let frozen = spawn(instance(&sides).failpoints(&arrow.told("freeze")));
        frozen.is_stopped();
        let other = instance(&sides).run().ended(0);
        let done = sides.audited().await;
        assert_eq!(done, Counts::all_completed(USERS), "{name}: {}", other.stderr);
        let rows = sides.fingerprint();
        frozen.signal(Signal::SIGCONT);
        let late = frozen.end();
        assert_eq!(sides.fingerprint(), rows, "{name}: it wrote late: {}", late.stderr);
        assert_eq!(late.code, 0, "{name}: {}", late.stderr);
        if arrow.holds_a_claim() {
            assert!(late.stderr.contains("claim lost"), "{name}: {}", late.stderr);
        }
        assert_all_well(name, &sides, reader).await;
    });
}

#[test]
fn a_commit_whose_answer_is_lost_is_looked_up_and_nobody_is_done_twice() {
    let commits = ["claim.committed", "finish.committed", "give_back.committed", "run.closed"];
    let arrows: Vec<&Arrow> = ARROWS.iter().filter(|arrow| commits.contains(&arrow.point)).collect();
    assert_eq!(arrows.len(), commits.len());
    on_every_arrow(&arrows, async |case| {
        let (arrow, name) = (case.arrow, &case.named());
        let (sides, reader) = Ground::with_users(case.on).await;
        let answer = instance(&sides).failpoints(&arrow.told("commit_in_doubt")).run().ended(0);
        holds_all(&answer.stderr, &[&format!("the failpoint {}", arrow.point)]);
        assert_all_well(name, &sides, reader).await;
    });
}

#[test]
fn a_connection_lost_on_any_arrow_is_made_anew_by_the_same_process() {
    let reported = |arrow: &&Arrow| !arrow.point.starts_with("chunk.") && !arrow.point.ends_with(".middle");
    let arrows: Vec<&Arrow> =
        ARROWS.iter().filter(reported).filter(|arrow| !arrow.point.ends_with("ed") || arrow.two_databases).collect();
    assert_eq!(arrows.len(), 8);
    on_every_arrow(&arrows, async |case| {
        let (arrow, name) = (case.arrow, &case.named());
        let (sides, reader) = Ground::with_users(case.on).await;
        let answer = instance(&sides).failpoints(&arrow.told("connection_lost")).run().ended(0);
        holds_all(&answer.stderr, &[&format!("the failpoint {}", arrow.point)]);
        assert_all_well(name, &sides, reader).await;
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_dies_while_it_sweeps_the_dead_is_swept_with_them() {
    let (sides, reader) = Ground::with_users((Kind::Postgres, None)).await;
    spawn(instance(&sides).failpoints("chunk.computed=1*return(kill)")).ended_by(Signal::SIGKILL);
    spawn(instance(&sides).failpoints("sweep.evicted=1*return(kill)")).ended_by(Signal::SIGKILL);
    instance(&sides).run().ended(0);
    assert_all_well("sweep.evicted", &sides, reader).await;
}

#[test]
fn every_point_in_the_sources_has_its_scenario() {
    let mut known: BTreeSet<String> = ARROWS.iter().map(|arrow| arrow.point.to_owned()).collect();
    known.extend(["sweep.evicted", "compute.user", "fence", "eviction"].map(str::to_owned));
    assert_eq!(points_in_the_sources(), known);
}
