//! The customer at its own users while a chunk of them is in flight.

use cardgenius_testkit::{Counts, Database, Gate, populate, until};

use crate::comparison::{assert_as_the_oracle_says, recommendations};
use crate::place::{audited, backfill, migrated};
use crate::program::holds_all;
use crate::running::{Running, spawn};

/// Twenty users in one chunk, computed and loaded, and not committed; and the gate at which it waits.
async fn held_in_flight(database: &Database<'_>, locked_wait_ms: u32) -> (Gate, Running) {
    let client = database.connect().await;
    populate(&client, &database.tables, 20, 41).await;
    let gate = Gate::closed_from(database.connect().await, &database.tables, "").await;
    let start = backfill(database, 20)
        .variable("CARDGENIUS_RUN__LOCKED_WAIT_MS", &locked_wait_ms.to_string())
        .variable("CARDGENIUS_RETRY__BASE_MS", "50");
    let run = spawn(start);
    gate.reached_by(1).await;
    (gate, run)
}

/// The chunk's claim as its row tells: users, completed, failed, superseded, returned, left locked.
fn first_claim(database: &Database<'_>) -> String {
    database.psql(
        "SELECT users, completed, failed, superseded, returned, left_locked FROM {{claims}} ORDER BY claimed_at LIMIT 1",
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_set_to_new_or_deleted_in_the_middle_of_a_chunk_is_superseded() {
    let database = migrated();
    let (gate, run) = held_in_flight(&database, 60_000).await;
    database.psql(
        "UPDATE {{input}} SET avg_amazon_gmv = 77777.77, processing_status = 'new' WHERE user_id = 'CK0000003';
         DELETE FROM {{input}} WHERE user_id IN ('CK0000001', 'CK0000020')",
    );
    gate.open().await;
    let answer = run.end().ended(0);
    holds_all(&answer.stdout, &["completed   18 users, 180 rows", "superseded  3 users"]);
    assert_eq!(first_claim(&database), "20|17|0|3|0|0");
    assert_eq!(audited(&database).await, Counts::all_completed(18));
    // The one set to new was done again, with its new amounts; the deleted have no rows.
    assert_as_the_oracle_says(&database, 1).await;
    let rows = recommendations(&database.connect().await, &database.tables).await;
    assert_eq!(rows.len(), 18);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_locked_in_the_middle_of_a_chunk_holds_up_nobody_and_is_done_when_it_is_free() {
    let database = migrated();
    let (gate, run) = held_in_flight(&database, 60_000).await;
    let customer = database.connect().await;
    customer
        .batch_execute("BEGIN; SELECT FROM user_spending_data WHERE user_id = 'CK0000010' FOR UPDATE")
        .await
        .unwrap();
    gate.open().await;
    let others = "SELECT count(*) FROM {{input}} WHERE processing_status = 'completed'";
    until("the others", async || (database.psql(others) == "19").then_some(())).await;
    assert_eq!(audited(&database).await, Counts { users: 20, pending: 1, completed: 19, ..Counts::default() });
    assert_eq!(database.psql("SELECT state, completed, left_locked FROM {{claims}}"), "open|19|0");
    customer.batch_execute("ROLLBACK").await.unwrap();
    run.end().ended(0);
    assert_eq!(first_claim(&database), "20|20|0|0|0|0");
    assert_eq!(audited(&database).await, Counts::all_completed(20));
    assert_as_the_oracle_says(&database, 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_locked_for_too_long_is_left_counted_and_done_by_the_next_start() {
    let database = migrated();
    let (gate, run) = held_in_flight(&database, 200).await;
    let customer = database.connect().await;
    customer
        .batch_execute("BEGIN; SELECT FROM user_spending_data WHERE user_id = 'CK0000010' FOR UPDATE")
        .await
        .unwrap();
    gate.open().await;
    let answer = run.end().ended(0);
    holds_all(&answer.stdout, &["completed   19 users", "locked      1 users", "left        1 users"]);
    assert_eq!(first_claim(&database), "20|19|0|0|0|1");
    assert_eq!(database.psql("SELECT state, users_left FROM {{runs}}"), "done|1");
    customer.batch_execute("ROLLBACK").await.unwrap();
    backfill(&database, 20).run().ended(0);
    assert_eq!(audited(&database).await, Counts::all_completed(20));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_takes_the_users_that_nobody_holds_and_the_run_says_how_many_are_left() {
    let database = migrated();
    let client = database.connect().await;
    populate(&client, &database.tables, 40, 42).await;
    let customer = database.connect().await;
    customer
        .batch_execute("BEGIN; SELECT FROM user_spending_data WHERE user_id <= 'CK0000004' FOR UPDATE")
        .await
        .unwrap();
    let answer = backfill(&database, 10).run().ended(0);
    holds_all(&answer.stdout, &["completed   36 users", "left        4 users"]);
    customer.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(audited(&database).await, Counts { users: 40, new: 4, completed: 36, ..Counts::default() });
    backfill(&database, 10).run().ended(0);
    assert_eq!(audited(&database).await, Counts::all_completed(40));
}

#[tokio::test(flavor = "multi_thread")]
async fn users_that_arrive_while_a_run_is_under_way_are_done_by_it() {
    let database = migrated();
    let (gate, run) = held_in_flight(&database, 60_000).await;
    database.psql("INSERT INTO {{input}} (user_id, avg_amazon_gmv) VALUES ('AA', 1000), ('ZZ', 2000)");
    gate.open().await;
    run.end().ended(0);
    assert_eq!(audited(&database).await, Counts::all_completed(22));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_optional_trigger_new_amounts_alone_make_a_user_new_and_our_own_updates_do_not() {
    let database = migrated();
    database.psql(include_str!("../../sql/postgres/optional/new_spending_sets_new.sql"));
    let (gate, run) = held_in_flight(&database, 60_000).await;
    database.psql("UPDATE {{input}} SET avg_amazon_gmv = 77777.77 WHERE user_id = 'CK0000003'");
    gate.open().await;
    let answer = run.end().ended(0);
    holds_all(&answer.stdout, &["completed   20 users, 200 rows", "superseded  1 users"]);
    assert_eq!(database.psql("SELECT sum(users) FROM {{claims}}"), "21");
    assert_eq!(audited(&database).await, Counts::all_completed(20));
    assert_as_the_oracle_says(&database, 1).await;
}
