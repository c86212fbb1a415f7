//! Runs that fail again and again: what the daemon says of them while it tries, and when it gives them up.

use cardgenius_testkit::{Counts, until};
use nix::sys::signal::Signal;

use crate::combinations::{Kind, Pair, on_postgres};
use crate::daemon::Daemon;
use crate::program::{Start, holds_all};

const USERS: i64 = 60;

fn daemon(pair: &Pair, failpoints: &str) -> Start {
    pair.start(&["run", "--http", "127.0.0.1:0"])
        .variable("CARDGENIUS_SCHEDULE__LOOK_MS", "1000")
        .variable("CARDGENIUS_PIPELINE__CHUNK_ROWS", "100")
        .failpoints(failpoints)
}

async fn pair_with_users(kind: Kind, seed: i64) -> Pair {
    let pair = Pair::migrated((kind, None));
    let (alone, _) = on_postgres(USERS, seed).await;
    pair.source.populate_from(&alone);
    pair
}

/// State and reason of the only run, once it is closed.
async fn end_of_the_run(pair: &Pair) -> String {
    until("the run's end", async || {
        let runs = pair.source.ask("SELECT state, reason FROM {{runs}}");
        assert_eq!(runs.len(), 1, "{runs:?}");
        (!runs[0].starts_with("open")).then(|| runs[0].clone())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_fails_eight_times_in_the_same_way_is_closed_as_failed_with_the_cause() {
    for (kind, seed) in [(Kind::Postgres, 621), (Kind::Mariadb, 622)] {
        let pair = pair_with_users(kind, seed).await;
        let daemon = Daemon::ready(daemon(&pair, "rest=return;finish.commit=return(bug)"));
        pair.start(&["run-now"]).run().ended(0);
        let run = end_of_the_run(&pair).await;
        holds_all(&run, &["failed", "failed 8 times in the same way", "the failpoint finish.commit"]);
        assert_eq!(daemon.running.times_said("this instance's part in the run failed"), 8);
        holds_all(&pair.start(&["status"]).run().ended(0).stdout, &["failed 8 times in the same way"]);
        daemon.shows("/readyz", 200, "ok      run\n").await;
        let counts = pair.audited();
        assert_eq!((counts.new, counts.pending), (USERS, 0), "{kind:?}");
        daemon.stop();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_run_fails_the_pages_say_why_and_when_it_gets_through_they_say_nothing_of_it_any_more() {
    let pair = pair_with_users(Kind::Postgres, 623).await;
    let daemon = Daemon::ready(daemon(&pair, "finish.commit=2*return(bug)"));
    pair.start(&["run-now"]).run().ended(0);
    daemon.shows("/readyz", 503, "failing run: this instance's part in a run failed, ").await;
    daemon.shows("/readyz", 503, " in a row; the last time: the failpoint finish.commit\n").await;
    daemon.shows("/status", 200, "\"run_fault\":\"this instance's part in a run failed, ").await;
    daemon.shows("/metrics", 200, "cardgenius_failed_parts 2\n").await;
    assert!(end_of_the_run(&pair).await.starts_with("done"));
    daemon.shows("/readyz", 200, "ok      run\n").await;
    daemon.shows("/metrics", 200, "cardgenius_failed_parts 0\n").await;
    assert_eq!(pair.audited(), Counts::all_completed(USERS));
    daemon.running.signal(Signal::SIGTERM);
    daemon.running.end().ended(0);
}
