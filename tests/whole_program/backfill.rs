//! `cardgenius --backfill` from a table of new users to one of completed users.

use cardgenius_testkit::{Counts, populate};

use crate::comparison::{assert_as_the_oracle_says, recommendations, users};
use crate::place::{audited, backfill, migrated};
use crate::program::holds_all;

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_opens_a_run_completes_everybody_and_every_figure_is_the_oracles() {
    let database = migrated();
    let client = database.connect().await;
    populate(&client, &database.tables, 2_000, 11).await;
    let answer = backfill(&database, 300).run().ended(0);
    assert_eq!(audited(&database).await, Counts::all_completed(2_000));
    assert_as_the_oracle_says(&database, 20).await;
    let run = client
        .query_one(
            "SELECT state, kind, backlog, users_left, run_id::text, opened_by = closed_by FROM cardgenius_runs",
            &[],
        )
        .await
        .unwrap();
    assert_eq!((run.get(0), run.get(1), run.get(2), run.get(3)), ("done", "backfill", 2_000_i64, Some(0_i64)));
    assert!(run.get::<_, bool>(5));
    let summary = answer.stdout.lines().collect::<Vec<_>>();
    assert_eq!(summary[0], format!("run         backfill {} (done)", run.get::<_, &str>(4)));
    assert_eq!(summary[1..3], ["completed   2,000 users, 20,000 rows", "failed      0 users"]);
    assert!(summary[3].starts_with("time        ") && summary[3].ends_with(" users/s"), "{}", answer.stdout);
    assert_eq!(summary.len(), 4);
    let claims: i64 = client.query_one("SELECT count(*) FROM cardgenius_claims", &[]).await.unwrap().get(0);
    assert_eq!(claims, 7);
    holds_all(&answer.stderr, &["opened a run", "uses at most 5 connections to the source"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_with_nobody_to_do_says_so_and_ends_well() {
    let database = migrated();
    let answer = backfill(&database, 10_000).run().ended(0);
    holds_all(&answer.stdout, &["(done)", "completed   0 users, 0 rows"]);
    assert_eq!(audited(&database).await, Counts::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn users_that_are_not_new_are_left_alone() {
    let database = migrated();
    let client = database.connect().await;
    populate(&client, &database.tables, 100, 12).await;
    backfill(&database, 1_000).run().ended(0);
    let before = recommendations(&client, &database.tables).await;
    database.psql("UPDATE {{input}} SET avg_amazon_gmv = 90000; UPDATE {{input}} SET processing_status = 'new' WHERE user_id = 'CK0000050'");
    backfill(&database, 1_000).run().ended(0);
    let after = recommendations(&client, &database.tables).await;
    let changed: Vec<_> =
        before.iter().filter(|(user_id, rows)| after[*user_id] != **rows).map(|(key, _)| key).collect();
    assert_eq!(changed, ["CK0000050"]);
    assert_eq!(users(&client, &database.tables).await["CK0000050"].status, "completed");
    assert_eq!(audited(&database).await, Counts::all_completed(100));
}
