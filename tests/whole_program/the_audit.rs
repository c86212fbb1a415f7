//! The audit that the other tests rest on finds what it is there to find.

use cardgenius_testkit::{populate, violations};

use crate::place::{backfill, migrated};

/// Breaks something in a database of ten completed users; says what the audit finds.
async fn found_after(breakage: &str) -> Vec<String> {
    let database = migrated();
    let client = database.connect().await;
    populate(&client, &database.tables, 10, 161).await;
    backfill(&database, 4).run().ended(0);
    assert_eq!(violations(&client, &client, &database.tables).await, [""; 0]);
    database.psql(breakage);
    violations(&client, &client, &database.tables).await
}

const WITHOUT_CHECKS: &str = "ALTER TABLE {{claims}} DROP CONSTRAINT cardgenius_claims_add_up,
    DROP CONSTRAINT cardgenius_claims_ten_rows_each; ";

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_violation_is_found_and_named() {
    let of_seven = "WHERE user_id = 'CK0000007'";
    let first_claim = "WHERE first_user_id = 'CK0000001'";
    for (breakage, named) in [
        (
            format!("DELETE FROM {{{{output}}}} {of_seven} AND rank = 10"),
            "'CK0000007' is completed and has the ranks {1,2,3",
        ),
        (format!("DELETE FROM {{{{output}}}} {of_seven}"), "'CK0000007' is completed and has the ranks none"),
        (
            format!("UPDATE {{{{output}}}} SET user_id = 'gone' {of_seven} AND rank < 3"),
            "'gone' is not completed and has the ranks {1,2}",
        ),
        (
            format!("UPDATE {{{{input}}}} SET processing_status = 'pending' {of_seven}"),
            "'CK0000007' is pending without an open claim",
        ),
        (
            format!("UPDATE {{{{input}}}} SET crashes = 1 {of_seven}"),
            "'CK0000007' is completed with attempts 0, crashes 1",
        ),
        (format!("UPDATE {{{{input}}}} SET attempts = 1 {of_seven}"), "'CK0000007' is completed with attempts 1"),
        (format!("UPDATE {{{{input}}}} SET processing_error = 'x' {of_seven}"), "reason 'x'"),
        (
            format!("{WITHOUT_CHECKS} UPDATE {{{{claims}}}} SET completed = 3 {first_claim}"),
            "4 users are not 3 completed",
        ),
        (
            format!("{WITHOUT_CHECKS} UPDATE {{{{claims}}}} SET rows_loaded = 39 {first_claim}"),
            "39 rows are not ten each",
        ),
        (format!("UPDATE {{{{claims}}}} SET state = 'open', closed_at = NULL {first_claim}"), "is open, and its run"),
        (
            "UPDATE {{input}} SET claim_id = (SELECT claim_id FROM {{claims}} WHERE first_user_id = 'CK0000001')
             WHERE user_id = 'CK0000007'"
                .to_owned(),
            "says 4 completed and 0 failed, and 5 and 0 users say so",
        ),
    ] {
        let found = found_after(&breakage).await;
        assert!(found.iter().any(|line| line.contains(named)), "{breakage}: {named:?} is not in {found:?}");
    }
}
