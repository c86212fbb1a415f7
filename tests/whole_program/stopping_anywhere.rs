//! Signals work in every state: while files, networks, databases or locks hold the program up.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use cardgenius_embedded::PostgresOptions;
use cardgenius_testkit::{Counts, Gate, TestServer, populate, until};
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, mkfifo};

use crate::daemon::{self, Daemon};
use crate::place::{audited, backfill, migrated, migrated_on, on};
use crate::program::{Start, holds_all, start};
use crate::running::{Running, spawn};

/// No stop waits as long as this. The limits of what is waited for are longer.
const SOON: Duration = Duration::from_secs(30);

/// Asks it to end, which it must do soon.
fn stops(running: Running, signal: Signal, code: i32) {
    let begun = Instant::now();
    running.signal(signal);
    running.end().ended(code);
    assert!(begun.elapsed() < SOON, "it took {:?}", begun.elapsed());
}

fn fifo(start: &Start) -> String {
    let path = start.folder.path().join("pipe");
    mkfifo(&path, Mode::S_IRWXU).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_pipe_in_the_place_of_a_file_is_refused_at_once() {
    for (arguments, flag) in
        [(["catalog", "list"], "--config"), (["config", "show"], "--config"), (["catalog", "check"], "")]
    {
        let start = start(&arguments);
        let path = fifo(&start);
        let flags = [flag, &path];
        let said = start.flags(&flags[usize::from(flag.is_empty())..]).refused();
        holds_all(&said, &["pipe", "it is not a regular file"]);
    }
    for name in ["CARDGENIUS_SOURCE__PASSWORD_FILE", "CARDGENIUS_CATALOG__PATH"] {
        let start = start(&["--backfill"]).variable("CARDGENIUS_SOURCE__URL", "postgres://x@127.0.0.1:1/x");
        let path = fifo(&start);
        holds_all(&start.variable(name, &path).refused(), &["pipe", "it is not a regular file"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_whose_catalogue_becomes_a_pipe_says_so_on_its_page_and_can_be_stopped() {
    let database = migrated();
    let start = daemon::start(&database);
    let path = fifo(&start);
    let daemon = Daemon::spawn(start.variable("CARDGENIUS_CATALOG__PATH", &path));
    daemon.shows("/readyz", 503, "failing catalogue: cannot read the catalogue").await;
    daemon.shows("/readyz", 503, "it is not a regular file").await;
    daemon.stop();
}

/// A server that takes connections and never says a word.
fn black_hole() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_is_heard_while_the_program_waits_for_a_database_that_never_answers() {
    for scheme in ["postgres", "mysql"] {
        let (hole, port) = black_hole();
        for (arguments, code) in [(["--backfill", "--workers=1"], 4), (["run", "--http=127.0.0.1:0"], 0)] {
            let start = start(&arguments)
                .variable("CARDGENIUS_SOURCE__URL", &format!("{scheme}://x@127.0.0.1:{port}/x"))
                .variable("CARDGENIUS_LIMITS__CONNECT_MS", "60000")
                .variable("CARDGENIUS_LIMITS__ACQUIRE_MS", "60000");
            let running = spawn(start);
            let _connection = hole.accept().unwrap();
            stops(running, Signal::SIGTERM, code);
        }
        let running =
            spawn(start(&["check"]).variable("CARDGENIUS_SOURCE__URL", &format!("{scheme}://x@127.0.0.1:{port}/x")));
        let _connection = hole.accept().unwrap();
        running.signal(Signal::SIGTERM);
        running.ended_by(Signal::SIGTERM);
    }
}

/// Sends a signal to the server and to each of its sessions.
fn to_all_of(server: &TestServer, signal: Signal) {
    let postmaster = server.postgres.postmaster_pid().unwrap().to_string();
    for entry in std::fs::read_dir("/proc").unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let stat = std::fs::read_to_string(format!("/proc/{name}/stat")).unwrap_or_default();
        // The parent is the second field after the name, which is in brackets: proc(5).
        let parent = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1));
        if name == postmaster || parent == Some(&postmaster) {
            // A session may have ended meanwhile.
            let _ = kill(Pid::from_raw(name.parse().unwrap()), signal);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_is_heard_while_the_database_is_frozen_and_while_everybody_is_paused() {
    let server = TestServer::launch(PostgresOptions::for_tests());
    let database = migrated_on(&server);
    populate(&database.connect().await, &database.tables, 200, 521).await;
    on(&database, &["pause", "--reason", "to be stopped"]).run().ended(0);
    let paused = spawn(backfill(&database, 20));
    paused.said("paused by an operator");
    stops(paused, Signal::SIGTERM, 4);

    on(&database, &["resume"]).run().ended(0);
    let gate = Gate::closed_from(database.connect().await, &database.tables, "").await;
    let impatient = |start: Start| start.variable("CARDGENIUS_PIPELINE__GRACE_MS", "1000");
    let daemon = Daemon::ready(impatient(daemon::start(&database)));
    daemon.running.said("joined the open run");
    let run = spawn(impatient(backfill(&database, 20)));
    run.said("joined the open run");
    gate.reached_by(2).await;
    to_all_of(&server, Signal::SIGSTOP);
    let hasty = spawn(on(&database, &["requeue", "--everybody", "--yes"]));
    hasty.signal(Signal::SIGTERM);
    hasty.ended_by(Signal::SIGTERM);
    stops(daemon.running, Signal::SIGTERM, 0);
    run.signal(Signal::SIGTERM);
    run.said("SIGTERM: stopping");
    stops(run, Signal::SIGINT, 4);
    to_all_of(&server, Signal::SIGCONT);
    gate.open().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_waits_for_its_turn_can_be_stopped() {
    let database = migrated();
    let client = database.connect().await;
    client.batch_execute("BEGIN; LOCK TABLE cardgenius_schema_version IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let migration = spawn(on(&database, &["migrate"]));
    let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND database =
                   (SELECT oid FROM pg_database WHERE datname = current_database())";
    until("a migration that waits", async || (database.psql(waiting) != "0").then_some(())).await;
    migration.signal(Signal::SIGTERM);
    migration.ended_by(Signal::SIGTERM);
    client.batch_execute("ROLLBACK").await.unwrap();
    on(&database, &["migrate"]).run().ended(0);
}

/// The same start with these signals as a terminal's shell sets them, whatever runs the tests.
fn with_signals(mut start: Start, how: &str) -> Start {
    let mut by = std::process::Command::new("/usr/bin/env");
    by.env_clear().current_dir(start.folder.path());
    by.envs(start.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    by.arg(how).arg(start.command.get_program()).args(start.command.get_args());
    start.command = by;
    start
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_terminal_and_ctrl_backslash_stop_as_sigterm_does() {
    for (signal, seed) in [(Signal::SIGHUP, 522), (Signal::SIGQUIT, 523)] {
        let database = migrated();
        populate(&database.connect().await, &database.tables, 200, seed).await;
        on(&database, &["pause", "--reason", "to be stopped"]).run().ended(0);
        let run = spawn(with_signals(backfill(&database, 20), "--default-signal=HUP,QUIT"));
        run.said("paused by an operator");
        run.signal(signal);
        let answer = run.end().ended(4);
        holds_all(&answer.stderr, &[&format!("{signal}: stopping"), "stopped on request"]);
        assert_eq!(database.psql("SELECT count(*) FROM cardgenius_instances WHERE stopped_at IS NULL"), "0");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn under_nohup_a_lost_terminal_means_nothing_and_other_signals_never_do() {
    let database = migrated();
    populate(&database.connect().await, &database.tables, 200, 524).await;
    on(&database, &["pause", "--reason", "to see what happens"]).run().ended(0);
    let run = spawn(with_signals(backfill(&database, 20), "--ignore-signal=HUP"));
    run.said("paused by an operator");
    let limits = run.told_by_the_system("limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "a core would hold users' spending");
    run.signal(Signal::SIGHUP);
    for signal in [Signal::SIGUSR1, Signal::SIGUSR2, Signal::SIGALRM] {
        run.signal(signal);
        run.said(&format!("{signal} means nothing here"));
    }
    on(&database, &["resume"]).run().ended(0);
    let answer = run.end().ended(0);
    assert!(!answer.stderr.contains("stopping"), "{}", answer.stderr);
    assert_eq!(audited(&database).await, Counts::all_completed(200));
}
