//! A finish whose owner's lease has run out, against the sweep that takes its users away; and two sweeps at once.

use std::sync::Arc;

use cardgenius_failure::error::{DatabaseError, ErrorKind};
use cardgenius_pipeline::ports::{ClaimTotals, Store, Swept};
use uuid::Uuid;

use crate::place::Place;
use crate::schedules::{Extent, Outcome, explore};
use crate::world::{HELD, LEASE, NO_LEASE};

/// What a session that a sweep ended may be told, at whatever it was doing.
const ENDED: [ErrorKind; 3] = [ErrorKind::ConnectionLost, ErrorKind::ServerShuttingDown, ErrorKind::CommitInDoubt];

fn faults_of(finished: &Result<ClaimTotals, DatabaseError>, swept: &Swept, state: &str) -> Vec<String> {
    let sound = match finished {
        Ok(totals) => totals.completed == 3 && swept.claims == 0 && state.starts_with("finished"),
        // The commit took, and its answer was lost with the session.
        Err(error) if state.starts_with("finished") => ENDED.contains(&error.kind()) && swept.claims == 0,
        Err(error) => {
            (error.kind() == ErrorKind::ClaimLost || ENDED.contains(&error.kind()))
                && (swept.claims, swept.returned) == (1, 3)
        }
    };
    if sound { Vec::new() } else { vec![format!("{finished:?}, {swept:?}, and the claim is {state}")] }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_is_finished_or_swept_and_never_both() {
    let place = Place::fresh().await;
    let finisher = Arc::new(place.store(0, Uuid::new_v4()));
    let sweeper = Arc::new(place.store(1, Uuid::new_v4()));
    let findings = explore("a finish against a sweep", Extent { switches: 2, random: 100 }, async |plan| {
        place.reset().await;
        finisher.register(NO_LEASE).await.unwrap();
        sweeper.register(LEASE).await.unwrap();
        let chunk = place.chunk_of(&finisher).await;
        let (finisher, sweeper) = (finisher.clone(), sweeper.clone());
        let finishing = async move { finisher.finish(&chunk, None).await.map(|finished| finished.totals) };
        let sweeping = async move { sweeper.sweep(HELD).await.unwrap() };
        let (trace, finished, swept) = place.race(plan, finishing, sweeping).await;
        let state = place.state().await;
        let mut faults = faults_of(&finished, &swept, &state);
        faults.extend(place.violations().await);
        Outcome { trace, end: state, faults }
    })
    .await;
    findings.assert_sound(&["finished, completed/0, 30 rows", "swept, new/1, 0 rows"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_sweeps_at_once_one_takes_the_claim() {
    let place = Place::fresh().await;
    let dead = place.store(0, Uuid::new_v4());
    let sweepers = [0, 1].map(|party| Arc::new(place.store(party, Uuid::new_v4())));
    let findings = explore("a sweep against a sweep", Extent { switches: 1, random: 50 }, async |plan| {
        place.reset().await;
        dead.register(NO_LEASE).await.unwrap();
        for sweeper in &sweepers {
            sweeper.register(LEASE).await.unwrap();
        }
        place.chunk_of(&dead).await;
        let [one, other] = sweepers.clone().map(|sweeper| async move { sweeper.sweep(HELD).await.unwrap() });
        let (trace, one, other) = place.race(plan, one, other).await;
        let mut faults = place.violations().await;
        if (one.claims + other.claims, one.returned + other.returned, one.healed + other.healed) != (1, 3, 0) {
            faults.push(format!("{one:?} and {other:?}"));
        }
        Outcome { trace, end: place.state().await, faults }
    })
    .await;
    findings.assert_sound(&["swept, new/1, 0 rows"]);
}
