//! Names that a customer changes: databases restored under another name, tables renamed, accounts dropped.

use std::process::{Command, Stdio};

use cardgenius_embedded::{MariadbOptions, PrivateMariadb};

use crate::place::{CUSTOMER, Place, fresh};

/// A run with an open claim of a live owner, that holds a user; a paused switch, and a schedule.
const AT_WORK: &str =
    "INSERT INTO cardgenius_catalogues (catalogue_hash, catalogue_text) VALUES (REPEAT('a', 64), '{}');
     INSERT INTO cardgenius_runs (run_id, source_table, kind, opened_for, as_of, catalogue_hash, engine_version, opened_by, backlog)
         SELECT UUID(), source_table, 'backfill', 'ann', CURRENT_DATE, REPEAT('a', 64), '1', UUID(), 9 FROM cardgenius_control;
     INSERT INTO cardgenius_instances (instance_id, host, process_id, program_version, lease_until)
         VALUES (UUID(), 'h', 1, '1', UTC_TIMESTAMP(6) + INTERVAL 1 HOUR);
     INSERT INTO cardgenius_claims (claim_id, run_id, owner, users, first_user_id, last_user_id)
         SELECT UUID(), run_id, instance_id, 2, 'a', 'b' FROM cardgenius_runs, cardgenius_instances;
     INSERT INTO user_spending_data (user_id, processing_status, claim_id)
         SELECT 'a', 'pending', claim_id FROM cardgenius_claims;
     INSERT INTO cardgenius_schedule (name, source_table) SELECT 'weekly', source_table FROM cardgenius_control;
     UPDATE cardgenius_control SET paused = TRUE, reason = 'why', changed_by = 'ann', changed_at = '2026-01-02'";

const STATE: &str = "SELECT source_table, paused, changed_by, YEAR(changed_at) FROM cardgenius_control;
    SELECT source_table, state FROM cardgenius_runs;
    SELECT state, returned FROM cardgenius_claims;
    SELECT source_table FROM cardgenius_schedule";

