//! Rows that are there already: replaced as a whole, or kept as a whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use cardgenius_testkit::{Counts, Gate, populate, until};

use crate::comparison::{assert_as_the_oracle_says, recommendations};
use crate::place::{audited, backfill, migrated};
use crate::running::spawn;

/// Users by what a reader sees: with other than none or ten rows or with old and new ones mixed; all old; all new.
const LOOK: &str = "SELECT count(*) FILTER (WHERE NOT (ten AND (old = 0 OR old = 10))), count(*) FILTER (WHERE old = 10), \
    count(*) FILTER (WHERE old = 0) FROM (SELECT array_agg(rank::integer ORDER BY rank) = '{1,2,3,4,5,6,7,8,9,10}' AS ten, \
    count(*) FILTER (WHERE card_name = 'old') AS old FROM card_recommendations GROUP BY user_id) AS seen";

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_never_sees_a_part_of_a_users_rows_nor_old_and_new_ones_mixed() {
    let database = migrated();
    let client = database.connect().await;
    populate(&client, &database.tables, 1_000, 31).await;
    backfill(&database, 500).run().ended(0);
    database.psql("UPDATE {{output}} SET card_name = 'old'; UPDATE {{input}} SET processing_status = 'new'");
    let gate = Gate::closed_from(database.connect().await, &database.tables, "CK0000501").await;

    let (over, looks) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let reader = {
        let (over, looks, client) = (over.clone(), looks.clone(), database.connect().await);
        tokio::spawn(async move {
            let mut in_the_middle = 0;
            while !over.load(Ordering::Relaxed) {
                let row = client.query_one(LOOK, &[]).await.unwrap();
                let (wrong, old, new): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
                assert_eq!((wrong, old + new), (0, 1_000), "a user was seen in the middle");
                in_the_middle += u64::from(old > 0 && new > 0);
                looks.fetch_add(1, Ordering::Relaxed);
            }
            in_the_middle
        })
    };
    let run = spawn(backfill(&database, 25));
    gate.reached_by(2).await;
    // While both sessions have written rows that nobody may see yet.
    let seen = looks.load(Ordering::Relaxed);
    until("five looks", async || (looks.load(Ordering::Relaxed) > seen + 5).then_some(())).await;
    gate.open().await;
    run.end().ended(0);
    over.store(true, Ordering::Relaxed);
    let in_the_middle = reader.await.unwrap();
    assert!(in_the_middle >= 5, "the reader looked {in_the_middle} times while some users were done and others not");
    assert_eq!(database.psql("SELECT count(*) FROM {{output}} WHERE card_name = 'old'"), "0");
    assert_eq!(audited(&database).await, Counts::all_completed(1_000));
    assert_as_the_oracle_says(&database, 50).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_another_system_left_are_replaced() {
    let database = migrated();
    let client = database.connect().await;
    populate(&client, &database.tables, 300, 32).await;
    // Ten rows of some users, three of others; nothing in the users' columns says so.
    database.psql(
        "INSERT INTO {{output}} SELECT 'CK' || lpad(n::text, 7, '0'), rank, 'left over', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, 0
         FROM generate_series(100, 199) AS n, generate_series(1, 10) AS rank WHERE n < 150 OR rank BETWEEN 4 AND 6",
    );
    backfill(&database, 50).run().ended(0);
    assert_eq!(database.psql("SELECT count(*) FROM {{output}} WHERE card_name = 'left over'"), "0");
    assert_eq!(audited(&database).await, Counts::all_completed(300));
    assert_as_the_oracle_says(&database, 10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_that_fails_keeps_the_ten_rows_of_the_last_time() {
    let database = migrated();
    let client = database.connect().await;
    populate(&client, &database.tables, 50, 33).await;
    backfill(&database, 50).run().ended(0);
    let before = recommendations(&client, &database.tables).await;
    database.psql(
        "UPDATE {{input}} SET processing_status = 'new', avg_ajio_gmv = -1 WHERE user_id = 'CK0000007';
         UPDATE {{input}} SET processing_status = 'new', avg_ajio_gmv = 70000 WHERE user_id = 'CK0000008'",
    );
    backfill(&database, 50).variable("CARDGENIUS_PIPELINE__MAX_FAILED_SHARE", "1").run().ended(0);
    let after = recommendations(&client, &database.tables).await;
    assert_eq!(after["CK0000007"], before["CK0000007"]);
    assert_ne!(after["CK0000008"], before["CK0000008"]);
    assert_eq!(audited(&database).await, Counts { users: 50, completed: 49, failed: 1, ..Counts::default() });

    // Mended, it has ten new rows in the place of those.
    database.psql("UPDATE {{input}} SET processing_status = 'new', avg_ajio_gmv = 60000 WHERE user_id = 'CK0000007'");
    backfill(&database, 50).run().ended(0);
    assert_ne!(recommendations(&client, &database.tables).await["CK0000007"], before["CK0000007"]);
    assert_eq!(audited(&database).await, Counts::all_completed(50));
}
