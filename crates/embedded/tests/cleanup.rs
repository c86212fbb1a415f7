//! Nothing is left behind, however the owner of a private server ends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod owner;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use cardgenius_embedded::{PostgresOptions, PrivatePostgres};

use owner::{Owner, is_alive, kill_while_launching, of_another_account, open_base, process_group, processes_of};

const PROGRAM: &str = env!("CARGO_BIN_EXE_private-postgres");

/// A client of its server, whose command line does not name the folder.
fn psql(owner: &Owner) -> Command {
    let mut command = Command::new("psql");
    command.args(["-XAt"]).env("PGHOST", &owner.folder).env("PGUSER", "cardgenius").env("PGDATABASE", "postgres");
    command
}

fn owner_of_this_account() -> Owner {
    Owner::start(Command::new(PROGRAM))
}

fn segments() -> Vec<String> {
    // The seventh column of /proc/sysvipc/shm is the number of processes attached: with none, a segment is left over.
    let table = fs::read_to_string("/proc/sysvipc/shm").unwrap();
    table
        .lines()
        .skip(1)
        .filter(|line| line.split_whitespace().nth(6) == Some("0"))
        .filter_map(|line| line.split_whitespace().nth(1).map(str::to_owned))
        .collect()
}

#[test]
fn a_dropped_server_leaves_no_process_and_no_folder() {
    let server = PrivatePostgres::launch(PostgresOptions::for_tests()).unwrap();
    let folder = server.folder().to_owned();
    let group = process_group(server.postmaster_pid().unwrap()).unwrap();
    assert!(processes_of(&folder, group).len() > 5);
    drop(server);
    assert!(!folder.exists());
    assert_eq!(processes_of(&folder, group), Vec::<String>::new());
}

#[test]
fn a_server_that_was_stopped_or_killed_before_its_drop_leaves_nothing_either() {
    for end in [PrivatePostgres::stop, PrivatePostgres::stop_immediate, PrivatePostgres::kill] {
        let server = PrivatePostgres::launch(PostgresOptions::for_tests()).unwrap();
        let pid_file = fs::read_to_string(server.folder().join("data/postmaster.pid")).unwrap();
        let segment = pid_file.lines().nth(6).unwrap().split_whitespace().nth(1).unwrap().to_owned();
        let folder = server.folder().to_owned();
        end(&server).unwrap();
        drop(server);
        assert!(!folder.exists());
        assert!(!segments().contains(&segment), "segment {segment} is left over");
    }
}

#[test]
fn a_launch_that_fails_leaves_no_folder() {
    let base = open_base();
    let options = PostgresOptions::for_tests().base_folder(base.path()).setting("max_connections", "many");
    PrivatePostgres::launch(options).unwrap_err();
    assert_eq!(fs::read_dir(base.path()).unwrap().count(), 0);
}

#[test]
fn a_static_server_goes_when_the_program_ends() {
    // This value is never dropped; the program that runs this test ends the server by ending. Another program, which
    // returns from `main` while it holds one, shows it below.
    static SERVER: OnceLock<PrivatePostgres> = OnceLock::new();
    let server = SERVER.get_or_init(|| PrivatePostgres::launch(PostgresOptions::for_tests()).unwrap());
    assert_eq!(server.psql("postgres", "SELECT 1").unwrap(), "1");

    let mut command = Command::new(PROGRAM);
    command.arg("--forget");
    let mut owner = Owner::start(command);
    drop(owner.child.stdin.take());
    assert!(owner.child.wait().unwrap().success());
    owner.await_the_end();
}

#[test]
fn a_server_whose_owner_is_killed_leaves_no_process_and_no_folder() {
    let mut owner = owner_of_this_account();
    assert!(is_alive(owner.server_pid) && owner.folder.exists());
    owner.kill();
    owner.await_the_end();
}

#[test]
fn an_owner_killed_with_a_client_in_the_middle_of_a_copy_leaves_nothing() {
    let mut owner = owner_of_this_account();
    let mut client = psql(&owner)
        .args(["-c", "CREATE TABLE t (n int)", "-c", "COPY t FROM STDIN"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // "CREATE TABLE" is printed before the COPY begins, which then waits for rows that never come.
    let mut said = String::new();
    BufReader::new(client.stdout.take().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(said, "CREATE TABLE\n");
    owner.kill();
    owner.await_the_end();
    drop(client.stdin.take());
    assert!(!client.wait().unwrap().success());
}

#[test]
fn an_owner_killed_while_it_launches_leaves_no_folder() {
    let base = open_base();
    kill_while_launching(PROGRAM, base.path());
}

#[test]
fn an_owner_that_is_not_root_starts_a_server_of_its_own_account_and_leaves_nothing() {
    let shared = tempfile::Builder::new().prefix("cg-program-").tempdir_in("/tmp").unwrap();
    let (mut owner, account) = of_another_account(PROGRAM, shared.path());
    assert_eq!(fs::metadata(format!("/proc/{}", owner.server_pid)).unwrap().uid(), account);
    assert_eq!(fs::metadata(&owner.folder).unwrap().uid(), account);
    owner.kill();
    owner.await_the_end();
}

#[test]
fn a_kept_server_outlives_its_owner_until_its_end_command_is_run() {
    let mut command = Command::new(PROGRAM);
    command.arg("--keep");
    let mut owner = Owner::start(command);
    drop(owner.child.stdin.take());
    let mut end_command = String::new();
    owner.output.read_to_string(&mut end_command).unwrap();
    assert!(owner.child.wait().unwrap().success());

    let psql = |sql: &str| psql(&owner).args(["-c", sql]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&psql("SELECT 7").stdout), "7\n");
    // The log is still written although the pipe that it went through has no reader. Its writer is another process than the
    // one that answered the query.
    psql("SELECT no_such_column");
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let log = fs::read_to_string(owner.folder.join("server.log")).unwrap();
        if log.contains("no_such_column") {
            break;
        }
        assert!(Instant::now() < deadline, "{log}");
        thread::sleep(Duration::from_millis(10));
    }

    assert!(Command::new("sh").args(["-c", &end_command]).status().unwrap().success());
    owner.await_the_end();
}

#[test]
fn a_signal_to_the_owners_process_group_does_not_reach_the_server() {
    let mut command = Command::new(PROGRAM);
    command.process_group(0);
    let mut owner = Owner::start(command);
    assert_ne!(process_group(owner.child.id()).unwrap(), owner.group);
    drop(owner.child.stdin.take());
    owner.child.wait().unwrap();
    owner.await_the_end();
}
