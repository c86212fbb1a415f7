//! Runs: opened once, joined by everybody, closed once.

use std::time::Duration;

use cardgenius_pipeline::ports::{ClaimTotals, Claimed, Closed, RunRequest, RunState, RunTotals, Store};
use cardgenius_store::config::CallLimits;
use chrono::NaiveDate;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::backend::{Backend, Database};
use crate::world::{HELD, World, patient, quick, request, run_request, users};

pub async fn twenty_that_start_at_once_open_one_run<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(3)).await;
    let mut opening = JoinSet::new();
    for _ in 0..20 {
        let instance = world.instance_with(Uuid::new_v4(), patient());
        opening.spawn(async move { instance.run().await });
    }
    let runs = opening.join_all().await;
    assert_eq!(runs.iter().filter(|run| run.opened_here).count(), 1);
    assert!(runs.iter().all(|run| run.run_id == runs[0].run_id && run.backlog == 3), "{runs:?}");
}

pub async fn whoever_is_late_waits_for_the_one_that_opens<B: Backend>() {
    let world = World::<B>::fresh().await;
    let limits = CallLimits { lock: Duration::from_millis(500), ..quick() };
    let instance = world.instance_with(Uuid::new_v4(), limits);
    // Somebody has stored the same catalogue, and takes its time to count the users.
    let slow = world.backend.source().session().await;
    let (hash, text) = (run_request().catalogue_hash, run_request().catalogue_text);
    let catalogue =
        format!("INSERT INTO cardgenius_catalogues (catalogue_hash, catalogue_text) VALUES ('{hash}', '{text}')");
    crate::backend::Session::rows(&slow, &format!("BEGIN; {catalogue}")).await;
    let opening = tokio::spawn(async move { instance.store.open_or_join(&run_request()).await });
    world.backend.source().somebody_waits().await;
    // Longer than a lock is waited for at a time.
    tokio::time::sleep(Duration::from_millis(700)).await;
    World::<B>::let_go(slow).await;
    assert!(opening.await.unwrap().unwrap().opened_here);
}

pub async fn a_run_is_joined_with_its_own_catalogue_and_date<B: Backend>() {
    let world = World::<B>::fresh().await;
    let opened = world.instance().await.run().await;
    let other = RunRequest {
        kind: "weekly".into(),
        as_of: NaiveDate::from_ymd_opt(2027, 1, 1).unwrap(),
        catalogue_hash: "1".repeat(64),
        catalogue_text: "a newer catalogue".into(),
        ..run_request()
    };
    let joined = world.instance().await.store.open_or_join(&other).await.unwrap();
    assert!(opened.opened_here && !joined.opened_here);
    assert_eq!((joined.run_id, joined.kind.as_str(), joined.as_of), (opened.run_id, "backfill", run_request().as_of));
    assert_eq!((joined.catalogue_hash, joined.catalogue_text), ("0".repeat(64), "the catalogue".into()));
    assert_eq!(world.value("SELECT count(*) FROM cardgenius_catalogues").await, "1");
}

pub async fn a_run_is_done_only_when_no_claim_is_open_and_by_one_of_many<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(3)).await;
    let instance = world.instance().await;
    let run = instance.run().await;
    let chunk = instance.claim_and_compute(&run, 2).await;
    let done = instance.store.close_run(run.run_id, RunState::Done, None).await.unwrap();
    assert_eq!(done, Closed::LiveClaims(1));
    instance.finish(&chunk).await.unwrap();
    let mut closing = JoinSet::new();
    for _ in 0..5 {
        let (closer, run_id) = (world.instance_with(Uuid::new_v4(), patient()), run.run_id);
        closing.spawn(async move { closer.store.close_run(run_id, RunState::Done, Some("so it is")).await.unwrap() });
    }
    assert_eq!(closing.join_all().await, vec![Closed::Closed(RunState::Done); 5]);
    let late = instance.store.close_run(run.run_id, RunState::Failed, None).await.unwrap();
    assert_eq!(late, Closed::Closed(RunState::Done), "what is closed stays as it is");
    assert!(matches!(instance.store.claim(&request(&run, 9)).await.unwrap().claimed, Claimed::RunClosed));
    let sql =
        "SELECT count(*) FROM cardgenius_runs WHERE closed_by IS NOT NULL AND users_left = 1 AND reason = 'so it is'";
    assert_eq!(world.value(sql).await, "1");
    assert!(world.instance().await.run().await.opened_here, "and the next can begin");
}

