//! Two databases: the target commits first, and its fence says whether it may.

use cardgenius_failure::error::ErrorKind;
use cardgenius_pipeline::ports::{ClaimRow, ClaimTotals, Store};

use crate::backend::{Database, Session, WithSecondTarget};
use crate::world::{HELD, World, text, users};

/// The fence's rows of one claim: which parts, and whether they were loaded.
async fn fence<B: WithSecondTarget>(world: &World<B>, claim_id: uuid::Uuid) -> Vec<(String, bool)> {
    let sql = "SELECT part, CASE WHEN loaded THEN 'yes' ELSE 'no' END FROM cardgenius_fence WHERE claim_id =";
    let rows = world.target.rows(&format!("{sql} '{claim_id}' ORDER BY part")).await;
    rows.iter().map(|row| (text(row, 0), text(row, 1) == "yes")).collect()
}

pub async fn each_load_leaves_its_row_at_the_fence<B: WithSecondTarget>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(3)).await;
    let instance = world.instance().await;
    let chunk = instance.claim_and_compute(&instance.run().await, 3).await;
    let customer = world.lock(&["U1"]).await;
    instance.finish(&chunk).await.unwrap();
    assert_eq!(fence(&world, chunk.claim_id).await, [("1".into(), true)]);
    World::<B>::let_go(customer).await;
    instance.finish(&chunk).await.unwrap();
    assert_eq!(fence(&world, chunk.claim_id).await, [("1".into(), true), ("2".into(), true)]);
}

pub async fn whoever_takes_users_away_shuts_late_loads_out_first<B: WithSecondTarget>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(4)).await;
    let (dead, sweeper) = (world.dead_instance().await, world.instance().await);
    let run = dead.run().await;
    let (swept, given_back) = (dead.claim(&run, 2).await, sweeper.claim(&run, 2).await);
    sweeper.store.sweep(HELD).await.unwrap();
    sweeper.store.give_back(given_back.claim_id).await.unwrap();
    for claim_id in [swept.claim_id, given_back.claim_id] {
        assert_eq!(fence(&world, claim_id).await, [("1".into(), false)]);
    }
}

pub async fn a_load_that_is_shut_out_is_a_lost_claim_and_holds_nobody_any_more<B: WithSecondTarget>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(2)).await;
    let instance = world.instance().await;
    let run = instance.run().await;
    let chunk = instance.claim_and_compute(&run, 2).await;
    // A sweeper that died between the two databases: the source knows nothing of it.
    let tombstone = "INSERT INTO cardgenius_fence (claim_id, part, loaded) VALUES";
    world.target.rows(&format!("{tombstone} ('{}', 1, false)", chunk.claim_id)).await;
    assert_eq!(instance.finish(&chunk).await.unwrap_err().kind(), ErrorKind::ClaimLost);
    assert_eq!(world.count_rows().await, 0);
    assert_eq!(world.statuses().await["new"], 2, "their owner lives and has given them up: nobody else would");
    let again = instance.claim_and_compute(&run, 2).await;
    assert_eq!(instance.finish(&again).await.unwrap().completed, 2);
    world.assert_adds_up().await;
}

pub async fn a_part_that_only_the_target_has_is_loaded_again<B: WithSecondTarget>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(3)).await;
    let instance = world.instance().await;
    let chunk = instance.claim_and_compute(&instance.run().await, 3).await;
    world.backend.source().break_commits().await;
    assert_eq!(instance.finish(&chunk).await.unwrap_err().kind(), ErrorKind::CommitInDoubt);
    assert_eq!((world.count_rows().await, world.statuses().await["pending"]), (30, 3), "between the two");
    let open = ClaimRow { totals: ClaimTotals { left: 3, ..ClaimTotals::default() }, open: true };
    assert_eq!(instance.store.look_up(chunk.claim_id).await.unwrap(), Some(open));
    world.backend.source().mend_commits().await;
    assert_eq!(instance.finish(&chunk).await.unwrap().completed, 3);
    world.assert_adds_up().await;
}

pub async fn rows_of_a_finish_that_died_between_the_databases_are_replaced<B: WithSecondTarget>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(3)).await;
    let (dead, sweeper) = (world.dead_instance().await, world.instance().await);
    let run = dead.run().await;
    let chunk = dead.claim_and_compute(&run, 3).await;
    world.backend.source().break_commits().await;
    dead.finish(&chunk).await.unwrap_err();
    world.backend.source().mend_commits().await;
    assert_eq!(sweeper.store.sweep(HELD).await.unwrap().returned, 3);
    world.run("UPDATE user_spending_data SET avg_amazon_gmv = 7").await;
    let again = sweeper.claim_and_compute(&run, 3).await;
    assert_eq!(sweeper.finish(&again).await.unwrap().completed, 3);
    assert_eq!(world.rows_of("U1").await, ["7.00"; 10]);
    world.assert_adds_up().await;
}

pub async fn users_that_are_gone_from_the_source_lose_their_rows_in_the_target<B: WithSecondTarget>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(4)).await;
    let instance = world.instance().await;
    let run = instance.run().await;
    let chunk = instance.claim_and_compute(&run, 4).await;
    instance.finish(&chunk).await.unwrap();
    world.run("UPDATE user_spending_data SET processing_status = 'new'").await;
    let chunk = instance.claim_and_compute(&run, 4).await;
    world.run("DELETE FROM user_spending_data WHERE user_id IN ('U1', 'U2')").await;
    world.set("U3", "processing_status = 'new'").await;
    let totals = instance.finish(&chunk).await.unwrap();
    assert_eq!(totals, ClaimTotals { completed: 1, superseded: 3, ..ClaimTotals::default() });
    assert_eq!((world.rows_of("U1").await.len(), world.rows_of("U3").await.len()), (0, 10));
    world.assert_adds_up().await;
}
