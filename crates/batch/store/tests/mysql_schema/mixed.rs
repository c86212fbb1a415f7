//! Source and target of different families.

use std::sync::LazyLock;

use cardgenius_embedded::{PostgresOptions, PrivatePostgres};
use cardgenius_store::config::{DatabaseConfig, TableNames};
use cardgenius_store::migrate::{MigrateConfig, migrate};

use crate::place::{Place, SERVER, fresh};

static POSTGRES: LazyLock<PrivatePostgres> =
    LazyLock::new(|| PrivatePostgres::launch(PostgresOptions::for_tests()).unwrap());

const POSTGRES_CUSTOMER: &str = include_str!("../../../../../sql/postgres/customer/user_spending_data.sql");

const POSTGRES_TABLES: &str = "SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace";

fn database(url: String) -> DatabaseConfig {
    DatabaseConfig { url, ..DatabaseConfig::default() }
}

#[tokio::test]
async fn a_source_on_postgresql_has_its_target_on_mysql() {
    let (name, target) = (fresh("pg"), Place::empty());
    POSTGRES.create_database(&name).unwrap();
    POSTGRES.psql(&name, POSTGRES_CUSTOMER).unwrap();
    let tables = TableNames { target_schema: target.tables.target_schema.clone(), ..TableNames::default() };
    let config = MigrateConfig {
        source: database(POSTGRES.url(&name)),
        target: Some(database(SERVER.url(&tables.target_schema))),
        tables,
        limits: target.config().limits,
    };
    migrate(&config, &mut |_: &str| {}).await.unwrap();
    migrate(&config, &mut |_: &str| {}).await.unwrap();
    assert_eq!(target.run("SHOW TABLES"), "card_recommendations\ncardgenius_fence\n");
    let there = POSTGRES.psql(&name, POSTGRES_TABLES).unwrap();
    assert!(
        there.contains("cardgenius_runs") && !there.contains("fence") && !there.contains("card_recommend"),
        "{there}"
    );
    assert_eq!(POSTGRES.psql(&name, "SELECT max(version) FROM cardgenius_schema_version").unwrap().trim(), "4");
}

#[tokio::test]
async fn a_source_on_mysql_has_its_target_on_postgresql() {
    let (source, name) = (Place::customers(), fresh("pg"));
    POSTGRES.create_database(&name).unwrap();
    let mut config = source.config();
    config.target = Some(database(POSTGRES.url(&name)));
    config.tables.target_schema = "public".into();
    migrate(&config, &mut |_: &str| {}).await.unwrap();
    migrate(&config, &mut |_: &str| {}).await.unwrap();
    assert_eq!(POSTGRES.psql(&name, POSTGRES_TABLES).unwrap().trim(), "card_recommendations,cardgenius_fence");
    assert_eq!(source.run("SHOW TABLES LIKE 'card_recommendations'"), "");
    assert_eq!(source.run("SELECT MAX(version) FROM cardgenius_schema_version"), "4\n");
}

#[tokio::test]
async fn without_its_target_a_source_gets_no_version() {
    let source = Place::customers();
    let mut config = source.config();
    config.target = Some(database("postgres://nobody@127.0.0.1:1/nowhere".into()));
    config.tables.target_schema = "public".into();
    migrate(&config, &mut |_: &str| {}).await.unwrap_err();
    assert_eq!(source.run("SELECT COUNT(*) FROM cardgenius_schema_version"), "0\n");
}
