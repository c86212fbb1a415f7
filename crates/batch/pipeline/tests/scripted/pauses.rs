//! An operator's pause: nobody is claimed in it, what is in flight is finished, and the run goes on where it stood.

use std::sync::Arc;
use std::time::Duration;

use cardgenius_failure::error::ErrorKind;
use cardgenius_pipeline::ports::RunState;
use cardgenius_pipeline::run::Ended;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use crate::bench::{Told, assert_each_once, config, is_done, part, run, shared};
use crate::memory::{Call, Event, Fault, Memory, Status};

/// Longer than any outage that is waited for.
const LONG: Duration = Duration::from_secs(24 * 3600);

#[tokio::test(start_paused = true)]
async fn while_paused_nobody_is_claimed_what_is_in_flight_is_finished_and_then_the_run_goes_on() {
    let store = Memory::with_users(100);
    let gate = Arc::new(Semaphore::new(0));
    store.script(Call::Finish, [Fault::Held(gate.clone())]);
    let shared = shared(&store, config(), Told::default()).await;
    let running = tokio::spawn(async move { part(&shared).await });
    store.called(Call::Finish, 1).await;
    store.happens(Event::Pause);
    let claims = store.tables().claims.len();
    gate.add_permits(1);
    sleep(LONG).await;
    {
        let tables = store.tables();
        // The claim that was on its way may have been made before the pause, and none after it.
        assert!(tables.claims.len() <= claims + 1, "{} claims, {claims} at the pause", tables.claims.len());
        assert_eq!((tables.open_claims(), tables.run), (0, RunState::Open), "what was in flight is finished");
    }
    let asked = store.calls(Call::Claim);
    sleep(Duration::from_secs(60)).await;
    assert!((50..=61).contains(&(store.calls(Call::Claim) - asked)), "one look a second");
    store.happens(Event::Resume);
    assert!(is_done(&running.await.unwrap()));
    assert_each_once(&store);
}

#[tokio::test(start_paused = true)]
async fn a_pause_at_any_moment_never_makes_a_run_look_done() {
    for place in 0..20 {
        let store = Memory::with_users(25);
        let nothing = || Fault::Meanwhile(Event::Unlock);
        store.script(Call::Claim, (0..place).map(|_| nothing()).chain([Fault::Meanwhile(Event::Pause)]));
        let shared = shared(&store, config(), Told::default()).await;
        let running = tokio::spawn(async move { part(&shared).await });
        sleep(Duration::from_secs(600)).await;
        let ended_before_it = running.is_finished();
        assert_eq!(ended_before_it, store.tables().run == RunState::Done);
        assert!(!(ended_before_it && store.tables().paused), "closed in a pause, at claim {place}");
        // The customer has new spending of somebody whom the cursor has passed.
        if !ended_before_it {
            store.happens(Event::SetNew(0));
            store.happens(Event::Resume);
        }
        assert!(is_done(&running.await.unwrap()));
        let tables = store.tables();
        for (user_id, row) in &tables.users {
            assert_eq!(row.status, Status::Completed, "{user_id}, paused at claim {place}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_is_cut_short_by_a_stop_and_by_the_end_of_the_run() {
    let store = Memory::with_users(25);
    store.happens(Event::Pause);
    let instance = shared(&store, config(), Told::default()).await;
    let running = tokio::spawn(async move { part(&instance).await });
    store.called(Call::Claim, 3).await;
    let began = Instant::now();
    store.happens(Event::Stop);
    assert!(matches!(running.await.unwrap(), Ended::Stopped));
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());

    let instance = shared(&store, config(), Told::default()).await;
    let running = tokio::spawn(async move { part(&instance).await });
    sleep(LONG).await;
    store.happens(Event::Cancel);
    assert!(matches!(running.await.unwrap(), Ended::Closed(RunState::Cancelled)));
}

#[tokio::test(start_paused = true)]
async fn a_pause_is_no_outage_and_its_time_does_not_count_as_one() {
    let store = Memory::with_users(10);
    // The only chunk is given back for a fault, and then claiming is paused for longer than an outage may last.
    store.script(Call::Finish, (0..3).map(|_| Fault::Before(ErrorKind::Contention)));
    store.script(Call::GiveBack, [Fault::Meanwhile(Event::Pause)]);
    let shared = shared(&store, config(), Told::default()).await;
    let running = tokio::spawn(async move { part(&shared).await });
    sleep(LONG).await;
    assert!(store.tables().paused && !running.is_finished());
    store.happens(Event::Resume);
    assert!(is_done(&running.await.unwrap()));
    assert_each_once(&store);
}

#[tokio::test(start_paused = true)]
async fn faults_of_the_look_itself_are_waited_out_in_a_pause_as_anywhere() {
    let store = Memory::with_users(25);
    store.happens(Event::Pause);
    store.script(Call::Claim, (0..5).map(|_| Fault::Before(ErrorKind::Unreachable)));
    let resume = store.clone();
    tokio::spawn(async move {
        sleep(Duration::from_secs(120)).await;
        resume.happens(Event::Resume);
    });
    let (ended, _) = run(&store, config()).await;
    assert!(is_done(&ended), "{ended:?}");
    assert_each_once(&store);
}
