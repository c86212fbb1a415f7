//! What the exit code says. 0 and 4 are shown where runs end well and are stopped, 64 where input is bad.

use cardgenius_embedded::PostgresOptions;
use cardgenius_testkit::{Counts, Gate, TestServer, populate};

use crate::comparison::assert_as_the_oracle_says;
use crate::place::{audited, backfill, migrated, migrated_on};
use crate::program::holds_all;
use crate::running::spawn;

#[tokio::test(flavor = "multi_thread")]
async fn a_run_in_which_every_row_is_refused_is_closed_as_failed_with_1_and_nobody_is_failed_for_it() {
    let database = migrated();
    let client = database.connect().await;
    populate(&client, &database.tables, 300, 91).await;
    database.psql("ALTER TABLE {{output}} ADD CONSTRAINT closed CHECK (rank > 10)");
    let answer = backfill(&database, 50).run().ended(1);
    holds_all(&answer.stderr, &["violates check constraint", "SQLSTATE 23514"]);
    assert_eq!(audited(&database).await, Counts { users: 300, new: 300, ..Counts::default() });
    let run = database.psql("SELECT state, users_left, reason LIKE '%violates check constraint%closed%' FROM {{runs}}");
    assert_eq!(run, "failed|300|t");
    holds_all(&answer.stdout, &["(failed)", "left        300 users"]);

    database.psql("ALTER TABLE {{output}} DROP CONSTRAINT closed");
    backfill(&database, 50).run().ended(0);
    assert_eq!(audited(&database).await, Counts::all_completed(300));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_in_which_too_many_users_failed_ends_with_3_and_one_at_the_limit_with_0() {
    let database = migrated();
    let client = database.connect().await;
    populate(&client, &database.tables, 100, 92).await;
    database.psql("UPDATE {{input}} SET avg_amazon_gmv = -1 WHERE user_id <= 'CK0000002'");
    let answer = backfill(&database, 50).run().ended(3);
    holds_all(&answer.stderr, &["more users failed than pipeline.max_failed_share = 0.001 allows"]);
    holds_all(&answer.stdout, &["(done)", "failed      2 users (2.000 %)", "2 negative spend, such as \"CK0000001\""]);
    for (share, code) in [("0.02", 0), ("0.0199", 3)] {
        database.psql("UPDATE {{input}} SET processing_status = 'new'");
        backfill(&database, 50).variable("CARDGENIUS_PIPELINE__MAX_FAILED_SHARE", share).run().ended(code);
        assert_eq!(audited(&database).await, Counts { users: 100, completed: 98, failed: 2, ..Counts::default() });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stays_away_ends_a_run_with_75_and_the_next_start_goes_on() {
    let server = TestServer::launch(PostgresOptions::for_tests());
    let database = migrated_on(&server);
    let client = database.connect().await;
    populate(&client, &database.tables, 200, 93).await;
    let gate = Gate::closed_from(database.connect().await, &database.tables, "CK0000101").await;
    let brief = |start: crate::program::Start| {
        start
            .variable("CARDGENIUS_RETRY__BASE_MS", "20")
            .variable("CARDGENIUS_RETRY__OUTAGE_MS", "200")
            .variable("CARDGENIUS_LEASE__LEASE_MS", "1500")
            .variable("CARDGENIUS_LEASE__RENEW_MS", "400")
            .variable("CARDGENIUS_LEASE__SWEEP_MS", "200")
            .variable("CARDGENIUS_LIMITS__RENEW_STATEMENT_MS", "400")
    };
    let run = spawn(brief(backfill(&database, 20)));
    gate.reached_by(2).await;
    drop((gate, client));
    server.postgres.stop().unwrap();
    let answer = run.end().ended(75);
    holds_all(&answer.stderr, &["cannot connect to the database"]);
    backfill(&database, 20).run().ended(75);

    server.postgres.start().unwrap();
    brief(backfill(&database, 20)).run().ended(0);
    assert_eq!(audited(&database).await, Counts::all_completed(200));
    assert_as_the_oracle_says(&database, 20).await;
    assert_eq!(
        database.psql("SELECT count(*), sum(completed) FROM {{claims}} JOIN {{runs}} USING (run_id)").split('|').nth(1),
        Some("200")
    );
}
