//! The log of a run: constant fields, failed users named up to a limit, and never an amount or a password.

use std::sync::LazyLock;

use cardgenius_embedded::PostgresOptions;
use cardgenius_testkit::{Database, TestServer, populate};
use serde_json::Value as Json;

use crate::place::{CUSTOMER, backfill, migrate};
use crate::program::Answer;

const PASSWORD: &str = "s3cret-of-the-log";

/// Amounts that stand out wherever they turn up.
const AMOUNT: &str = "7351924.86";
const NEGATIVE: &str = "-8642975.31";

static GUARDED: LazyLock<TestServer> =
    LazyLock::new(|| TestServer::launch(PostgresOptions::for_tests().password(PASSWORD)));

/// `users` users, of whom `faulty` have a negative amount, and three are refused by a trigger that quotes their rows.
async fn place(users: i64, faulty: u32) -> Database<'static> {
    let database = GUARDED.empty();
    database.psql(CUSTOMER);
    migrate(&database);
    populate(&database.connect().await, &database.tables, users, 211).await;
    database.psql(&format!(
        "UPDATE {{{{input}}}} SET avg_amazon_gmv = {AMOUNT};
         UPDATE {{{{input}}}} SET avg_flipkart_gmv = {NEGATIVE}
             WHERE user_id IN (SELECT user_id FROM {{{{input}}}} ORDER BY user_id LIMIT {faulty});
         CREATE FUNCTION quotes() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN RAISE EXCEPTION 'spent {AMOUNT}: %', NEW USING DETAIL = '{AMOUNT}'; END $$;
         CREATE TRIGGER quotes BEFORE INSERT ON {{{{output}}}} FOR EACH ROW
             WHEN (NEW.user_id IN ('CK0000190', 'CK0000191', 'CK0000192')) EXECUTE FUNCTION quotes()"
    ));
    database
}

fn lines(answer: &Answer) -> Vec<Json> {
    answer.stderr.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect()
}

fn saying<'a>(lines: &'a [Json], message: &str) -> Vec<&'a Json> {
    lines.iter().filter(|line| line["message"].as_str().is_some_and(|said| said.contains(message))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_says_its_start_its_chunks_its_failures_and_its_end_with_constant_fields_and_no_secret() {
    let database = place(200, 30).await;
    let answer = backfill(&database, 50)
        .variable("RUST_LOG", "cardgenius=debug,cardgenius_pipeline=debug,cardgenius_store=debug")
        .variable("CARDGENIUS_PIPELINE__MAX_FAILED_SHARE", "1")
        .run()
        .ended(0);
    let lines = lines(&answer);
    let run_id = database.psql("SELECT run_id FROM {{runs}}");
    let run_id = run_id.trim();

    let [start] = saying(&lines, "opened a run")[..] else { panic!("{}", answer.stderr) };
    assert_eq!((&start["level"], &start["users"], &start["run.id"]), (&"INFO".into(), &200.into(), &run_id.into()));
    let chunks = saying(&lines, "chunk over");
    assert_eq!(chunks.len(), 4);
    for chunk in chunks {
        assert_eq!((&chunk["level"], &chunk["run.id"]), (&"DEBUG".into(), &run_id.into()));
        assert_eq!((&chunk["users"], &chunk["outcome"]), (&50.into(), &"settled".into()));
        assert!(chunk["claim.id"].is_string() && chunk["duration_ms"].is_u64(), "{chunk}");
    }
    let [end] = saying(&lines, "run over")[..] else { panic!("{}", answer.stderr) };
    assert_eq!((&end["level"], &end["run.id"], &end["state"]), (&"INFO".into(), &run_id.into(), &"done".into()));
    assert_eq!((&end["users"], &end["completed"], &end["failed"]), (&200.into(), &167.into(), &33.into()));
    assert!(end["duration_ms"].is_u64());

    let failed = saying(&lines, "a user failed");
    assert_eq!(failed.len(), 20, "no more than twenty are named");
    for user in &failed {
        assert_eq!((&user["level"], &user["run.id"]), (&"WARN".into(), &run_id.into()));
        assert!(user["claim.id"].is_string() && user["user.id"].as_str().unwrap().starts_with("CK"), "{user}");
    }
    let [further] = saying(&lines, "further users failed")[..] else { panic!("{}", answer.stderr) };
    assert_eq!((&further["users"], &further["level"]), (&13.into(), &"WARN".into()));
    assert_discreet(&answer);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_row_is_logged_with_its_code_and_without_what_the_trigger_quotes_even_at_trace() {
    let database = place(200, 0).await;
    let answer = backfill(&database, 200)
        .variable("RUST_LOG", "trace")
        .variable("CARDGENIUS_PIPELINE__MAX_FAILED_SHARE", "1")
        .run()
        .ended(0);
    let lines = lines(&answer);
    let failed = saying(&lines, "a user failed");
    assert_eq!(failed.len(), 3);
    for user in failed {
        let reason = user["reason"].as_str().unwrap();
        assert!(
            reason.starts_with("refused by the database: spent N: ") && reason.contains("SQLSTATE P0001"),
            "{reason}"
        );
    }
    assert!(saying(&lines, "further users").is_empty());
    assert_discreet(&answer);
}

#[tokio::test(flavor = "multi_thread")]
async fn rust_log_decides_which_lines() {
    let database = place(60, 2).await;
    let answer = backfill(&database, 30)
        .variable("RUST_LOG", "warn")
        .variable("CARDGENIUS_PIPELINE__MAX_FAILED_SHARE", "1")
        .run()
        .ended(0);
    let lines = lines(&answer);
    assert!(lines.iter().all(|line| line["level"] == "WARN"), "{}", answer.stderr);
    assert_eq!(saying(&lines, "a user failed").len(), 2);
}

fn assert_discreet(answer: &Answer) {
    for secret in [AMOUNT, NEGATIVE.trim_start_matches('-'), PASSWORD] {
        let found = answer.stderr.lines().find(|line| line.contains(secret));
        assert_eq!(found, None, "{secret} was logged");
    }
}
