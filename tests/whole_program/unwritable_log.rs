//! Standard error that cannot be written to, whatever the reason: the work is done, the exit code is right, and signals work.

use std::fs::File;
use std::io::{BufRead, BufReader, PipeReader, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cardgenius_testkit::{Counts, Database, Gate, populate, until};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::daemon;
use crate::http::get;
use crate::place::{audited, backfill, migrated, on};
use crate::program::Start;

const USERS: i64 = 200;

/// After this long the program hangs. It is no measure of speed.
const PATIENCE: Duration = Duration::from_secs(60);

async fn populated(seed: i64) -> Database<'static> {
    let database = migrated();
    populate(&database.connect().await, &database.tables, USERS, seed).await;
    database
}

/// A process whose standard error the test has chosen; it is killed when dropped.
struct Process {
    child: Child,
    _start: Start,
}

impl Process {
    fn spawn(mut start: Start, stderr: impl Into<Stdio>) -> Self {
        let command = start.command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr);
        let child = command.spawn().unwrap();
        // The command keeps the test's end of a pipe open otherwise.
        start.command = Command::new("none");
        Self { child, _start: start }
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
    }

    /// Waits for the end; the exit code, none for an end by a signal.
    fn end(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < deadline, "it never ended");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The same start by a shell, which does something first; `"$@"` is the program with its arguments.
pub fn by_a_shell(start: Start, script: &str) -> Start {
    let Start { command, folder, failpoints } = start;
    let mut shell = Command::new("/bin/sh");
    shell.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").current_dir(folder.path());
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.args(["-c", script, "sh"]).arg(command.get_program()).args(command.get_args());
    Start { command: shell, folder, failpoints }
}

/// A pipe that is full, and its reader, which reads nothing.
fn full_pipe() -> (PipeReader, Stdio) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    while writer.write(&[b'x'; 4096]).is_ok() {}
    while writer.write(b"x").is_ok() {}
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::empty())).unwrap();
    (reader, writer.into())
}

