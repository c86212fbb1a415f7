//! The ceiling and the size of chunks, in a run.

use std::time::Duration;

use cardgenius_failure::error::ErrorKind;
use cardgenius_pipeline::config::PipelineConfig;
use cardgenius_pipeline::ports::Slots;
use tokio::time::{Instant, sleep};

use crate::bench::{Told, assert_each_once, config, is_done, part, run, shared};
use crate::memory::{Call, Fault, Memory};

fn with_ceiling(max_users_per_second: u64) -> PipelineConfig {
    PipelineConfig { max_users_per_second, chunk_rows: 1_000, ..config() }
}

#[tokio::test(start_paused = true)]
async fn a_run_takes_as_long_as_the_ceiling_says() {
    for (ceiling, users) in [(20, 1_200), (100, 3_000), (3, 90)] {
        let store = Memory::with_users(users);
        let began = Instant::now();
        let (ended, _) = run(&store, with_ceiling(ceiling)).await;
        assert!(is_done(&ended), "{ended:?}");
        assert_each_once(&store);
        let rate = users as f64 / began.elapsed().as_secs_f64();
        let share = rate / ceiling as f64;
        assert!((0.95..=1.05).contains(&share), "{ceiling}: {rate}");
        let largest = store.tables().claims.values().map(|claim| claim.users.len()).max();
        assert_eq!(largest, Some(ceiling as usize), "no chunk is larger than a second's users");
    }
}

#[tokio::test(start_paused = true)]
async fn instances_that_come_and_go_share_the_ceiling() {
    let store = Memory::with_users(6_000);
    let shared = shared(&store, with_ceiling(40), Told::default()).await;
    let running = tokio::spawn(async move { part(&shared).await });
    let mut rates = Vec::new();
    for instances in [1, 4, 2] {
        store.tables().instances = instances;
        // It looks every two seconds.
        sleep(Duration::from_secs(15)).await;
        let before = store.tables().users_claimed();
        sleep(Duration::from_secs(40)).await;
        rates.push((store.tables().users_claimed() - before) / 40);
    }
    assert_eq!(rates, [40, 10, 20]);
    store.tables().instances = 1;
    assert!(is_done(&running.await.unwrap()));
    assert_each_once(&store);
}

#[tokio::test(start_paused = true)]
async fn who_cannot_count_the_instances_goes_on_with_what_is_known() {
    let store = Memory::with_users(2_000);
    store.tables().instances = 2;
    let shared = shared(&store, with_ceiling(20), Told::default()).await;
    let running = tokio::spawn(async move { part(&shared).await });
    sleep(Duration::from_secs(5)).await;
    store.script(Call::Live, (0..1_000).map(|_| Fault::Before(ErrorKind::Unreachable)));
    let before = store.tables().users_claimed();
    sleep(Duration::from_secs(60)).await;
    assert_eq!((store.tables().users_claimed() - before) / 60, 10);
    assert!(is_done(&running.await.unwrap()));
    assert_each_once(&store);
}

#[tokio::test(start_paused = true)]
async fn instances_share_the_chunks_in_flight_and_take_them_over_from_those_that_have_gone() {
    let store = Memory::with_users(60_000);
    store.tables().finish_takes = Duration::from_millis(10);
    let config = PipelineConfig { chunk_rows: 100, chunks_in_flight: 4, sessions: 2, ..config() };
    let shared = shared(&store, config, Told::default()).await;
    let running = tokio::spawn(async move { part(&shared).await });
    for (instances, most) in [(1, 4), (2, 2), (4, 1), (1, 4)] {
        store.tables().instances = instances;
        // It looks every two seconds, and what is in flight ends within four.
        sleep(Duration::from_secs(8)).await;
        let mut seen = 0;
        for _ in 0..100 {
            sleep(Duration::from_millis(70)).await;
            seen = seen.max(store.tables().open_claims());
        }
        assert_eq!(seen, most, "with {instances} instances");
    }
    assert!(is_done(&running.await.unwrap()));
    assert_each_once(&store);
}

/// The largest chunk that is claimed from now on, in so much time.
async fn largest(store: &Memory, during: Duration) -> usize {
    let known: Vec<_> = store.tables().claims.keys().copied().collect();
    sleep(during).await;
    let tables = store.tables();
    let new = tables.claims.iter().filter(|(claim_id, _)| !known.contains(claim_id));
    new.map(|(_, claim)| claim.users.len()).max().unwrap_or(0)
}

#[tokio::test(start_paused = true)]
async fn chunks_become_small_where_the_database_is_slow_and_large_again_where_it_is_not() {
    let store = Memory::with_users(24_000);
    let config = PipelineConfig { chunk_rows: 400, min_chunk_rows: 10, ..config() };
    let shared = shared(&store, config, Told::default()).await;
    let running = tokio::spawn(async move { part(&shared).await });
    // 400 users in two seconds.
    store.tables().finish_takes = Duration::from_millis(5);
    assert_eq!(largest(&store, Duration::from_secs(10)).await, 400);
    // 40 users in two seconds.
    store.tables().finish_takes = Duration::from_millis(50);
    sleep(Duration::from_secs(120)).await;
    let slow = largest(&store, Duration::from_secs(20)).await;
    assert!((36..=44).contains(&slow), "{slow}");
    store.tables().finish_takes = Duration::from_millis(1);
    sleep(Duration::from_secs(3)).await;
    assert_eq!(largest(&store, Duration::from_secs(2)).await, 400);
    assert!(is_done(&running.await.unwrap()));
    assert_each_once(&store);
}

