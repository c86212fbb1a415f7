//! The switch by plain SQL, and the optional trigger of the customer's table.

use crate::place::Place;

const AUDIT: &str =
    "SELECT actor, action, COALESCE(detail, '-') FROM cardgenius_audit WHERE action <> 'migrate' ORDER BY audit_id";

#[tokio::test]
async fn whoever_turns_the_switch_by_plain_sql_is_written_down() {
    let place = Place::migrated().await;
    let schema = &place.tables.source_schema;
    assert_eq!(
        place.run("SELECT source_table, paused, changed_by FROM cardgenius_control"),
        format!("{schema}.user_spending_data\t0\tcardgenius@localhost\n")
    );
    place.run("UPDATE cardgenius_control SET paused = TRUE, reason = 'stocktaking'");
    place.run("UPDATE cardgenius_control SET paused = TRUE, reason = 'stocktaking'");
    assert_eq!(
        place
            .run("SELECT changed_by, TIMESTAMPDIFF(SECOND, changed_at, UTC_TIMESTAMP(6)) < 60 FROM cardgenius_control"),
        "cardgenius@localhost\t1\n"
    );
    place.run("UPDATE cardgenius_control SET changed_at = '2026-01-02 03:04:05'");
    place.run("UPDATE cardgenius_control SET paused = FALSE");
    assert_eq!(place.run("SELECT paused, COALESCE(reason, '-') FROM cardgenius_control"), "0\t-\n");
    assert_eq!(
        place.run(AUDIT),
        "cardgenius@localhost\tpause\tstocktaking\n\
         cardgenius@localhost\tresume\tpaused since 2026-01-02 03:04:05 UTC by cardgenius@localhost: stocktaking\n"
    );
}

#[tokio::test]
async fn a_statement_that_sets_the_time_says_itself_who_turns_the_switch() {
    let place = Place::migrated().await;
    place.run(
        "UPDATE cardgenius_control SET paused = TRUE, changed_by = 'app (ann)', changed_at = UTC_TIMESTAMP(6);
         DELETE FROM cardgenius_control;
         INSERT INTO cardgenius_control (source_table, paused, reason) VALUES ('a.b', TRUE, 'why');
         UPDATE cardgenius_control SET paused = FALSE, reason = 'over'",
    );
    let audit = place.run(AUDIT);
    let audit: Vec<&str> = audit.lines().collect();
    assert_eq!(audit[0], "app (ann)\tpause\t-");
    assert_eq!(audit[1], "cardgenius@localhost\tresume\tthe row was deleted");
    assert_eq!(audit[2], "cardgenius@localhost\tpause\twhy");
    assert!(audit[3].starts_with("cardgenius@localhost\tresume\tpaused since "), "{audit:?}");
}

#[tokio::test]
async fn another_migration_leaves_the_switch_as_it_is() {
    let place = Place::migrated().await;
    place.run(
        "UPDATE cardgenius_control SET paused = TRUE, reason = 'why', changed_by = 'ann', changed_at = '2026-01-02'",
    );
    let switch = "SELECT * FROM cardgenius_control";
    let (before, audit) = (place.run(switch), place.run(AUDIT));
    place.migrate().await.unwrap();
    assert_eq!((place.run(switch), place.run(AUDIT)), (before, audit));
}

#[tokio::test]
async fn the_optional_trigger_sets_a_user_to_new_when_the_amounts_change_and_only_then() {
    let place = Place::migrated().await;
    place.run(include_str!("../../../../../sql/mysql/optional/new_spending_sets_new.sql"));
    place.run("INSERT INTO user_spending_data (user_id, avg_ajio_gmv) VALUES ('a', NULL), ('b', 1)");
    place.run("UPDATE user_spending_data SET processing_status = 'failed', processing_error = 'e', attempts = 1");
    let users =
        "SELECT user_id, processing_status, COALESCE(processing_error, '-') FROM user_spending_data ORDER BY user_id";
    assert_eq!(place.run(users), "a\tfailed\te\nb\tfailed\te\n");
    place.run("UPDATE user_spending_data SET avg_ajio_gmv = 1");
    assert_eq!(place.run(users), "a\tnew\t-\nb\tfailed\te\n");
}
