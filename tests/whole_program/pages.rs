//! The pages about the program itself: what they say, that they change nothing, and that nobody can wear them out.

use std::io::{Read, Write};
use std::net::TcpStream;

use cardgenius_embedded::PostgresOptions;
use cardgenius_testkit::{Gate, TestServer, populate, until};
use serde_json::Value as Json;

use crate::daemon::{Daemon, start};
use crate::place::{backfill, migrated, migrated_on, on};
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
    let page: Json = serde_json::from_str(&body).unwrap();
    assert_eq!((status, page["instance"]["version"].as_str()), (200, Some(env!("CARGO_PKG_VERSION"))));
    let (status, metrics) = daemon.page("/metrics");
    assert_eq!(status, 200);
    assert!(metrics.contains("cardgenius_build_info{schema=\"4\""), "{metrics}");
    assert_eq!(daemon.page("/").0, 404);
    daemon.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_page_shows_a_run_in_the_middle_the_backlog_the_schedule_and_the_pools() {
    let database = migrated();
    populate(&database.connect().await, &database.tables, 600, 413).await;
    database.psql("UPDATE {{input}} SET avg_amazon_gmv = -1 WHERE user_id <= 'CK0000003'");
    let gate = Gate::closed_from(database.connect().await, &database.tables, "CK0000301").await;
    let daemon = Daemon::ready(start(&database));
    on(&database, &["run-now"]).run().ended(0);
    gate.reached_by(2).await;
    // An answer may be a little old.
    let page = until("the status page to show the first half", async || {
        let (status, body) = daemon.page("/status");
        let page: Json = serde_json::from_str(&body).unwrap();
        let overview = &page["overview"];
        let is_in_flight = overview["run"]["open_claims"] == 4 && overview["backlog"]["pending"] == 80;
        (status == 200 && overview["run"]["done"] == 300 && is_in_flight).then_some(page)
    })
    .await;
    let (overview, instance) = (&page["overview"], &page["instance"]);
    let run = &overview["run"];
    assert_eq!((&run["total"], &run["failed"], &run["kind"]), (&600.into(), &3.into(), &"manual".into()), "{run}");
    let speed = run["users_per_second"].as_f64().unwrap();
    let eta = run["eta_seconds"].as_u64().unwrap();
    // Of the last minute: three hundred users within it, and no more.
    assert!(speed > 0.0 && speed <= 300.0, "{run}");
    assert!((1..=3600).contains(&eta), "{run}");
    let backlog = &overview["backlog"];
    assert_eq!((&backlog["new"], &backlog["failed"]), (&220.into(), &3.into()), "{backlog}");
    let schedule = &overview["schedules"][0];
    assert_eq!((&schedule["name"], &schedule["last_fire"]), (&"weekly".into(), &Json::Null));
    // Monday 02:00 in India.
    assert!(schedule["next_fire"].as_str().unwrap().ends_with("T20:30:00Z"), "{schedule}");
    let last_runs = overview["last_runs"].as_array().unwrap();
    assert_eq!((last_runs.len(), &last_runs[0]["state"], &last_runs[0]["run_id"]), (1, &"open".into(), &run["run_id"]));
    let seen = &overview["instances"][0];
    assert_eq!(
        (&seen["instance_id"], &seen["users_held"], &seen["alive"]),
        (&instance["id"], &80.into(), &true.into())
    );
    let pool = &instance["pools"]["source"];
    let [size, in_use, idle] = ["size", "in_use", "idle"].map(|key| pool[key].as_u64().unwrap());
    assert!(in_use >= 2 && in_use + idle <= size, "two wait at the gate: {pool}");
    assert_eq!(instance["pools"]["target"], Json::Null, "one database");
    assert_eq!((&instance["catalogue_fault"], instance["catalogue_hash"].as_str().unwrap().len()), (&Json::Null, 64));
    assert!(!page.to_string().contains("gmv"));

    gate.open().await;
    daemon.running.said("run over");
    let over = until("the status page to show no run", async || {
        let page: Json = serde_json::from_str(&daemon.page("/status").1).unwrap();
        page["overview"]["run"].is_null().then_some(page)
    })
    .await;
    let last = &over["overview"]["last_runs"][0];
    assert_eq!((&last["state"], &last["completed"], &last["failed"]), (&"done".into(), &597.into(), &3.into()));
    assert_eq!(over["overview"]["backlog"]["new"], 0);
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
    let large = format!("GET /status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\n{}", "x".repeat(5000));
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
    let database = migrated_on(&server);
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
    let database = migrated_on(&server);
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
    let database = migrated_on(&server);
    let daemon = Daemon::ready(start(&database));
    database.psql("ALTER SYSTEM SET default_transaction_read_only = on; SELECT pg_reload_conf()");
    daemon.shows("/readyz", 503, "takes no writes").await;
    database.psql(
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
async fn an_address_that_is_taken_is_said_and_a_later_start_may_get_through() {
    let database = migrated();
    let first = Daemon::ready(start(&database));
    let taken = first.address.to_string();
    let second = on(&database, &["run", "--http", &taken]).run().ended(75);
    assert!(second.stderr.contains("cannot listen at http.listen"), "{}", second.stderr);
    assert!(second.stderr.contains("is another instance there?"), "{}", second.stderr);
    first.stop();
    Daemon::ready(on(&database, &["run", "--http", &taken])).stop();
    // An address of another machine may be this one's after a failover.
    on(&database, &["run", "--http", "192.0.2.1:9187"]).run().ended(75);
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
