//! The benchmark as it is started, on small tables: that it measures all users, and that it refuses a job that is not done.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Once;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

const BENCH: &str = env!("CARGO_BIN_EXE_cardgenius-bench");

/// The program in the same profile: another package's, so cargo does not make it for these tests.
fn program() -> PathBuf {
    static BUILT: Once = Once::new();
    let program = Path::new(BENCH).with_file_name("cardgenius");
    BUILT.call_once(|| {
        if !program.is_file() {
            let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
            let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
            let build = ["build", "--locked", "--package", "cardgenius", "--manifest-path", manifest];
            assert!(Command::new(cargo).args(build).status().unwrap().success());
        }
    });
    program
}

fn bench(arguments: &[&str], out: &TempDir) -> Command {
    let mut command = Command::new(BENCH);
    command.args(arguments).arg("--program").arg(program()).arg("--out").arg(out.path()).stdin(Stdio::null());
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

#[test]
fn the_first_backfill_is_measured_for_each_contender_and_written_down() {
    let out = TempDir::new().unwrap();
    let output = bench(&["first", "--users", "2000", "--repeat", "1"], &out).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let written: Value = serde_json::from_slice(&std::fs::read(out.path().join("first.json")).unwrap()).unwrap();
    let runs = written["measured"]["runs"].as_array().unwrap();
    let contenders: Vec<&str> = runs.iter().map(|run| run["contender"].as_str().unwrap()).collect();
    assert_eq!(contenders, ["floor", "lowered", "program", "discard"]);
    let table = String::from_utf8(output.stdout).unwrap();
    for run in runs {
        assert_eq!(run["users"], 2_000);
        for figure in ["seconds", "users_per_second", "client_cpu_seconds", "server_cpu_seconds", "wal_bytes_per_user"]
        {
            assert!(run[figure].as_f64().unwrap() > 0.0, "{figure} of {run}");
        }
        let contender = run["contender"].as_str().unwrap();
        assert_eq!(run["peak_memory_bytes"].is_u64(), ["program", "discard"].contains(&contender), "{run}");
        assert!(table.lines().any(|line| line.starts_with(contender)), "{table}");
    }
    // Most of the log is about rows.
    let wal = |place: usize| runs[place]["wal_bytes_per_user"].as_f64().unwrap();
    assert!(wal(3) < wal(2) / 2.0, "rows that were to be thrown away came to the server: {table}");
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        assert_eq!(written["settings"][setting], "on");
    }
}

#[test]
fn a_job_that_is_not_done_is_refused_and_nothing_is_written() {
    let out = TempDir::new().unwrap();
    let arguments = ["first", "--users", "1000", "--repeat", "1", "--contenders", "program", "--spoil"];
    let output = bench(&arguments, &out).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message.contains("the job was not done"), "{message}");
    assert!(message.contains("rows: 9999, and not 10000"), "{message}");
    assert!(message.contains("users whose rows are not ranks 1 to 10: 1, such as CK7001000"), "{message}");
    assert!(!out.path().join("first.json").exists());
}

#[test]
fn on_mariadb_the_program_is_measured_beside_the_servers_own_client() {
    let out = TempDir::new().unwrap();
    let output = bench(&["mariadb", "--users", "2000", "--repeat", "1"], &out).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let written: Value = serde_json::from_slice(&std::fs::read(out.path().join("mariadb.json")).unwrap()).unwrap();
    let runs = written["measured"]["runs"].as_array().unwrap();
    let contenders: Vec<&str> = runs.iter().map(|run| run["contender"].as_str().unwrap()).collect();
    assert_eq!(contenders, ["floor", "program"]);
    for run in runs {
        assert_eq!(run["users"], 2_000);
        for figure in
            ["seconds", "users_per_second", "server_cpu_seconds", "wal_bytes_per_user", "table_bytes_per_user"]
        {
            assert!(run[figure].as_f64().unwrap() > 0.0, "{figure} of {run}");
        }
    }
    assert!(written["measured"]["medians"][1]["of_floor"].as_f64().unwrap() > 0.0);
}

#[test]
fn on_mariadb_too_a_job_that_is_not_done_is_refused() {
    let out = TempDir::new().unwrap();
    let arguments = ["mariadb", "--users", "1000", "--repeat", "1", "--contenders", "program", "--spoil"];
    let output = bench(&arguments, &out).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message.contains("the job was not done") && message.contains("rows: 9999, and not 10000"), "{message}");
}

#[test]
fn an_interrupted_bench_takes_its_server_with_it() {
    let out = TempDir::new().unwrap();
    let mut bench = bench(&["first", "--users", "100000"], &out).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(bench.stderr.take().unwrap()).lines().map(Result::unwrap);
    let folder = lines.find_map(|line| Some(PathBuf::from(line.strip_prefix("» PostgreSQL ")?.rsplit_once(" in ")?.1)));
    let folder = folder.expect("a line with the server's folder");
    assert!(folder.exists());
    lines.find(|line| line.starts_with("» making up")).expect("a line that says that the work has begun");
    kill(Pid::from_raw(i32::try_from(bench.id()).unwrap()), Signal::SIGINT).unwrap();
    assert_eq!(bench.wait().unwrap().code(), Some(130), "{:?}", lines.collect::<Vec<String>>());
    assert!(!folder.exists());
}
