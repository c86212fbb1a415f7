//! Nothing is left behind, however the owner of a private server ends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use cardgenius_embedded::{PostgresOptions, PrivatePostgres};

/// A program that owns a private server.
struct Owner {
    child: Child,
    output: BufReader<ChildStdout>,
    folder: PathBuf,
    postmaster_pid: u32,
    group: u32,
}

impl Owner {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = || {
            let mut text = String::new();
            output.read_line(&mut text).unwrap();
            text.trim_end().to_owned()
        };
        let (_url, folder, pid): (String, PathBuf, String) = (line(), line().into(), line());
        let postmaster_pid = pid.parse().expect("the owner could not launch a server: see its standard error above");
        let group = process_group(postmaster_pid).unwrap();
        assert!(processes_of(&folder, group).len() > 5, "the server's processes are not all seen");
        Self { child, output, folder, postmaster_pid, group }
    }

    /// A client of its server, whose command line does not name the folder.
    fn psql(&self) -> Command {
        let mut command = Command::new("psql");
        command.args(["-XAt"]).env("PGHOST", &self.folder).env("PGUSER", "cardgenius").env("PGDATABASE", "postgres");
        command
    }

    fn of_this_account() -> Self {
        Self::start(Command::new(env!("CARGO_BIN_EXE_private-postgres")))
    }
}

fn is_alive(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

/// What is left of a server: its processes work in its folder, its helpers name it or share its process group.
fn processes_of(folder: &Path, group: u32) -> Vec<String> {
    let name = folder.to_str().unwrap();
    let mut left = Vec::new();
    for entry in fs::read_dir("/proc").unwrap() {
        let path = entry.unwrap().path();
        let Some(pid) = path.file_name().and_then(|name| name.to_str()?.parse().ok()) else { continue };
        let line = String::from_utf8_lossy(&fs::read(path.join("cmdline")).unwrap_or_default()).replace('\0', " ");
        let works_there = fs::read_link(path.join("cwd")).is_ok_and(|cwd| cwd.to_string_lossy().starts_with(name));
        if works_there || line.contains(name) || process_group(pid) == Some(group) {
            left.push(format!("{pid} {line}"));
        }
    }
    left
}

/// The fifth field of /proc/<pid>/stat; the second, the program's name, is in brackets.
fn process_group(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(2)?.parse().ok()
}

/// Waits for an end that only the supervisor, which is not ours, could signal.
fn await_the_end_of(owner: &Owner) {
    let deadline = Instant::now() + Duration::from_secs(40);
    loop {
        let left = processes_of(&owner.folder, owner.group);
        if left.is_empty() && !owner.folder.exists() {
            return;
        }
        assert!(Instant::now() < deadline, "{} is still there, or one of {left:?}", owner.folder.display());
        thread::sleep(Duration::from_millis(10));
    }
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
    let base = tempfile::Builder::new().prefix("cg-base-").tempdir_in("/tmp").unwrap();
    fs::set_permissions(base.path(), fs::Permissions::from_mode(0o1777)).unwrap();
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

    let mut command = Command::new(env!("CARGO_BIN_EXE_private-postgres"));
    command.arg("--forget");
    let mut owner = Owner::start(command);
    drop(owner.child.stdin.take());
    assert!(owner.child.wait().unwrap().success());
    await_the_end_of(&owner);
}

#[test]
fn a_server_whose_owner_is_killed_leaves_no_process_and_no_folder() {
    let mut owner = Owner::of_this_account();
    assert!(is_alive(owner.postmaster_pid) && owner.folder.exists());
    owner.child.kill().unwrap();
    owner.child.wait().unwrap();
    await_the_end_of(&owner);
}

#[test]
fn an_owner_killed_with_a_client_in_the_middle_of_a_copy_leaves_nothing() {
    let mut owner = Owner::of_this_account();
    let mut client = owner
        .psql()
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
    owner.child.kill().unwrap();
    owner.child.wait().unwrap();
    await_the_end_of(&owner);
    drop(client.stdin.take());
    assert!(!client.wait().unwrap().success());
}

#[test]
fn an_owner_killed_while_it_launches_leaves_no_folder() {
    let base = tempfile::Builder::new().prefix("cg-base-").tempdir_in("/tmp").unwrap();
    fs::set_permissions(base.path(), fs::Permissions::from_mode(0o1777)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_private-postgres"));
    command.env("TMPDIR", base.path()).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut child = command.spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    let folder = loop {
        assert!(Instant::now() < deadline, "no folder was made");
        if let Some(entry) = fs::read_dir(base.path()).unwrap().next() {
            break entry.unwrap().path();
        }
    };
    child.kill().unwrap();
    child.wait().unwrap();
    while fs::read_dir(base.path()).unwrap().next().is_some() {
        assert!(Instant::now() < deadline, "{} is still there", folder.display());
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(processes_of(&folder, child.id()), Vec::<String>::new());
}

#[test]
fn an_owner_that_is_not_root_starts_a_server_of_its_own_account_and_leaves_nothing() {
    // Somewhere every account may read and run it.
    let shared = tempfile::Builder::new().prefix("cg-program-").tempdir_in("/tmp").unwrap();
    fs::set_permissions(shared.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = shared.path().join("private-postgres");
    fs::copy(env!("CARGO_BIN_EXE_private-postgres"), &program).unwrap();
    let mut command = Command::new(&program);
    command.current_dir("/").env("TMPDIR", "/tmp");
    let own = fs::metadata("/proc/self").unwrap().uid();
    let account = if own == 0 { 65_534 } else { own };
    if own == 0 {
        command.uid(account).gid(account);
    }
    let mut owner = Owner::start(command);
    assert_eq!(fs::metadata(format!("/proc/{}", owner.postmaster_pid)).unwrap().uid(), account);
    assert_eq!(fs::metadata(&owner.folder).unwrap().uid(), account);
    owner.child.kill().unwrap();
    owner.child.wait().unwrap();
    await_the_end_of(&owner);
}

#[test]
fn a_kept_server_outlives_its_owner_until_its_end_command_is_run() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_private-postgres"));
    command.arg("--keep");
    let mut owner = Owner::start(command);
    drop(owner.child.stdin.take());
    let mut end_command = String::new();
    owner.output.read_to_string(&mut end_command).unwrap();
    assert!(owner.child.wait().unwrap().success());

    let psql = |sql: &str| owner.psql().args(["-c", sql]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&psql("SELECT 7").stdout), "7\n");
    // The log is still written although nobody reads the pipe that it went through. Its writer is another process than the
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
    await_the_end_of(&owner);
}

#[test]
fn a_signal_to_the_owners_process_group_does_not_reach_the_server() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_private-postgres"));
    command.process_group(0);
    let mut owner = Owner::start(command);
    assert_ne!(process_group(owner.child.id()).unwrap(), owner.group);
    drop(owner.child.stdin.take());
    owner.child.wait().unwrap();
    await_the_end_of(&owner);
}
