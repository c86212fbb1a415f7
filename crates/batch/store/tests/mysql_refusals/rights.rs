//! Missing rights, each told with the statement that grants it.

use crate::inspected::Inspected;
use crate::place::{Place, fresh};
use crate::protocol::run_everything;

const ROLES: &str = include_str!("../../../../../sql/mysql/roles.sql");

/// An account without any right.
fn bare(database: &mut Inspected<'_>) -> String {
    let account = fresh("bare");
    database.run(&format!("CREATE USER {account}@localhost"));
    database.place.account = Some(account.clone());
    account
}

/// Runs the statements that a message ends with, a line each; how many they were.
fn grant(database: &Inspected<'_>, message: &str) -> usize {
    let grants: Vec<&str> = message.lines().skip(1).collect();
    assert!(!grants.is_empty() && grants.iter().all(|grant| grant.starts_with("GRANT ")), "{message}");
    database.run(&grants.join("\n"));
    grants.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_protocol_works_under_exactly_the_rights_of_the_daemons_role() {
    let mut database = Inspected::sound().await;
    database.run(ROLES);
    let account = bare(&mut database);
    database.run(&format!(
        "GRANT cardgenius_daemon TO {account}@localhost; SET DEFAULT ROLE cardgenius_daemon FOR {account}@localhost"
    ));
    database.assert_sound().await;
    run_everything(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_sees_the_tables_is_told_the_grants_with_exactly_which_the_protocol_works() {
    let mut database = Inspected::sound().await;
    let (account, schema) = (bare(&mut database), database.tables.source_schema.clone());
    // Something on each table, or the server would not tell that it is there.
    for table in database.run("SHOW FULL TABLES WHERE Table_type = 'BASE TABLE'").lines() {
        let table = table.split('\t').next().unwrap();
        database.run(&format!("GRANT REFERENCES ON `{schema}`.`{table}` TO {account}@localhost"));
    }
    let message = database.refused("missing-right").await;
    assert!(message.contains(&format!("account {account}@localhost lacks rights in the database")), "{message}");
    assert_eq!(grant(&database, &message), 2 + 9 + 3, "{message}");
    database.assert_sound().await;
    run_everything(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_right_that_is_taken_away_is_asked_for_again() {
    let mut database = Inspected::sound().await;
    let (account, schema) = (bare(&mut database), database.tables.source_schema.clone());
    let own = [
        ("user_spending_data", "SELECT, UPDATE"),
        ("card_recommendations", "SELECT, INSERT, DELETE"),
        ("cardgenius_schema_version", "SELECT"),
        ("cardgenius_catalogues", "SELECT, INSERT, UPDATE, DELETE"),
        ("cardgenius_runs", "SELECT, INSERT, UPDATE, DELETE"),
        ("cardgenius_instances", "SELECT, INSERT, UPDATE, DELETE"),
        ("cardgenius_claims", "SELECT, INSERT, UPDATE, DELETE"),
        ("cardgenius_schedule", "SELECT, INSERT, UPDATE"),
        ("cardgenius_fires", "SELECT, INSERT, UPDATE, DELETE"),
        ("cardgenius_control", "SELECT, INSERT, UPDATE"),
        ("cardgenius_audit", "SELECT, INSERT, DELETE"),
    ];
    for (table, rights) in own {
        database.run(&format!("GRANT {rights}, REFERENCES ON `{schema}`.{table} TO {account}@localhost"));
    }
    database.assert_sound().await;
    for (table, rights) in own {
        for right in rights.split(", ") {
            database.run(&format!("REVOKE {right} ON `{schema}`.{table} FROM {account}@localhost"));
            let message = database.refused("missing-right").await;
            let told = format!("GRANT {right}");
            assert!(
                message.contains(&told) && message.contains(&format!("`{table}` TO")),
                "{table} {right}: {message}"
            );
            grant(&database, &message);
            database.assert_sound().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_any_right_is_told_that_it_may_be_that() {
    let mut database = Inspected::of(Place::migrated().await);
    bare(&mut database);
    database.run(&format!(
        "GRANT SELECT ON `{}`.cardgenius_audit TO {}@localhost",
        database.tables.source_schema,
        database.place.account.as_ref().unwrap()
    ));
    let inspection = database.inspect().await;
    let table = inspection.refusals.iter().find(|refusal| refusal.name == "missing-table").unwrap();
    assert!(table.message.contains("has no right on it"), "{}", table.message);
}
