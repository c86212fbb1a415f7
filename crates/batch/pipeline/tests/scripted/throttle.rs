//! The throttle's verdicts: claims slow down, stop and come back, and what is in flight is finished.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cardgenius_failure::error::ErrorKind;
use cardgenius_pipeline::observe::{HeldBack, Observe};
use cardgenius_pipeline::ports::RunState;
use cardgenius_pipeline::run::Ended;
use cardgenius_pipeline::throttle::Headroom;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::bench::{Told, assert_each_once, config, is_done, part, shared};
use crate::memory::{Call, Event, Fault, Memory, Status};

/// Longer than any outage that is waited for.
const LONG: Duration = Duration::from_secs(24 * 3600);

/// Writes down what holds the instance back.
#[derive(Debug, Default)]
struct Seen(Mutex<Vec<(HeldBack, bool)>>);

impl Observe for Seen {
    fn held_back(&self, reason: HeldBack, held: bool) {
        self.0.lock().unwrap().push((reason, held));
    }
}

/// A run under way, and whoever watches the database for it.
struct Watched {
    headroom: watch::Sender<Headroom>,
    seen: Arc<Seen>,
    running: JoinHandle<Ended>,
}

impl Watched {
    async fn start(store: &Memory, share: f64) -> Self {
        let (headroom, seen) = (watch::Sender::new(said(share)), Arc::new(Seen::default()));
        let mut shared = shared(store, config(), Told::default()).await;
        let parts = Arc::get_mut(&mut shared).unwrap();
        (parts.headroom, parts.observer) = (headroom.subscribe(), seen.clone());
        Self { headroom, seen, running: tokio::spawn(async move { part(&shared).await }) }
    }

    fn says(&self, share: f64) {
        self.headroom.send_replace(said(share));
    }

    fn throttled(&self) -> Vec<bool> {
        let seen = self.seen.0.lock().unwrap();
        seen.iter().filter(|(reason, _)| *reason == HeldBack::Throttle).map(|(_, held)| *held).collect()
    }
}

fn said(share: f64) -> Headroom {
    Headroom { share, reason: (share < 1.0).then(|| "a replica lags".into()) }
}

/// Users claimed in so much time, a second.
async fn rate(store: &Memory, during: Duration) -> f64 {
    let before = store.tables().users_claimed();
    sleep(during).await;
    (store.tables().users_claimed() - before) as f64 / during.as_secs_f64()
}

