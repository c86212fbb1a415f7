//! Users whose statuses the database does not let be changed: all other users of their chunk are settled.

use cardgenius_failure::error::ErrorKind;
use cardgenius_pipeline::ports::{ClaimTotals, Claimed, Closed, RunState, Store};

use cardgenius_store::desk::Requeue;
use cardgenius_store::protocol::RequeueCursor;

use crate::backend::{Backend, Database};
use crate::postgres::Postgres;
use crate::world::{HELD, World, users};

/// Sixty users, and these.
async fn with_users<B: Backend>(others: &[&str]) -> World<B> {
    let world = World::<B>::fresh().await;
    world.add_users(users(60)).await;
    world.add_users(others).await;
    world
}

/// Of the sixty-odd users of one claim: the totals after its finish, and the keys that were refused.
async fn finish<B: Backend>(world: &World<B>) -> (ClaimTotals, Vec<String>) {
    let instance = world.instance().await;
    let chunk = instance.claim_and_compute(&instance.run().await, 100).await;
    let finished = instance.store.finish(&chunk, None).await.unwrap();
    world.assert_adds_up().await;
    assert!(finished.refused.iter().all(|refused| refused.reason.contains("not this one")), "{finished:?}");
    (finished.totals, finished.refused.into_iter().map(|refused| refused.user.shown).collect())
}

pub async fn a_user_that_cannot_be_completed_fails_alone<B: Backend>() {
    let world = with_users::<B>(&["U3_bad", "U4_bad"]).await;
    world.backend.source().refuse_status("completed", "%bad").await;
    let (totals, refused) = finish(&world).await;
    assert_eq!((totals.completed, totals.failed, totals.left, refused.len()), (60, 2, 0, 0));
    for user_id in ["U3_bad", "U4_bad"] {
        let user = world.user(user_id).await;
        let reason = user.error.unwrap();
        assert_eq!(user.status, "failed");
        assert!(reason.starts_with("refused by the database: ") && reason.contains("not this one"), "{reason}");
    }
}

pub async fn a_user_that_cannot_be_completed_keeps_its_old_rows_where_they_are_in_the_same_database<B: Backend>() {
    let world = with_users::<B>(&["U3_bad"]).await;
    assert_eq!(finish(&world).await.0.completed, 61);
    let before = world.rows_of("U3_bad").await;
    world.run("UPDATE user_spending_data SET processing_status = 'new', avg_amazon_gmv = 900").await;
    world.backend.source().refuse_status("completed", "%bad").await;
    assert_eq!(finish(&world).await.0.failed, 1);
    assert_eq!(world.rows_of("U3_bad").await, before);
    assert_ne!(world.rows_of("U10").await, before);
}

pub async fn a_user_whose_completion_is_swallowed_fails_alone<B: Backend<Source = Postgres>>() {
    let world = with_users::<B>(&["U3_bad"]).await;
    world.backend.source().swallow_status("completed", "%bad").await;
    let (totals, _) = finish(&world).await;
    assert_eq!((totals.completed, totals.failed, totals.left), (60, 1, 0));
    let reason = world.user("U3_bad").await.error.unwrap();
    assert!(reason.contains("does a trigger or rule on the table of users swallow the update?"), "{reason}");
}

pub async fn a_user_that_is_refused_not_before_the_commit_fails_alone<B: Backend<Source = Postgres>>() {
    let world = with_users::<B>(&["U3_bad"]).await;
    world.backend.source().refuse_status_at_the_commit("completed", "%bad").await;
    let (totals, _) = finish(&world).await;
    assert_eq!((totals.completed, totals.failed, totals.left), (60, 1, 0));
}

pub async fn users_that_can_neither_be_completed_nor_failed_are_left_and_named<B: Backend>() {
    let world = with_users::<B>(&["U3_bad", "U4_bad"]).await;
    // One of them fails by its spending.
    world.set("U4_bad", "avg_amazon_gmv = -1").await;
    world.backend.source().refuse_status("completed", "%bad").await;
    world.backend.source().refuse_status("failed", "%bad").await;
    let instance = world.instance().await;
    let run = instance.run().await;
    let chunk = instance.claim_and_compute(&run, 100).await;
    let finished = instance.store.finish(&chunk, None).await.unwrap();
    let mut named: Vec<&str> = finished.refused.iter().map(|refused| &*refused.user.shown).collect();
    named.sort_unstable();
    assert_eq!((finished.totals.completed, finished.totals.failed, finished.totals.left), (60, 0, 2));
    assert_eq!(named, ["U3_bad", "U4_bad"]);
    let totals = instance.store.give_back(chunk.claim_id).await.unwrap();
    assert_eq!((totals.returned, totals.left), (2, 0));
    world.assert_adds_up().await;
    // A claim that passes the named users by finds no user.
    let passed_by = finished.refused.into_iter().map(|refused| refused.user).collect();
    let request = cardgenius_pipeline::ports::ClaimRequest { passed_by, ..crate::world::request(&run, 100) };
    assert!(matches!(instance.store.claim(&request).await.unwrap().claimed, Claimed::Nobody));
}

