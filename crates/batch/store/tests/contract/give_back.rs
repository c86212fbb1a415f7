//! Giving users back, on request.

use cardgenius_pipeline::ports::{Blame, ClaimTotals, Closed, RunState, Store};
use uuid::Uuid;

use crate::backend::Backend;
use crate::world::{HELD, World, users};

pub async fn users_given_back_are_new_again_without_a_trace<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(3)).await;
    let instance = world.instance().await;
    let run = instance.run().await;
    let before = world.user("U0").await;
    let chunk = instance.claim(&run, 2).await;
    let totals = instance.store.give_back(chunk.claim_id).await.unwrap();
    assert_eq!(totals, ClaimTotals { returned: 2, ..ClaimTotals::default() });
    assert_eq!(world.user("U0").await, before, "no crash, no claim");
    let claim = world.claim_seen(chunk.claim_id).await.unwrap();
    assert_eq!((claim.state.as_str(), claim.totals), ("returned", totals));
    assert_eq!(instance.claim(&run, 9).await.users.len(), 3);
}

pub async fn giving_back_what_is_not_held_does_nothing<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(4)).await;
    let (instance, other) = (world.instance().await, world.instance().await);
    let run = instance.run().await;
    assert_eq!(instance.store.give_back(Uuid::new_v4()).await.unwrap(), ClaimTotals::default());
    let finished = instance.claim_and_compute(&run, 2).await;
    let totals = instance.finish(&finished).await.unwrap();
    assert_eq!(instance.store.give_back(finished.claim_id).await.unwrap(), totals);
    let held = instance.claim(&run, 2).await;
    other.store.give_back(held.claim_id).await.unwrap();
    assert_eq!(world.user("U2").await.status, "pending", "it is somebody else's");
    instance.store.give_back(held.claim_id).await.unwrap();
    let again = instance.store.give_back(held.claim_id).await.unwrap();
    assert_eq!(again, ClaimTotals { returned: 2, ..ClaimTotals::default() }, "what its row says");
}

pub async fn a_claim_given_back_half_way_adds_up<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(7)).await;
    world.set("U1", "avg_confirmed_gmv = -1").await;
    let instance = world.instance().await;
    let run = instance.run().await;
    let chunk = instance.claim_and_compute(&run, 7).await;
    let customer = world.lock(&["U3", "U4", "U5"]).await;
    assert_eq!(instance.finish(&chunk).await.unwrap().left, 3);
    World::<B>::let_go(customer).await;
    world.set("U4", "processing_status = 'new'").await;
    let customer = world.lock(&["U5"]).await;
    let totals = instance.store.give_back(chunk.claim_id).await.unwrap();
    assert_eq!(totals, ClaimTotals { completed: 3, failed: 1, superseded: 1, returned: 1, left: 1 });
    let claim = world.claim_seen(chunk.claim_id).await.unwrap();
    assert_eq!((claim.state.as_str(), claim.totals, claim.rows), ("returned", totals, 30));
    let Closed::UsersLeft(left) = instance.store.close_run(run.run_id, RunState::Done, None).await.unwrap() else {
        panic!("users are left, and it is not said");
    };
    assert_eq!((left.new, left.pending, left.free.len(), left.completed, left.failed), (2, 1, 2, 3, 1), "{left:?}");
    assert_eq!(
        instance.store.close_run(run.run_id, RunState::Done, Some("so it is")).await.unwrap(),
        Closed::Closed(RunState::Done)
    );
    assert_eq!(instance.store.run_totals(run.run_id).await.unwrap().users_left, Some(3), "two new, one locked");
    World::<B>::let_go(customer).await;
    world.assert_adds_up().await;
}

