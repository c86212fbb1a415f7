//! Whose fault it was: chunks are made smaller until a user is alone with what does not pass.

use std::time::Duration;

use cardgenius_failure::error::ErrorKind;
use cardgenius_pipeline::config::PipelineConfig;
use cardgenius_pipeline::ports::RunState;
use cardgenius_pipeline::run::Ended;
use tokio::time::Instant;

use crate::bench::{Told, assert_each_once, config, is_done, part, run, shared};
use crate::memory::{Call, Event, Fault, Memory, Status};

fn with_users(count: usize, whose_row_hangs: usize) -> Memory {
    let store = Memory::with_users(count);
    store.tables().hangs = Some(format!("U{whose_row_hangs:06}"));
    store
}

fn large() -> PipelineConfig {
    PipelineConfig { chunk_rows: 1_000, ..config() }
}

#[tokio::test(start_paused = true)]
async fn a_user_whose_row_always_hangs_fails_alone_after_three_attempts_of_its_own_and_everybody_else_is_done() {
    let store = with_users(3_000, 1_234);
    let (ended, shared) = run(&store, large()).await;
    assert!(is_done(&ended), "{ended:?}");
    let tables = store.tables();
    let done = tables.users.values().filter(|row| row.status == Status::Completed).count();
    assert_eq!((done, tables.users["U001234"].status), (2_999, Status::Failed));
    assert!(tables.users.values().all(|row| row.attempts == 0 && row.settled == 1));
    // Three attempts each at 1,000, 100, 10 users, and three times at one.
    assert_eq!(shared.progress.counts().given_back, 5);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_blamed_while_nobody_gets_through() {
    // A hundred users, ten at a time and then alone, while every load takes too long.
    let store = Memory::with_users(100);
    store.script(Call::Finish, [const { Fault::Before(ErrorKind::Timeout) }; 30 + 27]);
    let (ended, _) = run(&store, config()).await;
    assert!(is_done(&ended), "{ended:?}");
    assert_each_once(&store);
}

#[tokio::test(start_paused = true)]
async fn attempts_spent_are_forgiven_when_the_user_settles() {
    let store = Memory::with_users(11);
    let alone = PipelineConfig { chunk_rows: 1, chunks_in_flight: 1, sessions: 1, ..config() };
    // The first user gets through, the second fails thrice in two passes, and then does as well.
    store.tables().hangs = Some("U000001".into());
    let shared = shared(&store, alone, Told::default()).await;
    let running = tokio::spawn(async move { part(&shared).await });
    store.called(Call::GiveBack, 2).await;
    store.tables().hangs = None;
    assert!(is_done(&running.await.unwrap()));
    assert_each_once(&store);
    assert_eq!(store.tables().users["U000001"].attempts, 0);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_never_ends_is_cut_short_at_the_chunks_deadline() {
    let store = Memory::with_users(10);
    let never = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    store.script(Call::Finish, [Fault::Held(never)]);
    let began = Instant::now();
    let (ended, shared) = run(&store, config()).await;
    assert!(is_done(&ended), "{ended:?}");
    assert_each_once(&store);
    let deadline = config().chunk_deadline;
    assert!((deadline..deadline + Duration::from_secs(15)).contains(&began.elapsed()), "{:?}", began.elapsed());
    assert_eq!(shared.progress.counts().given_back, 1);
}

#[tokio::test(start_paused = true)]
async fn more_poison_than_its_share_stops_the_run_and_leaves_the_rest_new() {
    for (poisonous, stops) in [(100, false), (101, true)] {
        let store = Memory::with_users(3_000);
        let told = Told { panics_below: Some(poisonous), ..Told::default() };
        let config = PipelineConfig { max_poison_share: 0.1, chunks_in_flight: 1, sessions: 1, ..large() };
        let shared = shared(&store, config, told).await;
        let ended = part(&shared).await;
        let tables = store.tables();
        let left = tables.users.values().filter(|row| row.status == Status::New).count();
        if stops {
            assert!(
                matches!(&ended, Ended::Failed(error) if error.to_string().starts_with("101 of the 1000 users")),
                "{ended:?}"
            );
            assert_eq!((tables.run, left), (RunState::Failed, 2_000));
        } else {
            assert!(is_done(&ended), "{ended:?}");
            assert_eq!(left, 0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn users_that_fail_by_the_rules_are_no_poison() {
    let store = Memory::with_users(2_000);
    let told = Told { faulty_below: Some(1_500), ..Told::default() };
    let shared = shared(&store, large(), told).await;
    assert!(is_done(&part(&shared).await));
    let counts = shared.progress.counts();
    assert_eq!((counts.failed, counts.poison, counts.completed), (1_500, 0, 500));
}

#[tokio::test(start_paused = true)]
async fn a_user_that_hangs_until_the_deadline_in_a_small_last_chunk_is_found_all_the_same() {
    // The last chunk is of three, one of whom hangs for as long as it is let.
    let store = Memory::with_users(1_003);
    store.tables().hangs_until_cut = Some("U001001".into());
    let (ended, _) = run(&store, large()).await;
    assert!(is_done(&ended), "{ended:?}");
    let tables = store.tables();
    let done = tables.users.values().filter(|row| row.status == Status::Completed).count();
    assert_eq!((done, tables.users["U001001"].status), (1_002, Status::Failed));
}

#[tokio::test(start_paused = true)]
async fn what_others_did_before_the_trouble_proves_nothing() {
    // A thousand are done; then nobody gets through, and the last one is alone.
    let store = Memory::with_users(1_001);
    let config = PipelineConfig { chunks_in_flight: 1, sessions: 1, ..large() };
    store.script(Call::Finish, [Fault::Meanwhile(Event::Unlock)]);
    store.script(Call::Finish, [const { Fault::Before(ErrorKind::ConnectionLost) }; 30]);
    let (ended, _) = run(&store, config).await;
    assert!(is_done(&ended), "{ended:?}");
    assert_each_once(&store);
}

#[tokio::test(start_paused = true)]
async fn an_outage_that_outlasts_the_chunks_deadline_is_no_pass_and_ends_the_instance_at_its_limit() {
    let store = Memory::with_users(10);
    store.script(Call::Finish, (0..100_000).map(|_| Fault::Before(ErrorKind::ResourceLimit)));
    let (ended, _) = run(&store, config()).await;
    assert!(matches!(&ended, Ended::Failed(_)), "{ended:?}");
    let tables = store.tables();
    assert_eq!(tables.run, RunState::Open, "for the next start");
    assert!(tables.users.values().all(|row| (row.status, row.attempts) == (Status::New, 0)));
}

#[tokio::test(start_paused = true)]
async fn a_chunk_that_can_never_be_given_back_ends_the_instance_and_not_never() {
    let store = Memory::with_users(10);
    store.script(Call::Finish, [const { Fault::Before(ErrorKind::ServerFault) }; 3]);
    store.script(Call::GiveBack, (0..100_000).map(|_| Fault::Before(ErrorKind::ServerFault)));
    let (ended, _) = run(&store, config()).await;
    assert!(matches!(&ended, Ended::Failed(error) if error.kind() == ErrorKind::ServerFault), "{ended:?}");
}
