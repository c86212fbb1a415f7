//! Stops on request: nothing more is claimed, what is in flight is finished in the grace time, the rest is given back.

use std::sync::Arc;
use std::time::Duration;

use cardgenius_failure::error::ErrorKind;
use cardgenius_pipeline::config::PipelineConfig;
use cardgenius_pipeline::ports::RunState;
use cardgenius_pipeline::run::Ended;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::bench::{Told, config, part, shared};
use crate::memory::{Call, Event, Fault, Memory, Status};

/// Nobody is held any more, and nobody was settled twice.
fn assert_let_go(store: &Memory) {
    let tables = store.tables();
    assert_eq!((tables.run, tables.open_claims()), (RunState::Open, 0));
    assert!(tables.users.values().all(|row| row.settled < 2 && !matches!(row.status, Status::Pending(_))));
}

#[tokio::test(start_paused = true)]
async fn a_stop_finishes_what_is_in_flight_and_claims_nothing_more() {
    let store = Memory::with_users(1_000);
    let gate = Arc::new(Semaphore::new(0));
    store.script(Call::Finish, (0..2).map(|_| Fault::Held(gate.clone())));
    let shared = shared(&store, config(), Told::default()).await;
    let running = tokio::spawn({
        let shared = shared.clone();
        async move { part(&shared).await }
    });
    store.called(Call::Finish, 2).await;
    store.called(Call::Claim, 3).await;
    shared.stop.cancel();
    gate.add_permits(2);
    assert!(matches!(running.await.unwrap(), Ended::Stopped));
    assert_let_go(&store);
    assert_eq!((store.calls(Call::Claim), shared.progress.counts().completed), (3, 30));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_finished_when_the_grace_time_ends_is_given_back() {
    let store = Memory::with_users(30);
    let gate = Arc::new(Semaphore::new(0));
    store.script(Call::Finish, (0..3).map(|_| Fault::Held(gate.clone())));
    let shared = shared(&store, config(), Told::default()).await;
    let running = tokio::spawn({
        let shared = shared.clone();
        async move { part(&shared).await }
    });
    store.called(Call::Finish, 2).await;
    let began = Instant::now();
    shared.stop.cancel();
    assert!(matches!(running.await.unwrap(), Ended::Stopped));
    assert_let_go(&store);
    assert_eq!(began.elapsed(), config().grace);
    assert!(store.tables().users.values().all(|row| row.status == Status::New));
}

#[tokio::test(start_paused = true)]
async fn a_finish_abandoned_in_its_commit_is_neither_lost_nor_doubled() {
    let store = Memory::with_users(30);
    let gate = Arc::new(Semaphore::new(0));
    store.script(Call::Finish, [Fault::Unanswered(gate.clone()), Fault::Held(gate)]);
    let shared = shared(&store, config(), Told::default()).await;
    let running = tokio::spawn({
        let shared = shared.clone();
        async move { part(&shared).await }
    });
    store.called(Call::Finish, 2).await;
    shared.stop.cancel();
    assert!(matches!(running.await.unwrap(), Ended::Stopped));
    assert_let_go(&store);
    assert_eq!(store.tables().users.values().filter(|row| row.settled == 1).count(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_does_not_answer_is_given_back_when_the_grace_time_ends() {
    for fault in [Fault::Held, Fault::Unanswered] {
        let store = Memory::with_users(30);
        store.script(Call::Claim, [fault(Arc::new(Semaphore::new(0)))]);
        let shared = shared(&store, config(), Told::default()).await;
        let running = tokio::spawn({
            let shared = shared.clone();
            async move { part(&shared).await }
        });
        store.called(Call::Claim, 1).await;
        let began = Instant::now();
        shared.stop.cancel();
        assert!(matches!(running.await.unwrap(), Ended::Stopped));
        assert_let_go(&store);
        assert_eq!(began.elapsed(), config().grace);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_in_an_outage_ends_within_the_grace_time_and_a_little() {
    for at in [Call::Claim, Call::Finish, Call::Close, Call::Totals] {
        let store = Memory::with_users(30);
        for call in [at, Call::GiveBack] {
            store.script(call, [const { Fault::Before(ErrorKind::Unreachable) }; 1_000]);
        }
        let shared = shared(&store, config(), Told::default()).await;
        let running = tokio::spawn({
            let shared = shared.clone();
            async move { part(&shared).await }
        });
        store.called(at, 3).await;
        let began = Instant::now();
        shared.stop.cancel();
        assert!(matches!(running.await.unwrap(), Ended::Stopped), "{at:?}");
        assert!(began.elapsed() <= config().grace + Duration::from_secs(10), "{at:?}: {:?}", began.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_is_heard_while_the_last_chunks_of_a_closed_run_are_waited_for() {
    let store = Memory::with_users(30);
    let gate = Arc::new(Semaphore::new(0));
    store.script(Call::Finish, (0..2).map(|_| Fault::Held(gate.clone())));
    let shared = shared(&store, PipelineConfig { sessions: 3, ..config() }, Told::default()).await;
    store.script(Call::Finish, [Fault::Meanwhile(Event::Cancel)]);
    let running = tokio::spawn({
        let shared = shared.clone();
        async move { part(&shared).await }
    });
    store.called(Call::Totals, 1).await;
    let began = Instant::now();
    shared.stop.cancel();
    running.await.unwrap();
    assert_eq!(began.elapsed(), config().grace);
    assert_eq!(store.tables().open_claims(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_the_waits_at_once() {
    // For a retry, and for a locked row.
    for stop_after in 1..=4 {
        let store = Memory::with_users(10);
        store.script(Call::Finish, [Fault::Before(ErrorKind::Unreachable), Fault::Meanwhile(Event::Lock(3))]);
        let shared = shared(&store, config(), Told::default()).await;
        let running = tokio::spawn({
            let shared = shared.clone();
            async move { part(&shared).await }
        });
        store.called(Call::Finish, stop_after).await;
        let began = Instant::now();
        shared.stop.cancel();
        assert!(matches!(running.await.unwrap(), Ended::Stopped));
        assert_eq!((began.elapsed(), store.tables().open_claims()), (Duration::ZERO, 0), "after {stop_after}");
    }
}
