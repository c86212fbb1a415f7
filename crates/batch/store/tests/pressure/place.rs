//! A database with tables of the right names in it, and stores on it: a look needs no more.

use std::sync::LazyLock;

use cardgenius_embedded::PostgresOptions;
use cardgenius_store::config::{CallLimits, DatabaseConfig, StoreConfig, TableNames};
use cardgenius_store::postgres::PostgresStore;
use cardgenius_testkit::{Database, TestServer};
use uuid::Uuid;

/// Some two megabytes of the log.
pub const WRITE: &str = "INSERT INTO written SELECT n, repeat('x', 1000) FROM generate_series(1, 2000) AS n";

const TABLES: &str = "CREATE TABLE user_spending_data (user_id text); CREATE TABLE card_recommendations (user_id text);
    CREATE TABLE written (n integer, filler text)";

/// Its archiver always fails, and it gives up slots that keep too much.
pub static SERVER: LazyLock<TestServer> = LazyLock::new(|| {
    let options = PostgresOptions::for_tests().setting("archive_mode", "on").setting("archive_command", "false");
    TestServer::launch(options.setting("max_slot_wal_keep_size", "1GB"))
});

/// A server of the test's own.
pub fn server() -> TestServer {
    TestServer::launch(PostgresOptions::for_tests())
}

pub struct Place<'s> {
    server: &'s TestServer,
    pub database: Database<'s>,
}

impl<'s> Place<'s> {
    pub fn on(server: &'s TestServer) -> Self {
        let database = server.empty();
        database.psql(TABLES);
        Self { server, database }
    }

    /// A role that may sign in, and has no right that not everybody has.
    pub fn bare_role(&self) -> String {
        let role = self.server.fresh("bare");
        self.database.psql(&format!("CREATE ROLE {role} LOGIN"));
        role
    }

    /// A session of this role, which ends when it is dropped.
    pub async fn connect_as(&self, role: &str) -> tokio_postgres::Client {
        let (client, connection) =
            tokio_postgres::connect(&self.config(role).url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    fn config(&self, role: &str) -> DatabaseConfig {
        let url = self.database.server.url_as(role, None, &self.database.name);
        DatabaseConfig { url, ..DatabaseConfig::default() }
    }

    pub fn store(&self) -> PostgresStore {
        self.store_as(self.database.server.superuser_name())
    }

    pub fn store_as(&self, role: &str) -> PostgresStore {
        store(self.config(role), None)
    }

    /// A store with the recommendations in `target`.
    pub fn store_with(&self, target: &Place<'_>) -> PostgresStore {
        let role = self.database.server.superuser_name();
        store(self.config(role), Some(target.config(role)))
    }
}

fn store(source: DatabaseConfig, target: Option<DatabaseConfig>) -> PostgresStore {
    let config = StoreConfig {
        source,
        target,
        tables: TableNames::default(),
        limits: CallLimits::default(),
        sessions: 2,
        looks: 0,
        instance_id: Uuid::new_v4(),
        host: "test".into(),
    };
    PostgresStore::new(&config).unwrap()
}
