//! A finish against the giving back of the same claim, by the same instance: what a stop that loses patience does.

use std::sync::Arc;

use cardgenius_failure::error::ErrorKind;
use cardgenius_pipeline::ports::{ClaimTotals, Store};
use uuid::Uuid;

use crate::place::Place;
use crate::schedules::{Extent, Outcome, explore};
use crate::world::LEASE;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_is_finished_or_given_back_and_never_both() {
    let place = Place::fresh().await;
    let id = Uuid::new_v4();
    let [finisher, returner] = [0, 1].map(|party| Arc::new(place.store(party, id)));
    let findings = explore("a finish against giving back", Extent { switches: 4, random: 100 }, async |plan| {
        place.reset().await;
        finisher.register(LEASE).await.unwrap();
        let chunk = place.chunk_of(&finisher).await;
        let (finisher, returner, claim_id) = (finisher.clone(), returner.clone(), chunk.claim_id);
        let finishing = async move { finisher.finish(&chunk, None).await.map(|finished| finished.totals) };
        let returning = async move { returner.give_back(claim_id).await.unwrap() };
        let (trace, finished, returned) = place.race(plan, finishing, returning).await;
        let (state, mut faults) = (place.state().await, place.violations().await);
        let completed = ClaimTotals { completed: 3, ..ClaimTotals::default() };
        let sound = match &finished {
            Ok(totals) => *totals == completed && returned == completed && state.starts_with("finished"),
            Err(error) => {
                error.kind() == ErrorKind::ClaimLost
                    && returned == ClaimTotals { returned: 3, ..ClaimTotals::default() }
                    && state.starts_with("returned")
            }
        };
        if !sound {
            faults.push(format!("{finished:?}, {returned:?}, and the claim is {state}"));
        }
        Outcome { trace, end: state, faults }
    })
    .await;
    findings.assert_sound(&["finished, completed/0, 30 rows", "returned, new/0, 0 rows"]);
}
