//! The sweep: what dead instances held comes back; what the living hold does not.

use std::time::Duration;

use cardgenius_failure::error::ErrorKind;
use cardgenius_pipeline::ports::{ClaimRequest, Claimed, Store, Suspicion, Swept};
use uuid::Uuid;

use crate::backend::{Backend, Database, Session};
use crate::world::{HELD, LEASE, World, request, users};

pub async fn a_dead_instances_users_come_back_with_one_crash_more<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(5)).await;
    let (dead, sweeper) = (world.dead_instance().await, world.instance().await);
    let run = dead.run().await;
    let first = dead.claim_and_compute(&run, 2).await;
    dead.claim(&run, 2).await;
    world.set("U3", "processing_status = 'new'").await;
    let swept = sweeper.store.sweep(HELD).await.unwrap();
    assert_eq!((swept.claims, swept.returned, swept.condemned, swept.healed), (2, 3, 0, 0), "{swept:?}");
    let user = world.user("U0").await;
    assert_eq!((user.status.as_str(), user.claim_id, user.crashes), ("new", None, 1));
    assert_eq!((world.user("U3").await.crashes, world.user("U4").await.crashes), (0, 0));
    let claim = world.claim_seen(first.claim_id).await.unwrap();
    assert_eq!((claim.state.as_str(), claim.totals.returned), ("swept", 2));
    assert_eq!(dead.finish(&first).await.unwrap_err().kind(), ErrorKind::ClaimLost);
    assert_eq!((world.count_rows().await, world.statuses().await["new"]), (0, 5), "it wrote nothing");
    // Its lease is still out, so that whatever session it has made since is ended again.
    let again = sweeper.store.sweep(HELD).await.unwrap();
    assert_eq!(Swept { sessions_ended: 0, ..again }, Swept::default());
}

pub async fn a_dead_instance_without_a_claim_is_evicted_too<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(1)).await;
    let (dead, sweeper) = (world.dead_instance().await, world.instance().await);
    // A look leaves a session behind; frozen in the middle of one, it would hold what that has locked.
    dead.run().await;
    assert!(sweeper.store.sweep(HELD).await.unwrap().sessions_ended > 0);
    assert_eq!(sweeper.store.sweep(HELD).await.unwrap().sessions_ended, 0);
}

pub async fn the_living_are_left_alone<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(2)).await;
    let (living, sweeper) = (world.instance().await, world.instance().await);
    let chunk = living.claim_and_compute(&living.run().await, 2).await;
    assert_eq!(sweeper.store.sweep(HELD).await.unwrap(), Swept::default());
    assert_eq!(living.finish(&chunk).await.unwrap().completed, 2);
}

pub async fn an_owner_without_a_row_is_dead<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(2)).await;
    let (unknown, sweeper) = (world.silent_instance(), world.instance().await);
    unknown.claim(&unknown.run().await, 2).await;
    assert_eq!(sweeper.store.sweep(HELD).await.unwrap().returned, 2);
}

pub async fn nobody_sweeps_before_a_full_lease_of_its_own<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(2)).await;
    let (dead, sweeper) = (world.dead_instance().await, world.instance().await);
    dead.claim(&dead.run().await, 2).await;
    let hour = Duration::from_secs(3600);
    assert_eq!(sweeper.store.sweep(hour).await.unwrap(), Swept::default(), "it has just begun");
    world.run(&format!("UPDATE cardgenius_instances SET held_since = {}", B::Source::ago(7200))).await;
    assert_eq!(sweeper.store.sweep(hour).await.unwrap(), Swept::default(), "the server has just begun");
    assert_eq!(dead.store.sweep(HELD).await.unwrap(), Swept::default(), "its own lease is over");
    assert_eq!(world.silent_instance().store.sweep(HELD).await.unwrap(), Swept::default(), "it has none");
    assert_eq!(sweeper.store.sweep(HELD).await.unwrap().returned, 2);
}

pub async fn whoever_was_silent_for_too_long_begins_anew<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(2)).await;
    let (dead, sweeper) = (world.dead_instance().await, world.instance().await);
    dead.claim(&dead.run().await, 2).await;
    // Its lease ran out an hour ago, as everybody's did in an outage.
    let (long_ago, an_hour_ago) = (B::Source::ago(7200), B::Source::ago(3600));
    let lapse = format!("UPDATE cardgenius_instances SET held_since = {long_ago}, lease_until = {an_hour_ago}");
    world.run(&format!("{lapse} WHERE instance_id = '{}'", sweeper.id)).await;
    sweeper.store.renew(LEASE).await.unwrap();
    let held = format!("SELECT count(*) FROM cardgenius_instances WHERE instance_id = '{}'", sweeper.id);
    assert_eq!(world.value(&format!("{held} AND held_since > {an_hour_ago}")).await, "1");
    // And one that holds on keeps the time since when.
    world.run(&format!("UPDATE cardgenius_instances SET held_since = {long_ago}")).await;
    sweeper.store.renew(LEASE).await.unwrap();
    assert_eq!(world.value(&format!("{held} AND held_since > {an_hour_ago}")).await, "0");
}