#[tokio::test(start_paused = true)]
async fn when_the_headroom_falls_the_rate_halves_and_stops_and_when_it_rises_the_rate_comes_back() {
    let store = Memory::with_users(3_000);
    // Ten users take a second, in two sessions: twenty users a second.
    store.tables().finish_takes = Duration::from_millis(100);
    let watched = Watched::start(&store, 1.0).await;
    sleep(Duration::from_secs(5)).await;
    let full = rate(&store, Duration::from_secs(20)).await;
    assert!((19.0..=21.0).contains(&full), "{full}");
    watched.says(0.5);
    // What was in flight at full speed ends.
    sleep(Duration::from_secs(5)).await;
    let half = rate(&store, Duration::from_secs(40)).await;
    assert!((9.0..=11.0).contains(&half), "{half}");
    watched.says(0.0);
    sleep(Duration::from_secs(5)).await;
    assert_eq!(store.tables().open_claims(), 0, "what is in flight is finished");
    assert_eq!(rate(&store, LONG).await, 0.0);
    assert_eq!(store.tables().run, RunState::Open);
    watched.says(0.5);
    let half = rate(&store, Duration::from_secs(40)).await;
    assert!((9.0..=11.0).contains(&half), "{half}");
    watched.says(1.0);
    sleep(Duration::from_secs(2)).await;
    let full = rate(&store, Duration::from_secs(20)).await;
    assert!((19.0..=21.0).contains(&full), "{full}");
    assert_eq!(watched.throttled(), [true, true, true, false], "slowed, stopped, slowed, and free");
    assert!(is_done(&watched.running.await.unwrap()));
    assert_each_once(&store);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_starts_throttled_tries_out_how_fast_it_is_and_keeps_its_share() {
    let store = Memory::with_users(500);
    store.tables().finish_takes = Duration::from_millis(100);
    let watched = Watched::start(&store, 0.5).await;
    sleep(Duration::from_secs(5)).await;
    let half = rate(&store, Duration::from_secs(30)).await;
    assert!((9.0..=11.0).contains(&half), "{half}");
    watched.says(1.0);
    assert!(is_done(&watched.running.await.unwrap()));
    assert_each_once(&store);
}

#[tokio::test(start_paused = true)]
async fn it_goes_on_at_once_when_there_is_headroom_again() {
    let store = Memory::with_users(10);
    let watched = Watched::start(&store, 0.0).await;
    sleep(LONG).await;
    assert_eq!((store.calls(Call::Claim), watched.throttled()), (0, vec![true]));
    let began = Instant::now();
    watched.says(1.0);
    assert!(is_done(&watched.running.await.unwrap()));
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_each_once(&store);
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_a_throttled_wait_at_once() {
    for share in [0.0, 0.001] {
        let store = Memory::with_users(100);
        store.tables().finish_takes = Duration::from_millis(100);
        let watched = Watched::start(&store, share).await;
        sleep(Duration::from_secs(60)).await;
        let began = Instant::now();
        store.happens(Event::Stop);
        assert!(matches!(watched.running.await.unwrap(), Ended::Stopped));
        assert_eq!((began.elapsed(), store.tables().open_claims()), (Duration::ZERO, 0), "at {share}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_run_is_noticed_although_nobody_claims_and_the_reason_changes_all_the_time() {
    let store = Memory::with_users(100);
    let watched = Watched::start(&store, 0.0).await;
    let headroom = watched.headroom.clone();
    let speaking = tokio::spawn(async move {
        for seconds in 0.. {
            headroom.send_replace(Headroom { share: 0.0, reason: Some(format!("a replica lags {seconds} s").into()) });
            sleep(Duration::from_secs(1)).await;
        }
    });
    sleep(LONG).await;
    let began = Instant::now();
    store.happens(Event::Cancel);
    assert!(matches!(watched.running.await.unwrap(), Ended::Closed(RunState::Cancelled)));
    assert!(began.elapsed() <= Duration::from_secs(6), "{:?}", began.elapsed());
    speaking.abort();
}

#[tokio::test(start_paused = true)]
async fn a_pause_and_a_throttle_at_once_both_have_to_end() {
    for throttle_ends_first in [true, false] {
        let store = Memory::with_users(100);
        store.happens(Event::Pause);
        let watched = Watched::start(&store, 1.0).await;
        store.called(Call::Claim, 3).await;
        watched.says(0.0);
        sleep(LONG).await;
        if throttle_ends_first {
            watched.says(1.0);
        } else {
            store.happens(Event::Resume);
        }
        sleep(LONG).await;
        assert_eq!(store.tables().users_claimed(), 0);
        assert_eq!(store.tables().run, RunState::Open);
        store.happens(Event::Resume);
        watched.says(1.0);
        assert!(is_done(&watched.running.await.unwrap()), "the throttle ends first: {throttle_ends_first}");
        assert_each_once(&store);
    }
}

#[tokio::test(start_paused = true)]
async fn a_throttled_wait_is_no_outage_and_its_time_does_not_count_as_one() {
    let store = Memory::with_users(10);
    // The only chunk is given back for a fault, and then nobody may be claimed for longer than an outage may last.
    store.script(Call::Finish, (0..3).map(|_| Fault::Before(ErrorKind::Contention)));
    let watched = Watched::start(&store, 1.0).await;
    store.called(Call::Finish, 3).await;
    watched.says(0.0);
    sleep(LONG).await;
    assert!(!watched.running.is_finished());
    watched.says(1.0);
    assert!(is_done(&watched.running.await.unwrap()));
    assert_each_once(&store);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_wait_at_any_moment_never_makes_a_run_look_done() {
    for claims in 1..=12 {
        let store = Memory::with_users(25);
        let watched = Watched::start(&store, 1.0).await;
        store.called(Call::Claim, claims).await;
        watched.says(0.0);
        sleep(Duration::from_secs(600)).await;
        let is_over = watched.running.is_finished();
        assert_eq!(is_over, store.tables().run == RunState::Done);
        // The customer has new spending of somebody whom the cursor has passed.
        if !is_over {
            store.happens(Event::SetNew(0));
            watched.says(1.0);
        }
        assert!(is_done(&watched.running.await.unwrap()));
        for (user_id, row) in &store.tables().users {
            assert_eq!(row.status, Status::Completed, "{user_id}, throttled after {claims} claims");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_watched_and_is_gone_leaves_its_last_word() {
    let store = Memory::with_users(100);
    let watched = Watched::start(&store, 1.0).await;
    drop(watched.headroom);
    assert!(is_done(&watched.running.await.unwrap()));
    assert_each_once(&store);
}