async fn assert_all_done(database: &Database<'_>) {
    assert_eq!(audited(database).await, Counts::all_completed(USERS));
    assert_eq!(database.psql("SELECT count(*), min(state) FROM {{runs}}"), "1|done");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_is_done_on_a_full_disk_and_after_its_reader_is_gone_and_without_standard_error() {
    for (way, seed) in [("full", 501), ("gone", 502), ("closed", 503)] {
        let database = populated(seed).await;
        let start = backfill(&database, 20);
        let mut process = match way {
            "full" => Process::spawn(start, File::options().write(true).open("/dev/full").unwrap()),
            "gone" => Process::spawn(start, std::io::pipe().unwrap().1),
            _ => Process::spawn(by_a_shell(start, r#"exec "$@" 2>&-"#), Stdio::null()),
        };
        assert_eq!(process.end(), Some(0), "{way}");
        assert_all_done(&database).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_is_done_although_its_log_file_may_not_grow() {
    let database = populated(504).await;
    // The signal of the limit would end the program, unless it were ignored by chance.
    let script = r#"ulimit -f 1; exec env --default-signal=XFSZ "$@" 2>log"#;
    let start = by_a_shell(backfill(&database, 20).variable("RUST_LOG", "debug"), script);
    let log = start.folder.path().join("log");
    let mut process = Process::spawn(start, Stdio::null());
    assert_eq!(process.end(), Some(0));
    // A shell's unit is 512 or 1,024 bytes.
    assert!([512, 1024].contains(&log.metadata().unwrap().len()), "the log did not reach its limit");
    assert_all_done(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_whose_reader_dies_in_the_middle_ends_gracefully_when_it_is_asked_to() {
    let database = populated(505).await;
    let gate = Gate::closed_from(database.connect().await, &database.tables, "CK0000101").await;
    let (reader, writer) = std::io::pipe().unwrap();
    let mut process = Process::spawn(backfill(&database, 20), writer);
    gate.reached_by(2).await;
    drop(reader);
    process.signal(Signal::SIGTERM);
    gate.open().await;
    assert_eq!(process.end(), Some(4));
    let counts = audited(&database).await;
    assert_eq!((counts.pending, counts.failed), (0, 0), "{counts:?}");
    assert!(counts.completed >= 100, "{counts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_whose_reader_sleeps_is_done() {
    let database = populated(506).await;
    let (reader, writer) = full_pipe();
    let mut process = Process::spawn(backfill(&database, 20), writer);
    assert_eq!(process.end(), Some(0));
    assert_all_done(&database).await;
    drop(reader);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_a_backfill_at_once_although_the_reader_sleeps() {
    let database = populated(507).await;
    let gate = Gate::closed_from(database.connect().await, &database.tables, "").await;
    let (reader, writer) = full_pipe();
    let mut process = Process::spawn(backfill(&database, 20), writer);
    gate.reached_by(2).await;
    process.signal(Signal::SIGTERM);
    // The kernel merges equal signals that are not yet delivered: the second is another one.
    process.signal(Signal::SIGINT);
    assert_eq!(process.end(), Some(4));
    drop(reader);
    gate.open().await;
}

/// Reads the log up to the address of the pages.
fn address_in(log: &mut impl BufRead) -> SocketAddr {
    let mut line = String::new();
    loop {
        line.clear();
        assert_ne!(log.read_line(&mut line).unwrap(), 0, "it never said where it serves its pages");
        if let Some((_, rest)) = line.split_once("at http://") {
            let end = rest.find(|character: char| !matches!(character, '0'..='9' | '.' | ':')).unwrap();
            return rest[..end].parse().unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_whose_log_is_lost_works_on_counts_the_lines_and_stops_when_it_is_asked_to() {
    let database = populated(508).await;
    let (reader, writer) = std::io::pipe().unwrap();
    let mut process = Process::spawn(daemon::start(&database), writer);
    let mut log = BufReader::new(reader);
    let address = address_in(&mut log);
    drop(log);
    on(&database, &["run-now"]).run().ended(0);
    let done = "SELECT count(*) FROM {{runs}} WHERE state = 'done'";
    until("the run", async || (database.psql(done) == "1").then_some(())).await;
    assert_all_done(&database).await;
    let (_, metrics) = get(address, "/metrics").unwrap();
    let lost = metrics.lines().find_map(|line| line.strip_prefix("cardgenius_log_lines_lost_total "));
    assert!(lost.unwrap().parse::<u64>().unwrap() > 0, "{lost:?}");
    process.signal(Signal::SIGTERM);
    assert_eq!(process.end(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_whose_log_could_not_be_written_for_a_while_says_afterwards_how_many_lines_are_missing() {
    let database = populated(509).await;
    // Its disk is full when the file has eight units of 512 or 1,024 bytes.
    let script = r#"ulimit -f 8; exec env --default-signal=XFSZ "$@" 2>>log"#;
    let start = by_a_shell(daemon::start(&database), script);
    let path = start.folder.path().join("log");
    let mut process = Process::spawn(start, Stdio::null());
    let log = || std::fs::read_to_string(&path).unwrap_or_default();
    until("the pages", async || log().contains("ready: waiting for what is due").then_some(())).await;
    let address = address_in(&mut log().as_bytes());
    let lost = || {
        let (_, metrics) = get(address, "/metrics").unwrap();
        let lost = metrics.lines().find_map(|line| line.strip_prefix("cardgenius_log_lines_lost_total "));
        lost.unwrap().parse::<u64>().unwrap()
    };
    until("lost lines", async || {
        // Each is a line of the log.
        process.signal(Signal::SIGUSR1);
        (lost() > 0).then_some(())
    })
    .await;
    File::options().write(true).open(&path).unwrap().set_len(0).unwrap();
    until("a word about it", async || {
        process.signal(Signal::SIGUSR1);
        log().contains("lines of the log were lost").then_some(())
    })
    .await;
    let text = log();
    let line = text.lines().find(|line| line.contains("lines of the log were lost")).unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    assert!(line["lines"].as_u64() > Some(0), "{line}");
    process.signal(Signal::SIGTERM);
    assert_eq!(process.end(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_hangs_up_stops_a_backfill_gracefully() {
    let database = populated(510).await;
    let gate = Gate::closed_from(database.connect().await, &database.tables, "CK0000101").await;
    let start = by_a_shell(backfill(&database, 20), r#"script -qec "exec env --default-signal=HUP $*" /dev/null"#);
    let terminal = Process::spawn(start, Stdio::null());
    gate.reached_by(2).await;
    // The terminal goes with the program that plays it.
    let script = format!("ps -o pid= --ppid {}", terminal.child.id());
    let output = Command::new("/bin/sh").args(["-c", &script]).output().unwrap();
    let pid = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    gate.open().await;
    let stopped = "SELECT count(*) FROM cardgenius_instances WHERE stopped_at IS NOT NULL";
    until("the end", async || (database.psql(stopped) == "1").then_some(())).await;
    let counts = audited(&database).await;
    assert_eq!((counts.pending, counts.failed), (0, 0), "{counts:?}");
    drop(terminal);
}
