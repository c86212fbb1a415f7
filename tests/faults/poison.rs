//! Users whom the customer's database will not have: each for itself, or so many that it is the system.

use std::time::Duration;

use cardgenius_testkit::{Counts, populate};

use crate::instances::{quick, with_short_leases};
use crate::place::backfill;
use crate::program::holds_all;
use crate::sides::Sides;

const REFUSE: &str = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN IF NEW.user_id LIKE '%7' THEN RAISE 'no card for %', NEW.user_id; END IF; RETURN NEW; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON {{output}} FOR EACH ROW EXECUTE FUNCTION refuse()";

#[tokio::test(flavor = "multi_thread")]
async fn more_poison_than_its_share_stops_the_run_with_the_reason_and_leaves_the_rest_new() {
    let sides = Sides::one();
    populate(&sides.source.connect().await, &sides.source.tables, 5_000, 331).await;
    sides.source.psql(REFUSE);
    let answer = quick(&sides.source, 500).run().ended(1);
    holds_all(&answer.stderr, &["were refused by the database", "pipeline.max_poison_share = 0.05"]);
    let counts = sides.audited().await;
    assert!(counts.new >= 1_000 && counts.pending == 0, "{counts:?}");
    assert_eq!(counts.failed * 10, counts.completed + counts.failed, "one in ten of those that were settled");
    let run = sides.source.psql("SELECT state, reason FROM {{runs}}");
    assert!(run.starts_with("failed|") && run.contains("more than pipeline.max_poison_share"), "{run}");
    let reasons = sides.source.psql(
        "SELECT count(*) FROM {{input}} WHERE processing_status = 'failed'
            AND processing_error <> 'refused by the database: no card for ' || user_id || ' (SQLSTATE P0001)'",
    );
    assert_eq!(reasons, "0");

    // Mended, and allowed for, the next run does the rest.
    sides.source.psql("DROP TRIGGER refuse ON {{output}}; UPDATE {{input}} SET processing_status = 'new'");
    quick(&sides.source, 500).run().ended(0);
    assert_eq!(sides.audited().await, Counts::all_completed(5_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_that_is_allowed_for_stops_nothing() {
    let sides = Sides::one();
    populate(&sides.source.connect().await, &sides.source.tables, 2_000, 332).await;
    sides.source.psql(REFUSE);
    quick(&sides.source, 500).variable("CARDGENIUS_PIPELINE__MAX_POISON_SHARE", "0.1").run().ended(3);
    let counts = sides.audited().await;
    assert_eq!(counts, Counts { users: 2_000, completed: 1_800, failed: 200, ..Counts::default() });
}

/// Waits as long as the customer's trigger sleeps for one user, whenever it is that user's turn.
const HANG: &str = "CREATE FUNCTION hang() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN IF NEW.user_id = 'CK0000123' THEN PERFORM pg_sleep(600); END IF; RETURN NEW; END $$;
    CREATE TRIGGER hang BEFORE INSERT ON {{output}} FOR EACH ROW EXECUTE FUNCTION hang()";

#[tokio::test(flavor = "multi_thread")]
async fn a_user_at_whom_the_database_hangs_is_found_and_fails_alone_after_three_attempts() {
    let sides = Sides::one();
    populate(&sides.source.connect().await, &sides.source.tables, 1_000, 333).await;
    sides.source.psql(HANG);
    let limit = Duration::from_millis(400).as_millis().to_string();
    let answer = with_short_leases(backfill(&sides.source, 500))
        .variable("CARDGENIUS_LIMITS__STATEMENT_MS", &limit)
        .variable("CARDGENIUS_LIMITS__LOCK_MS", "200")
        .variable("CARDGENIUS_LIMITS__LOAD_MS", &limit)
        .run()
        .ended(0);
    holds_all(&answer.stderr, &["finishing failed too often; giving the chunk back"]);
    let counts = sides.audited().await;
    assert_eq!(counts, Counts { users: 1_000, completed: 999, failed: 1, ..Counts::default() });
    let failed =
        sides.source.psql("SELECT user_id, processing_error FROM {{input}} WHERE processing_status = 'failed'");
    assert!(failed.starts_with("CK0000123|gave up after 3 attempts: "), "{failed}");
    assert_eq!(sides.source.psql("SELECT sum(attempts), sum(crashes) FROM {{input}}"), "0|0");
}
