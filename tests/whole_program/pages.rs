//! The pages about the program itself: what they say, that they change nothing, and that nobody can wear them out.

use std::io::{Read, Write};
use std::net::TcpStream;

use cardgenius_embedded::PostgresOptions;
use cardgenius_testkit::{Gate, TestServer, populate};

use crate::daemon::{Daemon, start};
use crate::place::{CUSTOMER, backfill, migrate, migrated};
use crate::running::spawn;

/// What the server answers to these bytes, until it closes the connection.
fn answer_to(daemon: &Daemon, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(daemon.address).unwrap();
    // It may close before it has read everything.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_on_sound_databases_is_alive_and_ready_and_says_who_it_is() {
    let database = migrated();
    let daemon = Daemon::ready(start(&database));
    assert_eq!(daemon.page("/livez"), (200, "ok\n".to_owned()));
    daemon.shows("/readyz", 200, "ok      catalogue\nok      source\n").await;
    let (status, body) = daemon.page("/status");
    let page: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, page["instance"]["version"].as_str()), (200, Some(env!("CARGO_PKG_VERSION"))));
    let (status, metrics) = daemon.page("/metrics");
    assert_eq!(status, 200);
    assert!(metrics.contains("cardgenius_build_info{schema=\"2\""), "{metrics}");
    assert_eq!(daemon.page("/").0, 404);
    daemon.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_says_by_its_exit_code_whether_a_page_answers_well() {
    let database = migrated();
    let daemon = Daemon::ready(start(&database));
    daemon.shows("/readyz", 200, "source").await;
    let page = |path: &str| format!("http://{}{path}", daemon.address);
    for (url, code) in [(page("/livez"), 0), (page("/readyz"), 0), (page("/nothing"), 1), ("livez".to_owned(), 64)] {
        crate::program::start(&["probe", &url]).run().ended(code);
    }
    let gone = page("/livez");
    daemon.stop();
    crate::program::start(&["probe", &gone]).run().ended(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_can_be_changed() {
    let database = migrated();
    let daemon = Daemon::ready(start(&database));
    daemon.shows("/readyz", 200, "source").await;
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        for path in ["/status", "/readyz", "/livez", "/metrics"] {
            let answer = answer_to(&daemon, format!("{method} {path} HTTP/1.0\r\n\r\n").as_bytes());
            assert!(answer.starts_with("HTTP/1.0 405"), "{method} {path}: {answer}");
        }
    }
    let written = "SELECT (SELECT count(*) FROM {{runs}}) + (SELECT count(*) FROM {{claims}}) + (SELECT count(*) FROM cardgenius_audit
                   WHERE action <> 'migrate') + (SELECT count(*) FROM cardgenius_fires)";
    assert_eq!(database.psql(written), "0");
    daemon.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_too_much_or_too_slowly_is_sent_away() {
    let database = migrated();
    let daemon = Daemon::ready(start(&database).variable("CARDGENIUS_HTTP__TIMEOUT_MS", "300"));
    let large = format!("GET /status HTTP/1.1\r\nHost: here\r\nContent-Length: 5000\r\n\r\n{}", "x".repeat(5000));
    let answer = answer_to(&daemon, large.replace("HTTP/1.1\r\n", "HTTP/1.1\r\nConnection: close\r\n").as_bytes());
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    let endless_head = format!("GET /status HTTP/1.1\r\nX: {}", "x".repeat(100_000));
    let answer = answer_to(&daemon, endless_head.as_bytes());
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    // Never ends its request: the connection is closed, or this would wait for ever.
    let answer = answer_to(&daemon, b"GET /status HTTP/1.1\r\nHost: he");
    assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
    // Hundreds that say nothing at all do not keep others out for longer than that.
    let silent: Vec<_> = (0..200).map(|_| TcpStream::connect(daemon.address).unwrap()).collect();
    assert_eq!(daemon.page("/livez").0, 200);
    drop(silent);
    daemon.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_away_the_daemon_is_alive_and_not_ready_and_then_it_goes_on() {
    let server = TestServer::launch(PostgresOptions::for_tests());
    let database = server.empty();
    database.psql(CUSTOMER);
    migrate(&database);
    let daemon = Daemon::ready(start(&database));
    daemon.shows("/readyz", 200, "ok      source").await;
    server.postgres.stop_immediate().unwrap();
    daemon.shows("/readyz", 503, "failing source").await;
    assert_eq!(daemon.page("/livez").0, 200);
    daemon.shows("/metrics", 200, "cardgenius_database_up{database=\"source\"} 0").await;
    daemon.running.said("cannot look what there is to do");
    server.postgres.start().unwrap();
    daemon.shows("/readyz", 200, "ok      source").await;
    populate(&database.connect().await, &database.tables, 40, 411).await;
    backfill(&database, 20).run().ended(0);
    daemon.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_is_started_before_its_database_waits_for_it() {
    let server = TestServer::launch(PostgresOptions::for_tests());
    let database = server.empty();
    database.psql(CUSTOMER);
    migrate(&database);
    server.postgres.stop_immediate().unwrap();
    let daemon = Daemon::spawn(start(&database));
    daemon.shows("/readyz", 503, "failing source: not reached yet").await;
    assert_eq!(daemon.page("/livez").0, 200);
    server.postgres.start().unwrap();
    daemon.running.said("ready: waiting for what is due");
    daemon.shows("/readyz", 200, "ok      source").await;
    daemon.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_takes_no_writes_is_not_ready() {
    let server = TestServer::launch(PostgresOptions::for_tests());
    let database = server.empty();
    database.psql(CUSTOMER);
    migrate(&database);
    let daemon = Daemon::ready(start(&database));
    database.psql("ALTER SYSTEM SET default_transaction_read_only = on; SELECT pg_reload_conf()");
    daemon.shows("/readyz", 503, "takes no writes").await;
    server.empty().psql(
        "SET transaction_read_only = off; ALTER SYSTEM RESET default_transaction_read_only; SELECT pg_reload_conf()",
    );
    daemon.shows("/readyz", 200, "ok      source").await;
    daemon.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_refused_by_name_ends_the_daemon() {
    let database = crate::place::unmigrated();
    let answer = start(&database).run().ended(64);
    assert!(answer.stderr.contains("cardgenius migrate"), "{}", answer.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_taken_is_said() {
    let database = migrated();
    let first = Daemon::ready(start(&database));
    let second = crate::place::on(&database, &["run", "--http", &first.address.to_string()]).run().ended(64);
    assert!(second.stderr.contains("cannot listen at http.listen"), "{}", second.stderr);
    first.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_serves_the_same_pages_if_it_is_told_where() {
    let database = migrated();
    populate(&database.connect().await, &database.tables, 200, 412).await;
    let gate = Gate::closed_from(database.connect().await, &database.tables, "").await;
    let daemon = Daemon::spawn(backfill(&database, 20).flags(&["--http", "127.0.0.1:0"]));
    gate.reached_by(2).await;
    daemon.shows("/readyz", 200, "ok      source").await;
    daemon.shows("/metrics", 200, "cardgenius_run_in_progress{kind=\"backfill\"} 1").await;
    gate.open().await;
    daemon.running.end().ended(0);
    let plain = spawn(backfill(&database, 20)).end().ended(0);
    assert!(!plain.stderr.contains("http://"), "{}", plain.stderr);
}