#[tokio::test(start_paused = true)]
async fn a_chunk_that_waits_for_a_session_is_not_taken_for_a_slow_database() {
    let store = Memory::with_users(4_000);
    // One session for ten chunks: each waits ten times as long as its own finish takes.
    store.tables().finish_takes = Duration::from_millis(15);
    let config = PipelineConfig { chunk_rows: 100, min_chunk_rows: 10, chunks_in_flight: 10, sessions: 1, ..config() };
    let (ended, _) = run(&store, config).await;
    assert!(is_done(&ended), "{ended:?}");
    let sizes: Vec<usize> = store.tables().claims.values().map(|claim| claim.users.len()).collect();
    assert!(sizes.iter().all(|users| *users == 100), "{sizes:?}");
}

#[tokio::test(start_paused = true)]
async fn more_instances_than_sessions_finish_in_slots_and_fewer_do_not() {
    let store = Memory::with_users(60_000);
    store.tables().finish_takes = Duration::from_millis(10);
    let config = PipelineConfig { chunk_rows: 100, chunks_in_flight: 4, sessions: 2, ..config() };
    let shared = shared(&store, config, Told::default()).await;
    let running = tokio::spawn(async move { part(&shared).await });
    let in_slot = |home| Some(Slots { count: 2, home });
    for (instances, slots) in [(1, None), (2, None), (3, in_slot(0)), (4, in_slot(1)), (2, None), (8, in_slot(1))] {
        store.tables().instances = instances;
        sleep(Duration::from_secs(8)).await;
        let finished_before = store.tables().calls[&Call::Finish];
        store.tables().slots.clear();
        sleep(Duration::from_secs(4)).await;
        let seen = store.tables().slots.clone();
        assert!(store.tables().calls[&Call::Finish] > finished_before, "with {instances} instances");
        assert!(seen.iter().all(|seen| Some(*seen) == slots), "{seen:?} with {instances} instances");
        assert_eq!(seen.is_empty(), slots.is_none(), "with {instances} instances");
    }
    assert!(is_done(&running.await.unwrap()));
    assert_each_once(&store);
}

#[tokio::test(start_paused = true)]
async fn a_chunk_that_waits_for_a_slot_is_not_taken_for_a_slow_database() {
    let store = Memory::with_users(4_000);
    store.tables().instances = 3;
    store.tables().finish_takes = Duration::from_millis(15);
    store.tables().slot_takes = Duration::from_secs(6);
    let config = PipelineConfig { chunk_rows: 100, min_chunk_rows: 10, ..config() };
    let (ended, _) = run(&store, config).await;
    assert!(is_done(&ended), "{ended:?}");
    let sizes: Vec<usize> = store.tables().claims.values().map(|claim| claim.users.len()).collect();
    assert!(sizes.iter().all(|users| *users == 100), "{sizes:?}");
    assert_eq!(store.tables().slots.len(), 40);
}

#[tokio::test(start_paused = true)]
async fn whoever_lives_beside_others_claims_in_turn_unless_its_sessions_stand_idle() {
    let store = Memory::with_users(100_000);
    store.tables().claim_takes = Duration::from_millis(500);
    let chunk_target = Duration::from_secs(60);
    let config = PipelineConfig { chunk_rows: 100, chunks_in_flight: 8, sessions: 4, chunk_target, ..config() };
    let shared = shared(&store, config, Told::default()).await;
    let running = tokio::spawn(async move { part(&shared).await });
    for (instances, finish_ms, in_turn) in [(1, 50, false), (2, 50, true), (2, 1, false), (8, 1, true), (1, 50, false)]
    {
        store.tables().instances = instances;
        store.tables().finish_takes = Duration::from_millis(finish_ms);
        sleep(Duration::from_secs(60)).await;
        store.tables().in_turn.clear();
        sleep(Duration::from_secs(60)).await;
        let seen = store.tables().in_turn.clone();
        assert!(!seen.is_empty() && seen.iter().all(|seen| *seen == in_turn), "{seen:?} with {instances} instances");
    }
    assert!(is_done(&running.await.unwrap()));
    assert_each_once(&store);
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_waits_for_its_turn_is_not_taken_for_a_slow_database() {
    let store = Memory::with_users(4_000);
    store.tables().instances = 3;
    store.tables().finish_takes = Duration::from_millis(15);
    store.tables().turn_takes = Duration::from_secs(6);
    let config = PipelineConfig { chunk_rows: 100, min_chunk_rows: 10, sessions: 2, ..config() };
    let (ended, _) = run(&store, config).await;
    assert!(is_done(&ended), "{ended:?}");
    let sizes: Vec<usize> = store.tables().claims.values().map(|claim| claim.users.len()).collect();
    assert!(sizes.iter().all(|users| *users == 100), "{sizes:?}");
    assert!(store.tables().in_turn.iter().all(|in_turn| *in_turn), "each claim has waited");
}
