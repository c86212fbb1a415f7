//! The recommendations in a database of their own: the target's transaction commits first, behind a fence.

use cardgenius_testkit::{Counts, Database, Gate, audit, populate, until};

use crate::comparison::{assert_in_two_databases, recommendations};
use crate::place::{SERVER, backfill, migrated, on, unmigrated};
use crate::program::{Start, holds_all};
use crate::running::spawn;

struct Pair {
    source: Database<'static>,
    target: Database<'static>,
}

impl Pair {
    async fn with_users(users: i64, seed: i64) -> Self {
        let pair = Self { source: unmigrated(), target: SERVER.empty() };
        pair.naming(on(&pair.source, &["migrate"])).run().ended(0);
        pair.naming(on(&pair.source, &["check"])).run().ended(0);
        populate(&pair.source.connect().await, &pair.source.tables, users, seed).await;
        pair
    }

    fn naming(&self, start: Start) -> Start {
        start.variable("CARDGENIUS_TARGET__URL", &self.target.url())
    }

    fn backfill(&self, chunk_rows: u32) -> Start {
        self.naming(backfill(&self.source, chunk_rows))
    }

    async fn audited(&self) -> Counts {
        audit(&self.source.connect().await, &self.target.connect().await, &self.source.tables).await
    }

    async fn assert_as_the_oracle_says(&self, step: usize) {
        let (source, target) = (self.source.connect().await, self.target.connect().await);
        assert_in_two_databases(&source, &target, &self.source.tables, step).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_in_a_second_database_gets_the_same_rows_and_a_fence_row_for_each_load() {
    let pair = Pair::with_users(300, 111).await;
    let answer = pair.backfill(40).run().ended(0);
    holds_all(&answer.stderr, &["uses at most 5 connections to the source", "and 3 to the target"]);
    assert_eq!(pair.audited().await, Counts::all_completed(300));
    pair.assert_as_the_oracle_says(30).await;
    assert_eq!(
        pair.source.psql("SELECT to_regclass('card_recommendations') IS NULL"),
        "t",
        "a table in the wrong place"
    );

    let alone = migrated();
    populate(&alone.connect().await, &alone.tables, 300, 111).await;
    backfill(&alone, 40).run().ended(0);
    let ours = recommendations(&pair.target.connect().await, &pair.target.tables).await;
    assert_eq!(ours, recommendations(&alone.connect().await, &alone.tables).await);

    let claims = pair.source.psql("SELECT claim_id, 1, 't' FROM {{claims}} ORDER BY 1");
    assert_eq!(claims.lines().count(), 8);
    assert_eq!(pair.target.psql("SELECT claim_id, part, loaded FROM cardgenius_fence ORDER BY 1"), claims);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_by_the_customer_waits_for_both_commits_and_is_not_lost() {
    let pair = Pair::with_users(20, 112).await;
    let customer = pair.source.connect().await;
    let gate = Gate::closed_from(pair.target.connect().await, &pair.target.tables, "").await;
    let run = spawn(pair.backfill(20));
    gate.reached_by(1).await;
    // The source's users are held locked over the target's commit.
    let waiting = tokio::spawn(async move {
        let change = "UPDATE user_spending_data SET avg_amazon_gmv = 77777.77, processing_status = 'new' WHERE user_id = 'CK0000004'";
        customer.batch_execute(change).await.unwrap();
    });
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
        AND query LIKE 'UPDATE user_spending_data SET avg_amazon_gmv = 77777%'";
    until("the customer to wait", async || (pair.source.psql(waits) == "1").then_some(())).await;
    gate.open().await;
    waiting.await.unwrap();
    run.end().ended(0);
    // Set to new while the run was still open, or just after: done by it, or by the next.
    pair.backfill(20).run().ended(0);
    assert_eq!(pair.audited().await, Counts::all_completed(20));
    pair.assert_as_the_oracle_says(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_user_deleted_between_claim_and_load_are_removed_from_the_target() {
    let pair = Pair::with_users(20, 113).await;
    pair.backfill(20).run().ended(0);
    pair.source.psql("UPDATE {{input}} SET processing_status = 'new'");
    // The claim has committed, and the finish waits for the claim's row.
    let blocker = pair.source.connect().await;
    let hold = "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
        $$BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END$$;
        CREATE TRIGGER hold AFTER INSERT ON cardgenius_fence FOR EACH STATEMENT EXECUTE FUNCTION hold()";
    pair.target.psql(hold);
    let target = pair.target.connect().await;
    target.batch_execute("SELECT pg_advisory_lock(1)").await.unwrap();
    let run = spawn(
        pair.backfill(20)
            .variable("CARDGENIUS_RETRY__BASE_MS", "20")
            .variable("CARDGENIUS_LIMITS__LOCK_MS", "100")
            .variable("CARDGENIUS_RETRY__ATTEMPTS", "20"),
    );
    run.said("finishing failed; trying again");
    // Between two attempts nothing is locked.
    blocker.batch_execute("DELETE FROM user_spending_data WHERE user_id = 'CK0000004'").await.unwrap();
    target.batch_execute("SELECT pg_advisory_unlock(1)").await.unwrap();
    run.end().ended(0);
    assert_eq!(pair.audited().await, Counts::all_completed(19));
    let rows = recommendations(&pair.target.connect().await, &pair.target.tables).await;
    assert_eq!(rows.len(), 19, "rows of a user that is gone stay");
    assert_eq!(
        pair.source.psql("SELECT completed, superseded FROM {{claims}} ORDER BY claimed_at DESC LIMIT 1"),
        "19|1"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_between_the_two_commits_everybody_is_done_again_and_nothing_is_doubled() {
    let pair = Pair::with_users(60, 114).await;
    // The target's transaction commits; the source's cannot, for its claim's row waits in this trigger.
    pair.source.psql(
        "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
         $$BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END$$;
         CREATE TRIGGER hold BEFORE UPDATE OF parts ON cardgenius_claims FOR EACH ROW EXECUTE FUNCTION hold()",
    );
    let holder = pair.source.connect().await;
    holder.batch_execute("SELECT pg_advisory_lock(1)").await.unwrap();
    let short = |start: Start| {
        start
            .variable("CARDGENIUS_LIMITS__LOCK_MS", "50000")
            .variable("CARDGENIUS_LEASE__LEASE_MS", "1500")
            .variable("CARDGENIUS_LEASE__RENEW_MS", "400")
            .variable("CARDGENIUS_LEASE__SWEEP_MS", "200")
            .variable("CARDGENIUS_LIMITS__RENEW_STATEMENT_MS", "400")
    };
    let run = spawn(short(pair.backfill(20)));
    let committed = "SELECT count(DISTINCT user_id) FROM {{output}}";
    until("two commits in the target", async || (pair.target.psql(committed) == "40").then_some(())).await;
    run.kill();
    assert_eq!(pair.source.psql("SELECT count(*) FROM {{input}} WHERE processing_status = 'completed'"), "0");
    let next = spawn(short(pair.backfill(20)));
    next.said("swept what dead instances had left");
    holder.batch_execute("SELECT pg_advisory_unlock(1)").await.unwrap();
    next.end().ended(0);
    assert_eq!(pair.audited().await, Counts::all_completed(60));
    pair.assert_as_the_oracle_says(3).await;
    // The dead one's claims are shut out of the target for ever.
    let tombstones = pair.target.psql("SELECT count(*) FROM cardgenius_fence WHERE NOT loaded");
    let swept = pair.source.psql("SELECT count(*) FROM {{claims}} WHERE state = 'swept'");
    assert_eq!(tombstones, swept);
    assert_ne!(swept, "0");
}
