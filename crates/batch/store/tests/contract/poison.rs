//! Users whose rows the database refuses: they fail alone, and say why.

use cardgenius_failure::error::ErrorKind;
use cardgenius_pipeline::ports::{ClaimTotals, Store};

use crate::backend::{Backend, Database, Session};
use crate::postgres::Postgres;
use crate::world::{World, users};

/// Claims and finishes everybody; the totals, and the reason of each that failed.
async fn finish_all<B: Backend>(world: &World<B>) -> (ClaimTotals, Vec<(String, String)>) {
    let instance = world.instance().await;
    let chunk = instance.claim_and_compute(&instance.run().await, 100_000).await;
    let totals = instance.finish(&chunk).await.unwrap();
    assert_eq!(totals.settled(), chunk.users.len() as u64);
    world.assert_adds_up().await;
    let sql = "SELECT user_id, processing_error FROM user_spending_data WHERE processing_status = 'failed'";
    let failed = world.source.rows(sql).await;
    (totals, failed.into_iter().map(|row| (row[0].clone().unwrap(), row[1].clone().unwrap())).collect())
}

async fn with_poison<B: Backend>(poison: &[&str]) -> World<B> {
    let world = World::<B>::fresh().await;
    world.add_users(users(60)).await;
    world.add_users(poison).await;
    world
}

pub async fn a_user_that_a_check_refuses_fails_alone<B: Backend>() {
    let world = with_poison::<B>(&["U3_bad"]).await;
    let check = "ALTER TABLE card_recommendations ADD CONSTRAINT no_bad CHECK (user_id NOT LIKE '%bad')";
    world.target.rows(check).await;
    let (totals, failed) = finish_all(&world).await;
    assert_eq!((totals.completed, totals.failed), (60, 1));
    let [(user_id, reason)] = &failed[..] else { panic!("{failed:?}") };
    assert_eq!(user_id, "U3_bad");
    assert!(reason.starts_with("refused by the database: ") && reason.contains("no_bad"), "{reason}");
    assert!(reason.contains("23514") || reason.contains("3819") || reason.contains("4025"), "its code: {reason}");
}

pub async fn a_user_that_a_foreign_key_refuses_fails_alone<B: Backend>() {
    let world = with_poison::<B>(&UNKNOWN).await;
    let known = users(60);
    world.backend.target().require_known_users(&known.iter().map(String::as_str).collect::<Vec<_>>()).await;
    refused_by_a_foreign_key(&world).await;
}

pub async fn a_user_that_a_foreign_key_refuses_not_before_the_commit_fails_alone<B: Backend<Target = Postgres>>() {
    let world = with_poison::<B>(&UNKNOWN).await;
    let known = users(60);
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    world.backend.target().require_known_users_at_the_commit(&known).await;
    refused_by_a_foreign_key(&world).await;
}

const UNKNOWN: [&str; 2] = ["U0_unknown", "U59_unknown"];

async fn refused_by_a_foreign_key<B: Backend>(world: &World<B>) {
    let (totals, failed) = finish_all(world).await;
    assert_eq!((totals.completed, totals.failed), (60, 2));
    assert!(
        failed.iter().all(|(user_id, reason)| user_id.ends_with("unknown") && reason.contains("known")),
        "{failed:?}"
    );
}

pub async fn a_user_that_a_trigger_refuses_fails_alone<B: Backend>() {
    let world = with_poison::<B>(&["U3_bad", "U4_bad"]).await;
    world.backend.target().refuse_by_trigger("%bad").await;
    let (totals, failed) = finish_all(&world).await;
    assert_eq!((totals.completed, totals.failed), (60, 2));
    assert!(failed.iter().all(|(_, reason)| reason.contains("not this one")), "{failed:?}");
}

pub async fn a_user_with_a_value_that_is_too_long_fails_alone<B: Backend>() {
    let world = with_poison::<B>(&["U3_much_too_long"]).await;
    world.backend.target().shorten_user_ids(10).await;
    let (totals, failed) = finish_all(&world).await;
    assert_eq!((totals.completed, totals.failed, failed.len()), (60, 1, 1));
}

pub async fn hundreds_of_poisonous_users_in_a_chunk_of_2_000_fail_only_themselves<B: Backend>() {
    let world = World::<B>::fresh().await;
    // Here and there, in a row at the start, and every second one for a while.
    let is_bad =
        |place: usize| place % 7 == 3 || place < 100 || (1_000..1_200).contains(&place) && place.is_multiple_of(2);
    let named = (0..2_000).map(|place| format!("U{place:04}{}", if is_bad(place) { "_bad" } else { "" }));
    world.add_users(named).await;
    world.backend.target().refuse_by_trigger("%bad").await;
    let bad = (0..2_000).filter(|place| is_bad(*place)).count();
    assert!(bad > 400);
    let (totals, failed) = finish_all(&world).await;
    assert_eq!((totals.completed, totals.failed), (2_000 - bad as u64, bad as u64));
    assert!(failed.iter().all(|(user_id, _)| user_id.ends_with("_bad")));
}

pub async fn a_poisonous_user_keeps_its_old_rows<B: Backend>() {
    let world = with_poison::<B>(&["U3_bad"]).await;
    finish_all(&world).await;
    let before = world.rows_of("U3_bad").await;
    assert_eq!(before.len(), 10);
    world.backend.target().refuse_by_trigger("%bad").await;
    world.run("UPDATE user_spending_data SET processing_status = 'new', avg_amazon_gmv = 1").await;
    assert_eq!(finish_all(&world).await.0.failed, 1);
    assert_eq!(world.rows_of("U3_bad").await, before);
    assert_ne!(world.rows_of("U00").await, before);
}

