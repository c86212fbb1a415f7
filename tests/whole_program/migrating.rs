//! `cardgenius migrate`: again, at once, and printed for the DBA.

use cardgenius_testkit::populate;

use crate::place::{CUSTOMER, SERVER, on, unmigrated};
use crate::program::{holds_all, start};
use crate::running::spawn;

/// Everything that `migrate` makes, as the catalogue has it.
const SCHEMA: &str = "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
    col_description(a.attrelid, a.attnum) FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 ORDER BY 1, 2";

#[test]
fn a_second_migration_finds_nothing_to_do_and_changes_nothing() {
    let database = unmigrated();
    let first = on(&database, &["migrate"]).run().ended(0);
    holds_all(&first.stdout, &["building the index", "schema version 4 is in force"]);
    let schema = database.psql(SCHEMA);
    let second = on(&database, &["migrate"]).run().ended(0);
    holds_all(&second.stdout, &["the columns are there", "the index is there", "schema version 4 is in force"]);
    assert_eq!(database.psql(SCHEMA), schema);
    assert_eq!(database.psql("SELECT count(*) FROM cardgenius_schema_version"), "1");
    on(&database, &["check"]).run().ended(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_migrations_at_once_take_turns() {
    let database = unmigrated();
    let client = database.connect().await;
    populate(&client, &database.tables, 1_000, 131).await;
    // The first waits for this lock with its own in hand, so that both are surely under way.
    client.batch_execute("BEGIN; LOCK TABLE user_spending_data IN ROW EXCLUSIVE MODE").await.unwrap();
    let first = spawn(on(&database, &["migrate"]));
    first.printed("0001_09_input_columns");
    let second = spawn(on(&database, &["migrate"]));
    second.printed("somebody else is migrating: waiting for that to end");
    client.batch_execute("ROLLBACK").await.unwrap();
    let (first, second) = (first.end().ended(0), second.end().ended(0));
    holds_all(&first.stdout, &["building the index", "in force"]);
    holds_all(&second.stdout, &["the columns are there", "the index is there", "in force"]);
    on(&database, &["check"]).run().ended(0);
}

#[test]
fn the_printed_migration_through_psql_makes_the_same_schema_and_check_accepts_it() {
    let (printed, applied) = (unmigrated(), unmigrated());
    // Needs no database, and changes none.
    let script = start(&["migrate", "--print"]).run().ended(0).stdout;
    for _ in 0..2 {
        SERVER.postgres.psql(&printed.name, &script).unwrap();
    }
    on(&printed, &["check"]).run().ended(0);
    on(&printed, &["--backfill"]).run().ended(0);
    on(&applied, &["migrate"]).run().ended(0);
    assert_eq!(printed.psql(SCHEMA), applied.psql(SCHEMA));
    let again = on(&printed, &["migrate"]).run().ended(0);
    holds_all(&again.stdout, &["the columns are there", "the index is there"]);
}

#[test]
fn the_customers_own_inserts_go_on_after_a_migration() {
    let database = SERVER.empty();
    database.psql(CUSTOMER);
    let insert = "INSERT INTO {{input}} VALUES ('CK1', 1, 2, 3, 4, 5, 6, 'new', NULL);
        INSERT INTO {{input}} (user_id) VALUES ('CK2')";
    database.psql(insert);
    on(&database, &["migrate"]).run().ended(0);
    database.psql(&insert.replace("'CK", "'DK"));
    on(&database, &["--backfill"]).run().ended(0);
    assert_eq!(database.psql("SELECT count(*) FROM {{input}} WHERE processing_status = 'completed'"), "4");
}

#[test]
fn migrations_may_have_a_url_and_a_role_of_their_own() {
    let database = unmigrated();
    let role = SERVER.fresh("owner");
    database.psql(&format!(
        "CREATE ROLE {role} LOGIN; ALTER TABLE {{{{input}}}} OWNER TO {role}; GRANT CREATE ON SCHEMA public TO {role}"
    ));
    let url = SERVER.postgres.url_as(&role, None, &database.name);
    start(&["migrate", "--url", &url])
        .variable("CARDGENIUS_SOURCE__URL", "postgres://nobody@127.0.0.1:1/x")
        .run()
        .ended(0);
    assert_eq!(database.psql("SELECT tableowner FROM pg_tables WHERE tablename = 'cardgenius_runs'"), role);
    on(&database, &["check"]).run().ended(0);
}
