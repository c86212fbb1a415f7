//! Users that a walk over the keys could miss, and those that the database does not let be claimed, completed or failed.

use cardgenius_pipeline::ports::{ClaimRequest, Store};
use cardgenius_store::desk::Requeue;
use cardgenius_store::protocol::RequeueCursor;

use crate::backend::Backend;
use crate::claim::ids;
use crate::world::{World, request};

/// Most collations of MySQL and MariaDB sort a line break and a tab before the empty text, which is a key like any other.
const FIRST_KEYS: [&str; 6] = ["\u{1}A", "\tB", "\nC", "\r\nD", "", "E"];

pub async fn users_whose_keys_sort_before_the_empty_text_are_claimed_each_once<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(FIRST_KEYS).await;
    let instance = world.instance().await;
    let run = instance.run().await;
    let (mut claimed, mut after_key) = (Vec::new(), None);
    loop {
        let request = ClaimRequest { after_key, ..request(&run, 1) };
        let found = ids(instance.store.claim(&request).await.unwrap().claimed);
        let Some(last) = found.last() else { break };
        after_key = Some(last.clone());
        claimed.extend(found);
        assert!(claimed.len() <= FIRST_KEYS.len(), "the walk does not end: {claimed:?}");
    }
    let mut expected = FIRST_KEYS.map(str::to_owned);
    expected.sort();
    claimed.sort();
    assert_eq!(claimed, expected);
}

pub async fn users_whose_keys_sort_before_the_empty_text_are_requeued<B: Backend>() {
    let world = World::<B>::fresh().await;
    let operator = world.silent_instance();
    world.add_users(FIRST_KEYS).await;
    for (what, from) in [(Requeue::Everybody, "completed"), (Requeue::Failed, "failed")] {
        world.run(&format!("UPDATE user_spending_data SET processing_status = '{from}'")).await;
        let mut cursor = RequeueCursor::default();
        let requeued = operator.store.requeue_step(&what, &mut cursor).await.unwrap();
        assert_eq!((requeued.users, requeued.locked), (6, 0), "{what:?}");
        assert_eq!(world.statuses().await["new"], 6, "{what:?}");
    }
}
