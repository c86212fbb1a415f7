//! A claim against whoever closes the run, stepped; and what a claim costs on a large table.

use std::sync::Arc;

use cardgenius_pipeline::ports::{Claimed, Closed, RunState, Store};
use uuid::Uuid;

use crate::backend::{Backend, Database, Session};
use crate::world::{World, patient, request};

pub async fn whoever_closes_a_run_waits_for_a_claim_under_way_and_then_sees_it<B: Backend>() {
    let world = World::<B>::fresh().await;
    let closer = Arc::new(world.instance_with(Uuid::new_v4(), patient()));
    let run = closer.run().await;
    let claiming = world.backend.source().session().await;
    claiming.rows("BEGIN").await;
    let share = B::Source::FOR_SHARE;
    claiming.rows(&format!("SELECT state FROM cardgenius_runs WHERE run_id = '{}' {share}", run.run_id)).await;
    let closing = {
        let (closer, run_id) = (closer.clone(), run.run_id);
        tokio::spawn(async move { closer.store.close_run(run_id, RunState::Done, None).await })
    };
    world.backend.source().somebody_waits().await;
    let claim = format!(
        "INSERT INTO cardgenius_claims (claim_id, run_id, owner, users, first_user_id, last_user_id) \
         VALUES ('{}', '{}', '{}', 1, 'U1', 'U1')",
        Uuid::new_v4(),
        run.run_id,
        Uuid::new_v4()
    );
    claiming.rows(&claim).await;
    claiming.rows("COMMIT").await;
    assert_eq!(closing.await.unwrap().unwrap(), Closed::LiveClaims(1));
}

pub async fn a_claim_waits_for_whoever_closes_the_run_and_then_finds_it_closed<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(["U1"]).await;
    let claimer = Arc::new(world.instance_with(Uuid::new_v4(), patient()));
    let run = claimer.run().await;
    let closing = world.backend.source().session().await;
    closing.rows("BEGIN").await;
    closing.rows(&format!("SELECT state FROM cardgenius_runs WHERE run_id = '{}' FOR UPDATE", run.run_id)).await;
    let claiming = {
        let (claimer, request) = (claimer.clone(), request(&run, 9));
        tokio::spawn(async move { claimer.store.claim(&request).await })
    };
    world.backend.source().somebody_waits().await;
    let now = B::Source::ago(0);
    closing.rows(&format!("UPDATE cardgenius_runs SET state = 'cancelled', closed_at = {now}")).await;
    closing.rows("COMMIT").await;
    assert!(matches!(claiming.await.unwrap().unwrap().claimed, Claimed::RunClosed));
    assert_eq!(world.user("U1").await.status, "new");
}

pub async fn a_claim_among_199_000_completed_users_goes_by_the_index<B: Backend>() {
    let world = World::<B>::fresh().await;
    let users: Vec<String> = (0..200_000).map(|number| format!("CK{number:07}")).collect();
    world.add_users(&users).await;
    world.backend.source().assert_claims_go_by_the_index("CK0100000", "all new, right after the load").await;
    world.run(B::Source::ANALYZE).await;
    world.backend.source().assert_claims_go_by_the_index("CK0100000", "all new, analysed").await;
    // One in 200 stays new.
    let others =
        ["000", "200", "400", "600", "800"].map(|ending| format!("user_id NOT LIKE '%{ending}'")).join(" AND ");
    world.run(&format!("UPDATE user_spending_data SET processing_status = 'completed' WHERE {others}")).await;
    assert_eq!(world.statuses().await["completed"], 199_000);
    world
        .backend
        .source()
        .assert_claims_go_by_the_index("CK0100000", "nearly all completed, by statistics of when all were new")
        .await;
    world.run(B::Source::ANALYZE).await;
    world.backend.source().assert_claims_go_by_the_index("CK0100000", "nearly all completed, analysed").await;
}