pub async fn users_left_locked_are_healed_by_a_sweep<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(3)).await;
    let instance = world.instance().await;
    let chunk = instance.claim(&instance.run().await, 3).await;
    let customer = world.lock(&["U1"]).await;
    assert_eq!(instance.store.give_back(chunk.claim_id).await.unwrap().left, 1);
    assert_eq!(instance.store.sweep(HELD).await.unwrap().healed, 0, "still locked");
    assert_eq!(world.user("U1").await.status, "pending");
    World::<B>::let_go(customer).await;
    assert_eq!(instance.store.sweep(HELD).await.unwrap().healed, 1);
    assert_eq!((world.user("U1").await.status.as_str(), world.user("U1").await.crashes), ("new", 0));
}

pub async fn a_fault_that_hits_a_user_alone_costs_it_an_attempt_and_the_last_one_fails_it<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(2)).await;
    let instance = world.instance().await;
    let run = instance.run().await;
    let blame = |is_proven, is_lasting| Blame { limit: 3, reason: "the load hangs".into(), is_proven, is_lasting };
    // Nothing is held against it that is not proven; once it is, there is no need to prove it again.
    for (attempt, is_proven, is_lasting) in
        [(0, false, true), (0, false, false), (1, true, false), (1, false, false), (2, false, true), (3, false, true)]
    {
        let chunk = instance.claim(&run, 1).await;
        let totals = instance.store.give_up(chunk.claim_id, &blame(is_proven, is_lasting)).await.unwrap();
        assert_eq!((totals.returned, totals.failed), if attempt < 3 { (1, 0) } else { (0, 1) }, "attempt {attempt}");
        let spent = world.value("SELECT sum(attempts) FROM user_spending_data").await;
        assert_eq!(spent, if attempt < 3 { attempt.to_string() } else { "0".into() });
        assert_eq!(world.claim_seen(chunk.claim_id).await.unwrap().state, "returned");
    }
    let user = world.user("U0").await;
    assert_eq!((user.status.as_str(), user.error.as_deref()), ("failed", Some("the load hangs")));
    assert_eq!(world.value("SELECT sum(attempts) FROM user_spending_data").await, "0", "settled");
    assert_eq!(world.user("U1").await.status, "new");
    world.assert_adds_up().await;
}

pub async fn a_fault_that_hits_several_users_costs_nobody_an_attempt<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(3)).await;
    let instance = world.instance().await;
    let run = instance.run().await;
    for _ in 0..4 {
        let chunk = instance.claim(&run, 3).await;
        let blame = Blame { limit: 1, reason: "the load hangs".into(), is_proven: true, is_lasting: true };
        assert_eq!(instance.store.give_up(chunk.claim_id, &blame).await.unwrap().returned, 3);
    }
    assert_eq!(world.value("SELECT sum(attempts) FROM user_spending_data").await, "0");
    // Nor does a stop cost the one who is alone.
    let chunk = instance.claim(&run, 1).await;
    instance.store.give_back(chunk.claim_id).await.unwrap();
    assert_eq!(world.value("SELECT sum(attempts) FROM user_spending_data").await, "0");
    world.assert_adds_up().await;
}

pub async fn a_status_set_to_pending_by_hand_does_not_keep_a_claim_from_closing<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(3)).await;
    let instance = world.instance().await;
    let chunk = instance.claim_and_compute(&instance.run().await, 3).await;
    let customer = world.lock(&["U2"]).await;
    assert_eq!(instance.finish(&chunk).await.unwrap().completed, 2);
    World::<B>::let_go(customer).await;
    // Settled by this very claim, which is still open for the third.
    world.set("U0", "processing_status = 'pending'").await;
    let totals = instance.finish(&chunk).await.unwrap();
    assert_eq!(totals.left, 0);
    let claim = world.claim_seen(chunk.claim_id).await.unwrap();
    assert_eq!((claim.state.as_str(), claim.totals.settled()), ("finished", 3));
    instance.store.sweep(HELD).await.unwrap();
    assert_eq!(world.statuses().await.get("pending"), None);
    world.assert_adds_up().await;
}
