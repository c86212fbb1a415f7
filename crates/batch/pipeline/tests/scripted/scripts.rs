//! Random scripts of faults and of what others do: whatever comes in whatever order, nobody is lost and nobody doubled.

use cardgenius_failure::error::ErrorKind;
use cardgenius_pipeline::ports::RunState;
use cardgenius_pipeline::run::Ended;
use proptest::prelude::*;

use crate::bench::{Told, config, is_done, part, run, shared};
use crate::memory::{Call, Event, Fault, Memory, Status};

fn passing_kind() -> impl Strategy<Value = ErrorKind> {
    prop::sample::select(vec![
        ErrorKind::Unreachable,
        ErrorKind::ConnectionLost,
        ErrorKind::ServerShuttingDown,
        ErrorKind::ReadOnly,
        ErrorKind::Contention,
        ErrorKind::Timeout,
        ErrorKind::ResourceLimit,
    ])
}

/// Only a commit in doubt may have worked: the port promises that any other failure changed nothing.
fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        3 => passing_kind().prop_map(Fault::Before),
        2 => Just(Fault::After(ErrorKind::CommitInDoubt)),
        1 => Just(Fault::Before(ErrorKind::CommitInDoubt)),
        3 => what_others_do().prop_map(Fault::Meanwhile),
    ]
}

fn what_others_do() -> impl Strategy<Value = Event> {
    prop_oneof![
        1 => Just(Event::Sweep),
        2 => any::<usize>().prop_map(Event::SetNew),
        2 => any::<usize>().prop_map(Event::Lock),
        2 => Just(Event::Unlock),
    ]
}

/// Faults of any call; those that only read or renew are never in doubt.
fn script() -> impl Strategy<Value = Vec<(Call, Fault)>> {
    let commits = prop::sample::select(vec![Call::Claim, Call::Finish, Call::Finish, Call::GiveBack, Call::Close]);
    let others = prop::sample::select(vec![Call::LookUp, Call::Totals, Call::Renew]);
    prop::collection::vec(
        prop_oneof![
            4 => (commits, fault()),
            1 => (others.clone(), passing_kind().prop_map(Fault::Before)),
            1 => (others, what_others_do().prop_map(Fault::Meanwhile)),
        ],
        0..60,
    )
}

fn play(users: usize, script: Vec<(Call, Fault)>) -> Memory {
    let store = Memory::with_users(users);
    for (call, fault) in script {
        store.script(call, [fault]);
    }
    store
}

fn on_a_still_clock(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(test);
}

/// Nobody was settled more often than asked for, nothing was done without a lease or beyond the bounds.
fn assert_sound(store: &Memory) {
    let tables = store.tables();
    for (user_id, row) in &tables.users {
        assert!(row.settled <= row.asked, "{user_id}: {row:?}");
    }
    assert!(tables.without_lease.is_empty(), "{:?}", tables.without_lease);
    assert!(tables.most_open <= config().chunks_in_flight, "{}", tables.most_open);
    assert!(tables.most_finishing <= config().sessions, "{}", tables.most_finishing);
}

/// A clean run after whatever was before, when the next instance has swept and healed: everybody is settled.
async fn assert_nobody_is_lost(store: &Memory) {
    store.mend();
    {
        let mut tables = store.tables();
        tables.run = RunState::Open;
    }
    store.happens(Event::Sweep);
    store.tables().heal();
    let (ended, _) = run(store, config()).await;
    assert!(is_done(&ended), "{ended:?}");
    let tables = store.tables();
    for (user_id, row) in &tables.users {
        assert!(matches!(row.status, Status::Completed | Status::Failed), "{user_id}: {row:?}");
        assert!((1..=row.asked).contains(&row.settled), "{user_id}: {row:?}");
    }
}

fn completed(store: &Memory) -> u64 {
    store.tables().claims.values().map(|claim| claim.totals.completed).sum()
}

/// A run is done, unless it completed no user of its backlog: that is no success.
fn is_over(ended: &Ended, store: &Memory) -> bool {
    is_done(ended) || (matches!(ended, Ended::Closed(RunState::Failed)) && completed(store) == 0)
}

/// After a part that ended well: nobody is held, and whoever is not settled was locked or set `new` by the customer.
fn assert_ended_well(store: &Memory) {
    let tables = store.tables();
    assert_eq!(tables.open_claims(), 0);
    for (user_id, row) in &tables.users {
        let may_be_left = row.was_locked || row.asked > 1;
        let settled = matches!(row.status, Status::Completed | Status::Failed);
        assert!(settled || may_be_left || tables.reason.is_some(), "{user_id}: {row:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_passes_costs_nobody_and_doubles_nobody(
        users in 1_usize..80,
        script in script(),
    ) {
        let store = play(users, script);
        on_a_still_clock(async {
            let (ended, shared) = run(&store, config()).await;
            assert!(is_over(&ended, &store), "{ended:?}");
            assert_sound(&store);
            assert_ended_well(&store);
            let (counts, completed) = (shared.progress.counts(), completed(&store));
            assert!(counts.completed == completed, "{counts:?}: the claims say {completed}");
            assert_nobody_is_lost(&store).await;
        });
    }

    #[test]
    fn a_stop_at_any_moment_costs_nobody_and_doubles_nobody(
        users in 1_usize..80,
        script in script(),
        stop_at in prop::sample::select(vec![Call::Claim, Call::Finish, Call::LookUp, Call::GiveBack, Call::Close]),
        after in 0_usize..6,
    ) {
        let store = play(users, script);
        let first = (0..after).map(|_| Fault::Meanwhile(Event::Unlock)).chain([Fault::Meanwhile(Event::Stop)]);
        store.script(stop_at, first);
        on_a_still_clock(async {
            let shared = shared(&store, config(), Told::default()).await;
            let ended = part(&shared).await;
            assert!(matches!(ended, Ended::Stopped) || is_over(&ended, &store), "{ended:?}");
            assert_sound(&store);
            assert_nobody_is_lost(&store).await;
        });
    }

    #[test]
    fn an_instance_that_gives_up_loses_nobody(
        users in 1_usize..80,
        script in script(),
        permanent in prop::sample::select(vec![ErrorKind::SchemaMismatch, ErrorKind::Bug, ErrorKind::Unreachable]),
        at in prop::sample::select(vec![Call::Claim, Call::Finish, Call::GiveBack, Call::Close]),
    ) {
        let store = play(users, script);
        store.script(at, (0..10_000).map(|_| Fault::Before(permanent)));
        on_a_still_clock(async {
            run(&store, config()).await;
            assert_sound(&store);
            assert_nobody_is_lost(&store).await;
        });
    }
}
