//! A run as a whole: its bounds, its end, and stops.

use std::sync::Arc;
use std::time::Duration;

use cardgenius_pipeline::error::ErrorKind;
use cardgenius_pipeline::ports::{ClaimTotals, RunState};
use cardgenius_pipeline::run::{Ended, take_part};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::bench::{Told, assert_each_once, config, run, shared};
use crate::memory::{Call, Claim, Fault, Memory, Status};

#[tokio::test]
async fn never_more_chunks_are_in_flight_than_configured() {
    let store = Memory::with_users(2_000);
    let (ended, shared) = run(&store, config()).await;
    assert!(matches!(ended, Ended::Closed(RunState::Done)), "{ended:?}");
    assert_each_once(&store);
    assert!((1..=3).contains(&store.tables().most_open), "{}", store.tables().most_open);
    let counts = shared.progress.counts();
    assert_eq!((counts.completed, counts.chunks, counts.in_flight), (2_000, 200, 0));
}

#[tokio::test]
async fn a_run_is_closed_only_when_nobody_elses_claim_is_open() {
    let store = Memory::with_users(5);
    let others = Uuid::now_v7();
    let totals = ClaimTotals { left: 1, ..ClaimTotals::default() };
    store.tables().claims.insert(others, Claim { users: vec!["U000004".into()], totals, open: true });
    store.tables().users.get_mut("U000004").unwrap().status = Status::Pending(others);
    let running = tokio::spawn(take_part(shared(&store, config(), Told::default()).await, Uuid::nil()));
    while store.calls(Call::Close) == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(store.tables().run, RunState::Open);
    // The other one dies, and is swept: its user is found by a further pass.
    store.sweep_everything();
    assert!(matches!(running.await.unwrap(), Ended::Closed(RunState::Done)));
    assert_each_once(&store);
}

#[tokio::test]
async fn a_run_ends_after_a_bounded_number_of_passes() {
    let store = Memory::with_users(10);
    let mut config = config();
    config.max_passes = 4;
    // Nothing ever gets done: each pass claims, fails thrice, and gives back.
    store.script(Call::Finish, [const { Fault::Before(ErrorKind::Contention) }; 1_000]);
    let (ended, _) = run(&store, config).await;
    assert!(matches!(ended, Ended::Closed(RunState::Done)), "{ended:?}");
    let tables = store.tables();
    assert!(tables.users.values().all(|row| row.status == Status::New && row.settled == 0));
    assert!(tables.reason.as_deref().is_some_and(|reason| reason.contains("4 passes")), "{:?}", tables.reason);
}

#[tokio::test]
async fn what_nobody_could_do_closes_the_run_as_failed_and_gives_everybody_back() {
    let store = Memory::with_users(100);
    store.script(Call::Finish, [const { Fault::Before(ErrorKind::SchemaMismatch) }; 10]);
    let (ended, _) = run(&store, config()).await;
    assert!(matches!(&ended, Ended::Failed(error) if error.kind() == ErrorKind::SchemaMismatch), "{ended:?}");
    let tables = store.tables();
    assert_eq!(tables.run, RunState::Failed);
    assert!(tables.claims.values().all(|claim| !claim.open));
}

#[tokio::test]
async fn a_stop_finishes_what_is_in_flight_and_claims_nothing_more() {
    let store = Memory::with_users(1_000);
    let gate = Arc::new(Semaphore::new(0));
    store.script(Call::Finish, (0..2).map(|_| Fault::Held(gate.clone())));
    let shared = shared(&store, config(), Told::default()).await;
    let running = tokio::spawn(take_part(shared.clone(), Uuid::nil()));
    while store.calls(Call::Finish) < 2 {
        tokio::task::yield_now().await;
    }
    shared.stop.cancel();
    gate.add_permits(2);
    assert!(matches!(running.await.unwrap(), Ended::Stopped));
    let tables = store.tables();
    assert_eq!(tables.run, RunState::Open);
    assert!(tables.claims.values().all(|claim| !claim.open));
    let settled = tables.users.values().filter(|row| row.settled == 1).count();
    assert!((20..=30).contains(&settled), "{settled}");
    assert!(tables.users.values().all(|row| row.settled < 2));
}

#[tokio::test]
async fn what_is_not_finished_when_the_grace_time_ends_is_given_back() {
    let store = Memory::with_users(30);
    let gate = Arc::new(Semaphore::new(0));
    store.script(Call::Finish, (0..3).map(|_| Fault::Held(gate.clone())));
    let mut config = config();
    config.grace = Duration::from_millis(20);
    let shared = shared(&store, config, Told::default()).await;
    let running = tokio::spawn(take_part(shared.clone(), Uuid::nil()));
    while store.calls(Call::Finish) < 2 {
        tokio::task::yield_now().await;
    }
    shared.stop.cancel();
    assert!(matches!(running.await.unwrap(), Ended::Stopped));
    let tables = store.tables();
    assert!(tables.users.values().all(|row| row.status == Status::New && row.settled == 0));
    assert!(tables.claims.values().all(|claim| !claim.open));
}
