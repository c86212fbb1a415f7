//! The customer's two tables: there, tables of InnoDB, with keys, columns, types and collations.

use crate::inspected::Inspected;
use crate::place::CUSTOMER;
use crate::protocol::run_everything;

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_not_there_is_refused_by_its_name() {
    let mut database = Inspected::sound().await;
    database.tables.target_table = "recommendations".into();
    assert!(database.refused("missing-table").await.contains(".recommendations is not in the database, or account"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_in_place_of_a_table_is_refused() {
    let database = Inspected::sound().await;
    database.run("RENAME TABLE card_recommendations TO kept; CREATE VIEW card_recommendations AS SELECT * FROM kept");
    assert!(database.refused("not-a-table").await.contains("is a view"));
    database.run("DROP VIEW card_recommendations; RENAME TABLE kept TO card_recommendations");
    database.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_another_engine_are_refused() {
    let database = Inspected::sound().await;
    for table in ["card_recommendations", "user_spending_data", "cardgenius_audit"] {
        database.run(&format!("ALTER TABLE {table} ENGINE = Aria"));
        let message = database.refused("wrong-engine").await;
        assert!(message.contains("of the engine Aria"), "{message}");
        database.run_advice(&message);
        database.assert_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn users_and_recommendations_need_keys_over_whole_columns() {
    let database = Inspected::sound().await;
    database.run("ALTER TABLE user_spending_data DROP PRIMARY KEY, ADD UNIQUE unfit (user_id(10))");
    let message = database.refused("missing-key").await;
    assert!(message.contains("over the whole of (user_id)"), "{message}");
    database.run_advice(&message);
    database.assert_sound().await;
    database.run("ALTER TABLE card_recommendations DROP PRIMARY KEY, ADD UNIQUE unfit (user_id, `rank`, card_name)");
    let message = database.refused("missing-key").await;
    assert!(message.contains("over the whole of (user_id, rank)"), "{message}");
    database.run_advice(&message);
    database.assert_sound().await;
    // Neither is the primary key now: the protocol goes by these.
    run_everything(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_with_a_number_for_their_primary_key_are_worked_by_the_unique_key_of_the_user() {
    let script = CUSTOMER.replace(
        "user_id VARCHAR(50) NOT NULL PRIMARY KEY",
        "id BIGINT AUTO_INCREMENT PRIMARY KEY, user_id VARCHAR(50) NOT NULL UNIQUE",
    );
    assert_ne!(script, CUSTOMER);
    let database = Inspected::made_by(&script).await;
    database.run("ALTER TABLE card_recommendations DROP PRIMARY KEY, ADD UNIQUE by_rank (`rank`, user_id), ADD COLUMN id BIGINT AUTO_INCREMENT PRIMARY KEY");
    database.assert_sound().await;
    run_everything(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn null_and_duplicate_users_are_found_where_no_key_keeps_them_out() {
    let database = Inspected::sound().await;
    database.run(
        "ALTER TABLE user_spending_data DROP PRIMARY KEY, MODIFY user_id VARCHAR(50) NULL;
        INSERT INTO user_spending_data (user_id) VALUES ('CK1'), ('CK2'), ('CK2'), (NULL), (NULL)",
    );
    let refusals = database.inspect().await.refusals;
    let names: Vec<&str> = refusals.iter().map(|refusal| refusal.name).collect();
    assert_eq!(names, ["missing-key", "null-user", "duplicate-user"], "{refusals:#?}");
    assert!(refusals[2].message.contains("more than one row with the user_id CK2"), "{}", refusals[2].message);
    database.run("DELETE FROM user_spending_data WHERE user_id = 'CK2'");
    database.run_advice(&refusals[0].message);
    database.refused("null-user").await;
    database.run("DELETE FROM user_spending_data WHERE user_id IS NULL");
    database.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_that_are_missing_are_listed_all_of_them() {
    let mut database = Inspected::sound().await;
    database.tables.credit_score = Some("cibil".into());
    database.run(
        "ALTER TABLE user_spending_data DROP COLUMN avg_ajio_gmv, DROP COLUMN processing_error, DROP COLUMN attempts;
        ALTER TABLE card_recommendations DROP COLUMN net_savings, DROP COLUMN grocery_points",
    );
    let refusals = database.inspect().await.refusals;
    let [input, ours, output] = &refusals[..] else { panic!("{refusals:#?}") };
    assert!(input.message.contains("lacks the columns avg_ajio_gmv, processing_error, cibil:"), "{}", input.message);
    assert_eq!((ours.name, output.name), ("missing-own-column", "missing-column"));
    assert!(output.message.contains("card_recommendations lacks the columns net_savings, grocery_points:"));
}

#[tokio::test(flavor = "multi_thread")]
async fn types_that_would_round_or_cut_are_refused_and_so_are_columns_that_nobody_fills() {
    let database = Inspected::sound().await;
    for (change, name, back) in [
        (
            "card_recommendations MODIFY net_savings DECIMAL(12,1)",
            "wrong-type",
            "card_recommendations MODIFY net_savings DECIMAL(12,2)",
        ),
        (
            "user_spending_data MODIFY processing_error VARCHAR(100)",
            "wrong-type",
            "user_spending_data MODIFY processing_error TEXT",
        ),
        (
            "user_spending_data MODIFY processing_status ENUM('new', 'pending', 'completed')",
            "wrong-type",
            "user_spending_data MODIFY processing_status ENUM('new', 'pending', 'completed', 'failed') NOT NULL DEFAULT 'new'",
        ),
        (
            "card_recommendations ADD COLUMN who VARCHAR(10) NOT NULL",
            "unfilled-column",
            "card_recommendations DROP COLUMN who",
        ),
        (
            "card_recommendations MODIFY redemption_method VARCHAR(200) NOT NULL",
            "not-null-column",
            "card_recommendations MODIFY redemption_method VARCHAR(200) NULL",
        ),
    ] {
        database.run(&format!("ALTER TABLE {change}"));
        database.refused(name).await;
        database.run(&format!("ALTER TABLE {back}"));
        database.assert_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_is_missing_or_over_other_columns_is_made_anew_by_migrate() {
    let database = Inspected::sound().await;
    database.run("DROP INDEX cardgenius_unsettled_user_spending_data ON user_spending_data");
    assert!(database.refused("missing-index").await.contains("has no index"));
    database.run("CREATE INDEX cardgenius_unsettled_user_spending_data ON user_spending_data (processing_status)");
    let message = database.refused("missing-index").await;
    assert!(message.contains("is not over (processing_status, crashes, user_id)"), "{message}");
    database.run("ALTER TABLE user_spending_data DROP INDEX cardgenius_unsettled_user_spending_data");
    database.place.migrate().await.unwrap();
    database.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn indexes_that_the_server_ignores_are_refused_unless_another_one_will_do() {
    let database = Inspected::sound().await;
    // The server ignores no primary key.
    database.run(
        "ALTER TABLE user_spending_data DROP PRIMARY KEY, ADD UNIQUE by_user (user_id), ADD COLUMN id BIGINT AUTO_INCREMENT PRIMARY KEY;
        ALTER TABLE card_recommendations DROP PRIMARY KEY, ADD UNIQUE by_rank (user_id, `rank`), ADD COLUMN id BIGINT AUTO_INCREMENT PRIMARY KEY",
    );
    for (table, index) in [
        ("user_spending_data", "cardgenius_unsettled_user_spending_data"),
        ("user_spending_data", "by_user"),
        ("card_recommendations", "by_rank"),
    ] {
        database.run(&format!("ALTER TABLE {table} ALTER INDEX {index} IGNORED"));
        let message = database.refused("ignored-index").await;
        assert!(message.starts_with(&format!("the server ignores the index {index} on ")), "{message}");
        database.run_advice(&message);
        database.assert_sound().await;
    }
    database.run("ALTER TABLE user_spending_data ALTER INDEX by_user IGNORED, ADD UNIQUE another (user_id)");
    database.assert_sound().await;
    run_everything(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_merges_ck1_and_ck1_in_capitals_is_refused() {
    let script =
        CUSTOMER.replace("user_id VARCHAR(50)", "user_id VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin");
    assert_ne!(script, CUSTOMER);
    let database = Inspected::made_by(&script).await;
    database.assert_sound().await;
    let key = "ALTER TABLE card_recommendations MODIFY user_id VARCHAR(50) CHARACTER SET utf8mb4 COLLATE";
    database.run(&format!("{key} utf8mb4_general_ci NOT NULL"));
    assert!(database.refused("coarser-target").await.contains("such as ck1 and CK1"));
    database.run(&format!("{key} utf8mb4_nopad_bin NOT NULL"));
    database.assert_sound().await;
    // The other way round: a source that tells blanks at the end apart, a target that does not.
    database.run("ALTER TABLE user_spending_data MODIFY user_id VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL");
    database.run(&format!("{key} utf8mb4_bin NOT NULL"));
    assert!(database.refused("coarser-target").await.contains("blanks at the end"));
}

#[tokio::test(flavor = "multi_thread")]
async fn triggers_are_warned_about() {
    let database = Inspected::sound().await;
    database.run("CREATE TRIGGER slow AFTER UPDATE ON user_spending_data FOR EACH ROW SET @seen = 1");
    assert!(database.warned().await.contains("has triggers (slow): two updates a user pass"));
    database.run(
        "DROP TRIGGER slow; CREATE TRIGGER slower AFTER INSERT ON card_recommendations FOR EACH ROW SET @seen = 1",
    );
    assert!(database.warned().await.contains("has triggers (slower): ten rows a user pass"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_on_a_table_of_ours_and_a_column_of_the_customers_with_a_name_of_ours_are_refused() {
    let database = Inspected::sound().await;
    database.run(
        "CREATE TRIGGER counts BEFORE UPDATE ON cardgenius_claims FOR EACH ROW SET NEW.completed = NEW.completed + 1",
    );
    let message = database.refused("foreign-object").await;
    assert!(message.contains("has the trigger counts of ") && message.contains("DROP TRIGGER `"), "{message}");
    database.run("DROP TRIGGER counts");
    database.assert_sound().await;
    let place = crate::place::Place::empty();
    place
        .run("CREATE TABLE user_spending_data (user_id VARCHAR(50) PRIMARY KEY, attempts SMALLINT NOT NULL DEFAULT 5)");
    let inspection = Inspected::of(place).inspect().await;
    let found = inspection.refusals.iter().any(|refusal| refusal.message.contains("has columns of its own (attempts)"));
    assert!(found, "{inspection:#?}");
}
