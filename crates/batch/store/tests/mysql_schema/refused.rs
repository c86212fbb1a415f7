use cardgenius_embedded::{MariadbOptions, PrivateMariadb};
use cardgenius_failure::error::ErrorKind;
use cardgenius_store::migrate::migrate;

use crate::place::{CUSTOMER, Place};

#[tokio::test]
async fn what_is_no_table_of_users_is_refused_by_name_before_anything_is_made() {
    for (script, words) in [
        ("", "there is no table"),
        ("CREATE VIEW user_spending_data AS SELECT 1 AS user_id", "is not a table"),
        ("CREATE TABLE user_spending_data (user_id VARCHAR(50) PRIMARY KEY) ENGINE = MyISAM", "has the engine MyISAM"),
        (
            "CREATE TABLE user_spending_data (user_id VARCHAR(50) PRIMARY KEY, attempts SMALLINT NOT NULL DEFAULT 5)",
            "has columns of its own (attempts) in which we would write",
        ),
        (
            "CREATE TABLE user_spending_data (user_id BIGINT PRIMARY KEY, processing_status VARCHAR(20))",
            "user_id is bigint(20): it must be VARCHAR",
        ),
        (
            "CREATE TABLE user_spending_data (user_id TEXT UNIQUE, processing_status VARCHAR(20))",
            "user_id is text: it must be VARCHAR",
        ),
        (
            "CREATE TABLE user_spending_data (user_id VARCHAR(50), processing_status VARCHAR(20), PRIMARY KEY (user_id, processing_status))
                PARTITION BY KEY (processing_status)",
            "has no primary or unique key over the whole of (user_id) and nothing else",
        ),
        (
            "CREATE TABLE user_spending_data (user_id VARCHAR(50), processing_status VARCHAR(20), UNIQUE (user_id(10)))",
            "has no primary or unique key over the whole of (user_id) and nothing else",
        ),
    ] {
        let place = Place::empty();
        place.run(script);
        let error = place.migrate().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(place.run("SHOW TABLES LIKE 'cardgenius%'"), "");
    }
}

#[tokio::test]
async fn what_bears_a_name_of_ours_and_is_not_ours_is_refused_before_the_first_step() {
    let audit =
        include_str!("../../../../../sql/mysql/migrations/0001_08_audit.sql").replace("{{audit}}", "cardgenius_audit");
    for (script, words) in [
        (
            "CREATE VIEW cardgenius_claims AS SELECT 1 AS claim_id",
            "cardgenius_claims is a view and bears the name of a table of ours",
        ),
        ("CREATE SEQUENCE cardgenius_audit", "cardgenius_audit is a sequence and bears the name of a table of ours"),
        (
            "CREATE TABLE cardgenius_stuck (user_id INT)",
            "cardgenius_stuck is a base table and bears the name of a view of ours",
        ),
        (
            "CREATE TABLE cardgenius_runs (run_id INT)",
            "cardgenius_runs has no column run_id of type char, and so is not ours",
        ),
        (
            &format!("{audit}; ALTER TABLE cardgenius_audit ENGINE = Aria"),
            "cardgenius_audit has the engine Aria, and so is not ours",
        ),
        (
            "CREATE VIEW card_recommendations AS SELECT 1 AS user_id",
            "is a view, where the table of recommendations shall stand",
        ),
        (
            "CREATE TABLE cardgenius_control (source_table VARCHAR(130) PRIMARY KEY, paused BOOLEAN);
             CREATE TRIGGER lies BEFORE UPDATE ON cardgenius_control FOR EACH ROW SET NEW.paused = FALSE",
            "has the trigger lies of ",
        ),
    ] {
        let place = Place::customers();
        let columns = "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'user_spending_data'";
        let before = place.run(columns);
        place.run(script);
        let error = place.migrate().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(place.run(columns), before, "a step was taken: {script}");
    }
}

#[tokio::test]
async fn what_stands_where_the_fence_of_a_second_target_shall_stand_is_refused_by_name() {
    let (place, other) = (Place::customers(), Place::empty());
    other.run("CREATE VIEW cardgenius_fence AS SELECT 1 AS claim_id");
    let mut config = place.config();
    config.target = Some(other.config().source);
    config.tables.target_schema.clone_from(&other.tables.source_schema);
    let error = migrate(&config, &mut |_| {}).await.unwrap_err();
    assert!(error.to_string().contains("cardgenius_fence is a view and bears the name of a table of ours"), "{error}");
    other.run("DROP VIEW cardgenius_fence");
    migrate(&config, &mut |_| {}).await.unwrap();
}

#[tokio::test]
async fn columns_of_ours_are_known_again_where_a_dump_lost_their_comments() {
    let place = Place::migrated().await;
    place.run("ALTER TABLE user_spending_data MODIFY attempts SMALLINT NOT NULL DEFAULT 0");
    place.migrate().await.unwrap();
}

#[tokio::test]
async fn a_server_that_lets_only_administrators_make_triggers_is_told_with_the_ways_out() {
    let server =
        PrivateMariadb::launch(MariadbOptions::for_tests().setting("log_bin", "binlog").setting("server_id", "7"))
            .unwrap();
    server.create_database("shop").unwrap();
    server.run_sql("shop", CUSTOMER).unwrap();
    server.run_sql("shop", "CREATE USER migrator; GRANT ALL ON shop.* TO migrator").unwrap();
    let tables = Place::empty().tables;
    let tables =
        cardgenius_store::config::TableNames { source_schema: "shop".into(), target_schema: "shop".into(), ..tables };
    let place = Place { server: &server, tables, account: Some("migrator".into()) };
    let error = place.migrate().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    assert!(error.to_string().contains("log_bin_trust_function_creators"), "{error}");
    server.run_sql("", "SET GLOBAL log_bin_trust_function_creators = 1").unwrap();
    place.migrate().await.unwrap();
}
