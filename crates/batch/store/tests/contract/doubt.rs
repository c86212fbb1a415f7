//! Commits whose answer was lost.

use cardgenius_failure::error::ErrorKind;
use cardgenius_pipeline::ports::{ClaimRow, ClaimTotals, Store};
use uuid::Uuid;

use crate::backend::{Backend, Database};
use crate::world::{HELD, Instance, World, patient, quick, request, users};

/// The same instance on new sessions.
fn again<B: Backend>(world: &World<B>, instance: &Instance<B>) -> Instance<B> {
    world.instance_with(instance.id, quick())
}

pub async fn a_look_up_says_what_became_of_a_claim<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(9)).await;
    let (instance, sweeper) = (world.dead_instance().await, world.instance().await);
    let run = instance.run().await;
    assert_eq!(instance.store.look_up(Uuid::new_v4()).await.unwrap(), None);
    let totals = |left, returned| ClaimTotals { left, returned, ..ClaimTotals::default() };

    let chunk = instance.claim_and_compute(&run, 3).await;
    let open = ClaimRow { totals: totals(3, 0), open: true };
    assert_eq!(instance.store.look_up(chunk.claim_id).await.unwrap(), Some(open));
    let not_mine = ClaimRow { open: false, ..open };
    assert_eq!(sweeper.store.look_up(chunk.claim_id).await.unwrap(), Some(not_mine));
    let customer = world.lock(&["U1"]).await;
    instance.finish(&chunk).await.unwrap();
    let in_part = ClaimTotals { completed: 2, left: 1, ..ClaimTotals::default() };
    let row = instance.store.look_up(chunk.claim_id).await.unwrap();
    assert_eq!(row, Some(ClaimRow { totals: in_part, open: true }));
    World::<B>::let_go(customer).await;
    instance.finish(&chunk).await.unwrap();
    let finished = ClaimTotals { completed: 3, ..ClaimTotals::default() };
    let row = instance.store.look_up(chunk.claim_id).await.unwrap();
    assert_eq!(row, Some(ClaimRow { totals: finished, open: false }));

    let given_back = instance.claim(&run, 3).await.claim_id;
    instance.store.give_back(given_back).await.unwrap();
    let closed = Some(ClaimRow { totals: totals(0, 3), open: false });
    assert_eq!(instance.store.look_up(given_back).await.unwrap(), closed);
    let swept = instance.claim(&run, 3).await.claim_id;
    sweeper.store.sweep(HELD).await.unwrap();
    assert_eq!(instance.store.look_up(swept).await.unwrap(), closed);
}

pub async fn a_claim_in_doubt_that_took_is_given_back<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(3)).await;
    let instance = world.instance().await;
    let request = request(&instance.run().await, 3);
    world.backend.source().hold_answers().await;
    let held = again(&world, &instance);
    let (claimed, ()) = tokio::join!(held.store.claim(&request), world.backend.source().lose_an_answer());
    assert_eq!(claimed.unwrap_err().kind(), ErrorKind::CommitInDoubt);
    assert_eq!(world.statuses().await["pending"], 3, "it took");
    let totals = held.store.give_back(request.claim_id).await.unwrap();
    assert_eq!(totals, ClaimTotals { returned: 3, ..ClaimTotals::default() });
    assert_eq!(world.statuses().await["new"], 3);
}

pub async fn a_claim_in_doubt_that_did_not_take_leaves_nothing_to_give_back<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(3)).await;
    let instance = world.instance().await;
    let request = request(&instance.run().await, 3);
    world.backend.source().break_commits().await;
    assert_eq!(instance.store.claim(&request).await.unwrap_err().kind(), ErrorKind::CommitInDoubt);
    assert_eq!(instance.store.look_up(request.claim_id).await.unwrap(), None);
    assert_eq!(instance.store.give_back(request.claim_id).await.unwrap(), ClaimTotals::default());
    assert_eq!(world.statuses().await["new"], 3);
}

pub async fn a_finish_in_doubt_that_took_is_found_by_a_look_and_not_done_twice<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(3)).await;
    let instance = world.instance().await;
    let chunk = instance.claim_and_compute(&instance.run().await, 3).await;
    world.backend.source().hold_answers().await;
    let held = again(&world, &instance);
    let (finished, ()) = tokio::join!(held.finish(&chunk), world.backend.source().lose_an_answer());
    assert_eq!(finished.unwrap_err().kind(), ErrorKind::CommitInDoubt);
    let totals = ClaimTotals { completed: 3, ..ClaimTotals::default() };
    assert_eq!(held.store.look_up(chunk.claim_id).await.unwrap(), Some(ClaimRow { totals, open: false }));
    assert_eq!(held.finish(&chunk).await.unwrap_err().kind(), ErrorKind::ClaimLost);
    world.assert_adds_up().await;
}

pub async fn a_finish_abandoned_in_its_commit_is_found_by_a_look<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(3)).await;
    let instance = world.instance().await;
    let chunk = instance.claim_and_compute(&instance.run().await, 3).await;
    world.backend.source().hold_answers().await;
    let held = world.instance_with(instance.id, patient());
    // Nobody waits for the answer any more, as when the time of a stop is over.
    tokio::select! {
        finished = held.finish(&chunk) => panic!("{finished:?}"),
        () = world.backend.source().an_answer_is_held() => {}
    }
    let row = held.store.look_up(chunk.claim_id).await.unwrap().unwrap();
    assert_eq!((row.open, row.totals.completed), (false, 3));
    world.assert_adds_up().await;
}
