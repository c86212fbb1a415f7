//! The lease: whoever cannot renew it starts no claim and no finish.

use std::sync::Arc;
use std::time::Duration;

use cardgenius_failure::error::ErrorKind;
use cardgenius_pipeline::lease::LeaseKeeper;
use tokio::sync::Semaphore;
use tokio::time::{Instant, advance, sleep};
use tokio_util::sync::CancellationToken;

use crate::bench::{Told, assert_each_once, config, is_done, part, run, shared, with_lease};
use crate::memory::{Call, Event, Fault, Memory};

const LEASE: Duration = Duration::from_secs(30);
const RENEW: Duration = Duration::from_secs(10);

#[tokio::test(start_paused = true)]
async fn a_lease_is_counted_from_when_its_last_renewal_was_sent() {
    let store = Memory::with_users(0);
    let keeper = LeaseKeeper::start(&store, LEASE, RENEW).await.unwrap();
    let lease = keeper.view();
    let gate = Arc::new(Semaphore::new(0));
    store.script(Call::Renew, [Fault::Held(gate.clone()), Fault::Held(Arc::new(Semaphore::new(0)))]);
    let began = Instant::now();
    tokio::spawn(keeper.keep(Arc::new(store.clone()), CancellationToken::new()));
    store.called(Call::Renew, 1).await;
    assert_eq!(began.elapsed(), RENEW);
    // Its answer takes 15 seconds: it holds for 30 from when it was sent, not from when it was answered.
    sleep(Duration::from_secs(15)).await;
    gate.add_permits(1);
    sleep(Duration::from_secs(14)).await;
    assert!(lease.holds(), "39 seconds");
    advance(Duration::from_secs(1)).await;
    assert!(!lease.holds(), "40 seconds");
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_fails_is_tried_every_second() {
    let store = Memory::with_users(0);
    let keeper = LeaseKeeper::start(&store, LEASE, RENEW).await.unwrap();
    let lease = keeper.view();
    store.script(Call::Renew, [const { Fault::Before(ErrorKind::Timeout) }; 15]);
    let stop = CancellationToken::new();
    let keeping = tokio::spawn(keeper.keep(Arc::new(store.clone()), stop.clone()));
    sleep(Duration::from_millis(24_500)).await;
    assert_eq!((store.calls(Call::Renew), lease.holds()), (15, true));
    sleep(Duration::from_secs(20)).await;
    assert_eq!((store.calls(Call::Renew), lease.holds()), (17, true), "at 25 and at 35 seconds");
    stop.cancel();
    keeping.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn without_a_lease_nothing_starts_and_with_a_renewed_one_it_goes_on() {
    let store = Memory::with_users(10);
    let keeper = LeaseKeeper::start(&store, LEASE, RENEW).await.unwrap();
    let lease = keeper.view();
    advance(LEASE).await;
    let shared = with_lease(&store, config(), Told::default(), lease);
    let running = tokio::spawn(async move { part(&shared).await });
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(store.calls(Call::Claim), 0);
    tokio::spawn(keeper.keep(Arc::new(store.clone()), CancellationToken::new()));
    assert!(is_done(&running.await.unwrap()));
    assert_each_once(&store);
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_failed_is_not_tried_again_without_a_lease() {
    let store = Memory::with_users(10);
    store.script(Call::Claim, [const { Fault::Before(ErrorKind::Unreachable) }; 12]);
    store.script(Call::Renew, [const { Fault::Before(ErrorKind::Unreachable) }; 100]);
    let (ended, _) = run(&store, config()).await;
    assert!(is_done(&ended), "{ended:?}");
    assert_each_once(&store);
}

#[tokio::test(start_paused = true)]
async fn a_chunk_that_waits_for_a_session_does_not_finish_without_a_lease() {
    let store = Memory::with_users(30);
    let gate = Arc::new(Semaphore::new(0));
    // Two sessions are busy for so long that the lease is lost meanwhile.
    store.script(Call::Finish, (0..2).map(|_| Fault::Held(gate.clone())));
    store.script(Call::Renew, [const { Fault::Before(ErrorKind::Unreachable) }; 40]);
    let shared = shared(&store, config(), Told::default()).await;
    let running = tokio::spawn(async move { part(&shared).await });
    store.called(Call::Finish, 2).await;
    sleep(Duration::from_secs(40)).await;
    gate.add_permits(2);
    assert!(is_done(&running.await.unwrap()));
    assert_each_once(&store);
    assert_eq!(store.tables().most_finishing, 2);
}

#[tokio::test(start_paused = true)]
async fn a_chunk_that_waits_for_room_is_not_claimed_without_a_lease() {
    let store = Memory::with_users(40);
    let gate = Arc::new(Semaphore::new(0));
    store.script(Call::Finish, (0..3).map(|_| Fault::Held(gate.clone())));
    store.script(Call::Renew, [const { Fault::Before(ErrorKind::Unreachable) }; 40]);
    let shared = shared(&store, config(), Told::default()).await;
    let running = tokio::spawn(async move { part(&shared).await });
    store.called(Call::Claim, 3).await;
    sleep(Duration::from_secs(35)).await;
    gate.add_permits(3);
    assert!(is_done(&running.await.unwrap()));
    assert_each_once(&store);
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_was_lost_and_swept_costs_its_chunks_and_nothing_else() {
    let store = Memory::with_users(30);
    store.script(Call::Finish, [Fault::Before(ErrorKind::Unreachable), Fault::Before(ErrorKind::Unreachable)]);
    store.script(Call::Renew, [const { Fault::Before(ErrorKind::Unreachable) }; 60]);
    store.script(Call::Renew, [Fault::Meanwhile(Event::Sweep)]);
    let (ended, shared) = run(&store, config()).await;
    assert!(is_done(&ended), "{ended:?}");
    assert_each_once(&store);
    assert!(shared.progress.counts().completed == 30);
}
