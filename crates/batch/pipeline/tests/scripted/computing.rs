//! Computing: faults of single users, panics, and chunks that do not come back.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use cardgenius_pipeline::compute::{Fault as UserFault, Workers};
use cardgenius_pipeline::ports::{ClaimRequest, Claimed, Store, Suspicion};
use tokio::task::yield_now;
use tokio::time::advance;
use uuid::Uuid;

use crate::bench::{Told, assert_each_once, config, is_done, part, shared};
use crate::memory::{Call, Memory, Status};
use crate::port::Keys;

#[tokio::test(start_paused = true)]
async fn a_panic_in_the_engine_or_the_encoder_fails_one_user_and_the_pool_lives_on() {
    let store = Memory::with_users(50);
    let (panics_at, faulty_at, encoder_panics_at) = (Some(27), Some(31), Some("U000013"));
    let told = Told { panics_at, faulty_at, encoder_panics_at, ..Told::default() };
    let ended = part(&shared(&store, config(), told).await).await;
    assert!(is_done(&ended), "{ended:?}");
    let tables = store.tables();
    let failed: Vec<&str> =
        tables.users.iter().filter(|(_, row)| row.status == Status::Failed).map(|(id, _)| id.as_str()).collect();
    assert_eq!(failed, ["U000013", "U000027", "U000031"]);
    assert!(tables.users.values().all(|row| row.settled == 1));
}

#[tokio::test]
async fn everybody_beside_a_panic_has_its_own_rows() {
    let store = Memory::with_users(5_000);
    let request = ClaimRequest {
        claim_id: Uuid::new_v4(),
        run_id: Uuid::nil(),
        rows: 5_000,
        after_key: None,
        passed_by: Vec::new(),
        after_claim: None,
        suspicion: Suspicion::None,
        in_turn: false,
    };
    let Claimed::Chunk(chunk) = store.claim(&request).await.unwrap().claimed else { panic!("nobody") };
    let told = Told { panics_at: Some(2_048), faulty_at: Some(4_999), ..Told::default() };
    let workers = Workers::new(NonZeroUsize::new(3).unwrap()).unwrap();
    let keys = Keys { panics_at: Some("U003000".into()) };
    let computed = workers.compute(Arc::new(told), Arc::new(keys), chunk).await.unwrap();
    let mut faulty = Vec::new();
    for (place, user) in computed.users.iter().enumerate() {
        assert_eq!(*user.user_id, *format!("U{place:06}"));
        match user.outcome {
            Ok(_) => assert_eq!(computed.frames([user]).concat(), format!("{}\n", user.user_id).as_bytes()),
            Err(fault) => faulty.push((place, matches!(fault, UserFault::Panicked))),
        }
    }
    assert_eq!(faulty, [(2_048, true), (3_000, true), (4_999, false)]);
    // All together, and every second one: the same rows, whatever the frames.
    let keys = |step: usize| {
        let users = computed.users.iter().step_by(step);
        let sound = users.clone().filter(|user| user.outcome.is_ok()).map(|user| format!("{}\n", user.user_id));
        (computed.frames(users).concat(), sound.collect::<String>().into_bytes())
    };
    for step in [1, 2, 7] {
        let (framed, expected) = keys(step);
        assert!(framed == expected, "every {step}.");
    }
}

#[tokio::test(start_paused = true)]
async fn a_chunk_that_is_not_computed_by_its_deadline_is_given_back() {
    let store = Memory::with_users(10);
    let shared = shared(&store, config(), Told { stuck_at: Some(4), ..Told::default() }).await;
    let running = {
        let shared = shared.clone();
        tokio::spawn(async move { part(&shared).await })
    };
    while !shared.engine.is_stuck.load(Ordering::SeqCst) {
        yield_now().await;
    }
    assert_eq!(store.calls(Call::GiveBack), 0);
    advance(config().chunk_deadline).await;
    store.called(Call::GiveBack, 1).await;
    shared.engine.freed.store(true, Ordering::SeqCst);
    let ended = running.await.unwrap();
    assert!(is_done(&ended), "{ended:?}");
    assert_each_once(&store);
    assert_eq!(shared.progress.counts().given_back, 1);
    assert_eq!(store.calls(Call::Finish), 10, "what came too late was not finished; then user by user");
}