pub async fn a_user_that_cannot_be_returned_stays_pending_and_holds_up_no_other_user<B: Backend>() {
    let world = with_users::<B>(&["U3_bad"]).await;
    let instance = world.instance().await;
    let run = instance.run().await;
    let chunk = instance.claim(&run, 100).await;
    world.backend.source().refuse_status("new", "%bad").await;
    let totals = instance.store.give_back(chunk.claim_id).await.unwrap();
    assert_eq!((totals.returned, totals.left), (60, 1));
    world.assert_adds_up().await;
    // A further user is pending without a claim; the sweep returns it all the same.
    world.set("U10", "processing_status = 'pending'").await;
    assert_eq!(instance.store.sweep(HELD).await.unwrap().healed, 1);
    assert_eq!((world.user("U3_bad").await.status, world.user("U10").await.status), ("pending".into(), "new".into()));
    let chunk = instance.claim_and_compute(&run, 100).await;
    assert_eq!(instance.finish(&chunk).await.unwrap().completed, 60);
    let Closed::UsersLeft(left) = instance.store.close_run(run.run_id, RunState::Done, None).await.unwrap() else {
        panic!("a user is left");
    };
    assert_eq!((left.pending, &*left.refused[0].user.shown), (1, "U3_bad"));
}

pub async fn a_refusal_of_all_users_is_an_error_and_settles_none<B: Backend>() {
    let world = with_users::<B>(&[]).await;
    world.backend.source().refuse_status("completed", "%").await;
    let instance = world.instance().await;
    let chunk = instance.claim_and_compute(&instance.run().await, 100).await;
    let error = instance.finish(&chunk).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Constraint | ErrorKind::DataRejected), "{error}");
    assert!(error.to_string().contains("not this one"), "{error}");
    assert_eq!(world.statuses().await["pending"], 60);
}

pub async fn a_user_that_cannot_be_set_back_does_not_keep_a_requeue_from_the_others<B: Backend>() {
    for what in
        [Requeue::Everybody, Requeue::Failed, Requeue::Users(users(60).into_iter().chain(["U3_bad".into()]).collect())]
    {
        let world = with_users::<B>(&["U3_bad"]).await;
        world.run("UPDATE user_spending_data SET processing_status = 'failed'").await;
        world.backend.source().refuse_status("new", "%bad").await;
        let operator = world.silent_instance();
        let (mut cursor, mut sum) = (RequeueCursor::default(), (0, 0));
        while !cursor.is_over {
            let step = operator.store.requeue_step(&what, &mut cursor).await.unwrap();
            sum = (sum.0 + step.users, sum.1 + step.refused);
        }
        assert_eq!(sum, (60, 1), "{what:?}");
        let (user, words) = cursor.refused.unwrap();
        assert!(user == "U3_bad" && words.contains("not this one"), "{what:?}: {user}: {words}");
        assert_eq!(world.user("U3_bad").await.status, "failed", "{what:?}");
    }
}

pub async fn an_orphan_whose_return_is_swallowed_is_named<B: Backend<Source = Postgres>>() {
    let world = with_users::<B>(&["U3_bad"]).await;
    world.run("UPDATE user_spending_data SET processing_status = 'pending'").await;
    world.backend.source().swallow_status("new", "%bad").await;
    let instance = world.instance().await;
    let run = instance.run().await;
    let chunk = instance.claim_and_compute(&run, 100).await;
    assert_eq!(instance.finish(&chunk).await.unwrap().completed, 60);
    let Closed::UsersLeft(left) = instance.store.close_run(run.run_id, RunState::Done, None).await.unwrap() else {
        panic!("a user is left");
    };
    assert_eq!((left.pending, &*left.refused[0].user.shown), (1, "U3_bad"));
    assert!(left.refused[0].reason.contains("swallow"), "{left:?}");
}
