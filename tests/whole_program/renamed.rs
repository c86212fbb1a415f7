//! On both families, a table of users that is renamed while a dead instance holds users of it, and a switch that cannot be turned.

use std::process::Command;

use cardgenius_engine::catalogue::DEFAULT_TEXT;
use cardgenius_testkit::{Counts, Side, audit_sides, populate};

use crate::combinations::{Kind, Pair};
use crate::place::{SERVER, migrated};
use crate::program::{Start, holds_all};

/// A chunk of an instance that died, whose row was forgotten: a hundred of three hundred users, in an open run.
const HELD: &str = "INSERT INTO cardgenius_catalogues (catalogue_hash, catalogue_text) VALUES (REPEAT('a', 64), 'no text');
    INSERT INTO cardgenius_runs (run_id, source_table, kind, opened_for, as_of, catalogue_hash, engine_version, opened_by, backlog)
        SELECT '6a1b2c3d-0000-7000-8000-000000000001', source_table, 'backfill', 'ann', CURRENT_DATE, REPEAT('a', 64), '1',
            '6a1b2c3d-0000-7000-8000-000000000002', 300 FROM cardgenius_control;
    INSERT INTO cardgenius_claims (claim_id, run_id, owner, users, first_user_id, last_user_id)
        SELECT '6a1b2c3d-0000-7000-8000-000000000003', run_id, '6a1b2c3d-0000-7000-8000-000000000002', 100, 'a', 'z' FROM cardgenius_runs;
    UPDATE {{input}} SET processing_status = 'pending', claim_id = '6a1b2c3d-0000-7000-8000-000000000003'
        WHERE user_id LIKE '%5'";

/// Users, of whom some are held by a claim of an instance that died.
async fn killed_in_a_chunk(kind: Kind) -> Pair {
    let users = migrated();
    populate(&users.connect().await, &users.tables, 300, 601).await;
    let pair = Pair::migrated((kind, None));
    pair.source.populate_from(&users);
    let _ = pair.source.ask(HELD);
    assert_ne!(pair.source.ask("SELECT COUNT(*) FROM {{input}} WHERE processing_status = 'pending'"), ["0"]);
    pair
}

/// Everybody is completed, and nothing of the old name is open.
fn all_are_done(side: &Side<'_>) {
    assert_eq!(audit_sides(side, side), Counts::all_completed(300));
    assert_eq!(side.ask("SELECT COUNT(*) FROM {{claims}} WHERE state = 'open'"), ["0"]);
    assert_eq!(side.ask("SELECT COUNT(*) FROM {{runs}} WHERE state = 'open'"), ["0"]);
}

async fn a_table_renamed(kind: Kind) {
    let mut pair = killed_in_a_chunk(kind).await;
    pair.start(&["pause", "--reason", "before"]).run().ended(0);
    let _ = pair.source.ask("ALTER TABLE {{input}} RENAME TO users");
    match &mut pair.source {
        Side::Postgres(database) => database.tables.input = "users".into(),
        Side::Mariadb(database) => database.tables.input = "users".into(),
    }
    let named = |start: Start| start.variable("CARDGENIUS_SOURCE__TABLE", "users");
    named(pair.start(&["migrate"])).run().ended(0);
    named(pair.start(&["check"])).run().ended(0);
    let status = named(pair.start(&["status"])).run().ended(0);
    holds_all(&status.stdout, &["before"]);
    named(pair.start(&["resume"])).run().ended(0);
    named(pair.backfill(100)).run().ended(0);
    all_are_done(&pair.source);
}

