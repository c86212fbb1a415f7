//! A second instance while the first is at work.

use cardgenius_testkit::{Counts, Gate, populate};

use crate::comparison::assert_as_the_oracle_says;
use crate::place::{audited, backfill, migrated};
use crate::program::holds_all;
use crate::running::spawn;

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_share_one_run_and_both_end_well() {
    let database = migrated();
    let client = database.connect().await;
    populate(&client, &database.tables, 1_000, 21).await;
    let gate = Gate::closed_from(database.connect().await, &database.tables, "").await;
    let first = spawn(backfill(&database, 20));
    gate.reached_by(2).await;
    let second = spawn(backfill(&database, 20));
    second.said("joined the open run");
    gate.reached_by(3).await;
    gate.open().await;
    let (first, second) = (first.end().ended(0), second.end().ended(0));
    assert_eq!(audited(&database).await, Counts::all_completed(1_000));
    assert_as_the_oracle_says(&database, 50).await;
    let statement = "SELECT count(DISTINCT run_id), count(DISTINCT owner), sum(completed) = 1000 AND sum(users) = 1000 FROM cardgenius_claims";
    let row = client.query_one(statement, &[]).await.unwrap();
    assert_eq!((row.get(0), row.get(1), row.get(2)), (1_i64, 2_i64, true));
    let runs: i64 = client.query_one("SELECT count(*) FROM cardgenius_runs", &[]).await.unwrap().get(0);
    assert_eq!(runs, 1);
    holds_all(&first.stderr, &["opened a run"]);
    for answer in [first, second] {
        holds_all(&answer.stdout, &["(done)", "completed   1,000 users, 10,000 rows"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_joins_computes_with_the_runs_catalogue_and_not_with_its_own() {
    let database = migrated();
    let client = database.connect().await;
    populate(&client, &database.tables, 200, 22).await;
    let gate = Gate::closed_from(database.connect().await, &database.tables, "").await;
    let first = spawn(backfill(&database, 20));
    gate.reached_by(2).await;
    let start = backfill(&database, 20);
    let other = include_str!("../../catalog/cards.json").replace("Credit Card", "Other Card");
    let path = start.write("other.json", &other);
    let second = spawn(start.flags(&["--catalog", path.to_str().unwrap()]));
    gate.reached_by(3).await;
    gate.open().await;
    first.end().ended(0);
    second.end().ended(0);
    let others = database.psql("SELECT count(*) FROM {{output}} WHERE card_name LIKE '%Other Card%'");
    assert_eq!(others, "0");
    assert_eq!(audited(&database).await, Counts::all_completed(200));
    assert_as_the_oracle_says(&database, 20).await;
}
