//! One private server for the whole target, where nobody may do what nobody granted, and databases as a customer has them:
//! the table of users is another role's.

use std::sync::{LazyLock, Mutex, PoisonError};

use cardgenius_embedded::PostgresOptions;
use cardgenius_testkit::tables::quoted;
use cardgenius_testkit::{Database, TestServer};

use crate::program::{Answer, Start, start};

const CUSTOMER: &str = include_str!("../../sql/postgres/customer/user_spending_data.sql");
const ROLES: &str = include_str!("../../sql/postgres/roles.sql");

/// Signs in as nothing but a member of `cardgenius_daemon`.
pub const APP: &str = "app";
/// Signs in as nothing but a member of `cardgenius_reader`.
pub const ANALYST: &str = "analyst";

/// Roles belong to the whole server: one at a time makes them.
static MAKING_ROLES: Mutex<()> = Mutex::new(());

pub static SERVER: LazyLock<TestServer> = LazyLock::new(|| {
    let server = TestServer::launch(PostgresOptions::for_tests().setting("max_connections", "100"));
    let roles = format!(
        "CREATE ROLE shop;
         CREATE ROLE {APP} LOGIN; CREATE ROLE {ANALYST} LOGIN;"
    );
    server.postgres.psql("postgres", &roles).unwrap();
    server
});

/// A customer's database before anything of ours is in it; whatever PostgreSQL lets everybody do is taken back.
pub fn customers() -> Database<'static> {
    let database = SERVER.empty();
    database.psql(CUSTOMER);
    closed(&database);
    database.psql(
        "ALTER TABLE user_spending_data OWNER TO shop; ALTER TYPE processing_status OWNER TO shop;
         CREATE TABLE orders (amount numeric); ALTER TABLE orders OWNER TO shop",
    );
    database
}

/// Nobody may connect, or use a schema, without a grant.
pub fn closed(database: &Database<'_>) {
    database.psql(&format!(
        "REVOKE ALL ON DATABASE {} FROM PUBLIC; REVOKE ALL ON SCHEMA public FROM PUBLIC",
        quoted(&database.name)
    ));
}

/// Runs roles.sql; `settings` are lines that set its variables. What it printed.
pub fn roles(database: &Database<'_>, settings: &str) -> String {
    let _alone = MAKING_ROLES.lock().unwrap_or_else(PoisonError::into_inner);
    let printed = database.server.psql(&database.name, &format!("{settings}\n{ROLES}")).unwrap();
    let members = format!(
        "ALTER ROLE cardgenius_migrator LOGIN; GRANT shop TO cardgenius_migrator;
         GRANT cardgenius_daemon TO {APP}; GRANT cardgenius_reader TO {ANALYST}"
    );
    database.psql(&members);
    printed
}

/// A start of the program on this database, signed in as this role.
pub fn run_as(database: &Database<'_>, role: &str, arguments: &[&str]) -> Start {
    start(arguments).variable("CARDGENIUS_SOURCE__URL", &database.server.url_as(role, None, &database.name))
}

/// A customer's database with roles and tables as docs/deployment.md says: roles, migration, roles again.
pub fn installed() -> Database<'static> {
    let database = customers();
    roles(&database, "");
    run_as(&database, "cardgenius_migrator", &["migrate"]).run().ended(0);
    roles(&database, "");
    database
}

impl Answer {
    /// It must have ended with this code.
    #[track_caller]
    pub fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
}
