//! The life of a private server of the MySQL family: start, stop, restart, crash, recovery.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use cardgenius_embedded::{EmbeddedError, MariadbOptions, PrivateMariadb};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder};

fn launch() -> PrivateMariadb {
    launch_with(MariadbOptions::for_tests())
}

fn launch_with(options: MariadbOptions) -> PrivateMariadb {
    PrivateMariadb::launch(options).unwrap_or_else(|error| panic!("{error}"))
}

fn is_alive(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

fn make_a_row(server: &PrivateMariadb) {
    server.create_database("d").unwrap();
    server.run_sql("d", "CREATE TABLE kept (n int); INSERT INTO kept VALUES (42)").unwrap();
}

fn the_row(server: &PrivateMariadb) -> String {
    server.run_sql("d", "SELECT n FROM kept").unwrap()
}

async fn connect(url: &str) -> Result<Conn, mysql_async::Error> {
    // Else the driver leaves the port for the server's socket as soon as it has learned of that.
    Conn::new(OptsBuilder::from_opts(Opts::from_url(url).unwrap()).prefer_socket(false)).await
}

#[test]
fn a_launched_server_answers_over_its_socket_and_runs_as_nobody_that_matters() {
    let server = launch();
    assert_eq!(server.run_sql("mysql", "SELECT current_user(), 1 + 1").unwrap(), "cardgenius@localhost\t2");
    let owner = Path::new(&format!("/proc/{}", server.server_pid().unwrap())).metadata().unwrap().uid();
    assert_ne!(owner, 0, "a database server must not run as root");
    assert!(server.socket().metadata().unwrap().file_type().is_socket());
    let mode = server.folder().metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o700, "other accounts must not reach a server that trusts its clients");
    assert_eq!(server.run_sql("", "SELECT @@skip_networking").unwrap(), "1");
}

