//! How the output's key compares: never more coarsely than the input's.

use cardgenius_store::config::DatabaseConfig;
use cardgenius_store::migrate::migrate;

use crate::place::{CUSTOMER, Place, SERVER};

fn key(place: &Place<'_>) -> String {
    place.run(
        "SELECT character_set_name, collation_name FROM information_schema.columns
         WHERE table_schema = DATABASE() AND table_name = 'card_recommendations' AND column_name = 'user_id'",
    )
}

#[tokio::test]
async fn the_outputs_key_compares_as_the_inputs() {
    for (of_input, expected) in [
        ("CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci", "utf8mb4\tutf8mb4_general_ci\n"),
        ("CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", "utf8mb4\tutf8mb4_bin\n"),
        ("CHARACTER SET ascii COLLATE ascii_bin", "ascii\tascii_bin\n"),
    ] {
        let place = Place::empty();
        place.run(&CUSTOMER.replace("user_id VARCHAR(50)", &format!("user_id VARCHAR(50) {of_input}")));
        place.migrate().await.unwrap();
        assert_eq!(key(&place), expected);
    }
}

#[tokio::test]
async fn in_a_second_target_the_outputs_key_compares_as_finely_as_the_server_can() {
    let (place, target) = (Place::customers(), Place::empty());
    let mut config = place.config();
    config.target = Some(DatabaseConfig { url: SERVER.url(&target.tables.target_schema), ..DatabaseConfig::default() });
    config.tables.target_schema = target.tables.target_schema.clone();
    migrate(&config, &mut |_: &str| {}).await.unwrap();
    let finest = key(&target);
    assert!(["utf8mb4\tutf8mb4_nopad_bin\n", "utf8mb4\tutf8mb4_0900_bin\n"].contains(&finest.as_str()), "{finest}");
    assert_eq!(place.run("SHOW TABLES LIKE 'card_recommendations'"), "");
    assert_eq!(target.run("SHOW TABLES"), "card_recommendations\ncardgenius_fence\n");
}

#[tokio::test]
async fn an_output_that_is_there_is_left_as_it_is() {
    let place = Place::customers();
    place.run("CREATE TABLE card_recommendations (user_id VARCHAR(20) CHARACTER SET latin1 PRIMARY KEY)");
    let made = place.run("SHOW CREATE TABLE card_recommendations");
    place.migrate().await.unwrap();
    assert_eq!(place.run("SHOW CREATE TABLE card_recommendations"), made);
}
