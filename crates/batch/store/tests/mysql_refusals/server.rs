//! Servers as a whole, and our own schema there.

use cardgenius_embedded::{MariadbOptions, PrivateMariadb};
use cardgenius_failure::error::ErrorKind;
use cardgenius_store::inspection::Intent;
use cardgenius_store::mysql::{MysqlServer, MysqlStore};
use cardgenius_store::server::Server;

use crate::inspected::Inspected;
use crate::place::{CUSTOMER, Place};
use crate::protocol::run_everything;

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_database_is_neither_refused_nor_warned_about_and_the_protocol_works_there() {
    let database = Inspected::sound().await;
    database.assert_sound().await;
    run_everything(&database).await;
    database.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_migrate_makes_is_asked_for_until_it_has_run() {
    let database = Inspected::of(Place::customers());
    let inspection = database.inspect().await;
    let names: Vec<&str> = inspection.refusals.iter().map(|refusal| refusal.name).collect();
    assert_eq!(names, ["missing-table", "missing-own-column", "missing-index", "missing-own-table"]);
    assert!(
        inspection.refusals.iter().all(|refusal| refusal.message.contains("`cardgenius migrate`")),
        "{inspection:#?}"
    );
    database.place.migrate().await.unwrap();
    database.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_without_a_version_or_of_another_one_is_refused() {
    let database = Inspected::sound().await;
    database.run("INSERT INTO cardgenius_schema_version (version, oldest_program, applied_by) VALUES (5, '0.1.0', 'a newer program')");
    database.assert_sound().await;
    database.run("UPDATE cardgenius_schema_version SET oldest_program = '99.1.0' WHERE version = 5");
    assert!(database.refused("new-schema").await.contains("no program older than 99.1.0"));
    database.run("UPDATE cardgenius_schema_version SET oldest_program = 'any' WHERE version = 5");
    database.refused("unknown-schema").await;
    database.run("DELETE FROM cardgenius_schema_version");
    assert!(database.refused("old-schema").await.contains("`cardgenius migrate`"));
    database.place.migrate().await.unwrap();
    database.assert_sound().await;
}

/// A server with these settings, and a migrated database in it.
async fn on_a_server_with(settings: &[(&str, &str)], options: MariadbOptions, look: impl AsyncFnOnce(Inspected<'_>)) {
    let server = PrivateMariadb::launch(options).unwrap();
    server.create_database("shop").unwrap();
    let tables = cardgenius_store::config::TableNames {
        source_schema: "shop".into(),
        target_schema: "shop".into(),
        ..cardgenius_store::config::TableNames::default()
    };
    let place = Place { server: &server, tables, account: None };
    place.run(CUSTOMER);
    place.migrate().await.unwrap();
    for (name, value) in settings {
        place.run(&format!("SET GLOBAL {name} = {value}"));
    }
    look(Inspected::of(place)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_takes_no_writes_is_refused() {
    on_a_server_with(&[("read_only", "ON")], MariadbOptions::for_tests(), async |database| {
        assert!(database.refused("read-only-server").await.contains("give the address of the primary"));
        database.run("SET GLOBAL read_only = OFF");
        database.assert_sound().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binary_log_of_statements_is_refused_and_one_of_rows_is_not() {
    let options = MariadbOptions::default().setting("log_bin", "binlog");
    on_a_server_with(&[("binlog_format", "'STATEMENT'")], options, async |database| {
        assert!(database.refused("statement-binlog").await.contains("set binlog_format to ROW"));
        database.run("SET GLOBAL binlog_format = 'ROW'");
        database.assert_sound().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_local_files_or_with_small_packets_is_warned_about() {
    let options = MariadbOptions::for_tests().local_infile(false);
    on_a_server_with(&[], options, async |database| {
        assert!(database.warned().await.starts_with("local_infile is OFF on the server of the database"));
        database.run("SET GLOBAL local_infile = ON; SET GLOBAL max_allowed_packet = 1048576");
        assert!(
            database.warned().await.starts_with("max_allowed_packet on the server of the database is 1048576 bytes")
        );
        database.run("SET GLOBAL max_allowed_packet = 16384");
        assert!(database.refused("small-packets").await.contains("SET GLOBAL max_allowed_packet = 16777216"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_reached_is_an_error_and_no_refusal() {
    let database = Inspected::sound().await;
    let mut config = database.config();
    config.source.url = config.source.url.replace("socket=", "socket=/nowhere");
    let error = MysqlStore::new(&config).unwrap().inspect(&Intent::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_ends_a_session_of_ours_whose_host_is_lost_by_our_limits_and_not_by_its_own() {
    let database = Inspected::sound().await;
    let limits =
        "SELECT @@session.wait_timeout = 180 AND @@session.net_read_timeout = 60 AND @@session.net_write_timeout = 60
        AND @@session.innodb_lock_wait_timeout = 1 AND @@session.lock_wait_timeout = 1";
    let ours = MysqlServer::source(&database.config()).unwrap();
    assert_eq!(ours.ask_whether_to_stop(limits).await.unwrap(), Ok(true));
    assert_eq!(database.run(limits), "0\n", "a session that is not ours has the server's");
}
