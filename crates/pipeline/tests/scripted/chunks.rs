//! One chunk and what can happen to it.

use std::sync::Arc;
use std::time::Duration;

use cardgenius_pipeline::error::ErrorKind;
use cardgenius_pipeline::lease::LeaseKeeper;
use cardgenius_pipeline::ports::RunState;
use cardgenius_pipeline::run::{Ended, take_part};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::bench::{Told, assert_each_once, config, run, shared, with_lease};
use crate::memory::{Call, Fault, Memory, Status};

fn is_done(ended: &Ended) -> bool {
    matches!(ended, Ended::Closed(RunState::Done))
}

#[tokio::test]
async fn a_fault_that_passes_costs_an_attempt_and_nobody_is_double() {
    let store = Memory::with_users(10);
    store.script(Call::Finish, [Fault::Before(ErrorKind::Contention), Fault::Before(ErrorKind::ConnectionLost)]);
    let (ended, shared) = run(&store, config()).await;
    assert!(is_done(&ended), "{ended:?}");
    assert_each_once(&store);
    assert_eq!((store.calls(Call::Finish), shared.progress.counts().retries), (3, 2));
}

#[tokio::test]
async fn after_three_attempts_the_chunk_is_given_back_and_done_by_the_next_pass() {
    let store = Memory::with_users(10);
    store.script(Call::Finish, [const { Fault::Before(ErrorKind::Timeout) }; 3]);
    let (ended, shared) = run(&store, config()).await;
    assert!(is_done(&ended), "{ended:?}");
    assert_each_once(&store);
    assert_eq!((store.calls(Call::Finish), shared.progress.counts().given_back), (4, 1));
}

#[tokio::test]
async fn an_outage_is_waited_out_without_spending_attempts() {
    let store = Memory::with_users(10);
    store.script(Call::Finish, [const { Fault::Before(ErrorKind::Unreachable) }; 8]);
    let mut patient = config();
    patient.outage = Duration::from_secs(60);
    let (ended, shared) = run(&store, patient).await;
    assert!(is_done(&ended), "{ended:?}");
    assert_each_once(&store);
    assert_eq!((store.calls(Call::Finish), shared.progress.counts().given_back), (9, 0));
}

#[tokio::test]
async fn an_outage_beyond_the_limit_ends_the_instance_and_leaves_the_run_open() {
    let store = Memory::with_users(10);
    for call in [Call::Finish, Call::GiveBack, Call::Close] {
        store.script(call, [const { Fault::Before(ErrorKind::Unreachable) }; 1_000]);
    }
    let (ended, _) = run(&store, config()).await;
    assert!(matches!(&ended, Ended::Failed(error) if error.kind() == ErrorKind::Unreachable), "{ended:?}");
    assert_eq!(store.tables().run, RunState::Open);
}

#[tokio::test]
async fn a_commit_in_doubt_that_took_is_not_done_twice() {
    let store = Memory::with_users(10);
    store.script(Call::Finish, [Fault::After(ErrorKind::CommitInDoubt)]);
    store.script(Call::LookUp, [Fault::Before(ErrorKind::Unreachable)]);
    let (ended, _) = run(&store, config()).await;
    assert!(is_done(&ended), "{ended:?}");
    assert_each_once(&store);
    assert_eq!((store.calls(Call::Finish), store.calls(Call::LookUp)), (1, 2));
}

#[tokio::test]
async fn a_commit_in_doubt_that_did_not_take_is_done_again() {
    let store = Memory::with_users(10);
    store.script(Call::Finish, [Fault::Before(ErrorKind::CommitInDoubt)]);
    let (ended, _) = run(&store, config()).await;
    assert!(is_done(&ended), "{ended:?}");
    assert_each_once(&store);
    assert_eq!((store.calls(Call::Finish), store.calls(Call::LookUp)), (2, 1));
}

#[tokio::test]
async fn a_claim_in_doubt_is_given_back_whether_it_took_or_not() {
    for fault in [Fault::Before(ErrorKind::CommitInDoubt), Fault::After(ErrorKind::CommitInDoubt)] {
        let store = Memory::with_users(25);
        store.script(Call::Claim, [fault]);
        let (ended, _) = run(&store, config()).await;
        assert!(is_done(&ended), "{ended:?}");
        assert_each_once(&store);
        assert_eq!(store.calls(Call::GiveBack), 1);
    }
}

#[tokio::test]
async fn a_claim_swept_in_the_middle_is_dropped_counted_and_done_by_another_claim() {
    let store = Memory::with_users(10);
    let gate = Arc::new(Semaphore::new(0));
    store.script(Call::Finish, [Fault::Held(gate.clone())]);
    let shared = shared(&store, config(), Told::default()).await;
    let running = tokio::spawn(take_part(shared.clone(), Uuid::nil()));
    while store.calls(Call::Finish) == 0 {
        tokio::task::yield_now().await;
    }
    store.sweep_everything();
    gate.add_permits(1);
    let ended = running.await.unwrap();
    assert!(is_done(&ended), "{ended:?}");
    assert_each_once(&store);
    assert_eq!(shared.progress.counts().lost, 1);
}

#[tokio::test]
async fn a_panic_in_the_computation_fails_one_user_and_the_pool_lives_on() {
    let store = Memory::with_users(50);
    let told = Told { panics_at: Some(13), faulty_at: Some(31) };
    let ended = take_part(shared(&store, config(), told).await, Uuid::nil()).await;
    assert!(is_done(&ended), "{ended:?}");
    let tables = store.tables();
    let failed: Vec<&str> =
        tables.users.iter().filter(|(_, row)| row.status == Status::Failed).map(|(id, _)| id.as_str()).collect();
    assert_eq!(failed, ["U000013", "U000031"]);
    assert!(tables.users.values().all(|row| row.settled == 1));
}

#[tokio::test]
async fn without_a_valid_lease_nothing_starts_and_with_a_renewed_one_it_goes_on() {
    let store = Memory::with_users(10);
    let config = config();
    let (short, renew) = (Duration::from_millis(30), Duration::from_millis(120));
    let keeper = LeaseKeeper::start(&store, short, renew).await.unwrap();
    let lease = keeper.view();
    // The lease has run out before the first renewal, which is the only thing that can bring it back.
    tokio::time::sleep(short).await;
    assert!(!lease.holds());
    let running = tokio::spawn(take_part(with_lease(&store, config, Told::default(), lease), Uuid::nil()));
    tokio::task::yield_now().await;
    assert_eq!(store.calls(Call::Claim), 0);
    let stop = CancellationToken::new();
    let keeping = tokio::spawn(keeper.keep(Arc::new(store.clone()), stop.clone()));
    let ended = running.await.unwrap();
    stop.cancel();
    keeping.await.unwrap();
    assert!(is_done(&ended) && store.calls(Call::Renew) > 0, "{ended:?}");
    assert_each_once(&store);
}