#[test]
fn nobody_else_may_log_in() {
    let server = launch();
    let users = "SELECT user FROM mysql.user WHERE user NOT IN ('mariadb.sys') AND user NOT LIKE 'mysql.%'";
    assert_eq!(server.run_sql("mysql", users).unwrap(), "cardgenius");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_url_is_understood_by_the_rust_driver() {
    let server = launch_with(MariadbOptions::for_tests().password("p&/ s=1").loopback_tcp());
    server.create_database("cash karo`").unwrap();
    for url in [server.url("cash karo`"), server.tcp_url("cash karo`").unwrap()] {
        let mut connection = connect(&url).await.unwrap();
        let name: Option<String> = connection.query_first("SELECT database()").await.unwrap();
        assert_eq!(name.unwrap(), "cash karo`");
        connection.disconnect().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_a_password_refuses_a_wrong_one_and_keeps_none_in_a_file() {
    let server = launch_with(MariadbOptions::for_tests().password("it's r\\ght"));
    assert_eq!(server.run_sql("", "SELECT 1").unwrap(), "1");
    let files: Vec<_> = server.folder().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!files.contains(&"first.sql".into()), "{files:?}");
    for (user, password) in [("cardgenius", Some("wrong")), ("cardgenius", None), ("root", None), ("", None)] {
        let error = connect(&server.url_as(user, password, "mysql")).await.err().unwrap();
        assert!(error.to_string().contains("1045") || error.to_string().contains("1698"), "{error}");
    }
}

#[test]
fn a_stop_ends_the_server_in_good_order_and_a_start_finds_the_data() {
    let server = launch();
    make_a_row(&server);
    let pid = server.server_pid().unwrap();
    server.stop().unwrap();
    assert!(!is_alive(pid));
    assert_eq!(server.server_pid(), None);
    assert!(server.log_tail(200).to_lowercase().contains("shutdown complete"), "{}", server.log_tail(200));
    server.stop().unwrap();
    server.start().unwrap();
    assert_eq!(the_row(&server), "42");
    assert!(matches!(server.start(), Err(EmbeddedError::AlreadyRunning { .. })));
}

#[test]
fn a_restart_keeps_data_and_tcp_port_and_takes_up_new_settings() {
    let server = launch_with(MariadbOptions::for_tests().loopback_tcp());
    let port = server.port().unwrap();
    make_a_row(&server);
    server.set("max_connections", "17").unwrap();
    server.restart().unwrap();
    assert_eq!(server.port(), Some(port));
    assert_eq!(the_row(&server), "42");
    assert_eq!(server.run_sql("", "SELECT @@max_connections, @@port").unwrap(), format!("17\t{port}"));
}

#[test]
fn after_a_kill_the_server_recovers() {
    let server = launch();
    make_a_row(&server);
    let pid = server.server_pid().unwrap();
    server.kill().unwrap();
    assert!(!is_alive(pid));
    server.start().unwrap();
    assert_eq!(the_row(&server), "42");
    assert!(server.log_tail(200).to_lowercase().contains("crash recovery"), "{}", server.log_tail(200));
}

#[test]
fn a_server_that_dies_by_itself_is_noticed_and_can_be_started_again() {
    let server = launch();
    make_a_row(&server);
    let pid = server.server_pid().unwrap();
    assert!(std::process::Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap().success());
    let deadline = Instant::now() + Duration::from_secs(30);
    while server.server_pid().is_some() {
        assert!(Instant::now() < deadline, "the end was not noticed");
        std::thread::yield_now();
    }
    server.start().unwrap();
    assert_eq!(the_row(&server), "42");
}

#[test]
fn two_servers_with_loopback_tcp_stand_side_by_side_on_ports_of_their_own() {
    let options = || MariadbOptions::for_tests().loopback_tcp();
    let (first, second) = (launch_with(options()), launch_with(options()));
    assert_ne!(first.port(), second.port());
    make_a_row(&first);
    let error = second.run_sql("", "SELECT n FROM d.kept").unwrap_err().to_string();
    assert!(error.contains("kept") || error.contains("'d'"), "{error}");
    drop(first);
    assert_eq!(second.run_sql("", "SELECT 1").unwrap(), "1");
}

#[test]
fn a_start_that_fails_shows_the_servers_own_words() {
    let error = PrivateMariadb::launch(MariadbOptions::for_tests().setting("no_such_setting", "1")).unwrap_err();
    assert!(matches!(error, EmbeddedError::EndedAtStart { .. }), "{error}");
    assert!(error.to_string().contains("no_such_setting"), "{error}");
}

#[test]
fn clients_send_files_unless_the_server_is_told_to_refuse_them() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "1\n2\n").unwrap();
    let load = format!(
        "CREATE DATABASE d; CREATE TABLE d.t (n int); LOAD DATA LOCAL INFILE '{}' INTO TABLE d.t; SELECT sum(n) FROM d.t",
        file.path().display()
    );
    assert_eq!(launch().run_sql("", &load).unwrap(), "3");
    let refusing = launch_with(MariadbOptions::for_tests().local_infile(false));
    assert_eq!(refusing.run_sql("", "SELECT @@local_infile").unwrap(), "0");
    refusing.run_sql("", &load).unwrap_err();
}

#[test]
fn durability_is_productions_unless_the_tests_ask_otherwise() {
    let shown =
        "SELECT @@innodb_flush_log_at_trx_commit, @@innodb_doublewrite, @@log_bin, @@binlog_format, @@sync_binlog";
    let durable = launch_with(MariadbOptions::default());
    assert_eq!(durable.run_sql("", shown).unwrap(), "1\t1\t1\tROW\t1");
    let quick = "SELECT @@innodb_flush_log_at_trx_commit, @@innodb_doublewrite, @@log_bin";
    assert_eq!(launch().run_sql("", quick).unwrap(), "2\t1\t0");
    let statements = MariadbOptions::for_tests().setting("log_bin", "binlog").setting("binlog-format", "STATEMENT");
    assert_eq!(launch_with(statements).run_sql("", "SELECT @@log_bin, @@binlog_format").unwrap(), "1\tSTATEMENT");
}

#[test]
fn the_text_of_a_server_is_utf8_and_its_time_utc() {
    let shown = "SELECT @@character_set_server, @@time_zone";
    assert_eq!(launch().run_sql("", shown).unwrap(), "utf8mb4\t+00:00");
}

#[test]
fn a_base_folder_that_is_not_there_is_told_by_name() {
    let error = PrivateMariadb::launch(MariadbOptions::for_tests().base_folder("/not/there")).unwrap_err();
    assert!(error.to_string().contains("/not/there"), "{error}");
}
