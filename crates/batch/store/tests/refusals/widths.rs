//! What does not fit: keys, texts of the catalogue, encodings, partitions.

use cardgenius_store::config::DatabaseConfig;
use cardgenius_store::inspection::Intent;
use cardgenius_store::migrate::{MigrateConfig, migrate};

use crate::database::{CUSTOMER, Database, SERVER, fresh};
use crate::protocol::run_everything;

fn names(card: &str, method: &str) -> Intent {
    Intent {
        card_names: vec!["Gold".into(), card.into()],
        redemption_methods: vec![method.into()],
        ..Intent::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_too_narrow_for_the_catalogue_s_texts_is_refused() {
    let mut database = Database::sound().await;
    database.intent = names("Eleven char", "Vouchers");
    database.assert_sound().await;
    database.run("ALTER TABLE card_recommendations ALTER COLUMN card_name TYPE varchar(10)");
    let message = database.refused("narrow-column").await;
    assert!(
        message.contains("card_name is character varying(10)") && message.contains("\"Eleven char\" has 11"),
        "{message}"
    );
    database.run("ALTER TABLE card_recommendations ALTER COLUMN card_name TYPE text, ALTER COLUMN redemption_method TYPE char(7)");
    assert!(database.refused("narrow-column").await.contains("\"Vouchers\" has 8 characters"));
}

#[tokio::test(flavor = "multi_thread")]
async fn migrate_makes_an_output_whose_keys_are_as_wide_as_the_input_s_and_a_narrower_one_is_warned_of() {
    for of_type in ["varchar(100)", "text", "varchar(8)", "text COLLATE \"C\""] {
        let script = CUSTOMER.replace("user_id varchar(50)", &format!("user_id {of_type}"));
        assert!(script.contains(of_type));
        let database = Database::made_by(&script).await;
        database.assert_sound().await;
        run_everything(&database).await;
    }
    let database = Database::sound().await;
    database.run("ALTER TABLE user_spending_data ALTER COLUMN user_id TYPE varchar(60)");
    let warning = database.warned().await;
    assert!(warning.contains("card_recommendations.user_id is character varying(50)"), "{warning}");
    assert!(warning.contains("(character varying(60)) may hold keys of more than 50 characters"), "{warning}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partitioned_output_with_a_part_missing_is_warned_of() {
    let database = Database::sound().await;
    database.run(
        "ALTER TABLE card_recommendations RENAME TO kept;
        CREATE TABLE card_recommendations (LIKE kept INCLUDING INDEXES) PARTITION BY HASH (user_id);
        CREATE TABLE part_0 PARTITION OF card_recommendations FOR VALUES WITH (MODULUS 2, REMAINDER 0);
        CREATE TABLE part_1 PARTITION OF card_recommendations FOR VALUES WITH (MODULUS 4, REMAINDER 1);",
    );
    assert!(database.warned().await.contains("has no part for whatever belongs to none of the others"));
    database.run("CREATE TABLE part_3 PARTITION OF card_recommendations FOR VALUES WITH (MODULUS 4, REMAINDER 3)");
    database.assert_sound().await;
    database.run(
        "DROP TABLE card_recommendations;
        CREATE TABLE card_recommendations (LIKE kept INCLUDING INDEXES) PARTITION BY RANGE (user_id);
        CREATE TABLE early PARTITION OF card_recommendations FOR VALUES FROM ('A') TO ('D');",
    );
    assert!(database.warned().await.contains("add the parts that are missing"));
    database.run("CREATE TABLE rest PARTITION OF card_recommendations DEFAULT");
    database.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unlogged_table_of_users_is_warned_of() {
    let database = Database::sound().await;
    database.run("ALTER TABLE user_spending_data SET UNLOGGED");
    assert!(database.warned().await.contains("user_spending_data is UNLOGGED"));
}

/// A migrated database of another encoding.
async fn encoded(encoding: &str) -> Database {
    let mut database = Database::empty();
    database.name = fresh("encoded");
    let create = format!(
        "CREATE DATABASE {} ENCODING '{encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'",
        database.name
    );
    SERVER.psql("postgres", &create).unwrap();
    database.run(CUSTOMER);
    database.migrate().await;
    database
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encoding_that_lacks_a_character_of_the_catalogue_is_refused() {
    let mut database = encoded("LATIN1").await;
    database.intent.characters = "é".into();
    database.assert_sound().await;
    database.intent.characters = "é₹".into();
    assert!(database.refused("narrow-encoding").await.contains("has the encoding LATIN1, which has no '₹'"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_without_an_encoding_is_warned_of_with_a_key_that_cannot_be_read() {
    let database = encoded("SQL_ASCII").await;
    database.run("INSERT INTO user_spending_data (user_id) VALUES ('CK1'), ('Zoë'), ('₹'), ('\u{1F0A1}')");
    assert!(database.warned().await.contains("none was found now"));
    for unreadable in ["Zo\\xEB", "\\xC0\\xAF", "\\xED\\xA0\\x80", "CK\\xE2\\x82"] {
        database.run(&format!("INSERT INTO user_spending_data (user_id) VALUES (E'{unreadable}')"));
        assert!(database.warned().await.contains("perhaps others too, that is not UTF-8"), "{unreadable}");
        database.run(&format!("DELETE FROM user_spending_data WHERE user_id = E'{unreadable}'"));
    }
}

/// What `migrate` says as this role, and whether it has left a table of ours behind.
async fn refused_migration(database: &Database, role: &str) -> String {
    let source = DatabaseConfig { url: SERVER.url_as(role, None, &database.name), ..DatabaseConfig::default() };
    let config =
        MigrateConfig { source, target: None, tables: database.tables.clone(), limits: database.config().limits };
    let mut steps = Vec::new();
    let error = migrate(&config, &mut |step: &str| steps.push(step.to_owned())).await.unwrap_err();
    assert_eq!(error.kind(), cardgenius_failure::error::ErrorKind::Refused, "{error}");
    assert_eq!(steps, Vec::<String>::new(), "{error}");
    let ours = "SELECT count(*) FROM pg_class WHERE relname LIKE 'cardgenius%'";
    assert_eq!(database.run(ours).trim(), "0", "{error}");
    error.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn migrate_refuses_a_status_that_its_steps_cannot_use_before_the_first_of_them() {
    let (types, table) = CUSTOMER.split_once(";\n").unwrap();
    let status = "processing_status processing_status NOT NULL DEFAULT 'new'";
    assert!(table.contains(status));
    for (change, said) in [
        (
            table.replace(status, "processing_status of_status NOT NULL DEFAULT 'new'"),
            "processing_status is of_status: it must be the enum itself",
        ),
        (table.replace(status, "processing_status boolean"), "processing_status is boolean: it must be an enum"),
        (table.replace(status, "status text"), "lacks the column processing_status"),
    ] {
        let database = Database::empty();
        database.run(&format!("{types}; CREATE DOMAIN of_status AS processing_status; {change}"));
        let message = refused_migration(&database, SERVER.superuser_name()).await;
        assert!(message.contains(said), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn migrate_says_which_rights_it_lacks_before_its_first_step() {
    let database = Database::empty();
    database.run(CUSTOMER);
    let role = fresh("migrator");
    database.run(&format!("CREATE ROLE {role} LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC"));
    let message = refused_migration(&database, &role).await;
    let grant = format!("GRANT CREATE ON SCHEMA \"public\" TO \"{role}\";");
    assert!(message.contains(&grant) && message.contains("does not own public.user_spending_data"), "{message}");
    database.run(&grant);
    let message = refused_migration(&database, &role).await;
    assert!(!message.contains("GRANT") && message.contains("migrate as "), "{message}");
    database.run(&format!("ALTER ROLE {role} SET default_transaction_read_only = on"));
    assert!(refused_migration(&database, &role).await.contains("takes no writes from us"));
}
