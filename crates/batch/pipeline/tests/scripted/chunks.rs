//! One chunk and what can happen to it on its way to being settled.

use std::sync::Arc;
use std::time::Duration;

use cardgenius_failure::error::ErrorKind;
use cardgenius_pipeline::ports::RunState;
use cardgenius_pipeline::run::Ended;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::bench::{Told, assert_each_once, config, is_done, part, run, shared};
use crate::memory::{Call, Event, Fault, Memory, Status};

#[tokio::test(start_paused = true)]
async fn a_fault_that_passes_costs_an_attempt_and_nobody_is_double() {
    for kind in [ErrorKind::Contention, ErrorKind::ConnectionLost, ErrorKind::Timeout] {
        let store = Memory::with_users(10);
        store.script(Call::Finish, [const { Fault::Before(ErrorKind::Contention) }; 1]);
        store.script(Call::Finish, [Fault::Before(kind)]);
        let began = Instant::now();
        let (ended, shared) = run(&store, config()).await;
        assert!(is_done(&ended), "{ended:?}");
        assert_each_once(&store);
        assert_eq!((store.calls(Call::Finish), shared.progress.counts().retries), (3, 2), "{kind:?}");
        assert!(began.elapsed() <= Duration::from_secs(3), "up to one second, and up to two: {:?}", began.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn after_three_attempts_the_chunk_is_given_back_and_done_by_the_next_pass() {
    let store = Memory::with_users(10);
    store.script(Call::Finish, [const { Fault::Before(ErrorKind::Timeout) }; 3]);
    let (ended, shared) = run(&store, config()).await;
    assert!(is_done(&ended), "{ended:?}");
    assert_each_once(&store);
    // Three for ten users at once, and then one for each: whose fault it was would have been found.
    assert_eq!((store.calls(Call::Finish), shared.progress.counts().given_back), (13, 1));
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_waited_out_without_spending_attempts() {
    for kind in [ErrorKind::Unreachable, ErrorKind::ServerShuttingDown, ErrorKind::ReadOnly, ErrorKind::ResourceLimit] {
        let store = Memory::with_users(10);
        store
            .script(Call::Finish, [Fault::Before(ErrorKind::ConnectionLost), Fault::Before(ErrorKind::ConnectionLost)]);
        store.script(Call::Finish, (0..8).map(|_| Fault::Before(kind)));
        let (ended, shared) = run(&store, config()).await;
        assert!(is_done(&ended), "{ended:?}");
        assert_each_once(&store);
        assert_eq!((store.calls(Call::Finish), shared.progress.counts().given_back), (11, 0), "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_beyond_the_limit_ends_the_instance_and_leaves_the_run_open() {
    let store = Memory::with_users(10);
    for call in [Call::Finish, Call::GiveBack, Call::Close] {
        store.script(call, [const { Fault::Before(ErrorKind::Unreachable) }; 1_000]);
    }
    let began = Instant::now();
    let (ended, _) = run(&store, config()).await;
    assert!(matches!(&ended, Ended::Failed(error) if error.kind() == ErrorKind::Unreachable), "{ended:?}");
    assert_eq!(store.tables().run, RunState::Open);
    let (limit, deadline) = (config().outage, config().chunk_deadline);
    assert!(began.elapsed() >= limit, "{:?}", began.elapsed());
    assert!(began.elapsed() <= deadline + limit + Duration::from_secs(60), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_commit_in_doubt_that_took_is_not_done_twice() {
    let store = Memory::with_users(10);
    store.script(Call::Finish, [Fault::After(ErrorKind::CommitInDoubt)]);
    store.script(Call::LookUp, [Fault::Before(ErrorKind::Unreachable)]);
    let (ended, shared) = run(&store, config()).await;
    assert!(is_done(&ended), "{ended:?}");
    assert_each_once(&store);
    assert_eq!((store.calls(Call::Finish), store.calls(Call::LookUp)), (1, 2));
    let counts = shared.progress.counts();
    assert_eq!((counts.completed, counts.lost, counts.given_back), (10, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_commit_in_doubt_that_did_not_take_is_done_again() {
    let store = Memory::with_users(10);
    store.script(Call::Finish, [Fault::Before(ErrorKind::CommitInDoubt)]);
    let (ended, _) = run(&store, config()).await;
    assert!(is_done(&ended), "{ended:?}");
    assert_each_once(&store);
    assert_eq!((store.calls(Call::Finish), store.calls(Call::LookUp)), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn commits_that_never_take_cost_attempts_like_lost_connections() {
    let store = Memory::with_users(10);
    store.script(Call::Finish, [const { Fault::Before(ErrorKind::CommitInDoubt) }; 3]);
    let (ended, shared) = run(&store, config()).await;
    assert!(is_done(&ended), "{ended:?}");
    assert_each_once(&store);
    assert_eq!((store.calls(Call::Finish), shared.progress.counts().given_back), (13, 1));
}

#[tokio::test(start_paused = true)]
async fn a_commit_in_doubt_that_took_in_part_is_finished_by_a_further_call() {
    let store = Memory::with_users(10);
    let in_part = Fault::MeanwhileAndAfter(Event::Lock(3), ErrorKind::CommitInDoubt);
    store.script(Call::Finish, [in_part, Fault::Meanwhile(Event::Unlock)]);
    let (ended, shared) = run(&store, config()).await;
    assert!(is_done(&ended), "{ended:?}");
    assert_each_once(&store);
    let counts = shared.progress.counts();
    assert_eq!((store.calls(Call::Finish), store.calls(Call::LookUp)), (2, 1));
    assert_eq!((counts.completed, counts.chunks, counts.left_locked), (10, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_commit_in_doubt_of_a_claim_that_was_swept_before_it_is_lost() {
    let store = Memory::with_users(10);
    let gate = Arc::new(Semaphore::new(0));
    store.script(Call::Finish, [Fault::Before(ErrorKind::CommitInDoubt)]);
    store.script(Call::LookUp, [Fault::Held(gate.clone())]);
    let shared = shared(&store, config(), Told::default()).await;
    let running = tokio::spawn(async move { (part(&shared).await, shared) });
    store.called(Call::LookUp, 1).await;
    store.happens(Event::Sweep);
    gate.add_permits(1);
    let (ended, shared) = running.await.unwrap();
    assert!(is_done(&ended), "{ended:?}");
    assert_each_once(&store);
    assert_eq!(shared.progress.counts().lost, 1);
}

#[tokio::test(start_paused = true)]
async fn a_claim_swept_in_the_middle_is_dropped_counted_and_done_by_another_claim() {
    let store = Memory::with_users(10);
    store.script(Call::Finish, [Fault::Meanwhile(Event::Sweep)]);
    let (ended, shared) = run(&store, config()).await;
    assert!(is_done(&ended), "{ended:?}");
    assert_each_once(&store);
    let counts = shared.progress.counts();
    assert_eq!((counts.lost, counts.given_back, store.calls(Call::GiveBack)), (1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn users_left_locked_are_given_up_when_the_wait_is_over() {
    let store = Memory::with_users(10);
    store.script(Call::Finish, [Fault::Meanwhile(Event::Lock(4))]);
    let began = Instant::now();
    let (ended, shared) = run(&store, config()).await;
    assert!(is_done(&ended), "{ended:?}");
    assert!((config().locked_wait..config().locked_wait * 2).contains(&began.elapsed()), "{:?}", began.elapsed());
    let counts = shared.progress.counts();
    assert_eq!((counts.completed, counts.left_locked, counts.given_back), (9, 1, 1));
    let mut tables = store.tables();
    assert!(matches!(tables.users["U000004"].status, Status::Pending(_)), "still locked");
    tables.heal();
    assert_eq!(tables.users["U000004"].status, Status::New);
}

#[tokio::test(start_paused = true)]
async fn users_left_locked_are_finished_as_soon_as_they_can_be_had() {
    let store = Memory::with_users(10);
    store.script(Call::Finish, [Fault::Meanwhile(Event::Lock(4)), Fault::Meanwhile(Event::Unlock)]);
    let (ended, shared) = run(&store, config()).await;
    assert!(is_done(&ended), "{ended:?}");
    assert_each_once(&store);
    assert_eq!((store.calls(Call::Finish), shared.progress.counts().completed), (2, 10));
}

#[tokio::test(start_paused = true)]
async fn users_that_the_customer_takes_back_are_counted_and_done_by_a_further_pass() {
    let store = Memory::with_users(10);
    store.script(Call::Finish, [Fault::Meanwhile(Event::SetNew(4))]);
    let (ended, shared) = run(&store, config()).await;
    assert!(is_done(&ended), "{ended:?}");
    assert_each_once(&store);
    let counts = shared.progress.counts();
    assert_eq!((counts.completed, counts.superseded, counts.chunks), (10, 1, 2));
}

#[tokio::test(start_paused = true)]
async fn giving_back_is_tried_until_it_works() {
    let store = Memory::with_users(10);
    store.script(Call::Finish, [const { Fault::Before(ErrorKind::Timeout) }; 3]);
    store.script(Call::GiveBack, [const { Fault::Before(ErrorKind::Contention) }; 20]);
    store.script(Call::GiveBack, [Fault::After(ErrorKind::CommitInDoubt)]);
    let (ended, _) = run(&store, config()).await;
    assert!(is_done(&ended), "{ended:?}");
    assert_each_once(&store);
    assert_eq!(store.calls(Call::GiveBack), 22);
}
