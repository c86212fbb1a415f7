use cardgenius_embedded::{MariadbOptions, PrivateMariadb};
use cardgenius_pipeline::error::ErrorKind;

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
