//! The lease: this instance's word that it is alive.

use cardgenius_pipeline::ports::Store;

use crate::backend::{Backend, Database};
use crate::world::{HELD, Instance, LEASE, NO_LEASE, World, users};

async fn is_alive<B: Backend>(world: &World<B>, instance: &Instance<B>) -> bool {
    let alive = format!("SELECT count(*) FROM cardgenius_instances WHERE lease_until > {}", B::Source::ago(0));
    world.value(&format!("{alive} AND instance_id = '{}'", instance.id)).await == "1"
}

pub async fn a_lease_runs_from_its_registration_and_from_each_renewal<B: Backend>() {
    let world = World::<B>::fresh().await;
    let instance = world.dead_instance().await;
    assert!(!is_alive(&world, &instance).await);
    instance.store.renew(LEASE).await.unwrap();
    assert!(is_alive(&world, &instance).await);
    instance.store.renew(NO_LEASE).await.unwrap();
    assert!(!is_alive(&world, &instance).await);
    instance.store.register(LEASE).await.unwrap();
    assert!(is_alive(&world, &instance).await);
}

pub async fn a_renewal_writes_the_row_anew_if_somebody_has_removed_it<B: Backend>() {
    let world = World::<B>::fresh().await;
    let instance = world.instance().await;
    world.run("DELETE FROM cardgenius_instances").await;
    instance.store.renew(LEASE).await.unwrap();
    assert!(is_alive(&world, &instance).await);
}

pub async fn only_instances_whose_lease_holds_are_counted_as_live<B: Backend>() {
    let world = World::<B>::fresh().await;
    let (one, other, _dead) = (world.instance().await, world.instance().await, world.dead_instance().await);
    assert_eq!(one.store.live_instances().await.unwrap().instances, 2);
    other.store.deregister().await.unwrap();
    assert_eq!(one.store.live_instances().await.unwrap().instances, 1);
}

pub async fn whoever_deregisters_is_swept_at_once<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(2)).await;
    let (instance, sweeper) = (world.instance().await, world.instance().await);
    instance.claim(&instance.run().await, 2).await;
    instance.store.deregister().await.unwrap();
    assert_eq!(sweeper.store.sweep(HELD).await.unwrap().returned, 2);
    assert_eq!(world.value("SELECT count(*) FROM cardgenius_instances WHERE stopped_at IS NOT NULL").await, "1");
}

pub async fn an_instance_with_idle_sessions_deregisters_without_a_fault<B: Backend>() {
    let world = World::<B>::fresh().await;
    for _ in 0..20 {
        let instance = world.instance().await;
        let look = || instance.store.live_instances();
        // Each on a session of its own, all of which are told to end.
        let looks = tokio::join!(look(), look(), look(), look());
        assert!([looks.0, looks.1, looks.2, looks.3].into_iter().all(|live| live.is_ok()));
        instance.store.deregister().await.unwrap();
    }
}

pub async fn a_renewal_does_not_wait_for_busy_sessions<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(2)).await;
    let instance = std::sync::Arc::new(world.instance_with(uuid::Uuid::new_v4(), crate::world::patient()));
    instance.store.register(LEASE).await.unwrap();
    let run = instance.run().await;
    let chunk = instance.claim_and_compute(&run, 2).await;
    // Everything that the pool has waits for the claim's row.
    let dba = world.backend.source().session().await;
    let lock = format!("SELECT state FROM cardgenius_claims WHERE claim_id = '{}' FOR UPDATE", chunk.claim_id);
    crate::backend::Session::rows(&dba, &format!("BEGIN; {lock}")).await;
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (instance, claim_id) = (instance.clone(), chunk.claim_id);
        waiting.spawn(async move { instance.store.look_up(claim_id).await.unwrap() });
    }
    world.backend.source().somebody_waits().await;
    instance.store.renew(LEASE).await.unwrap();
    assert!(waiting.try_join_next().is_none());
    World::<B>::let_go(dba).await;
    assert!(waiting.join_all().await.into_iter().all(|row| row.unwrap().open));
}
