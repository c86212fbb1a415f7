//! A DBA changes the tables while a daemon is up: what its sessions remember of them is true no longer. The next run is done all
//! the same, without a restart and without a failed run.

use cardgenius_testkit::{Counts, until};
use nix::sys::signal::Signal;

use crate::combinations::{Kind, Pair, on_postgres};
use crate::running::{Running, spawn};

const USERS: i64 = 120;

/// The views look at the tables, and PostgreSQL lets no type be changed that a view reads: see docs/database.md.
const WITHOUT_VIEWS: &str =
    "DROP VIEW cardgenius_status, cardgenius_progress, cardgenius_stuck, cardgenius_recent_runs,
    cardgenius_slow_chunks CASCADE";

/// On PostgreSQL: what the DBA does, and in which words it is reported when it goes wrong.
const POSTGRES: [(&str, &str); 6] = [
    ("the key made wider", "ALTER TABLE user_spending_data ALTER COLUMN user_id TYPE varchar(64)"),
    ("the key made a text", "ALTER TABLE user_spending_data ALTER COLUMN user_id TYPE text"),
    (
        "the columns of the recommendations made wider",
        "ALTER TABLE card_recommendations ALTER COLUMN user_id TYPE text, ALTER COLUMN rank TYPE integer,
             ALTER COLUMN net_savings TYPE numeric(14,2)",
    ),
    (
        "the enum dropped and made anew",
        "BEGIN;
         DROP INDEX cardgenius_unsettled_user_spending_data;
         ALTER TABLE user_spending_data ALTER COLUMN processing_status DROP DEFAULT,
             ALTER COLUMN processing_status TYPE text;
         DROP TYPE processing_status;
         CREATE TYPE processing_status AS ENUM ('failed', 'completed', 'pending', 'new');
         ALTER TABLE user_spending_data ALTER COLUMN processing_status TYPE processing_status
             USING processing_status::processing_status, ALTER COLUMN processing_status SET DEFAULT 'new';
         COMMIT",
    ),
    (
        "the status made a text",
        "ALTER TABLE user_spending_data ALTER COLUMN processing_status DROP DEFAULT,
             ALTER COLUMN processing_status TYPE text",
    ),
    (
        "both tables swapped for copies",
        "BEGIN;
         CREATE TABLE other_users (LIKE user_spending_data INCLUDING ALL);
         INSERT INTO other_users SELECT * FROM user_spending_data;
         ALTER TABLE user_spending_data RENAME TO old_users;
         ALTER TABLE other_users RENAME TO user_spending_data;
         CREATE TABLE other_cards (LIKE card_recommendations INCLUDING ALL);
         INSERT INTO other_cards SELECT * FROM card_recommendations;
         ALTER TABLE card_recommendations RENAME TO old_cards;
         ALTER TABLE other_cards RENAME TO card_recommendations;
         COMMIT",
    ),
];

/// The same on MariaDB, where statements also name the keys to go by.
const MARIADB: [(&str, &str); 5] = [
    ("the key made wider", "ALTER TABLE user_spending_data MODIFY user_id varchar(64) NOT NULL"),
    (
        "the keys given other names",
        "ALTER TABLE user_spending_data DROP PRIMARY KEY, ADD UNIQUE KEY of_user (user_id);
         ALTER TABLE card_recommendations DROP PRIMARY KEY, ADD UNIQUE KEY of_card (user_id, `rank`)",
    ),
    (
        "the keys primary again",
        "ALTER TABLE user_spending_data DROP KEY of_user, ADD PRIMARY KEY (user_id);
         ALTER TABLE card_recommendations DROP KEY of_card, ADD PRIMARY KEY (user_id, `rank`)",
    ),
    (
        "the status in another order, and wider columns",
        "ALTER TABLE user_spending_data MODIFY processing_status ENUM('failed', 'completed', 'pending', 'new')
             NOT NULL DEFAULT 'new';
         ALTER TABLE card_recommendations MODIFY net_savings decimal(14,2), MODIFY `rank` int NOT NULL",
    ),
    (
        "both tables swapped for copies",
        "CREATE TABLE other_users LIKE user_spending_data;
         INSERT INTO other_users SELECT * FROM user_spending_data;
         RENAME TABLE user_spending_data TO old_users, other_users TO user_spending_data;
         CREATE TABLE other_cards LIKE card_recommendations;
         INSERT INTO other_cards SELECT * FROM card_recommendations;
         RENAME TABLE card_recommendations TO old_cards, other_cards TO card_recommendations",
    ),
];

fn daemon(pair: &Pair) -> Running {
    let start = pair
        .start(&["run", "--http", "127.0.0.1:0"])
        .variable("CARDGENIUS_SCHEDULE__LOOK_MS", "1000")
        .variable("CARDGENIUS_PIPELINE__CHUNK_ROWS", "10");
    let daemon = spawn(start);
    daemon.said("ready: waiting for what is due");
    daemon
}

/// All users are new, and a run is asked for; returns when it is over.
async fn another_run(pair: &Pair, runs: usize, after: &str) {
    let _ = pair.source.ask("UPDATE {{input}} SET processing_status = 'new'");
    pair.start(&["run-now"]).run().ended(0);
    let states = || pair.source.ask("SELECT state, reason FROM {{runs}} ORDER BY opened_at");
    until(&format!("the end of the run after {after}"), async || {
        states().iter().all(|state| !state.starts_with("open")).then_some(())
    })
    .await;
    let states = states();
    assert_eq!(states.len(), runs, "{after}: {states:?}");
    assert!(states.iter().all(|state| state.starts_with("done")), "{after}: {states:?}");
    assert_eq!(pair.audited(), Counts::all_completed(USERS), "{after}");
}

async fn each_change_is_followed_by_a_run_that_is_done(pair: Pair, changes: &[(&str, &str)], seed: i64) {
    let (alone, _) = on_postgres(USERS, seed).await;
    pair.source.populate_from(&alone);
    let daemon = daemon(&pair);
    another_run(&pair, 1, "the start").await;
    for (done, (what, change)) in changes.iter().enumerate() {
        let _ = pair.source.ask(change);
        another_run(&pair, done + 2, what).await;
    }
    daemon.signal(Signal::SIGTERM);
    daemon.end().ended(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_change_of_the_tables_on_postgresql_a_daemon_that_is_up_does_the_next_run() {
    let pair = Pair::migrated((Kind::Postgres, None));
    let _ = pair.source.ask(WITHOUT_VIEWS);
    each_change_is_followed_by_a_run_that_is_done(pair, &POSTGRES, 611).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_change_of_the_tables_on_mariadb_a_daemon_that_is_up_does_the_next_run() {
    each_change_is_followed_by_a_run_that_is_done(Pair::migrated((Kind::Mariadb, None)), &MARIADB, 612).await;
}
