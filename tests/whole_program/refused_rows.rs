//! Rows that the database refuses: those users fail, with its reason, and everybody else of their chunk is completed.

use cardgenius_testkit::{Counts, Database, populate};

use crate::comparison::{recommendations, users};
use crate::place::{audited, backfill, migrated};
use crate::program::holds_all;

/// Three of 200 users are refused, in one chunk; `reason` is what all three must say.
async fn three_refused(prepare: &str, reason: &str) -> Database<'static> {
    let database = migrated();
    let client = database.connect().await;
    populate(&client, &database.tables, 200, 81).await;
    database.psql(prepare);
    let answer = backfill(&database, 1_000).variable("CARDGENIUS_PIPELINE__MAX_FAILED_SHARE", "0.1").run().ended(0);
    assert_eq!(audited(&database).await, Counts { users: 200, completed: 197, failed: 3, ..Counts::default() });
    assert_eq!(database.psql("SELECT users, completed, failed, rows_loaded FROM {{claims}}"), "200|197|3|1970");
    let found = users(&client, &database.tables).await;
    for user_id in ["CK0000001", "CK0000117", "CK0000200"] {
        assert_eq!((&*found[user_id].status, found[user_id].error.as_deref()), ("failed", Some(reason)));
    }
    let rows = recommendations(&client, &database.tables).await;
    assert!(!rows.contains_key("CK0000117") && rows.len() == 197);
    holds_all(&answer.stdout, &["failed      3 users (1.500 %)", "refused by the database: "]);
    database
}

#[tokio::test(flavor = "multi_thread")]
async fn users_whose_rows_break_a_check_fail_and_the_others_are_completed() {
    three_refused(
        "ALTER TABLE {{output}} ADD CONSTRAINT not_these CHECK (user_id NOT IN ('CK0000001', 'CK0000117', 'CK0000200'))",
        "refused by the database: new row for relation \"card_recommendations\" violates check constraint \"not_these\" \
         (SQLSTATE 23514), constraint not_these",
    )
    .await;
}

const ACCOUNTS: &str = "CREATE TABLE accounts (user_id varchar(50) PRIMARY KEY);
    INSERT INTO accounts SELECT user_id FROM {{input}} WHERE user_id NOT IN ('CK0000001', 'CK0000117', 'CK0000200');
    ALTER TABLE {{output}} ADD CONSTRAINT known FOREIGN KEY (user_id) REFERENCES accounts";

const UNKNOWN: &str = "refused by the database: insert or update on table \"card_recommendations\" violates foreign key \
    constraint \"known\" (SQLSTATE 23503), constraint known";

#[tokio::test(flavor = "multi_thread")]
async fn users_whose_rows_break_a_foreign_key_fail_and_the_others_are_completed() {
    let database = three_refused(ACCOUNTS, UNKNOWN).await;
    // Known, it is done.
    database.psql(
        "INSERT INTO accounts VALUES ('CK0000117');
         UPDATE {{input}} SET processing_status = 'new' WHERE user_id = 'CK0000117'",
    );
    backfill(&database, 1_000).run().ended(0);
    assert_eq!(audited(&database).await, Counts { users: 200, completed: 198, failed: 2, ..Counts::default() });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_constraint_that_is_checked_at_the_commit_only_stops_nobody_else_either() {
    three_refused(&format!("{ACCOUNTS} DEFERRABLE INITIALLY DEFERRED"), UNKNOWN).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_whose_rows_a_trigger_refuses_fail_with_the_triggers_words() {
    three_refused(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             IF NEW.user_id IN ('CK0000001', 'CK0000117', 'CK0000200') THEN RAISE EXCEPTION 'closed account'; END IF;
             RETURN NEW;
         END $$;
         CREATE TRIGGER refuse BEFORE INSERT ON {{output}} FOR EACH ROW EXECUTE FUNCTION refuse()",
        "refused by the database: closed account (SQLSTATE P0001)",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_refused_this_time_keeps_the_ten_rows_of_the_last() {
    let database = migrated();
    let client = database.connect().await;
    populate(&client, &database.tables, 60, 82).await;
    backfill(&database, 1_000).run().ended(0);
    let before = recommendations(&client, &database.tables).await;
    database.psql(
        "ALTER TABLE {{output}} ADD CONSTRAINT not_this CHECK (user_id <> 'CK0000033') NOT VALID;
         UPDATE {{input}} SET processing_status = 'new', avg_amazon_gmv = 88888",
    );
    backfill(&database, 1_000).variable("CARDGENIUS_PIPELINE__MAX_FAILED_SHARE", "0.1").run().ended(0);
    let after = recommendations(&client, &database.tables).await;
    assert_eq!(after["CK0000033"], before["CK0000033"]);
    assert_ne!(after["CK0000034"], before["CK0000034"]);
    assert_eq!(audited(&database).await, Counts { users: 60, completed: 59, failed: 1, ..Counts::default() });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_the_database_refuses_fails_whom_it_was_recommended_to() {
    let database = migrated();
    let client = database.connect().await;
    populate(&client, &database.tables, 150, 83).await;
    backfill(&database, 1_000).run().ended(0);
    // A card that some have, and most have not.
    let card = database.psql(
        "SELECT card_name FROM {{output}} GROUP BY card_name HAVING count(*) < 30 ORDER BY count(*) DESC, card_name LIMIT 1",
    );
    let has = format!("SELECT count(*) FROM {{{{output}}}} WHERE card_name = '{card}'");
    let whom: i64 = database.psql(&has).parse().unwrap();
    assert!(whom > 1, "{card}");
    database.psql(&format!(
        "TRUNCATE {{{{output}}}}; ALTER TABLE {{{{output}}}} ADD CONSTRAINT listed CHECK (card_name <> '{card}');
         UPDATE {{{{input}}}} SET processing_status = 'new'"
    ));
    backfill(&database, 1_000).variable("CARDGENIUS_PIPELINE__MAX_FAILED_SHARE", "0.3").run().ended(0);
    let counts = audited(&database).await;
    assert_eq!(counts, Counts { users: 150, completed: 150 - whom, failed: whom, ..Counts::default() });
}
