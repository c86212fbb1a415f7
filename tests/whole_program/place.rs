//! One private server for the whole target, and for each test a database of its own with the customer's tables.

use std::sync::LazyLock;

use cardgenius_embedded::PostgresOptions;
use cardgenius_testkit::{Counts, Database, TestServer, audit, until};

use crate::program::{Answer, Start, start};

/// The customer's table, before we come.
pub const CUSTOMER: &str = include_str!("../../sql/postgres/customer/user_spending_data.sql");

/// Listens without TLS, and trusts everybody.
pub static SERVER: LazyLock<TestServer> =
    LazyLock::new(|| TestServer::launch(PostgresOptions::for_tests().loopback_tcp().setting("max_connections", "200")));

static MIGRATED: LazyLock<Database<'static>> = LazyLock::new(|| {
    let database = unmigrated();
    migrate(&database);
    database
});

/// The customer's table without a user, as it is before `cardgenius migrate`.
pub fn unmigrated() -> Database<'static> {
    let database = SERVER.empty();
    database.psql(CUSTOMER);
    database
}

/// The customer's table without a user, migrated.
pub fn migrated() -> Database<'static> {
    SERVER.copy_of(&MIGRATED)
}

/// The customer's table without a user, migrated, on a server of the test's own.
pub fn migrated_on(server: &TestServer) -> Database<'_> {
    let database = server.empty();
    database.psql(CUSTOMER);
    migrate(&database);
    database
}

/// A start of the program on this database.
pub fn on(database: &Database<'_>, arguments: &[&str]) -> Start {
    start(arguments).variable("CARDGENIUS_SOURCE__URL", &database.url())
}

/// `cardgenius --backfill` on this database, in chunks of this size.
pub fn backfill(database: &Database<'_>, chunk_rows: u32) -> Start {
    on(database, &["--backfill", "--chunk-rows", &chunk_rows.to_string()])
}

/// Waits until so many instances hold claims.
pub async fn claimed_by(database: &Database<'_>, instances: usize) {
    let owners = "SELECT count(DISTINCT owner) FROM {{claims}} WHERE state = 'open'";
    until("claims of all", async || (database.psql(owners) == instances.to_string()).then_some(())).await;
}

/// `cardgenius migrate`, which must go well.
pub fn migrate(database: &Database<'_>) {
    on(database, &["migrate"]).run().ended(0);
}

impl Answer {
    /// It must have ended with this code.
    #[track_caller]
    pub fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
}

/// Audits a database that holds both tables.
pub async fn audited(database: &Database<'_>) -> Counts {
    let client = database.connect().await;
    audit(&client, &client, &database.tables).await
}
