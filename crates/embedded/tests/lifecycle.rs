//! A private server's life: start, stop, restart, crash, recovery.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use cardgenius_embedded::{EmbeddedError, Locale, PostgresOptions, PrivatePostgres};

fn launch() -> PrivatePostgres {
    PrivatePostgres::launch(PostgresOptions::for_tests()).unwrap()
}

fn is_alive(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

fn make_a_row(server: &PrivatePostgres) {
    server.psql("postgres", "CREATE TABLE kept (n int); INSERT INTO kept VALUES (42)").unwrap();
}

fn the_row(server: &PrivatePostgres) -> String {
    server.psql("postgres", "SELECT n FROM kept").unwrap()
}

#[test]
fn a_launched_server_answers_over_its_socket_and_runs_as_nobody_that_matters() {
    let server = launch();
    assert_eq!(server.psql("postgres", "SELECT current_user, 1 + 1").unwrap(), "cardgenius|2");
    let owner = Path::new(&format!("/proc/{}", server.postmaster_pid().unwrap())).metadata().unwrap().uid();
    assert_ne!(owner, 0, "a database server must not run as root");
    assert!(server.socket_dir().join(".s.PGSQL.5432").metadata().unwrap().file_type().is_socket());
    let mode = server.folder().metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o700, "other accounts must not reach a server that trusts its clients");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_url_is_understood_by_the_rust_driver_and_by_libpq() {
    let options = PostgresOptions::for_tests().password("p&/ s=1").loopback_tcp();
    let server = PrivatePostgres::launch(options).unwrap();
    server.create_database("cash karo").unwrap();
    for url in [server.url("cash karo"), server.tcp_url("cash karo").unwrap()] {
        let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
        let task = tokio::spawn(connection);
        let row = client.query_one("SELECT current_database()::text", &[]).await.unwrap();
        assert_eq!(row.get::<_, String>(0), "cash karo");
        drop(client);
        task.await.unwrap().unwrap();
        let psql = std::process::Command::new(server.bindir().join("psql"))
            .args(["-XAt", "-c", "SELECT current_database()", &url])
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&psql.stdout), "cash karo\n", "{psql:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_a_password_refuses_a_wrong_one_on_the_socket_too() {
    let server = PrivatePostgres::launch(PostgresOptions::for_tests().password("right")).unwrap();
    assert!(!server.folder().join("password").exists());
    let url = server.url_as("cardgenius", Some("wrong"), "postgres");
    let error = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.err().unwrap();
    assert_eq!(error.code(), Some(&tokio_postgres::error::SqlState::INVALID_PASSWORD), "{error}");
}

#[test]
fn a_stop_ends_every_process_and_a_start_finds_the_data() {
    let server = launch();
    make_a_row(&server);
    let pid = server.postmaster_pid().unwrap();
    server.stop().unwrap();
    assert!(!is_alive(pid));
    assert_eq!(server.postmaster_pid(), None);
    assert!(!server.socket_dir().join(".s.PGSQL.5432").exists());
    server.stop().unwrap();
    server.start().unwrap();
    assert_eq!(the_row(&server), "42");
    assert!(matches!(server.start(), Err(EmbeddedError::AlreadyRunning { .. })));
}

#[test]
fn a_restart_keeps_data_and_tcp_port_and_takes_up_new_settings() {
    let server = PrivatePostgres::launch(PostgresOptions::for_tests().loopback_tcp()).unwrap();
    let port = server.port();
    make_a_row(&server);
    server.set("max_connections", "17").unwrap();
    server.restart().unwrap();
    assert_eq!(server.port(), port);
    assert_eq!(the_row(&server), "42");
    assert_eq!(server.psql("postgres", "SHOW max_connections").unwrap(), "17");
}

#[test]
fn after_an_immediate_stop_the_server_recovers() {
    let server = launch();
    make_a_row(&server);
    server.stop_immediate().unwrap();
    server.start().unwrap();
    assert_eq!(the_row(&server), "42");
    assert!(server.log_tail(200).contains("automatic recovery in progress"), "{}", server.log_tail(200));
}

#[test]
fn after_a_kill_no_process_is_left_and_the_server_recovers() {
    let server = launch();
    make_a_row(&server);
    // A session that is busy, and so would live on for a while after its postmaster.
    let busy = std::process::Command::new(server.bindir().join("psql"))
        .args(["-X", "-c", "SELECT count(*) FROM generate_series(1, 20000000000)", &server.url("postgres")])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let busy_pid = loop {
        let pid = server
            .psql(
                "postgres",
                "SELECT pid FROM pg_stat_activity WHERE query LIKE '%generate_series(1%' AND pid <> pg_backend_pid()",
            )
            .unwrap();
        if let Ok(pid) = pid.parse() {
            break pid;
        }
    };
    let pid = server.postmaster_pid().unwrap();
    server.kill().unwrap();
    assert!(!is_alive(pid));
    // Its parent is gone, so the machine's first process collects it: until then it may still be listed.
    let deadline = Instant::now() + Duration::from_secs(30);
    while is_alive(busy_pid) {
        assert!(Instant::now() < deadline, "the busy session {busy_pid} outlived its server");
        std::thread::yield_now();
    }
    assert!(!busy.wait_with_output().unwrap().status.success());
    server.start().unwrap();
    assert_eq!(the_row(&server), "42");
    assert!(server.log_tail(200).contains("automatic recovery in progress"));
}

#[test]
fn a_server_that_dies_by_itself_is_noticed_and_can_be_started_again() {
    let server = launch();
    make_a_row(&server);
    let pid = server.postmaster_pid().unwrap();
    assert!(std::process::Command::new("kill").args(["-INT", &pid.to_string()]).status().unwrap().success());
    let deadline = Instant::now() + Duration::from_secs(30);
    while server.postmaster_pid().is_some() {
        assert!(Instant::now() < deadline, "the end was not noticed");
        std::thread::yield_now();
    }
    server.start().unwrap();
    assert_eq!(the_row(&server), "42");
}

#[test]
fn two_servers_stand_side_by_side() {
    let (first, second) = (launch(), launch());
    make_a_row(&first);
    assert_ne!(first.socket_dir(), second.socket_dir());
    let error = second.psql("postgres", "SELECT n FROM kept").unwrap_err().to_string();
    assert!(error.contains("kept"), "{error}");
    drop(first);
    assert_eq!(second.psql("postgres", "SELECT 1").unwrap(), "1");
}

#[test]
fn two_servers_with_loopback_tcp_have_ports_of_their_own() {
    let options = || PostgresOptions::for_tests().loopback_tcp();
    let (first, second) = (PrivatePostgres::launch(options()).unwrap(), PrivatePostgres::launch(options()).unwrap());
    assert_ne!(first.port(), second.port());
}

#[test]
fn a_start_that_fails_shows_the_servers_own_words() {
    let options = PostgresOptions::for_tests().setting("max_connections", "many");
    let error = PrivatePostgres::launch(options).unwrap_err();
    assert!(matches!(error, EmbeddedError::EndedAtStart { .. }), "{error}");
    assert!(error.to_string().contains("invalid value for parameter \"max_connections\""), "{error}");
}

#[test]
fn a_locale_that_the_machine_lacks_is_told_in_initdbs_own_words() {
    let options = PostgresOptions::for_tests().locale(Locale::Libc("xx_XX.UTF-8".to_owned()));
    let error = PrivatePostgres::launch(options).unwrap_err();
    assert!(matches!(error, EmbeddedError::Preparation { .. }), "{error}");
    assert!(error.to_string().contains("xx_XX"), "{error}");
}

#[test]
fn the_default_locale_orders_by_code_point() {
    let sorted = "SELECT string_agg(w, '' ORDER BY w) FROM unnest(ARRAY['a','B','c']) w";
    assert_eq!(launch().psql("postgres", sorted).unwrap(), "Bac");
}

#[test]
fn files_and_settings_are_there_at_the_first_start() {
    let server = PrivatePostgres::launch(
        PostgresOptions::for_tests()
            .file("pg_hba.conf", "local postgres all trust\n")
            .setting("application_name", "with space")
            .setting("lock_timeout", "123ms"),
    )
    .unwrap();
    assert_eq!(server.psql("postgres", "SHOW lock_timeout").unwrap(), "123ms");
    let error = server.psql("template1", "SELECT 1").unwrap_err().to_string();
    assert!(error.contains("pg_hba.conf"), "{error}");
}

#[test]
fn durability_is_productions_unless_the_tests_ask_otherwise() {
    let shown = "SHOW fsync; SHOW full_page_writes; SHOW synchronous_commit";
    let durable = PrivatePostgres::launch(PostgresOptions::default()).unwrap();
    assert_eq!(durable.psql("postgres", shown).unwrap(), "on\non\non");
    assert_eq!(launch().psql("postgres", shown).unwrap(), "off\noff\non");
}

#[test]
fn a_base_folder_that_is_too_long_for_a_socket_is_refused() {
    let long = format!("/{}", "x".repeat(90));
    let error = PrivatePostgres::launch(PostgresOptions::for_tests().base_folder(long)).unwrap_err().to_string();
    assert!(error.contains("too long a path for a Unix socket"), "{error}");
}

#[test]
fn a_base_folder_that_is_not_there_is_told_by_name() {
    let error = PrivatePostgres::launch(PostgresOptions::for_tests().base_folder("/not/there")).unwrap_err();
    assert!(error.to_string().contains("/not/there"), "{error}");
}
