//! Looking up a claim while the COMMIT of its finish is still on its way to the server.

use std::sync::Arc;

use cardgenius_failure::error::ErrorKind;
use cardgenius_pipeline::compute::ComputedChunk;
use cardgenius_pipeline::ports::{ClaimRow, ClaimTotals, Store};
use cardgenius_store::postgres::PostgresStore;
use cardgenius_testkit::{Lines, Request, Stepper};
use tokio::sync::watch;
use uuid::Uuid;

use crate::explorer::{Party, Trace, start, step_through};
use crate::place::Place;
use crate::schedules::{Extent, Findings, Outcome, Plan, explore};
use crate::world::LEASE;

/// Lets everything go until a COMMIT waits, and returns that.
async fn until_commit(stepper: &Stepper) -> Request {
    let mut changes = stepper.changes();
    loop {
        match stepper.waiting(Lines::All) {
            Some(commit) if commit.text == "COMMIT" => return commit,
            Some(request) => drop(stepper.grant(request.connection)),
            None => changes.changed().await.unwrap(),
        }
    }
}

/// The look's steps, and between them, at the plan's moment, the COMMIT.
async fn step(place: &Place, looking: watch::Receiver<bool>, commit: u64, plan: &mut Plan) -> Trace {
    let stepper = &place.steppers[0];
    let parties = [
        Party { stepper, lines: Lines::Except(commit), done: looking },
        Party { stepper, lines: Lines::Only(commit), done: watch::Sender::new(true).subscribe() },
    ];
    step_through(&place.direct, &parties, plan).await
}

/// What the look said, and whether it is so when everything has come to its end.
async fn judge(place: &Place, store: &PostgresStore, chunk: &ComputedChunk, row: ClaimRow) -> (String, Vec<String>) {
    place.pass_freely();
    let state = place.state().await;
    let mut faults = place.violations().await;
    let sound = if row.open {
        row.totals.left == 3 && state == "open, pending/0, 0 rows"
    } else {
        row.totals.completed == 3 && state == "finished, completed/0, 30 rows"
    };
    if !sound {
        faults.push(format!("{row:?}, and it is {state}"));
    }
    if row.open {
        match store.finish(chunk, None).await {
            Ok(finished) if finished.totals.completed == 3 => {}
            other => faults.push(format!("open, and then {other:?}")),
        }
        faults.extend(place.violations().await);
    }
    (state, faults)
}

/// The connection breaks when the COMMIT was sent; then somebody looks, and the COMMIT arrives at some moment, or never.
async fn after_a_broken_connection<L: Future<Output = ClaimRow> + Send + 'static>(
    name: &str,
    place: &Place,
    look: impl Fn(Arc<PostgresStore>, Uuid) -> L,
) -> Findings {
    let store = Arc::new(place.store(0, Uuid::new_v4()));
    explore(name, Extent { switches: 2, random: 20 }, async |plan| {
        place.reset().await;
        store.register(LEASE).await.unwrap();
        let chunk = Arc::new(place.chunk_of(&store).await);
        place.hold();
        let (doing, done) = {
            let (store, chunk) = (store.clone(), chunk.clone());
            let looking = look(store.clone(), chunk.claim_id);
            start(async move {
                assert_eq!(store.finish(&chunk, None).await.unwrap_err().kind(), ErrorKind::CommitInDoubt);
                looking.await
            })
        };
        let commit = until_commit(&place.steppers[0]).await.connection;
        place.steppers[0].lose_client(commit);
        let trace = step(place, done, commit, plan).await;
        let (end, faults) = judge(place, &store, &chunk, doing.await.unwrap()).await;
        Outcome { trace, end, faults }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_look_says_after_the_connection_broke_in_the_commit_stays_true() {
    let place = Place::fresh().await;
    let name = "a look against a COMMIT whose client is gone";
    let findings = after_a_broken_connection(name, &place, async |store: Arc<PostgresStore>, claim_id| {
        store.look_up(claim_id).await.unwrap().unwrap()
    })
    .await;
    findings.assert_sound(&["finished, completed/0, 30 rows", "open, pending/0, 0 rows"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_that_leaves_the_old_session_alone_is_found_out() {
    let place = Place::fresh().await;
    let client = Arc::new(place.client(0).await);
    let name = "a wrong look against a COMMIT whose client is gone";
    let findings = after_a_broken_connection(name, &place, |_, claim_id| {
        let client = client.clone();
        async move {
            let look = "SELECT state = 'open', users - completed, completed FROM cardgenius_claims WHERE claim_id = $1";
            let row = client.query_one(look, &[&claim_id]).await.unwrap();
            let count = |column| u64::try_from(row.get::<_, i32>(column)).unwrap();
            let totals = ClaimTotals { left: count(1), completed: count(2), ..ClaimTotals::default() };
            ClaimRow { open: row.get(0), totals }
        }
    })
    .await;
    assert!(findings.faults.iter().any(|fault| fault.contains("open: true }, and it is finished")), "{findings:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_waits_for_a_commit_that_was_abandoned_and_not_lost() {
    let place = Place::fresh().await;
    let store = Arc::new(place.store(0, Uuid::new_v4()));
    let (mut ended, mut committed) = (0, 0);
    let extent = Extent { switches: 2, random: 20 };
    let findings = explore("a look against a COMMIT that nobody waits for", extent, async |plan| {
        place.reset().await;
        store.register(LEASE).await.unwrap();
        let chunk = Arc::new(place.chunk_of(&store).await);
        place.hold();
        let (finishing, _) = {
            let (store, chunk) = (store.clone(), chunk.clone());
            start(async move { store.finish(&chunk, None).await })
        };
        let commit = until_commit(&place.steppers[0]).await.connection;
        finishing.abort();
        assert!(finishing.await.unwrap_err().is_cancelled());
        let (looking, done) = {
            let (store, claim_id) = (store.clone(), chunk.claim_id);
            start(async move { store.look_up(claim_id).await.unwrap().unwrap() })
        };
        let trace = step(&place, done, commit, plan).await;
        let row = looking.await.unwrap();
        // The session was ended by the look, or its commit was quicker: never anything in between.
        let arrived = trace
            .place_of("COMMIT")
            .is_some_and(|arrival| trace.place_of("pg_terminate_backend").is_none_or(|ending| arrival < ending));
        let (end, mut faults) = judge(&place, &store, &chunk, row).await;
        if !row.open && !arrived {
            faults.push("settled by a commit that came after its session was ended".to_owned());
        }
        (ended, committed) = (ended + usize::from(row.open), committed + usize::from(!row.open));
        Outcome { trace, end, faults }
    })
    .await;
    // A session that was abandoned is ended before the look, unless its commit was quicker.
    findings.assert_sound(&["finished, completed/0, 30 rows", "open, pending/0, 0 rows"]);
    assert!(ended > 0 && committed > 0, "{ended} ended, {committed} committed");
}
