//! What does not fit: keys, and texts of the catalogue.

use cardgenius_failure::error::ErrorKind;
use cardgenius_store::inspection::Intent;

use crate::inspected::Inspected;
use crate::place::{CUSTOMER, Place};
use crate::protocol::{Ground, run_everything};

#[tokio::test(flavor = "multi_thread")]
async fn a_column_too_narrow_for_the_catalogue_s_texts_is_refused() {
    let mut database = Inspected::sound().await;
    database.intent =
        Intent {
            card_names: vec!["Gold ₹".into()], redemption_methods: vec!["Vouchers".into()], ..Intent::default()
        };
    database.assert_sound().await;
    database.run("ALTER TABLE card_recommendations MODIFY card_name VARCHAR(5) NOT NULL");
    assert!(database.refused("narrow-column").await.contains("\"Gold ₹\" has 6 characters"));
    database.run("ALTER TABLE card_recommendations MODIFY card_name VARCHAR(20) CHARACTER SET latin1 NOT NULL");
    assert!(database.refused("narrow-encoding").await.contains("whose character set has no '₹'"));
    database
        .run("ALTER TABLE card_recommendations MODIFY card_name TEXT NOT NULL, MODIFY redemption_method VARCHAR(7)");
    assert!(database.refused("narrow-column").await.contains("\"Vouchers\" has 8 characters"));
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_three_hundred_characters_are_served_and_a_narrower_output_is_warned_of() {
    let script = CUSTOMER.replace("user_id VARCHAR(50)", "user_id VARCHAR(320)");
    assert_ne!(script, CUSTOMER);
    let database = Inspected::made_by(&script).await;
    database.assert_sound().await;
    let key = "Ä".repeat(300);
    database.run(&format!(
        "INSERT INTO user_spending_data (user_id, avg_amazon_gmv) VALUES ('CK0{key}', 1000), ('CK9{key}', 1000)"
    ));
    let store = database.store();
    let engine = cardgenius_engine::Engine::compile(
        &cardgenius_engine::catalogue::Catalogue::parse(cardgenius_engine::catalogue::DEFAULT_TEXT.as_bytes()).unwrap(),
        chrono::NaiveDate::from_ymd_opt(2026, 4, 1).unwrap(),
    );
    assert_eq!(store.rehearse(&engine).await.unwrap(), cardgenius_store::inspection::Inspection::default());
    assert_eq!(database.run("SELECT MAX(character_maximum_length) > 1000 FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'cardgenius_claims' AND column_name LIKE '%user_id'").trim(), "1");
    database.run("DELETE FROM user_spending_data");
    run_everything(&database).await;
    database.run("ALTER TABLE card_recommendations MODIFY user_id VARCHAR(50) NOT NULL");
    assert!(database.warned().await.contains("may hold keys of more than 50 characters"));
}

#[tokio::test(flavor = "multi_thread")]
async fn migrate_refuses_a_status_that_we_cannot_use_before_its_first_step() {
    let status = "processing_status ENUM ('new', 'pending', 'completed', 'failed') NOT NULL DEFAULT 'new'";
    assert!(CUSTOMER.contains(status));
    for (script, said) in [
        (CUSTOMER.replace(status, "processing_status BOOLEAN"), "processing_status is tinyint(1): it must be an ENUM"),
        (CUSTOMER.replace(status, "status TEXT"), "lacks the column processing_status"),
    ] {
        let place = Place::empty();
        place.run(&script);
        let error = place.migrate().await.unwrap_err();
        assert!(error.kind() == ErrorKind::Refused && error.to_string().contains(said), "{error}");
        assert_eq!(place.run("SHOW TABLES").trim(), "user_spending_data");
    }
}
