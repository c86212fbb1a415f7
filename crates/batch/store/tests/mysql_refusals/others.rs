//! The customer's other objects: foreign keys that reference the recommendations.

use cardgenius_embedded::{MariadbOptions, PrivateMariadb};
use cardgenius_store::config::DatabaseConfig;
use cardgenius_store::inspection::{Intent, Refusal};
use cardgenius_store::mysql::MysqlStore;

use crate::inspected::Inspected;
use crate::place::{CUSTOMER, SERVER, fresh};
use crate::protocol::run_everything;

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_key_that_would_delete_or_empty_other_rows_is_refused_unless_a_setting_permits_it() {
    let mut database = Inspected::sound().await;
    let elsewhere = Inspected::sound().await;
    let (schema, table) = (&database.tables.target_schema, format!("{}.clicks", elsewhere.tables.source_schema));
    let create = |action: &str| {
        format!(
            "CREATE TABLE clicks (user_id VARCHAR(50), `rank` TINYINT, CONSTRAINT of_card FOREIGN KEY (user_id, `rank`)
            REFERENCES {schema}.card_recommendations (user_id, `rank`) {action})"
        )
    };
    for action in ["ON DELETE CASCADE", "ON DELETE SET NULL"] {
        elsewhere.run(&create(action));
        database.intent.allow_cascade = false;
        let message = database.refused("cascading-reference").await;
        assert!(message.contains(&format!("the foreign key of_card of {table} references")), "{message}");
        assert!(message.contains(action), "{message}");
        database.intent.allow_cascade = true;
        assert!(database.warned().await.contains("as target.allow_cascade permits"));
        elsewhere.run("DROP TABLE clicks");
    }
    for action in ["", "ON DELETE RESTRICT", "ON DELETE NO ACTION"] {
        elsewhere.run(&create(action));
        assert!(database.warned().await.contains("each user with a referenced row fails in every run"));
        elsewhere.run("DROP TABLE clicks");
    }
    database.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_key_that_references_the_users_does_no_harm() {
    let database = Inspected::sound().await;
    database.run(
        "CREATE TABLE orders (user_id VARCHAR(50), FOREIGN KEY (user_id) REFERENCES user_spending_data (user_id) ON DELETE CASCADE)",
    );
    database.assert_sound().await;
    run_everything(&database).await;
}

/// What is refused where an account of its own loads the recommendations, which are on `target`.
async fn refused_with_two_accounts(database: &Inspected<'_>, target: &PrivateMariadb) -> Vec<Refusal> {
    let (schema, account) = (&database.tables.source_schema, fresh("loader"));
    target.run_sql(schema, &format!("CREATE USER {account}; GRANT ALL ON {schema}.* TO {account}")).unwrap();
    let mut config = database.config();
    config.target = Some(DatabaseConfig { url: target.url_as(&account, None, schema), ..DatabaseConfig::default() });
    MysqlStore::new(&config).unwrap().inspect(&Intent::default()).await.unwrap().refusals
}

#[tokio::test(flavor = "multi_thread")]
async fn two_accounts_on_one_server_are_refused_where_a_load_would_wait_for_the_source_s_own_transaction() {
    let database = Inspected::sound().await;
    let fence = "CREATE TABLE IF NOT EXISTS cardgenius_fence (claim_id CHAR(36), part INT, closed BOOLEAN, written_at DATETIME(6), PRIMARY KEY (claim_id, part))";
    let reference = "ALTER TABLE card_recommendations ADD CONSTRAINT of_user FOREIGN KEY (user_id) REFERENCES user_spending_data (user_id)";
    database.run(fence);
    assert_eq!(refused_with_two_accounts(&database, &SERVER).await, [], "without a foreign key nobody waits");
    database.run(reference);
    let refusals = refused_with_two_accounts(&database, &SERVER).await;
    assert_eq!(refusals[0].name, "waits-for-itself", "{refusals:#?}");
    assert!(refusals[0].message.contains("the foreign key of_user"), "{refusals:#?}");
    database.assert_sound().await;
    run_everything(&database).await;
    // A copy of the server says the same of itself, and is another one.
    let copy = PrivateMariadb::launch(MariadbOptions::for_tests()).unwrap();
    let schema = &database.tables.source_schema;
    copy.create_database(schema).unwrap();
    copy.run_sql(schema, CUSTOMER).unwrap();
    let output = database.run("SHOW CREATE TABLE card_recommendations");
    let output = output.trim().split_once('\t').unwrap().1.replace("\\n", "\n");
    copy.run_sql(schema, &format!("{fence}; {output}")).unwrap();
    assert_eq!(refused_with_two_accounts(&database, &copy).await, []);
}