pub async fn a_client_frozen_in_the_middle_of_a_load_is_swept<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(3)).await;
    let (dead, sweeper) = (world.dead_instance().await, world.instance().await);
    let run = dead.run().await;
    let chunk = dead.claim(&run, 3).await;
    let frozen = world.backend.freeze_in_a_load(dead.id, chunk.claim_id).await;
    let swept = sweeper.store.sweep(HELD).await.unwrap();
    assert!(swept.sessions_ended > 0, "{swept:?}");
    assert_eq!((swept.claims, swept.returned), (1, 3), "{swept:?}");
    let again = sweeper.claim_and_compute(&run, 3).await;
    assert_eq!(sweeper.finish(&again).await.unwrap().completed, 3);
    drop(frozen.holding);
    world.assert_adds_up().await;
}

pub async fn a_user_that_died_alone_three_times_is_condemned<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(2)).await;
    world.set("U0", "crashes = 6").await;
    let sweeper = world.instance().await;
    let run = sweeper.run().await;
    for death in 1..=3 {
        let dead = world.dead_instance().await;
        let alone = ClaimRequest { suspicion: Suspicion::Strong, ..request(&run, 1) };
        assert!(matches!(dead.store.claim(&alone).await.unwrap().claimed, Claimed::Chunk(_)), "death {death}");
        let swept = sweeper.store.sweep(HELD).await.unwrap();
        assert_eq!((swept.returned, swept.condemned), if death < 3 { (1, 0) } else { (0, 1) }, "death {death}");
        let totals = world.claim_seen(alone.claim_id).await.unwrap().totals;
        assert_eq!((totals.returned, totals.failed), if death < 3 { (1, 0) } else { (0, 1) }, "death {death}");
    }
    let user = world.user("U0").await;
    assert_eq!((user.status.as_str(), user.crashes), ("failed", 0));
    assert_eq!(user.error.as_deref(), Some("computation ended the process"));
    assert_eq!(world.user("U1").await.status, "new");
}

pub async fn rows_that_are_locked_during_a_sweep_are_left_and_healed_later<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(3)).await;
    let (dead, sweeper) = (world.dead_instance().await, world.instance().await);
    let chunk = dead.claim(&dead.run().await, 3).await;
    let customer = world.lock(&["U1"]).await;
    assert_eq!(sweeper.store.sweep(HELD).await.unwrap().returned, 2);
    assert_eq!(world.claim_seen(chunk.claim_id).await.unwrap().totals.left, 1);
    World::<B>::let_go(customer).await;
    assert_eq!(sweeper.store.sweep(HELD).await.unwrap().healed, 1);
    assert_eq!(world.statuses().await["new"], 3);
}

pub async fn pending_users_of_no_open_claim_are_healed_and_the_others_are_not<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(6)).await;
    let (instance, sweeper) = (world.instance().await, world.instance().await);
    let run = instance.run().await;
    let finished = instance.claim_and_compute(&run, 2).await;
    instance.finish(&finished).await.unwrap();
    let held = instance.claim_and_compute(&run, 2).await;
    // By hand: of a finished claim, of none, of one that never was.
    world.set("U1", "processing_status = 'pending'").await;
    world.set("U4", "processing_status = 'pending'").await;
    world.set("U5", &format!("processing_status = 'pending', claim_id = '{}'", Uuid::new_v4())).await;
    assert_eq!(sweeper.store.sweep(HELD).await.unwrap(), Swept { healed: 3, ..Swept::default() });
    for user_id in ["U1", "U4", "U5"] {
        let user = world.user(user_id).await;
        assert_eq!((user.status.as_str(), user.claim_id, user.crashes), ("new", None, 0), "{user_id}");
    }
    assert_eq!(instance.finish(&held).await.unwrap().completed, 2);
}

pub async fn a_claim_that_is_locked_does_not_keep_the_others_from_being_swept<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(4)).await;
    let (dead, sweeper) = (world.dead_instance().await, world.instance().await);
    let run = dead.run().await;
    let first = dead.claim(&run, 2).await;
    dead.claim(&run, 2).await;
    let dba = world.backend.source().session().await;
    dba.rows("BEGIN").await;
    dba.rows(&format!("SELECT state FROM cardgenius_claims WHERE claim_id = '{}' FOR UPDATE", first.claim_id)).await;
    assert_eq!(sweeper.store.sweep(HELD).await.unwrap().claims, 1);
    World::<B>::let_go(dba).await;
    assert_eq!(sweeper.store.sweep(HELD).await.unwrap().claims, 1);
}

pub async fn a_session_that_cannot_be_ended_keeps_nobody_from_being_swept<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(4)).await;
    let sweeper = world.instance().await;
    let run = sweeper.run().await;
    let mut stubborn = Vec::new();
    for _ in 0..2 {
        let dead = world.dead_instance().await;
        dead.claim(&run, 2).await;
        stubborn.push(world.backend.source().session_that_cannot_be_ended(dead.id).await);
    }
    let swept = sweeper.store.sweep(HELD).await.unwrap();
    assert_eq!((swept.claims, swept.returned), (2, 4), "what it does not hold locked can be had: {swept:?}");
}
