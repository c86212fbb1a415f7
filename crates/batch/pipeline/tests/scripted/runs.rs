//! A run as a whole: its bounds and its end.

use std::sync::Arc;
use std::time::Duration;

use cardgenius_failure::error::ErrorKind;
use cardgenius_pipeline::ports::{ClaimTotals, RunState};
use cardgenius_pipeline::run::Ended;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::bench::{Told, assert_each_once, config, is_done, part, run, shared};
use crate::memory::{Call, Claim, Event, Fault, Memory, Status};

/// Another instance holds a user.
fn others_claim(store: &Memory, user_id: &str) {
    let (claim_id, totals) = (Uuid::now_v7(), ClaimTotals { left: 1, ..ClaimTotals::default() });
    let mut tables = store.tables();
    tables.claims.insert(claim_id, Claim { place: 0, users: vec![user_id.into()], totals, open: true });
    tables.users.get_mut(user_id).unwrap().status = Status::Pending(claim_id);
}

#[tokio::test(start_paused = true)]
async fn never_more_chunks_are_in_flight_nor_sessions_busy_than_configured() {
    let store = Memory::with_users(2_000);
    // Some take their time.
    store.script(Call::Finish, (0..12).map(|_| Fault::Before(ErrorKind::Unreachable)));
    let (ended, shared) = run(&store, config()).await;
    assert!(is_done(&ended), "{ended:?}");
    let tables = store.tables();
    assert_eq!((tables.most_open, tables.most_finishing), (3, 2));
    let counts = shared.progress.counts();
    assert_eq!((counts.completed + counts.failed, counts.chunks, counts.in_flight), (2_000, 200, 0));
}