pub async fn poison_beside_rows_that_somebody_else_left_still_fails_alone<B: Backend>() {
    let world = with_poison::<B>(&["U3_bad"]).await;
    world.backend.target().refuse_by_trigger("%bad").await;
    finish_all(&world).await;
    // Rows of earlier are there, and nothing in the users' columns tells of them.
    world.run("UPDATE user_spending_data SET processing_status = 'new', processed_at = NULL").await;
    let (totals, failed) = finish_all(&world).await;
    assert_eq!((totals.completed, totals.failed), (60, 1));
    assert_eq!(failed[0].0, "U3_bad");
}

pub async fn poison_among_users_that_were_locked_or_set_new_fails_alone<B: Backend>() {
    let world = with_poison::<B>(&["U3_bad", "U4_bad"]).await;
    world.backend.target().refuse_by_trigger("%bad").await;
    let instance = world.instance().await;
    let chunk = instance.claim_and_compute(&instance.run().await, 100).await;
    world.set("U59", "processing_status = 'new'").await;
    let customer = world.lock(&["U4_bad", "U58"]).await;
    let totals = instance.finish(&chunk).await.unwrap();
    assert_eq!(totals, ClaimTotals { completed: 58, failed: 1, superseded: 1, returned: 0, left: 2 });
    World::<B>::let_go(customer).await;
    let totals = instance.finish(&chunk).await.unwrap();
    assert_eq!(totals, ClaimTotals { completed: 59, failed: 2, superseded: 1, returned: 0, left: 0 });
    world.assert_adds_up().await;
}

pub async fn what_is_refused_for_everybody_is_an_error_and_writes_nothing<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(200)).await;
    world.backend.target().refuse_by_trigger("%").await;
    let instance = world.instance().await;
    let chunk = instance.claim_and_compute(&instance.run().await, 200).await;
    let error = instance.finish(&chunk).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Constraint, "{error}");
    for shown in [error.to_string(), format!("{error:?}")] {
        assert!(shown.contains("not this one") && !shown.contains("100.00"), "it quotes what a user spends: {shown}");
    }
    assert_eq!((world.statuses().await["pending"], world.count_rows().await), (200, 0));
    assert_eq!(world.claim_seen(chunk.claim_id).await.unwrap().state, "open");
    assert_eq!(instance.store.give_back(chunk.claim_id).await.unwrap().returned, 200);
}

pub async fn half_of_a_chunk_that_is_refused_does_not_stop_the_other_half<B: Backend>() {
    let world = World::<B>::fresh().await;
    let names =
        (0..401).map(|place: usize| format!("U{place:03}{}", if place.is_multiple_of(2) { "_bad" } else { "" }));
    world.add_users(names).await;
    world.backend.target().refuse_by_trigger("%bad").await;
    let (totals, failed) = finish_all(&world).await;
    assert_eq!((totals.completed, totals.failed, failed.len()), (200, 201, 201));
}

pub async fn a_missing_column_is_no_users_fault<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(3)).await;
    world.target.rows("ALTER TABLE card_recommendations DROP COLUMN redemption_rate").await;
    let instance = world.instance().await;
    let chunk = instance.claim_and_compute(&instance.run().await, 3).await;
    let mut error = instance.finish(&chunk).await.unwrap_err();
    if error.kind() == ErrorKind::StaleSession {
        // A session that has claimed before may be mistaken: the next attempt has a new one, which is not.
        error = instance.finish(&chunk).await.unwrap_err();
    }
    assert_eq!(error.kind(), ErrorKind::SchemaMismatch, "{error}");
    assert_eq!(world.statuses().await["pending"], 3);
}

pub async fn a_reason_quotes_no_spending<B: Backend>() {
    let world = with_poison::<B>(&["U3_bad"]).await;
    world.set("U3_bad", "avg_amazon_gmv = 7654321.99").await;
    let check = "ALTER TABLE card_recommendations ADD CONSTRAINT no_bad CHECK (net_savings < 1000000)";
    world.target.rows(check).await;
    let (_, failed) = finish_all(&world).await;
    assert_eq!(failed.len(), 1);
    assert!(!failed[0].1.contains("7654321"), "{failed:?}");
}

pub async fn poison_in_front_of_rows_that_somebody_else_left_still_fails_alone<B: Backend>() {
    let world = with_poison::<B>(&["A_bad"]).await;
    finish_all(&world).await;
    world.run("UPDATE user_spending_data SET processing_status = 'new', processed_at = NULL, avg_amazon_gmv = 1").await;
    world.backend.target().refuse_by_trigger("%bad").await;
    let (totals, failed) = finish_all(&world).await;
    assert_eq!((totals.completed, totals.failed), (60, 1), "{failed:?}");
    assert_eq!(world.rows_of("U00").await, ["1.00"; 10]);
}

pub async fn a_user_whose_rows_are_dropped_by_a_trigger_fails_alone<B: Backend<Target = Postgres>>() {
    let world = with_poison::<B>(&["U3_bad"]).await;
    world.backend.target().drop_rows("%bad").await;
    let (totals, failed) = finish_all(&world).await;
    assert_eq!((totals.completed, totals.failed), (60, 1));
    assert!(failed[0].1.contains("loading 1 users wrote 9 rows, not ten each"), "{failed:?}");
}