#[tokio::test(flavor = "multi_thread")]
async fn users_of_a_renamed_table_are_freed_and_its_pause_holds() {
    a_table_renamed(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_of_a_renamed_table_are_freed_and_its_pause_holds_on_mariadb() {
    a_table_renamed(Kind::Mariadb).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_schema_is_refused_until_it_is_migrated_and_then_its_users_are_done() {
    let mut pair = killed_in_a_chunk(Kind::Postgres).await;
    let _ = pair.source.ask("ALTER SCHEMA public RENAME TO shop");
    if let Side::Postgres(database) = &mut pair.source {
        (database.tables.input_schema, database.tables.output_schema) = ("shop".into(), "shop".into());
    }
    let named = |start: Start| {
        start.variable("CARDGENIUS_SOURCE__SCHEMA", "shop").variable("CARDGENIUS_TARGET__SCHEMA", "shop")
    };
    let refused = named(pair.start(&["check"])).refused();
    holds_all(&refused, &["renamed-table", "public.user_spending_data", "cardgenius migrate"]);
    named(pair.start(&["migrate"])).run().ended(0);
    named(pair.start(&["check"])).run().ended(0);
    named(pair.start(&["pause", "--reason", "a trial"])).run().ended(0);
    let audit = "SELECT COUNT(*) FROM shop.cardgenius_audit WHERE action = 'pause' AND detail = 'a trial'";
    assert_eq!(pair.source.ask(audit), ["1"]);
    named(pair.start(&["resume"])).run().ended(0);
    named(pair.backfill(100)).run().ended(0);
    all_are_done(&pair.source);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_from_the_middle_of_a_run_is_worked_in_a_database_of_another_name() {
    // Without its comments our columns are known again by our index.
    for options in [&[][..], &["--no-comments"]] {
        let original = killed_in_a_chunk(Kind::Postgres).await;
        let dump = Command::new(SERVER.postgres.bindir().join("pg_dump"))
            .args(options)
            .args(["--no-owner", "--dbname", &original.source.url()])
            .output()
            .unwrap();
        assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
        let copy = Pair { source: Side::Postgres(SERVER.empty()), second: None };
        let Side::Postgres(database) = &copy.source else { unreachable!("made on PostgreSQL") };
        let _ = database.psql(&String::from_utf8(dump.stdout).unwrap());
        copy.start(&["check"]).run().ended(0);
        copy.start(&["migrate"]).run().ended(0);
        copy.start(&["pause", "--reason", "a trial"]).run().ended(0);
        let audit = "SELECT COUNT(*) FROM cardgenius_audit WHERE action = 'pause' AND detail = 'a trial'";
        assert_eq!((copy.source.ask(audit), original.source.ask(audit)), (vec!["1".into()], vec!["0".into()]));
        copy.start(&["resume"]).run().ended(0);
        let catalogue = DEFAULT_TEXT.replace('\'', "''");
        let _ = database.psql(&format!("UPDATE cardgenius_catalogues SET catalogue_text = '{catalogue}'"));
        let short = copy
            .backfill(100)
            .variable("CARDGENIUS_LEASE__LEASE_MS", "1500")
            .variable("CARDGENIUS_LEASE__RENEW_MS", "400")
            .variable("CARDGENIUS_LEASE__SWEEP_MS", "200")
            .variable("CARDGENIUS_LIMITS__RENEW_STATEMENT_MS", "400");
        short.run().ended(0);
        all_are_done(&copy.source);
        // The original is as it was.
        assert_eq!(original.source.ask("SELECT COUNT(*) FROM {{input}} WHERE processing_status = 'completed'"), ["0"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_whose_triggers_are_gone_is_told_by_check_and_mended_by_migrate() {
    for (kind, drop, told) in [
        (Kind::Postgres, "DROP TRIGGER cardgenius_control_audited ON cardgenius_control", "not written to the audit"),
        (Kind::Mariadb, "DROP TRIGGER cardgenius_control_update_audited", "not written to the audit"),
    ] {
        let pair = Pair::migrated((kind, None));
        let audit = "SELECT COUNT(*) FROM cardgenius_audit WHERE action <> 'migrate'";
        assert_eq!(pair.source.ask(audit), ["0"], "the look left something behind");
        let _ = pair.source.ask(drop);
        holds_all(&pair.start(&["check"]).run().ended(0).stderr, &[told, "cardgenius migrate"]);
        pair.start(&["migrate"]).run().ended(0);
        let mended = pair.start(&["check"]).run().ended(0).stderr;
        assert!(!mended.contains(told), "{mended}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_that_a_trigger_turns_back_is_told_by_check_and_by_pause() {
    for kind in [Kind::Postgres, Kind::Mariadb] {
        let pair = Pair::migrated((kind, None));
        let _ = pair.source.ask(match kind {
            Kind::Postgres => {
                "CREATE FUNCTION lies() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.paused := false; RETURN NEW; END';
                 CREATE TRIGGER lies BEFORE INSERT OR UPDATE ON cardgenius_control FOR EACH ROW EXECUTE FUNCTION lies()"
            }
            Kind::Mariadb => {
                "CREATE TRIGGER lies BEFORE UPDATE ON cardgenius_control FOR EACH ROW SET NEW.paused = FALSE;
                 CREATE TRIGGER lies_too BEFORE INSERT ON cardgenius_control FOR EACH ROW SET NEW.paused = FALSE"
            }
        });
        let told = "look at the triggers of cardgenius_control";
        holds_all(
            &pair.start(&["pause", "--reason", "a trial"]).run().ended(1).stderr,
            &["the switch does not stay as it was turned", told],
        );
        // On MariaDB the triggers are refused by name, so that the switch is not tried.
        let (code, told) = if kind == Kind::Postgres { (0, told) } else { (64, "has the trigger lies_too of ") };
        holds_all(&pair.start(&["check"]).run().ended(code).stderr, &[told]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_whose_triggers_belong_to_a_dropped_account_is_told_by_check() {
    let pair = Pair { source: Kind::Mariadb.source(), second: None };
    let Side::Mariadb(database) = &pair.source else { unreachable!("made on MariaDB") };
    let _ = pair.source.ask("CREATE USER leaving; GRANT ALL ON *.* TO leaving");
    let url = database.server.url_as("leaving", None, &database.name);
    pair.start(&["migrate", "--url", &url]).run().ended(0);
    let _ = pair.source.ask("DROP USER leaving");
    let told = pair.start(&["check"]).run().ended(0).stderr;
    holds_all(&told, &["the switch cannot be turned", "1449", "the account that migrates must stay"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_is_told_its_address_alone_on_mariadb() {
    let pair = Pair { source: Kind::Mariadb.source(), second: None };
    crate::program::start(&["migrate", "--url", &pair.source.url()]).run().ended(0);
    pair.start(&["check"]).run().ended(0);
}