#[tokio::test(start_paused = true)]
async fn a_run_is_closed_only_when_nobody_elses_claim_is_open() {
    let store = Memory::with_users(5);
    others_claim(&store, "U000004");
    let shared = shared(&store, config(), Told::default()).await;
    let running = tokio::spawn(async move { part(&shared).await });
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(store.tables().run, RunState::Open);
    // The other one dies, and is swept: its user is found by a further pass.
    store.happens(Event::Sweep);
    assert!(is_done(&running.await.unwrap()));
    assert_each_once(&store);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_only_waited_for_the_last_chunks_of_others_is_closed_soon_after_them() {
    let store = Memory::with_users(5);
    others_claim(&store, "U000004");
    let shared = shared(&store, config(), Told::default()).await;
    let running = tokio::spawn(async move { part(&shared).await });
    sleep(Duration::from_millis(100)).await;
    assert_eq!(store.tables().run, RunState::Open);
    store.happens(Event::Sweep);
    let others_ended = Instant::now();
    assert!(is_done(&running.await.unwrap()));
    assert!(others_ended.elapsed() < Duration::from_millis(200), "{:?}", others_ended.elapsed());
    assert_each_once(&store);
}

#[tokio::test(start_paused = true)]
async fn users_that_come_back_behind_the_cursor_of_the_last_pass_are_found() {
    // The other one is swept after the pass has looked for users, and before it is over.
    for place in 0..8 {
        let store = Memory::with_users(5);
        others_claim(&store, "U000000");
        let nothing = || Fault::Meanwhile(Event::Unlock);
        store.script(Call::Claim, (0..place).map(|_| nothing()).chain([Fault::Meanwhile(Event::Sweep)]));
        let (ended, _) = run(&store, config()).await;
        assert!(is_done(&ended), "{ended:?}");
        assert_each_once(&store);
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_ends_after_a_bounded_number_of_passes() {
    let store = Memory::with_users(10);
    // The customer has new spending of another user whenever a chunk is being finished.
    store.script(Call::Finish, (0..1_000).map(|time| Fault::Meanwhile(Event::SetNew(time % 10))));
    let (ended, _) = run(&store, config()).await;
    assert!(is_done(&ended), "{ended:?}");
    let tables = store.tables();
    assert!(tables.reason.as_deref().is_some_and(|reason| reason.contains("10 passes")), "{:?}", tables.reason);
    assert_eq!(tables.calls[&Call::Finish], 10);
    assert_eq!(tables.users["U000009"].status, Status::New, "waits for the next run");
}

#[tokio::test(start_paused = true)]
async fn a_user_that_is_new_again_after_each_pass_is_left_behind() {
    let store = Memory::with_users(10);
    store.script(Call::Finish, [const { Fault::Meanwhile(Event::SetNew(4)) }; 1_000]);
    let (ended, _) = run(&store, config()).await;
    assert!(matches!(ended, Ended::Closed(RunState::Failed)), "{ended:?}");
    let reason = store.tables().reason.clone().unwrap();
    assert!(reason.contains("1 are new again after each of the last passes, such as \"U000004\""), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn while_nobody_gets_through_the_run_waits_as_in_an_outage_and_nobody_pays_for_it() {
    for (faults, gets_through) in [(30, true), (1_000_000, false)] {
        let store = Memory::with_users(10);
        store.script(Call::Finish, (0..faults).map(|_| Fault::Before(ErrorKind::Contention)));
        let began = Instant::now();
        let (ended, _) = run(&store, config()).await;
        if gets_through {
            assert!(is_done(&ended), "{ended:?}");
            assert_each_once(&store);
            continue;
        }
        assert!(matches!(&ended, Ended::Failed(error) if error.kind() == ErrorKind::Contention), "{ended:?}");
        let (outage, waited) = (config().outage, began.elapsed());
        assert!((outage..outage + Duration::from_secs(60)).contains(&waited), "{waited:?}");
        let tables = store.tables();
        assert_eq!(tables.run, RunState::Open, "for the next start");
        assert!(tables.users.values().all(|row| (row.status, row.attempts, row.settled) == (Status::New, 0, 0)));
    }
}

#[tokio::test(start_paused = true)]
async fn what_nobody_could_do_closes_the_run_as_failed_and_gives_everybody_back() {
    for kind in [ErrorKind::SchemaMismatch, ErrorKind::Constraint, ErrorKind::DataRejected, ErrorKind::Refused] {
        let store = Memory::with_users(100);
        store.script(Call::Finish, (0..10).map(|_| Fault::Before(kind)));
        // The first try to give back fails as well.
        store.script(Call::GiveBack, [Fault::Before(ErrorKind::Contention)]);
        let began = Instant::now();
        let (ended, _) = run(&store, config()).await;
        assert!(matches!(&ended, Ended::Failed(error) if error.kind() == kind), "{ended:?}");
        let tables = store.tables();
        assert_eq!((tables.run, tables.open_claims()), (RunState::Failed, 0));
        assert!(tables.users.values().all(|row| row.status == Status::New));
        assert!(began.elapsed() < Duration::from_secs(10), "what is permanent does not wait: {:?}", began.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn what_only_this_instance_cannot_do_leaves_the_run_open() {
    for kind in [ErrorKind::Bug, ErrorKind::Authentication] {
        let store = Memory::with_users(100);
        store.script(Call::Finish, (0..10).map(|_| Fault::Before(kind)));
        let (ended, _) = run(&store, config()).await;
        assert!(matches!(&ended, Ended::Failed(error) if error.kind() == kind), "{ended:?}");
        let tables = store.tables();
        assert_eq!((tables.run, tables.open_claims()), (RunState::Open, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn faults_of_claiming_and_closing_that_pass_are_waited_out() {
    for call in [Call::Claim, Call::Close, Call::Totals] {
        for kind in [ErrorKind::Contention, ErrorKind::ConnectionLost, ErrorKind::Timeout, ErrorKind::Unreachable] {
            let store = Memory::with_users(10);
            store.script(call, (0..8).map(|_| Fault::Before(kind)));
            let (ended, shared) = run(&store, config()).await;
            assert!(is_done(&ended), "{call:?}, {kind:?}: {ended:?}");
            assert_each_once(&store);
            assert_eq!(shared.progress.counts().retries, 8);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn faults_of_claiming_and_closing_that_do_not_pass_end_the_part_at_the_limit() {
    for call in [Call::Claim, Call::Close, Call::Totals] {
        for kind in [ErrorKind::Contention, ErrorKind::Unreachable] {
            let store = Memory::with_users(10);
            store.script(call, (0..10_000).map(|_| Fault::Before(kind)));
            let began = Instant::now();
            let (ended, _) = run(&store, config()).await;
            assert!(matches!(&ended, Ended::Failed(error) if error.kind() == kind), "{call:?}: {ended:?}");
            assert_eq!(store.tables().run, RunState::Open, "others may be able to");
            assert!((config().outage..config().outage * 2).contains(&began.elapsed()), "{:?}", began.elapsed());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_claim_in_doubt_is_given_back_whether_it_took_or_not() {
    for fault in [Fault::Before(ErrorKind::CommitInDoubt), Fault::After(ErrorKind::CommitInDoubt)] {
        let store = Memory::with_users(12);
        store.script(Call::Claim, [fault.clone(), fault]);
        store.script(Call::GiveBack, [Fault::Before(ErrorKind::Unreachable)]);
        let (ended, _) = run(&store, config()).await;
        assert!(is_done(&ended), "{ended:?}");
        assert_each_once(&store);
        assert_eq!(store.calls(Call::GiveBack), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_somebody_else_closes_is_over_when_the_own_chunks_are() {
    let store = Memory::with_users(30);
    let gate = Arc::new(Semaphore::new(0));
    store.script(Call::Finish, (0..2).map(|_| Fault::Held(gate.clone())));
    let shared = shared(&store, config(), Told::default()).await;
    let running = tokio::spawn(async move { part(&shared).await });
    store.called(Call::Finish, 2).await;
    store.tables().run = RunState::Cancelled;
    gate.add_permits(2);
    assert!(matches!(running.await.unwrap(), Ended::Closed(RunState::Cancelled)));
    assert_eq!(store.tables().open_claims(), 0);
}