/// Dumps a database with the server's own program, and restores it in another one, perhaps on another server.
fn restored(from: &Place<'_>, to: &Place<'_>) {
    let socket = from.server.socket().display().to_string();
    let mut dump = Command::new("mariadb-dump")
        .args([
            "--no-defaults",
            "--socket",
            &socket,
            "--user",
            from.server.superuser_name(),
            &from.tables.source_schema,
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut client = to.server.client_command();
    let restore = client.arg(&to.tables.source_schema).stdin(dump.stdout.take().unwrap()).output().unwrap();
    assert!(restore.status.success(), "{}", String::from_utf8_lossy(&restore.stderr));
    assert!(dump.wait().unwrap().success());
}

#[tokio::test]
async fn a_dump_is_restored_under_another_name_and_what_it_knew_by_the_old_one_is_carried_over() {
    let (place, copy) = (Place::migrated().await, Place::empty());
    place.run(AT_WORK);
    let before = (place.run(STATE), place.schema());
    restored(&place, &copy);
    copy.migrate().await.unwrap();
    let name = format!("{}.user_spending_data", copy.tables.source_schema);
    assert_eq!(copy.run(STATE), format!("{name}\t1\tann\t2026\n{name}\tabandoned\nswept\t2\n{name}\n"));
    // The owner may be at work in the original: here it is not taken for one that died a moment ago.
    assert_eq!(copy.run("SELECT renewed_at < UTC_TIMESTAMP(6) - INTERVAL 1 YEAR FROM cardgenius_instances"), "1\n");
    assert_eq!(copy.run("SELECT what, users FROM cardgenius_stuck"), "pending users without a claim\t1\n");
    copy.run("UPDATE cardgenius_control SET paused = FALSE");
    copy.run("UPDATE cardgenius_control SET paused = TRUE, reason = 'copy'");
    let audit = "SELECT action, detail FROM cardgenius_audit WHERE action <> 'migrate' ORDER BY audit_id DESC LIMIT 1";
    assert_eq!(copy.run(audit), "pause\tcopy\n");
    assert_eq!((place.run(STATE), place.schema()), before, "the original was changed");
    assert_eq!(place.run(audit), "pause\twhy\n");
    // Once more, and nothing is carried anywhere.
    let state = copy.run(STATE);
    copy.migrate().await.unwrap();
    assert_eq!(copy.run(STATE), state);
}

#[tokio::test]
async fn a_dump_is_restored_on_another_server() {
    let other = PrivateMariadb::launch(MariadbOptions::for_tests()).unwrap();
    let place = Place::migrated().await;
    let schema = fresh("elsewhere");
    other.create_database(&schema).unwrap();
    let mut tables = place.tables.clone();
    (tables.source_schema, tables.target_schema) = (schema.clone(), schema);
    let copy = Place { server: &other, tables, account: None };
    restored(&place, &copy);
    copy.migrate().await.unwrap();
    copy.run("UPDATE cardgenius_control SET paused = TRUE, reason = 'there'");
    assert_eq!(copy.run("SELECT COUNT(*) FROM cardgenius_audit WHERE action = 'pause'"), "1\n");
    let names = copy.schema();
    assert!(!names.contains(&place.tables.source_schema), "{names}");
}

#[tokio::test]
async fn what_a_renamed_table_was_known_by_is_carried_over_and_another_table_beside_it_is_left_alone() {
    let mut place = Place::migrated().await;
    place.run(AT_WORK);
    place.run("UPDATE cardgenius_instances SET lease_until = UTC_TIMESTAMP(6) - INTERVAL 1 MINUTE");
    let schema = place.tables.source_schema.clone();
    // Another installation's, whose table is there and whose instance died in a chunk.
    place.run(&format!(
        "CREATE TABLE others LIKE user_spending_data;
         INSERT INTO cardgenius_control (source_table, paused) VALUES ('{schema}.others', TRUE);
         INSERT INTO cardgenius_runs (run_id, source_table, kind, opened_for, as_of, catalogue_hash, engine_version, opened_by, backlog)
             VALUES (UUID(), '{schema}.others', 'backfill', 'bob', CURRENT_DATE, REPEAT('a', 64), '1', UUID(), 9);
         INSERT INTO cardgenius_claims (claim_id, run_id, owner, users, first_user_id, last_user_id)
             SELECT UUID(), run_id, UUID(), 2, 'a', 'b' FROM cardgenius_runs WHERE opened_for = 'bob'"
    ));
    place.run("RENAME TABLE user_spending_data TO users");
    place.tables.source_table = "users".into();
    place.migrate().await.unwrap();
    assert_eq!(
        place.run("SELECT source_table, paused FROM cardgenius_control ORDER BY source_table"),
        format!("{schema}.others\t1\n{schema}.users\t1\n")
    );
    assert_eq!(
        place.run("SELECT source_table, r.state, c.state FROM cardgenius_runs AS r JOIN cardgenius_claims AS c USING (run_id) ORDER BY 1"),
        format!("{schema}.others\topen\topen\n{schema}.users\tabandoned\tswept\n")
    );
}

#[tokio::test]
async fn the_views_work_when_the_account_that_migrated_is_dropped() {
    let mut place = Place::customers();
    let dba = fresh("dba");
    place.run(&format!("CREATE USER {dba}; GRANT ALL ON *.* TO {dba}"));
    place.account = Some(dba.clone());
    place.migrate().await.unwrap();
    place.run(&format!("DROP USER {dba}"));
    for view in ["status", "progress", "stuck", "recent_runs", "slow_chunks"] {
        place.run(&format!("SELECT * FROM cardgenius_{view}"));
    }
    let definer = place.server.run_sql(&place.tables.source_schema, "UPDATE cardgenius_control SET paused = TRUE");
    assert!(definer.unwrap_err().to_string().contains("1449"), "a trigger needs its definer");
    place.account = None;
    place.migrate().await.unwrap();
    place.run("UPDATE cardgenius_control SET paused = TRUE");
}

#[tokio::test]
async fn tables_that_keep_their_history_are_migrated() {
    let place = Place::customers();
    place.run("ALTER TABLE user_spending_data ADD SYSTEM VERSIONING");
    place.run("INSERT INTO user_spending_data (user_id) VALUES ('a')");
    place.migrate().await.unwrap();
    place.migrate().await.unwrap();
    assert_eq!(place.run("SELECT COUNT(*) FROM user_spending_data FOR SYSTEM_TIME ALL WHERE attempts = 0"), "1\n");
}

#[tokio::test]
async fn a_table_with_a_full_text_index_is_refused_with_the_statement_to_run_and_goes_on_after_it() {
    let place = Place::customers();
    place.run("ALTER TABLE user_spending_data ADD COLUMN note TEXT, ADD FULLTEXT (note)");
    let mut refusals = 0;
    loop {
        let Err(error) = place.migrate().await else { break };
        let message = error.to_string();
        let (told, statement) = message.split_once("goes on from there: ").unwrap_or_else(|| panic!("{message}"));
        assert!(told.contains("In a quiet hour run the statement below"), "{message}");
        place.run(statement);
        refusals += 1;
        assert!(refusals <= 2, "{message}");
    }
    assert!(refusals >= 1, "the server can do it beside the running work");
}

#[tokio::test]
async fn our_own_tables_do_not_depend_on_the_servers_row_format_or_engine() {
    let options = MariadbOptions::for_tests()
        .setting("innodb_default_row_format", "compact")
        .setting("default_storage_engine", "Aria");
    let server = PrivateMariadb::launch(options).unwrap();
    server.create_database("shop").unwrap();
    server.run_sql("shop", CUSTOMER).unwrap();
    server.run_sql("", "SET GLOBAL max_statement_time = 0.000001").unwrap();
    let mut tables = Place::named(&fresh("unused")).tables;
    (tables.source_schema, tables.target_schema) = ("shop".into(), "shop".into());
    let place = Place { server: &server, tables, account: None };
    place.migrate().await.unwrap();
    let others = "SET max_statement_time = 0; SELECT COUNT(*) FROM information_schema.tables
        WHERE table_schema = 'shop' AND table_type = 'BASE TABLE' AND table_name <> 'user_spending_data'
            AND (engine <> 'InnoDB' OR row_format <> 'Dynamic')";
    assert_eq!(server.run_sql("shop", others).unwrap(), "0");
}
