//! Slots: no more chunks finish at once than there are, and nothing else depends on them.

use std::time::Duration;

use cardgenius_failure::error::ErrorKind;
use cardgenius_pipeline::ports::{Chunk, ClaimRequest, ClaimTotals, Claimed, Finished, RunState, Slots, Store};
use cardgenius_store::config::CallLimits;
use cardgenius_store::server::{Server, Session as _, SlotWanted};
use uuid::Uuid;

use crate::backend::{Backend, Database, Session, locking_claim, source_server};
use crate::world::{Instance, LEASE, World, patient, quick, request, users};

const ONE: Slots = Slots { count: 1, home: 0 };

/// Somebody takes a slot for as long as the session lasts; none if it was not free.
async fn take<B: Backend>(world: &World<B>, slot: u32) -> Option<<B::Source as Database>::Session> {
    take_of(world, &world.source_table(), slot).await
}

async fn take_of<B: Backend>(world: &World<B>, whose: &str, slot: u32) -> Option<<B::Source as Database>::Session> {
    let session = world.backend.source().session().await;
    let taken = session.rows(&B::Source::take_slot(whose, slot)).await;
    matches!(taken[0][0].as_deref(), Some("t" | "1")).then_some(session)
}

/// An instance that waits for a slot as long as this.
async fn instance_with<B: Backend>(world: &World<B>, slot: Duration) -> Instance<B> {
    let instance = world.instance_with(Uuid::new_v4(), CallLimits { slot, ..quick() });
    instance.store.register(LEASE).await.unwrap();
    instance
}

const fn completed(completed: u64) -> ClaimTotals {
    ClaimTotals { completed, failed: 0, superseded: 0, returned: 0, left: 0 }
}

pub async fn while_all_slots_are_taken_nobody_finishes<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(6)).await;
    let held = take(&world, 0).await.unwrap();
    let (one, other) = (instance_with(&world, LEASE).await, instance_with(&world, LEASE).await);
    let run = one.run().await;
    let (first, second) = (one.claim_and_compute(&run, 3).await, other.claim_and_compute(&run, 3).await);
    let let_go = async {
        world.backend.source().waits_for_a_slot(2).await;
        assert_eq!(world.statuses().await.get("pending"), Some(&6));
        drop(held);
    };
    let (first, second, ()) =
        tokio::join!(one.store.finish(&first, Some(ONE)), other.store.finish(&second, Some(ONE)), let_go);
    for finished in [first.unwrap(), second.unwrap()] {
        assert_eq!(finished.totals, completed(3));
        assert!(!finished.waited.is_zero());
    }
    world.assert_adds_up().await;
    assert!(take(&world, 0).await.is_some(), "a slot is given back with the commit");
}

pub async fn those_that_start_together_open_in_turn_and_one_that_gets_none_opens_without<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(3)).await;
    let turn = format!("{} (opening a run)", world.source_table());
    let held = take_of(&world, &turn, 0).await.unwrap();
    let (one, other) = (instance_with(&world, LEASE).await, instance_with(&world, LEASE).await);
    let runs = "SELECT count(*) FROM cardgenius_runs";
    let let_go = async {
        world.backend.source().waits_for_a_slot(2).await;
        assert_eq!(world.source.rows(runs).await[0][0].as_deref(), Some("0"));
        drop(held);
    };
    let (first, second, ()) = tokio::join!(one.run(), other.run(), let_go);
    assert_eq!(first.run_id, second.run_id);
    assert!(first.opened_here != second.opened_here, "one opens, the other joins");

    assert!(one.store.close_run(first.run_id, RunState::Failed, Some("to open another one")).await.is_ok());
    let _held = take_of(&world, &turn, 0).await.expect("a turn is over with the run that is open");
    let hurried = instance_with(&world, Duration::from_millis(100)).await;
    assert!(hurried.run().await.opened_here);
}

pub async fn those_that_claim_in_turn_wait_for_each_other_and_one_that_gets_none_claims_without_for_a_while<
    B: Backend,
>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(9)).await;
    let turn = format!("{} (claiming)", world.source_table());
    let (one, other) = (instance_with(&world, LEASE).await, instance_with(&world, LEASE).await);
    let hurried = instance_with(&world, Duration::from_millis(500)).await;
    let run = one.run().await;
    let in_turn = || ClaimRequest { in_turn: true, ..request(&run, 2) };
    let held = take_of(&world, &turn, 0).await.unwrap();
    let let_go = async {
        world.backend.source().waits_for_a_slot(2).await;
        assert_eq!(world.statuses().await.get("pending"), None);
        drop(held);
    };
    let requests = [in_turn(), in_turn()];
    let (first, second, ()) = tokio::join!(one.store.claim(&requests[0]), other.store.claim(&requests[1]), let_go);
    for answer in [first.unwrap(), second.unwrap()] {
        let Claimed::Chunk(chunk) = answer.claimed else { panic!("nobody") };
        assert!(!answer.waited.is_zero());
        assert!(matches!(ids(&chunk)[..], ["U0", "U1"] | ["U2", "U3"]), "{chunk:?}");
    }

    let _held = take_of(&world, &turn, 0).await.expect("a turn is over with the claim");
    for (waits, whom) in [(true, ["U4", "U5"]), (false, ["U6", "U7"])] {
        let answer = hurried.store.claim(&in_turn()).await.unwrap();
        let Claimed::Chunk(chunk) = answer.claimed else { panic!("nobody") };
        assert_eq!(ids(&chunk), whom);
        // A fifth of what a slot is waited for.
        assert_eq!(answer.waited >= Duration::from_millis(100), waits, "{:?}", answer.waited);
    }
    let without = other.store.claim(&request(&run, 2)).await.unwrap();
    assert!(without.waited.is_zero(), "nobody waits who is alone");
}

