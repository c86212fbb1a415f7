//! The whole protocol over one store: every kind of statement that a run, its end and a sweep send.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use cardgenius_engine::Engine;
use cardgenius_engine::catalogue::{Catalogue, DEFAULT_TEXT};
use cardgenius_pipeline::compute::Workers;
use cardgenius_pipeline::ports::{
    Chunk, ClaimRequest, ClaimTotals, Claimed, Closed, RunRequest, RunState, Store, Suspicion, Swept,
};
use cardgenius_store::protocol::SqlStore;
use cardgenius_store::server::Server;
use cardgenius_testkit::until;
use chrono::NaiveDate;
use uuid::Uuid;

/// A place where the protocol is tried.
pub trait Ground {
    type Source: Server;
    type Target: Server;

    /// A store of a new instance.
    fn store(&self) -> SqlStore<Self::Source, Self::Target>;

    /// Runs plain SQL beside the table of users, with all rights.
    fn change(&self, script: &str);

    /// Recommendations, and the users that have some.
    fn loaded(&self) -> (u64, u64);
}

const LEASE: Duration = Duration::from_secs(60);

/// Adds users with something to spend.
fn add_users(database: &impl Ground, names: impl Iterator<Item = String>) {
    let rows: Vec<String> = names.map(|name| format!("('{name}', 1000, 2000, 500, 300, 4000, 12000)")).collect();
    database.change(&format!(
        "INSERT INTO user_spending_data (user_id, avg_amazon_gmv, avg_flipkart_gmv, avg_myntra_gmv, avg_ajio_gmv, avg_grocery_gmv, avg_confirmed_gmv) VALUES {};",
        rows.join(", ")
    ));
}

async fn claim(store: &impl Store, run_id: Uuid, rows: usize) -> Chunk {
    let (claim_id, after_key, suspicion) = (Uuid::new_v4(), None, Suspicion::None);
    let request = ClaimRequest {
        claim_id,
        run_id,
        rows,
        after_key,
        after_claim: None,
        suspicion,
        passed_by: Vec::new(),
        in_turn: false,
    };
    match store.claim(&request).await.unwrap().claimed {
        Claimed::Chunk(chunk) => chunk,
        other => panic!("claimed {other:?}"),
    }
}

async fn finish(store: &impl Store, chunk: Chunk) -> ClaimTotals {
    let date = NaiveDate::from_ymd_opt(2026, 4, 1).unwrap();
    let engine = Engine::compile(&Catalogue::parse(DEFAULT_TEXT.as_bytes()).unwrap(), date);
    let encoder = store.encoder(&engine).await.unwrap();
    let workers = Workers::new(NonZeroUsize::MIN).unwrap();
    let computed = workers.compute(Arc::new(engine), Arc::new(encoder), chunk).await.unwrap();
    store.finish(&computed, None).await.unwrap().totals
}

/// Twelve users: two claimed and completed, one of them a second time, two failed, two found superseded and gone, two
/// given back, two swept from a dead instance, and all but the failed completed at last.
pub async fn run_everything<G: Ground>(database: &G) {
    Box::pin(run_all(database)).await;
}

async fn run_all<G: Ground>(database: &G) {
    add_users(database, (10..22).map(|number| format!("CK{number}")));
    database.change("UPDATE user_spending_data SET avg_confirmed_gmv = -1 WHERE user_id IN ('CK12', 'CK13')");
    let store = database.store();
    store.register(LEASE).await.unwrap();
    store.renew(LEASE).await.unwrap();
    let request = RunRequest {
        kind: "manual".into(),
        trigger: "test".into(),
        scheduled_for: None,
        max_users: None,
        as_of: NaiveDate::from_ymd_opt(2026, 4, 1).unwrap(),
        catalogue_hash: "0".repeat(64),
        catalogue_text: "{}".into(),
        abandon_after: LEASE,
    };
    let run_id = store.open_or_join(&request).await.unwrap().run_id;

    let chunk = claim(&store, run_id, 2).await;
    assert_eq!(finish(&store, chunk).await.completed, 2);
    let chunk = claim(&store, run_id, 2).await;
    assert_eq!(finish(&store, chunk).await.failed, 2);
    assert_eq!(store.failures(Some(run_id)).await.unwrap().len(), 1);

    let chunk = claim(&store, run_id, 2).await;
    database.change("UPDATE user_spending_data SET processing_status = 'new' WHERE user_id = 'CK14'");
    database.change("DELETE FROM user_spending_data WHERE user_id = 'CK15'");
    assert_eq!(finish(&store, chunk).await.superseded, 2);

    let chunk = claim(&store, run_id, 2).await;
    assert!(store.look_up(chunk.claim_id).await.unwrap().unwrap().open);
    assert_eq!(store.give_back(chunk.claim_id).await.unwrap().returned, 2);

    let dead = database.store();
    dead.register(Duration::ZERO).await.unwrap();
    claim(&dead, run_id, 2).await;
    database.change("UPDATE user_spending_data SET processing_status = 'pending' WHERE user_id = 'CK21'");
    // A server that tells its age in whole seconds must be one second old.
    let swept = until("a sweep that is allowed", async || {
        let swept = store.sweep(Duration::from_millis(1)).await.unwrap();
        (swept != Swept::default()).then_some(swept)
    })
    .await;
    assert_eq!((swept.claims, swept.returned, swept.healed), (1, 2, 1), "{swept:?}");
    assert_eq!(store.sweep(Duration::from_millis(1)).await.unwrap(), Swept::default());

    database.change("UPDATE user_spending_data SET processing_status = 'new' WHERE user_id = 'CK10'");
    let chunk = claim(&store, run_id, 100).await;
    assert_eq!(finish(&store, chunk).await.completed, 8);
    assert_eq!(store.close_run(run_id, RunState::Done, None).await.unwrap(), Closed::Closed(RunState::Done));
    let totals = store.run_totals(run_id).await.unwrap();
    assert_eq!((totals.users.completed, totals.users.failed, totals.rows), (10, 2, 100), "{totals:?}");
    store.deregister().await.unwrap();
    assert_eq!(database.loaded(), (90, 9));
}
