//! Servers and databases as a whole, and our own schema there.

use cardgenius_embedded::{PostgresOptions, PrivatePostgres};
use cardgenius_failure::error::ErrorKind;
use cardgenius_store::config::DatabaseConfig;
use cardgenius_store::inspection::Intent;
use cardgenius_store::postgres::PostgresStore;

use crate::database::{CUSTOMER, Database, SERVER};
use crate::protocol::run_everything;

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_database_is_neither_refused_nor_warned_about_and_the_protocol_works_there() {
    let database = Database::sound().await;
    database.assert_sound().await;
    run_everything(&database).await;
    database.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_pair_of_databases_is_neither_refused_nor_warned_about() {
    let database = Database::sound_pair().await;
    database.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_migrate_makes_is_asked_for_until_it_has_run() {
    let database = Database::empty();
    database.run(CUSTOMER);
    let inspection = database.inspect().await;
    let names: Vec<&str> = inspection.refusals.iter().map(|refusal| refusal.name).collect();
    assert_eq!(names, ["missing-table", "missing-own-column", "missing-own-table", "missing-index"]);
    assert!(
        inspection.refusals.iter().all(|refusal| refusal.message.contains("`cardgenius migrate`")),
        "{inspection:#?}"
    );
    database.migrate().await;
    database.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fence_is_asked_for_in_a_second_database_until_migrate_has_run() {
    let database = Database::sound_pair().await;
    database.target().run("DROP TABLE cardgenius_fence");
    assert!(database.refused("missing-fence").await.contains("public.cardgenius_fence is not in the target database"));
    database.migrate().await;
    database.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_without_a_version_or_of_another_one_is_refused() {
    let database = Database::sound().await;
    database.run("INSERT INTO cardgenius_schema_version VALUES (5, '0.1.0', 'a newer program')");
    database.assert_sound().await;
    database.run("UPDATE cardgenius_schema_version SET oldest_program = '99.1.0' WHERE version = 5");
    assert!(database.refused("new-schema").await.contains("no program older than 99.1.0"));
    database.run("UPDATE cardgenius_schema_version SET oldest_program = 'any' WHERE version = 5");
    database.refused("unknown-schema").await;
    database.run("DELETE FROM cardgenius_schema_version");
    assert!(database.refused("old-schema").await.contains("`cardgenius migrate`"));
    database.migrate().await;
    database.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_is_missing_or_half_built_is_made_anew_by_migrate() {
    let database = Database::sound().await;
    database.run("DROP INDEX cardgenius_unsettled_user_spending_data");
    assert!(database.refused("missing-index").await.contains("has no index"));
    database.migrate().await;
    database.assert_sound().await;
    database.run(
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'cardgenius_unsettled_user_spending_data'::regclass",
    );
    assert!(database.refused("missing-index").await.contains("not valid"));
    database.migrate().await;
    database.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_is_set_read_only_is_refused() {
    let database = Database::sound().await.with_bare_role();
    let role = database.role.replace('"', "\"\"");
    database.run(&format!("ALTER ROLE \"{role}\" SET default_transaction_read_only = on"));
    assert!(database.refused("read-only-server").await.contains("default_transaction_read_only"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_is_refused_as_source_and_as_target() {
    let standby = PrivatePostgres::launch(PostgresOptions::for_tests().file("standby.signal", "")).unwrap();
    assert_eq!(standby.psql("postgres", "SELECT pg_is_in_recovery()").unwrap(), "t");
    let of_standby = DatabaseConfig { url: standby.url("postgres"), ..DatabaseConfig::default() };
    let database = Database::sound().await;
    let mut config = database.config();
    config.target = Some(of_standby.clone());
    let inspection = PostgresStore::new(&config).unwrap().inspect(&Intent::default()).await.unwrap();
    assert_eq!(inspection.refusals[0].name, "read-only-server");
    assert!(inspection.refusals[0].message.starts_with("the target database takes no writes"), "{inspection:?}");
    config.source = of_standby;
    config.target = None;
    let inspection = PostgresStore::new(&config).unwrap().inspect(&Intent::default()).await.unwrap();
    assert!(inspection.refusals[0].message.starts_with("the database takes no writes"), "{inspection:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_reached_is_an_error_and_no_refusal() {
    let mut database = Database::sound().await;
    let name = std::mem::replace(&mut database.name, "nowhere".into());
    assert_eq!(database.try_inspect().await.unwrap_err().kind(), ErrorKind::SchemaMismatch);
    database.name = name;
    let mut config = database.config();
    config.source.url = config.source.url.replace("host=", "host=/nowhere");
    let error = PostgresStore::new(&config).unwrap().inspect(&Intent::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert!(SERVER.postmaster_pid().is_some());
}
