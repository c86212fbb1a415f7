//! Users set back to `new` by an operator: by cause, run or name, or all of them.

use cardgenius_testkit::{Counts, Database, populate};
use serde_json::Value as Json;

use crate::comparison::assert_as_the_oracle_says;
use crate::place::{audited, backfill, migrated, on};
use crate::program::holds_all;

const USERS: i64 = 300;

/// Everybody is done but five users who failed, three for one cause and two for another.
async fn with_failures() -> Database<'static> {
    let database = migrated();
    let client = database.connect().await;
    populate(&client, &database.tables, USERS, 311).await;
    database.psql("UPDATE {{input}} SET avg_amazon_gmv = -1 WHERE user_id <= 'CK0000003'");
    backfill(&database, 100).run().ended(3);
    database.psql(
        "UPDATE {{input}} SET processing_status = 'failed', processing_error = 'only 7 eligible cards, 100% odd_'
         WHERE user_id IN ('CK0000010', 'CK0000020')",
    );
    database
}

fn new_users(database: &Database<'_>) -> String {
    database.psql("SELECT string_agg(user_id, ' ' ORDER BY user_id) FROM {{input}} WHERE processing_status = 'new'")
}

fn requeue(database: &Database<'_>, whom: &[&str]) -> String {
    on(database, &["requeue", "--yes"]).flags(whom).run().ended(0).stdout
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_shown_by_cause_with_examples_and_requeued_by_what_is_shown() {
    let database = with_failures().await;
    let shown = on(&database, &["failures"]).run().ended(0).stdout;
    holds_all(
        &shown,
        &["USERS", "CAUSE", "CK0000001, CK0000002, CK0000003", "only N eligible cards", "CK0000010, CK0000020"],
    );
    let json: Json = serde_json::from_str(&on(&database, &["failures", "--json"]).run().ended(0).stdout).unwrap();
    assert_eq!(
        (&json[0]["users"], &json[1]["users"], json[1]["examples"].as_array().unwrap().len()),
        (&3.into(), &2.into(), 2)
    );
    let run_id = database.psql("SELECT run_id FROM {{runs}}");
    let of_run = on(&database, &["failures", "--run", &run_id]).run().ended(0).stdout;
    holds_all(&of_run, &["negative spend"]);
    let of_none = on(&database, &["failures", "--run", "00000000-0000-0000-0000-000000000000"]).run().ended(0).stdout;
    holds_all(&of_none, &["nobody is failed"]);

    let unasked = on(&database, &["requeue", "--failed"]).run().ended(64);
    holds_all(&unasked.stderr, &["Set all failed users (5 users) back to new", "--yes"]);
    // Signs that mean something to LIKE stand for themselves; N stands for a number; case does not matter.
    holds_all(&requeue(&database, &["--error", "only_7"]), &["0 users are new again"]);
    holds_all(&requeue(&database, &["--error", "ONLY N eligible*N% odd_"]), &["2 users are new again"]);
    assert_eq!(new_users(&database), "CK0000010 CK0000020");
    holds_all(&requeue(&database, &["--error", "negative"]), &["3 users are new again"]);
    let audit = "SELECT count(*), count(DISTINCT actor), bool_and(detail LIKE 'failed users with an error like %')
                 FROM cardgenius_audit WHERE action = 'requeue'";
    assert_eq!(database.psql(audit), "6|1|t");
    database.psql("UPDATE {{input}} SET avg_amazon_gmv = 1 WHERE avg_amazon_gmv < 0");
    backfill(&database, 100).run().ended(0);
    assert_eq!(audited(&database).await, Counts::all_completed(USERS));
    assert_as_the_oracle_says(&database, 30).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_requeued_by_run_and_by_name_and_whoever_is_pending_or_locked_is_left_alone() {
    let database = with_failures().await;
    let run_id = database.psql("SELECT run_id FROM {{runs}}");
    holds_all(&requeue(&database, &["--run", "00000000-0000-0000-0000-000000000000"]), &["0 users"]);
    let customer = database.connect().await;
    customer
        .batch_execute("BEGIN; SELECT 1 FROM user_spending_data WHERE user_id = 'CK0000002' FOR UPDATE")
        .await
        .unwrap();
    holds_all(&requeue(&database, &["--run", &run_id]), &["4 users are new again", "1 were locked"]);
    assert_eq!(new_users(&database), "CK0000001 CK0000003 CK0000010 CK0000020");
    customer.batch_execute("COMMIT").await.unwrap();
    database.psql("UPDATE {{input}} SET processing_status = 'pending' WHERE user_id = 'CK0000100'");
    let named = ["--user", "CK0000002", "CK0000050", "CK0000100", "CK0000001", "unknown"];
    holds_all(&requeue(&database, &named), &["2 users are new again", "3 of those named are new or pending"]);
    let pending = "SELECT string_agg(user_id, ' ') FROM {{input}} WHERE processing_status = 'pending'";
    assert_eq!(database.psql(pending), "CK0000100");
    assert_eq!(new_users(&database), "CK0000001 CK0000002 CK0000003 CK0000010 CK0000020 CK0000050");
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_is_requeued_in_steps_for_a_new_catalogue_and_computed_once_more() {
    let database = migrated();
    let client = database.connect().await;
    // More than two steps, in an order that is not that of the bytes.
    populate(&client, &database.tables, 11_000, 312).await;
    backfill(&database, 10_000).run().ended(0);
    database.psql("UPDATE {{input}} SET processing_status = 'pending' WHERE user_id = 'CK0000100'");
    holds_all(&requeue(&database, &["--everybody"]), &["10,999 users are new again"]);
    let by_transaction = "SELECT count(DISTINCT xmin::text) FROM {{input}} WHERE processing_status = 'new'";
    assert_eq!(database.psql(by_transaction), "3", "5,000 users a transaction");
    let marks = database.psql("SELECT sum(attempts), sum(crashes), count(claim_id) FROM {{input}}");
    assert_eq!(marks, "0|0|11000");
    let start = backfill(&database, 10_000);
    let path =
        start.write("other.json", &include_str!("../../catalog/cards.json").replace("Credit Card", "Other Card"));
    start.flags(&["--catalog", path.to_str().unwrap()]).run().ended(0);
    assert_eq!(audited(&database).await, Counts::all_completed(11_000));
    let old = "SELECT count(*) FROM {{output}} WHERE card_name LIKE '%Credit Card%'";
    assert_eq!(database.psql(old), "0", "no row of the old catalogue is left");
}
