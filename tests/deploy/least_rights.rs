//! What the roles may not do. Each statement is shown to work for the superuser, so that nothing is refused for a slip.

use cardgenius_testkit::{Database, populate};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};

use crate::place::{ANALYST, APP, installed};

const SPENDING: [&str; 6] =
    ["avg_amazon_gmv", "avg_flipkart_gmv", "avg_myntra_gmv", "avg_ajio_gmv", "avg_grocery_gmv", "avg_confirmed_gmv"];

const NOT_THE_DAEMONS: [&str; 26] = [
    "UPDATE user_spending_data SET user_id = 'x' WHERE user_id = 'CK0000001'",
    "INSERT INTO user_spending_data (user_id) VALUES ('x')",
    "DELETE FROM user_spending_data WHERE user_id = 'CK0000001'",
    "TRUNCATE user_spending_data",
    "ALTER TABLE user_spending_data ADD COLUMN more integer",
    "ALTER TABLE user_spending_data OWNER TO CURRENT_USER",
    "GRANT SELECT ON user_spending_data TO PUBLIC",
    "CREATE TRIGGER t BEFORE UPDATE ON user_spending_data EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE INDEX ON user_spending_data (processed_at)",
    "DROP TABLE user_spending_data CASCADE",
    "SELECT card_name FROM card_recommendations",
    "UPDATE card_recommendations SET card_name = 'x'",
    "TRUNCATE card_recommendations",
    "ALTER TABLE card_recommendations DISABLE TRIGGER USER",
    "SELECT * FROM orders",
    "DELETE FROM orders",
    "INSERT INTO cardgenius_schema_version (version, oldest_program, applied_by) VALUES (999, '9', 'x')",
    "UPDATE cardgenius_catalogues SET catalogue_text = 'x'",
    "UPDATE cardgenius_audit SET actor = 'somebody else'",
    "TRUNCATE cardgenius_audit",
    "ALTER TABLE cardgenius_runs ADD COLUMN more integer",
    "CREATE TABLE public.more (more integer)",
    "CREATE SCHEMA more",
    "CREATE ROLE more",
    "SET ROLE cardgenius_migrator",
    "SELECT pg_read_file('PG_VERSION')",
];

async fn connect(database: &Database<'_>, role: &str) -> Client {
    let url = database.server.url_as(role, None, &database.name);
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(async move {
        let _ = connection.await;
    });
    client
}

/// What the statement does in a transaction that is rolled back: the code of its refusal, if any.
async fn tried(client: &mut Client, statement: &str) -> Option<SqlState> {
    let transaction = client.transaction().await.unwrap();
    let outcome = transaction.batch_execute(statement).await;
    transaction.rollback().await.unwrap();
    outcome.err().map(|error| error.code().unwrap_or_else(|| panic!("{statement}: {error}")).clone())
}

/// The role must be refused each of these, for want of a right; the superuser must not.
async fn all_refused(database: &Database<'_>, role: &str, statements: &[String]) {
    let (mut theirs, mut superusers) = (connect(database, role).await, database.connect().await);
    for statement in statements {
        assert_eq!(tried(&mut superusers, statement).await, None, "{statement}: this test's own slip");
        let refusal = tried(&mut theirs, statement).await;
        assert_eq!(refusal, Some(SqlState::INSUFFICIENT_PRIVILEGE), "{role}: {statement}");
    }
}

fn rows(database: &Database<'_>, statement: &str) -> Vec<String> {
    database.psql(statement).lines().map(str::to_owned).collect()
}

/// All that is ours: tables, and views for people.
fn ours(database: &Database<'_>) -> Vec<String> {
    let ours =
        "SELECT oid::regclass FROM pg_class WHERE relname ~ '^cardgenius_' AND relkind IN ('r', 'v', 'm') ORDER BY 1";
    rows(database, ours)
}

async fn populated() -> Database<'static> {
    let database = installed();
    populate(&database.connect().await, &database.tables, 10, 611).await;
    database
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_may_neither_change_what_users_spend_nor_anything_else_that_is_not_its_own() {
    let database = populated().await;
    let mut statements: Vec<String> = NOT_THE_DAEMONS.map(str::to_owned).to_vec();
    statements.extend(SPENDING.map(|column| format!("UPDATE user_spending_data SET {column} = 1")));
    all_refused(&database, APP, &statements).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_sees_all_but_what_users_spend() {
    let database = populated().await;
    let mut statements: Vec<String> =
        SPENDING.map(|column| format!("SELECT {column} FROM user_spending_data")).to_vec();
    // What is hidden cannot be asked for by a detour either.
    let detours = [
        "TABLE user_spending_data",
        "SELECT user_id FROM user_spending_data WHERE avg_amazon_gmv > 100",
        "SELECT user_id FROM user_spending_data ORDER BY avg_amazon_gmv",
        "SELECT u FROM user_spending_data AS u",
        "TABLE orders",
    ];
    statements.extend(detours.map(str::to_owned));
    // Nor by what follows from it: points and rupees, divided by the catalogue's rates.
    let derived = [
        "total_savings_yearly",
        "total_extra_benefits",
        "net_savings",
        "amazon_points",
        "flipkart_points",
        "myntra_points",
        "ajio_points",
        "grocery_points",
        "other_online_points",
    ];
    statements.extend(derived.map(|column| format!("SELECT {column} FROM card_recommendations")));
    all_refused(&database, ANALYST, &statements).await;

    let mut reader = connect(&database, ANALYST).await;
    let ours = ours(&database);
    assert!(ours.len() >= 9, "{ours:?}");
    for name in ours {
        assert_eq!(tried(&mut reader, &format!("SELECT * FROM {name}")).await, None, "{name}");
    }
    let cards =
        "SELECT user_id, rank, card_name, joining_fees, redemption_method, redemption_rate FROM card_recommendations";
    assert_eq!(tried(&mut reader, cards).await, None);
    let status = "SELECT user_id, processing_status, processing_error, claim_id, attempts, crashes, processed_at
        FROM user_spending_data";
    assert_eq!(tried(&mut reader, status).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_writes_nothing() {
    let database = populated().await;
    let mut statements: Vec<String> = [
        "UPDATE user_spending_data SET processing_status = 'new'",
        "INSERT INTO user_spending_data (user_id) VALUES ('x')",
        "DELETE FROM user_spending_data",
        "SELECT user_id FROM user_spending_data FOR UPDATE",
        "DELETE FROM card_recommendations",
        "UPDATE card_recommendations SET card_name = 'x'",
        "UPDATE cardgenius_control SET paused = true",
        "CREATE TABLE public.more (more integer)",
        "SET ROLE cardgenius_daemon",
    ]
    .map(str::to_owned)
    .to_vec();
    let tables = "SELECT oid::regclass FROM pg_class WHERE relname ~ '^cardgenius_' AND relkind = 'r' ORDER BY 1";
    for table in rows(&database, tables) {
        statements.push(format!("DELETE FROM {table}"));
        statements.push(format!("TRUNCATE {table} CASCADE"));
    }
    all_refused(&database, ANALYST, &statements).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn none_of_the_three_roles_can_sign_in_or_may_pass_over_rights_until_told_so() {
    let database = installed();
    // This target's own preparation gives the migrator its LOGIN.
    let special = "SELECT rolname FROM pg_roles WHERE rolname IN ('cardgenius_daemon', 'cardgenius_migrator', 'cardgenius_reader')
        AND NOT (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)
        AND (NOT rolcanlogin OR rolname = 'cardgenius_migrator')";
    assert_eq!(rows(&database, special).len(), 3);
}