pub async fn a_run_that_failed_is_closed_at_once_and_its_claims_can_still_be_finished<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(4)).await;
    let instance = world.instance().await;
    let run = instance.run().await;
    let (first, second) = (instance.claim_and_compute(&run, 2).await, instance.claim_and_compute(&run, 2).await);
    let closed = instance.store.close_run(run.run_id, RunState::Failed, Some("a missing column")).await.unwrap();
    assert_eq!(closed, Closed::Closed(RunState::Failed));
    assert_eq!(instance.finish(&first).await.unwrap().completed, 2);
    assert_eq!(instance.store.give_back(second.claim_id).await.unwrap().returned, 2);
}

pub async fn totals_are_sums_over_all_claims<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(30)).await;
    world.set("U01", "avg_confirmed_gmv = -1").await;
    let (instance, dead) = (world.instance().await, world.dead_instance().await);
    let run = instance.run().await;
    assert_eq!(instance.store.run_totals(Uuid::new_v4()).await.unwrap(), RunTotals::default());
    for _ in 0..2 {
        let chunk = instance.claim_and_compute(&run, 5).await;
        instance.finish(&chunk).await.unwrap();
    }
    dead.claim(&run, 7).await;
    instance.store.sweep(HELD).await.unwrap();
    instance.claim(&run, 3).await;
    let totals = instance.store.run_totals(run.run_id).await.unwrap();
    assert_eq!(totals.users, ClaimTotals { completed: 9, failed: 1, returned: 7, ..ClaimTotals::default() });
    assert_eq!((totals.rows, totals.open_claims, totals.state, totals.users_left), (90, 1, Some(RunState::Open), None));
}

pub async fn a_run_at_which_nobody_works_any_more_is_abandoned_and_replaced<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(4)).await;
    let instance = world.instance().await;
    let run = instance.run().await;
    let chunk = instance.claim_and_compute(&run, 2).await;
    instance.finish(&chunk).await.unwrap();
    let request = RunRequest { abandon_after: Duration::from_secs(3600), ..run_request() };
    let open = async || instance.store.open_or_join(&request).await.unwrap();
    let age = async |what: &str, seconds| world.run(&format!("UPDATE {what} = {}", B::Source::ago(seconds))).await;
    assert_eq!(open().await.run_id, run.run_id, "it is young");
    age("cardgenius_runs SET opened_at", 7200).await;
    assert_eq!(open().await.run_id, run.run_id, "its last claim is young, and its worker alive");
    age("cardgenius_claims SET closed_at", 7200).await;
    assert_eq!(open().await.run_id, run.run_id, "its worker is alive");
    age("cardgenius_instances SET lease_until", 7200).await;
    let next = open().await;
    assert!(next.opened_here && next.run_id != run.run_id && next.backlog == 2);
    let state = instance.store.run_totals(run.run_id).await.unwrap().state;
    assert_eq!(state, Some(RunState::Abandoned));
}

pub async fn users_left_locked_are_healed_when_a_run_is_opened<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(3)).await;
    let instance = world.instance().await;
    let run = instance.run().await;
    let chunk = instance.claim(&run, 3).await;
    let customer = world.lock(&["U1"]).await;
    instance.store.give_back(chunk.claim_id).await.unwrap();
    instance.store.close_run(run.run_id, RunState::Done, None).await.unwrap();
    World::<B>::let_go(customer).await;
    assert_eq!(world.instance().await.run().await.backlog, 3);
    assert_eq!(world.statuses().await["new"], 3);
}