pub async fn the_session_that_holds_a_slot_is_named<B: Backend>() {
    let world = World::<B>::fresh().await;
    let held = take(&world, 3).await.unwrap();
    let source = source_server(world.backend.source(), quick());
    let of = world.source_table();
    let wanted = SlotWanted { of: &of, slots: Slots { count: 4, home: 3 }, within: Duration::ZERO };
    let mut session = source.session().await.unwrap();
    session.begin().await.unwrap();
    let holder = session.slot_holder(wanted).await.unwrap().unwrap();
    let number = held.rows(&format!("SELECT {}", B::Source::NUMBER)).await[0][0].clone().unwrap();
    assert!(holder.contains(&format!(" {number}, ")), "{holder}");
    assert!(holder.contains(", role ") || holder.contains(" account"), "{holder}");
    drop(held);
    while session.slot_holder(wanted).await.unwrap().is_some() {
        tokio::task::yield_now().await;
    }
}

fn ids(chunk: &Chunk) -> Vec<&str> {
    chunk.users.iter().map(|user| &*user.user_id).collect()
}

pub async fn a_finish_holds_its_slot_until_it_is_over<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(3)).await;
    let instance = world.instance_with(Uuid::new_v4(), patient());
    instance.store.register(LEASE).await.unwrap();
    let chunk = instance.claim_and_compute(&instance.run().await, 3).await;
    let somebody = world.backend.source().session().await;
    somebody.rows("BEGIN").await;
    somebody.rows(&locking_claim(chunk.claim_id)).await;
    let in_the_middle = async {
        world.backend.source().somebody_waits().await;
        assert!(take(&world, 0).await.is_none());
        somebody.rows("COMMIT").await;
    };
    let (finished, ()) = tokio::join!(instance.store.finish(&chunk, Some(ONE)), in_the_middle);
    assert_eq!(finished.unwrap().totals, completed(3));
    assert!(take(&world, 0).await.is_some());
}

pub async fn whoever_gets_no_slot_in_time_finishes_without<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(3)).await;
    let _held = take(&world, 0).await.unwrap();
    let limit = Duration::from_millis(100);
    let instance = instance_with(&world, limit).await;
    let chunk = instance.claim_and_compute(&instance.run().await, 3).await;
    let Finished { totals, waited, .. } = instance.store.finish(&chunk, Some(ONE)).await.unwrap();
    assert_eq!(totals, completed(3));
    assert!(waited >= limit, "{waited:?}");
    world.assert_adds_up().await;
}

pub async fn a_free_slot_is_taken_whichever_it_is<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(3)).await;
    let _held = (take(&world, 0).await.unwrap(), take(&world, 1).await.unwrap());
    let instance = instance_with(&world, LEASE).await;
    let chunk = instance.claim_and_compute(&instance.run().await, 3).await;
    let Finished { totals, waited, .. } =
        instance.store.finish(&chunk, Some(Slots { count: 3, home: 0 })).await.unwrap();
    assert_eq!(totals, completed(3));
    assert!(waited < quick().statement / 2, "{waited:?}, as long as for one that is taken");
}

pub async fn a_slot_is_given_back_however_the_finish_ends<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(3)).await;
    let instance = instance_with(&world, LEASE).await;
    let run = instance.run().await;
    let chunk = instance.claim_and_compute(&run, 3).await;
    // Its first attempt gives up for the row that is locked, and its second one passes over it.
    let locking = world.lock(&["U1"]).await;
    let finished = instance.store.finish(&chunk, Some(ONE)).await.unwrap();
    assert_eq!(finished.totals, ClaimTotals { left: 1, ..completed(2) });
    World::<B>::let_go(locking).await;
    assert!(take(&world, 0).await.is_some());
    assert_eq!(instance.store.pool_status().0.idle, 1, "the session is kept, not ended for the slot that it holds");
    assert_eq!(instance.store.give_back(chunk.claim_id).await.unwrap().returned, 1);
    let error = instance.store.finish(&chunk, Some(ONE)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ClaimLost);
    assert!(take(&world, 0).await.is_some());
    assert_eq!(instance.store.pool_status().0.idle, 1);
}

pub async fn live_instances_come_each_in_a_place_of_its_own<B: Backend>() {
    let world = World::<B>::fresh().await;
    let instances = [world.instance().await, world.instance().await, world.instance().await];
    let _dead = world.dead_instance().await;
    let mut places = Vec::new();
    for instance in &instances {
        let live = instance.store.live_instances().await.unwrap();
        assert_eq!(live.instances, 3);
        places.push(live.before);
    }
    places.sort_unstable();
    assert_eq!(places, [0, 1, 2]);
}
