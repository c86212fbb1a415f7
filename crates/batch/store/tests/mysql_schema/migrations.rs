use std::sync::{Arc, Mutex};

use cardgenius_store::migrate::migrate;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts};

use crate::place::{Place, fresh};

#[tokio::test]
async fn a_migration_is_done_again_without_a_change_and_says_what_is_there() {
    let place = Place::customers();
    let told = place.migrate().await.unwrap();
    assert!(told.iter().any(|line| line.contains("building the index")), "{told:?}");
    assert!(told.last().unwrap().starts_with("schema version 4 is in force"), "{told:?}");
    let schema = place.schema();
    let told = place.migrate().await.unwrap();
    for there in ["0001_09_input_columns: the columns are there", "0001_10_input_unsettled: the index is there"] {
        assert!(told.iter().any(|line| line == there), "{told:?}");
    }
    assert_eq!(place.schema(), schema);
    assert_eq!(place.run("SELECT version, oldest_program FROM cardgenius_schema_version"), "4\t0.1.0\n");
    assert_eq!(place.run("SELECT COUNT(*) FROM cardgenius_audit WHERE action = 'migrate'"), "2\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_migrations_at_once_one_waits_for_the_other() {
    let place = Place::customers();
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let (config, told) = (place.config(), told.clone());
            tokio::spawn(
                async move { migrate(&config, &mut |step: &str| told.lock().unwrap().push(step.into())).await },
            )
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let told = std::mem::take(&mut *told.lock().unwrap());
    assert!(
        told.iter().any(|line| line.starts_with("another session holds the lock of the migrations (connection ")),
        "{told:?}"
    );
    assert_eq!(told.iter().filter(|line| line.contains("building the index")).count(), 1, "{told:?}");
    assert_eq!(place.schema(), Place::migrated().await.schema());
}

#[tokio::test]
async fn columns_that_are_there_already_are_passed_over_one_by_one() {
    let place = Place::customers();
    place.run("ALTER TABLE user_spending_data ADD COLUMN attempts SMALLINT NOT NULL DEFAULT 0 COMMENT 'CardGenius: made by hand'");
    place.migrate().await.unwrap();
    let columns = place.run(
        "SELECT column_name, column_comment = 'CardGenius: made by hand' FROM information_schema.columns WHERE table_schema = DATABASE()
         AND table_name = 'user_spending_data' AND column_name IN ('claim_id', 'attempts', 'crashes', 'processed_at')
         ORDER BY column_name",
    );
    assert_eq!(columns, "attempts\t1\nclaim_id\t0\ncrashes\t0\nprocessed_at\t0\n");
}

#[tokio::test]
async fn a_table_that_takes_no_columns_in_an_instant_is_built_anew_and_that_is_told() {
    let place = Place::customers();
    place.run("ALTER TABLE user_spending_data ROW_FORMAT = COMPRESSED");
    let told = place.migrate().await.unwrap();
    assert!(told.iter().any(|line| line.starts_with("0001_09_input_columns: not in an instant")), "{told:?}");
    let told = place.migrate().await.unwrap();
    assert!(told.iter().any(|line| line == "0001_09_input_columns: the columns are there"), "{told:?}");
}

#[tokio::test]
async fn every_table_and_every_column_of_ours_has_a_comment() {
    let place = Place::migrated().await;
    let bare = place.run(
        "SELECT table_name, '' FROM information_schema.tables
         WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' AND table_comment = ''
             AND table_name <> 'user_spending_data'
         UNION ALL
         SELECT c.table_name, c.column_name FROM information_schema.columns AS c
         JOIN information_schema.tables AS t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
         WHERE c.table_schema = DATABASE() AND t.table_type = 'BASE TABLE' AND c.column_comment = ''
             AND (c.table_name <> 'user_spending_data'
                 OR c.column_name IN ('claim_id', 'attempts', 'crashes', 'processed_at'))",
    );
    assert_eq!(bare, "");
}

#[tokio::test]
async fn the_views_and_the_columns_of_ours_are_those_of_postgresql() {
    let place = Place::migrated().await;
    for (view, template) in [
        ("status", include_str!("../../../../../sql/postgres/views/status.sql")),
        ("progress", include_str!("../../../../../sql/postgres/views/progress.sql")),
        ("stuck", include_str!("../../../../../sql/postgres/views/stuck.sql")),
        ("recent_runs", include_str!("../../../../../sql/postgres/views/recent_runs.sql")),
        ("slow_chunks", include_str!("../../../../../sql/postgres/views/slow_chunks.sql")),
    ] {
        let theirs = template.split_once("}} (").unwrap().1.split_once(") AS").unwrap().0;
        let theirs: Vec<&str> = theirs.split(',').map(str::trim).collect();
        let ours = place.run(&format!(
            "SELECT column_name FROM information_schema.columns
             WHERE table_schema = DATABASE() AND table_name = 'cardgenius_{view}' ORDER BY ordinal_position"
        ));
        assert_eq!(ours.lines().collect::<Vec<_>>(), theirs, "{view}");
    }
}

#[tokio::test]
async fn what_must_hold_of_our_tables_is_held_by_the_server() {
    let place = Place::migrated().await;
    let run =
        "INSERT INTO cardgenius_runs (run_id, source_table, kind, opened_for, as_of, catalogue_hash, engine_version,
        opened_by, backlog) SELECT UUID(), 'a.b', 'backfill', 'ann', CURRENT_DATE, catalogue_hash, '1', UUID(), 9
        FROM cardgenius_catalogues";
    let claim = "INSERT INTO cardgenius_claims (claim_id, run_id, owner, users, first_user_id, last_user_id)
        SELECT UUID(), run_id, UUID(), 2, 'a', 'b' FROM cardgenius_runs";
    place.run("INSERT INTO cardgenius_catalogues (catalogue_hash, catalogue_text) VALUES (REPEAT('a', 64), '{}')");
    place.run(run);
    place.run(claim);
    for (script, constraint) in [
        (run, "cardgenius_runs_one_open"),
        ("UPDATE cardgenius_runs SET closed_at = UTC_TIMESTAMP(6)", "cardgenius_runs_closed"),
        ("UPDATE cardgenius_runs SET kind = 'daily'", "cardgenius_runs_kind"),
        ("UPDATE cardgenius_runs SET max_users = 0", "cardgenius_runs_max_users"),
        ("UPDATE cardgenius_claims SET completed = 3, rows_loaded = 30", "cardgenius_claims_add_up"),
        ("UPDATE cardgenius_claims SET completed = 1, rows_loaded = 9", "cardgenius_claims_ten_rows_each"),
        (
            "UPDATE cardgenius_claims SET state = 'finished', closed_at = UTC_TIMESTAMP(6), returned = 1",
            "cardgenius_claims_add_up",
        ),
        ("DELETE FROM cardgenius_runs", "cardgenius_claims_run"),
        ("DELETE FROM cardgenius_catalogues", "cardgenius_runs_catalogue"),
        (
            "INSERT INTO cardgenius_catalogues (catalogue_hash, catalogue_text) VALUES (REPEAT('A', 64), '{}')",
            "cardgenius_catalogues_hash",
        ),
    ] {
        let error = place.server.run_sql(&place.tables.source_schema, script).unwrap_err().to_string();
        assert!(error.contains(constraint), "{script}: {error}");
    }
    // A closed run makes room for the next.
    place.run("UPDATE cardgenius_runs SET state = 'done', closed_at = UTC_TIMESTAMP(6)");
    place.run(&format!("{run} LIMIT 1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_waits_says_which_session_holds_its_lock() {
    let place = Place::customers();
    let stranger = fresh("mallory");
    place.run(&format!("CREATE USER {stranger}"));
    let opts = mysql_async::OptsBuilder::default()
        .socket(Some(place.server.socket().display().to_string()))
        .user(Some(&stranger));
    let mut holder = Conn::new(Opts::from(opts)).await.unwrap();
    let lock = include_str!("../../src/mysql/sql/migrate_lock.sql").replace("$1", "?");
    let held: Option<u8> = holder.exec_first(lock, (&place.tables.source_schema,)).await.unwrap();
    assert_eq!(held, Some(1));
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let config = place.config();
    let migrating = tokio::spawn(async move {
        migrate(&config, &mut |step: &str| told.send(step.to_owned()).unwrap()).await.unwrap();
    });
    let first = heard.recv().await.unwrap();
    let expected = format!("(connection {}, account {stranger}, from localhost)", holder.id());
    assert!(first.contains(&expected) && first.ends_with("waiting for that to end"), "{first}");
    drop(holder);
    migrating.await.unwrap();
}
