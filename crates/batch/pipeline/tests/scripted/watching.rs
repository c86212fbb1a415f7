//! The watcher: what its looks see becomes a verdict for whoever claims, and is written down for whoever looks from elsewhere.

use std::sync::Arc;
use std::time::Duration;

use cardgenius_failure::error::ErrorKind;
use cardgenius_pipeline::observe::Unobserved;
use cardgenius_pipeline::throttle::{Headroom, ThrottleConfig, Watcher};
use cardgenius_pipeline::verdict::{Band, Limits};
use tokio::sync::watch::Receiver;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::memory::{Call, Fault, Memory};

const LOOK: Duration = Duration::from_secs(2);

struct Watched {
    headroom: Receiver<Headroom>,
    over: CancellationToken,
    keeping: JoinHandle<()>,
}

async fn watch(store: &Memory) -> Watched {
    let limits = Limits { replica_lag: Some(Band { slow: 10.0, pause: 30.0 }), upkeep_share: 1.0, ..Limits::default() };
    let config = ThrottleConfig { look: LOOK, limits, stop_query: None };
    let (watcher, headroom) = Watcher::start(Arc::new(store.clone()), config, Arc::new(Unobserved)).await;
    let over = CancellationToken::new();
    let keeping = tokio::spawn(watcher.keep(over.clone()));
    // From here on always a little after a look.
    sleep(LOOK / 4).await;
    Watched { headroom, over, keeping }
}

impl Watched {
    fn share(&self) -> f64 {
        self.headroom.borrow().share
    }

    /// After the next so many looks.
    async fn after(&self, looks: u32) -> f64 {
        sleep(LOOK * looks).await;
        self.share()
    }
}

fn told(store: &Memory) -> Vec<f64> {
    store.tables().told.iter().map(|headroom| headroom.share).collect()
}

#[tokio::test(start_paused = true)]
async fn with_a_lag_that_rises_the_verdict_falls_to_zero_and_it_comes_back() {
    let store = Memory::with_users(0);
    let watched = watch(&store).await;
    assert_eq!((watched.share(), store.calls(Call::Look)), (1.0, 1));
    let mut shares = Vec::new();
    for lag in [10.0, 20.0, 30.0, 90.0, 20.0, 5.0, 5.0, 5.0, 5.0] {
        store.tables().lag = lag;
        shares.push((watched.after(1).await * 10.0).round() / 10.0);
    }
    assert_eq!(shares, [1.0, 0.5, 0.0, 0.0, 0.2, 0.4, 0.6, 0.8, 1.0]);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_claimed_before_the_first_look_has_found_the_database_in_trouble() {
    let store = Memory::with_users(0);
    store.tables().lag = 60.0;
    let watched = watch(&store).await;
    let headroom = watched.headroom.borrow().clone();
    assert_eq!(headroom.share, 0.0);
    assert!(headroom.reason.unwrap().contains("standby a"));
    assert_eq!(told(&store), [0.0]);
}

#[tokio::test(start_paused = true)]
async fn a_pause_is_written_down_at_once_and_figures_that_change_now_and_then_and_the_end_too() {
    let store = Memory::with_users(0);
    let watched = watch(&store).await;
    for (lag, looks) in [(15.0, 1), (16.0, 1), (60.0, 1)] {
        store.tables().lag = lag;
        watched.after(looks).await;
    }
    assert_eq!(told(&store), [0.75, 0.0]);
    for lag in 61..=70 {
        store.tables().lag = f64::from(lag);
        watched.after(1).await;
    }
    assert!((3..=5).contains(&told(&store).len()), "every ten seconds: {:?}", told(&store));
    watched.over.cancel();
    watched.keeping.await.unwrap();
    assert_eq!(store.tables().told.last(), Some(&Headroom::full()));
}

#[tokio::test(start_paused = true)]
async fn while_looks_fail_the_last_verdict_holds_for_half_a_minute() {
    let store = Memory::with_users(0);
    store.tables().lag = 60.0;
    let watched = watch(&store).await;
    store.script(Call::Look, [const { Fault::Before(ErrorKind::Unreachable) }; 20]);
    assert_eq!(watched.after(13).await, 0.0, "26 seconds");
    assert_eq!(watched.after(3).await, 1.0, "32 seconds");
    assert_eq!(watched.after(6).await, 0.0, "the database answers again, and the lag is what it was");
}
