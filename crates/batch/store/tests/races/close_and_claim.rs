//! Closing a run against a claim.

use std::sync::Arc;

use cardgenius_pipeline::ports::{Claimed, Closed, RunState, Store};
use cardgenius_store::postgres::PostgresStore;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::place::Place;
use crate::schedules::{Extent, Findings, Outcome, explore};
use crate::world::request;

/// Whether it says that the run is closed.
async fn close(closer: Arc<PostgresStore>, run_id: Uuid) -> bool {
    match closer.close_run(run_id, RunState::Done, Some("users are left")).await.unwrap() {
        Closed::Closed(RunState::Done) => true,
        Closed::LiveClaims(1) => false,
        other => panic!("{other:?}"),
    }
}

/// Looks for claims first, and locks the run in the next statement.
async fn close_wrongly(closer: Arc<Client>, run_id: Uuid) -> bool {
    closer.batch_execute("BEGIN").await.unwrap();
    let count = "SELECT count(*) FROM cardgenius_claims WHERE state = 'open'";
    let none = closer.query_one(count, &[]).await.unwrap().get::<_, i64>(0) == 0;
    if none {
        let lock = "SELECT state FROM cardgenius_runs WHERE run_id = $1 FOR UPDATE";
        closer.query(lock, &[&run_id]).await.unwrap();
        let close = "UPDATE cardgenius_runs SET state = 'done', closed_at = clock_timestamp() WHERE run_id = $1";
        closer.execute(close, &[&run_id]).await.unwrap();
    }
    closer.batch_execute("COMMIT").await.unwrap();
    none
}

/// A claim against whoever closes the run.
async fn against_a_claim<C: Future<Output = bool> + Send + 'static>(
    name: &str,
    place: &Place,
    extent: Extent,
    close: impl Fn(Uuid) -> C,
) -> Findings {
    let claimer = Arc::new(place.store(1, Uuid::new_v4()));
    explore(name, extent, async |plan| {
        place.reset().await;
        let (claimer, request) = (claimer.clone(), request(&place.run, 3));
        let claiming = async move { claimer.claim(&request).await.unwrap().claimed };
        let (trace, closed, claimed) = place.race(plan, close(place.run.run_id), claiming).await;
        let run = place.value("SELECT state FROM cardgenius_runs").await;
        let claimed = match claimed {
            Claimed::Chunk(_) => "claimed".to_owned(),
            other => format!("{other:?}"),
        };
        let end = format!("closed {closed}, {claimed}; {run}; {}", place.state().await);
        Outcome { trace, end, faults: place.violations().await }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_is_closed_or_claimed_from_and_never_both() {
    let place = Place::fresh().await;
    let closer = Arc::new(place.store(0, Uuid::new_v4()));
    let extent = Extent { switches: 4, random: 100 };
    let findings =
        against_a_claim("closing a run against a claim", &place, extent, |run_id| close(closer.clone(), run_id)).await;
    findings.assert_sound(&[
        "closed false, claimed; open; open, pending/0, 0 rows",
        "closed true, RunClosed; done; , new/0, 0 rows",
    ]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closer_that_looks_before_it_locks_is_found_out() {
    let place = Place::fresh().await;
    let closer = Arc::new(place.client(0).await);
    let extent = Extent { switches: 2, random: 0 };
    let findings = against_a_claim("a wrong closer against a claim", &place, extent, |run_id| {
        close_wrongly(closer.clone(), run_id)
    })
    .await;
    assert!(findings.faults.iter().any(|fault| fault.contains("is open, and its run")), "{findings:?}");
}
