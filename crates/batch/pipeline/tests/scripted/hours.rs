//! The hours in which a run may claim.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cardgenius_pipeline::hours::{Hours, Shut};
use cardgenius_pipeline::ports::RunState;
use cardgenius_pipeline::run::Ended;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use crate::bench::{Told, assert_each_once, config, is_done, part, shared};
use crate::memory::{Call, Event, Fault, Memory};

/// Shut or not, as the test says; and open again at some time.
#[derive(Clone, Debug, Default)]
struct Door(Arc<Mutex<Option<Instant>>>);

impl Door {
    fn shut_for(&self, time: Duration) {
        *self.0.lock().unwrap() = Some(Instant::now() + time);
    }
}

impl Hours for Door {
    fn shut(&self) -> Option<Shut> {
        let opens = (*self.0.lock().unwrap())?;
        let opens_in = opens.saturating_duration_since(Instant::now());
        (!opens_in.is_zero()).then(|| Shut { opens_in, reason: "waiting for the night".into() })
    }
}

const NIGHT: Duration = Duration::from_secs(12 * 3600);

#[tokio::test(start_paused = true)]
async fn outside_the_hours_nobody_is_claimed_and_when_they_begin_the_run_goes_on() {
    let store = Memory::with_users(100);
    let (door, gate) = (Door::default(), Arc::new(Semaphore::new(0)));
    store.script(Call::Finish, [Fault::Held(gate.clone())]);
    let mut shared = shared(&store, config(), Told::default()).await;
    Arc::get_mut(&mut shared).unwrap().hours = Arc::new(door.clone());
    let running = tokio::spawn({
        let shared = shared.clone();
        async move { part(&shared).await }
    });
    store.called(Call::Finish, 1).await;
    door.shut_for(NIGHT);
    let claimed = store.tables().users_claimed();
    let began = Instant::now();
    gate.add_permits(1);
    sleep(NIGHT / 2).await;
    {
        let tables = store.tables();
        // The claim that was on its way may have been made before they were over, and none after it.
        assert!(tables.users_claimed() <= claimed + 10, "{} claimed, {claimed} before", tables.users_claimed());
        assert_eq!((tables.open_claims(), tables.run), (0, RunState::Open), "what was in flight is finished");
    }
    assert_eq!(shared.progress.waiting().as_deref(), Some("waiting for the night"));
    assert!(is_done(&running.await.unwrap()));
    assert!((NIGHT..NIGHT + Duration::from_secs(2)).contains(&began.elapsed()), "{:?}", began.elapsed());
    assert_eq!(shared.progress.waiting(), None);
    assert_each_once(&store);
}

#[tokio::test(start_paused = true)]
async fn a_stop_and_the_end_of_the_run_are_noticed_outside_the_hours() {
    for event in [Event::Stop, Event::Cancel] {
        let store = Memory::with_users(100);
        let door = Door::default();
        door.shut_for(NIGHT);
        let mut shared = shared(&store, config(), Told::default()).await;
        Arc::get_mut(&mut shared).unwrap().hours = Arc::new(door);
        let running = tokio::spawn(async move { part(&shared).await });
        sleep(NIGHT / 2).await;
        let began = Instant::now();
        store.happens(event);
        let ended = running.await.unwrap();
        match event {
            Event::Stop => assert!(matches!(ended, Ended::Stopped) && began.elapsed().is_zero(), "{ended:?}"),
            _ => assert!(matches!(ended, Ended::Closed(RunState::Cancelled)), "{ended:?}"),
        }
        assert!(began.elapsed() <= Duration::from_secs(6), "{:?}", began.elapsed());
        assert_eq!(store.calls(Call::Claim), 0);
    }
}
