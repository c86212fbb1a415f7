//! The rehearsal: what a run does, done to one user and undone, so that what the looks do not know of is found before a run.

use cardgenius_engine::Engine;
use cardgenius_engine::catalogue::{Catalogue, DEFAULT_TEXT};
use cardgenius_store::inspection::Inspection;
use chrono::NaiveDate;

use crate::inspected::Inspected;
use crate::protocol::Ground;

async fn rehearse(database: &Inspected<'_>) -> Inspection {
    let date = NaiveDate::from_ymd_opt(2026, 4, 1).unwrap();
    let engine = Engine::compile(&Catalogue::parse(DEFAULT_TEXT.as_bytes()).unwrap(), date);
    database.store().rehearse(&engine).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_finds_what_keeps_users_from_being_settled_and_leaves_nothing() {
    let database = Inspected::sound().await;
    database.run("INSERT INTO user_spending_data (user_id, avg_amazon_gmv) VALUES ('CK1', 1), ('CK2', 2), ('CK3', 3), ('CK4', 4)");
    let all = "SELECT * FROM user_spending_data; SELECT COUNT(*) FROM card_recommendations; SELECT COUNT(*) FROM cardgenius_claims";
    let before = database.run(all);
    assert_eq!(rehearse(&database).await, Inspection::default());
    assert_eq!(database.run(all), before);
    // The server compares labels without regard to case, and so do the statements of a run.
    database.run("ALTER TABLE user_spending_data MODIFY processing_status ENUM('NEW', 'Pending', 'COMPLETED', 'Failed') NOT NULL DEFAULT 'NEW'");
    assert_eq!(rehearse(&database).await, Inspection::default());
    database.run("ALTER TABLE user_spending_data MODIFY processing_status ENUM('new', 'pending', 'completed', 'failed') NOT NULL DEFAULT 'new'");
    for (cause, words, mending) in [
        (
            "CREATE TRIGGER spoils BEFORE UPDATE ON user_spending_data FOR EACH ROW SET NEW.processing_status = 'new'",
            "after which the user is new",
            "DROP TRIGGER spoils",
        ),
        (
            "CREATE TRIGGER spoils BEFORE INSERT ON card_recommendations FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no loads'",
            "no loads",
            "DROP TRIGGER spoils",
        ),
        (
            "CREATE TRIGGER spoils BEFORE DELETE ON card_recommendations FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'kept'",
            "kept",
            "DROP TRIGGER spoils",
        ),
        (
            "ALTER TABLE user_spending_data ADD CONSTRAINT narrow CHECK (processing_status <> 'failed')",
            "narrow",
            "ALTER TABLE user_spending_data DROP CONSTRAINT narrow",
        ),
    ] {
        database.run(cause);
        let found = rehearse(&database).await;
        let [refusal] = &found.refusals[..] else { panic!("{cause}: {found:#?}") };
        assert!(refusal.name == "rehearsal-refused" && refusal.message.contains(words), "{}", refusal.message);
        database.run(mending);
    }
    database.run(
        "CREATE TRIGGER one BEFORE UPDATE ON user_spending_data FOR EACH ROW
        SET NEW.processing_status = IF(OLD.user_id = 'CK1', 'new', NEW.processing_status)",
    );
    let found = rehearse(&database).await;
    assert_eq!((found.refusals.len(), found.warnings.len()), (0, 1), "{found:#?}");
    assert!(found.warnings[0].contains("\"CK1\""), "{found:#?}");
    assert_eq!(database.run(all), before);
}
