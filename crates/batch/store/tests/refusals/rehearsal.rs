//! The rehearsal: what a run does, done to one user and undone, so that what the looks do not know of is found before a run.

use cardgenius_engine::Engine;
use cardgenius_engine::catalogue::{Catalogue, DEFAULT_TEXT};
use cardgenius_store::inspection::Inspection;
use chrono::NaiveDate;

use crate::database::Database;

async fn rehearse(database: &Database) -> Inspection {
    let date = NaiveDate::from_ymd_opt(2026, 4, 1).unwrap();
    let engine = Engine::compile(&Catalogue::parse(DEFAULT_TEXT.as_bytes()).unwrap(), date);
    database.store().rehearse(&engine).await.unwrap()
}

/// A database with four users, of whom one is completed.
async fn with_users() -> Database {
    let database = Database::sound().await;
    database.run(
        "INSERT INTO user_spending_data (user_id, avg_amazon_gmv) VALUES ('CK1', 1), ('CK2', 2), ('CK3', 3), ('CK4', 4);
        UPDATE user_spending_data SET processing_status = 'completed' WHERE user_id = 'CK4'",
    );
    database
}

/// Refused with these words, and sound again without the cause.
async fn assert_refused(database: &Database, cause: &str, words: &str, mending: &str) {
    database.run(cause);
    let found = rehearse(database).await;
    let [refusal] = &found.refusals[..] else { panic!("{cause}: {found:#?}") };
    assert_eq!(refusal.name, "rehearsal-refused");
    assert!(refusal.message.contains(words) && refusal.message.contains("\"CK1\""), "{}", refusal.message);
    database.run(mending);
    assert_eq!(rehearse(database).await, Inspection::default(), "{mending}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_on_a_sound_database_says_nothing_and_leaves_nothing() {
    let database = with_users().await;
    let all = "SELECT u.*, xmin FROM user_spending_data AS u; SELECT count(*) FROM card_recommendations; SELECT count(*) FROM cardgenius_claims";
    let before = database.run(all);
    assert_eq!(rehearse(&database).await, Inspection::default());
    assert_eq!(database.run(all), before);
    let empty = Database::sound().await;
    assert_eq!(rehearse(&empty).await, Inspection::default(), "without users there is nothing to rehearse with");
    let pair = Database::sound_pair().await;
    pair.run("INSERT INTO user_spending_data (user_id) VALUES ('CK1')");
    assert_eq!(rehearse(&pair).await, Inspection::default());
    pair.target().run("ALTER TABLE card_recommendations ADD CHECK (rank < 10)");
    assert!(rehearse(&pair).await.refusals[0].message.contains("card_recommendations_rank_check"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_keeps_every_user_from_a_state_is_refused() {
    let database = with_users().await;
    let function = |name: &str, body: &str| {
        format!("CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN {body} END'; ")
    };
    for state in ["pending", "completed", "failed"] {
        let check = format!(
            "ALTER TABLE user_spending_data ADD CONSTRAINT narrow CHECK (processing_status <> '{state}') NOT VALID"
        );
        assert_refused(&database, &check, "narrow", "ALTER TABLE user_spending_data DROP CONSTRAINT narrow").await;
    }
    let trigger = "CREATE TRIGGER spoils BEFORE UPDATE ON user_spending_data FOR EACH ROW EXECUTE FUNCTION";
    let drop = "DROP TRIGGER spoils ON user_spending_data";
    let undoing = format!("{}{trigger} undo()", function("undo", "NEW.processing_status := ''new''; RETURN NEW;"));
    assert_refused(&database, &undoing, "after which the user is new", drop).await;
    let swallowing = format!("{}{trigger} swallow()", function("swallow", "RETURN NULL;"));
    assert_refused(&database, &swallowing, "changed 0 rows", drop).await;
    let raising = format!("{}{trigger} raise()", function("raise", "RAISE EXCEPTION ''not now''; RETURN NEW;"));
    assert_refused(&database, &raising, "not now", drop).await;
    let after = format!(
        "{}CREATE TRIGGER spoils AFTER UPDATE ON user_spending_data FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION again()",
        function(
            "again",
            "UPDATE user_spending_data SET processing_status = ''new'' WHERE user_id = NEW.user_id; RETURN NULL;"
        )
    );
    assert_refused(&database, &after, "after which the user is new", drop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_keeps_every_user_s_rows_from_being_replaced_is_refused() {
    let database = with_users().await;
    let drop = "DROP TRIGGER spoils ON card_recommendations";
    for (on, body, words) in [
        ("INSERT", "IF NEW.rank = 10 THEN RETURN NULL; END IF; RETURN NEW;", "left 9 in the table"),
        ("DELETE", "RETURN NULL;", "left 10 of them"),
        ("INSERT", "RAISE EXCEPTION ''no loads''; RETURN NEW;", "no loads"),
    ] {
        let cause = format!(
            "CREATE OR REPLACE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN {body} END';
            CREATE TRIGGER spoils BEFORE {on} ON card_recommendations FOR EACH ROW EXECUTE FUNCTION spoil()"
        );
        assert_refused(&database, &cause, words, drop).await;
    }
    let reference = "CREATE TABLE others (user_id varchar(50) PRIMARY KEY); ALTER TABLE card_recommendations ADD CONSTRAINT of_other FOREIGN KEY (user_id) REFERENCES others DEFERRABLE INITIALLY DEFERRED";
    assert_refused(&database, reference, "of_other", "DROP TABLE others CASCADE").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_user_who_is_refused_is_named_and_does_not_stop_the_others() {
    let database = with_users().await;
    database.run("ALTER TABLE user_spending_data ADD CONSTRAINT more CHECK (avg_amazon_gmv > 2) NOT VALID");
    let found = rehearse(&database).await;
    assert_eq!(found.refusals, []);
    assert!(found.warnings[0].contains("\"CK1\"") && found.warnings[1].contains("\"CK2\""), "{found:#?}");
    assert_eq!(found.warnings.len(), 2);
}
