//! Random scripts of faults: whatever comes in whatever order, each user is settled once at most, and by the end once.

use cardgenius_pipeline::error::ErrorKind;
use cardgenius_pipeline::ports::RunState;
use cardgenius_pipeline::run::Ended;
use proptest::prelude::*;

use crate::bench::{assert_each_once, config, run};
use crate::memory::{Call, Fault, Memory};

fn passing_fault() -> impl Strategy<Value = Fault> {
    let kind = prop::sample::select(vec![
        ErrorKind::Unreachable,
        ErrorKind::ConnectionLost,
        ErrorKind::ServerShuttingDown,
        ErrorKind::ReadOnly,
        ErrorKind::Contention,
        ErrorKind::Timeout,
        ErrorKind::ResourceLimit,
    ]);
    prop_oneof![
        3 => kind.prop_map(Fault::Before),
        2 => Just(Fault::After(ErrorKind::CommitInDoubt)),
        1 => Just(Fault::Before(ErrorKind::CommitInDoubt)),
    ]
}

/// Only a claim whose outcome is in doubt may have happened: the port promises that any other failure changed nothing.
fn script() -> impl Strategy<Value = Vec<(Call, Fault)>> {
    let call = prop::sample::select(vec![Call::Finish, Call::Finish, Call::GiveBack, Call::LookUp, Call::Close]);
    prop::collection::vec((call, passing_fault()), 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_passes_costs_nobody_and_doubles_nobody(
        users in 1_usize..80,
        script in script(),
        claims_in_doubt in prop::collection::vec(any::<bool>(), 0..3),
    ) {
        let store = Memory::with_users(users);
        for (call, fault) in script {
            store.script(call, [fault]);
        }
        store.script(Call::Claim, claims_in_doubt.into_iter().map(|took| {
            if took { Fault::After(ErrorKind::CommitInDoubt) } else { Fault::Before(ErrorKind::CommitInDoubt) }
        }));
        let mut patient = config();
        patient.outage = std::time::Duration::from_secs(60);
        patient.max_passes = 1_000;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (ended, _) = runtime.block_on(run(&store, patient));
        prop_assert!(matches!(ended, Ended::Closed(RunState::Done)), "{ended:?}");
        assert_each_once(&store);
    }
}
