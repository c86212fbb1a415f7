//! What is warned about, and refused by nobody.

use crate::database::{Database, fresh};

const NOTHING: &str = "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';";

#[tokio::test(flavor = "multi_thread")]
async fn triggers_that_a_run_fires_are_named_and_others_are_not() {
    let database = Database::sound().await;
    database.run(&format!(
        "{NOTHING} {}
        CREATE TRIGGER welcome AFTER INSERT ON user_spending_data FOR EACH ROW EXECUTE FUNCTION nothing();
        CREATE TRIGGER stamp AFTER UPDATE ON card_recommendations FOR EACH ROW EXECUTE FUNCTION nothing();
        CREATE TRIGGER off AFTER INSERT ON card_recommendations FOR EACH ROW EXECUTE FUNCTION nothing();
        ALTER TABLE card_recommendations DISABLE TRIGGER off",
        include_str!("../../../../../sql/postgres/optional/new_spending_sets_new.sql")
    ));
    database.assert_sound().await;
    database.run(
        "CREATE TRIGGER watch AFTER UPDATE OF processing_status ON user_spending_data FOR EACH ROW EXECUTE FUNCTION nothing();
        CREATE TRIGGER mirror AFTER INSERT OR DELETE ON card_recommendations FOR EACH ROW EXECUTE FUNCTION nothing();",
    );
    let inspection = database.inspect().await;
    assert_eq!(inspection.refusals, []);
    assert!(inspection.warnings[0].contains("user_spending_data has triggers (watch)"), "{inspection:#?}");
    assert!(inspection.warnings[1].contains("card_recommendations has triggers (mirror)"), "{inspection:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn publications_and_replication_slots_are_named() {
    let database = Database::sound().await;
    let slot = fresh("slot");
    database.run(&format!(
        "CREATE TABLE other (n int PRIMARY KEY); CREATE PUBLICATION elsewhere FOR TABLE other;
        SELECT pg_create_logical_replication_slot('{slot}', 'pgoutput')"
    ));
    let warning = database.warned().await;
    assert!(warning.contains(&format!("by logical replication slot {slot} (nobody reads it")), "{warning}");
    database.run(&format!("SELECT pg_drop_replication_slot('{slot}')"));
    database.assert_sound().await;
    database.run("CREATE PUBLICATION everything FOR ALL TABLES");
    assert!(database.warned().await.contains("by publication everything:"));
    let database = database.with_bare_role();
    assert_eq!(database.inspect().await.warnings.len(), 1, "a role without rights is told too");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_without_autovacuum_and_an_unlogged_one_are_warned_about() {
    let database = Database::sound().await;
    database.run("ALTER TABLE user_spending_data SET (autovacuum_enabled = off)");
    assert!(database.warned().await.contains("autovacuum is off on public.user_spending_data"));
    database.run("ALTER TABLE user_spending_data RESET (autovacuum_enabled)");
    database.run("ALTER TABLE card_recommendations SET UNLOGGED");
    assert!(database.warned().await.contains("card_recommendations is UNLOGGED"));
    database.run("ALTER TABLE card_recommendations SET LOGGED");
    database.assert_sound().await;
    database.run(&format!("ALTER DATABASE {} SET track_counts = off", database.name));
    assert!(database.warned().await.starts_with("autovacuum or track_counts is off"));
}
