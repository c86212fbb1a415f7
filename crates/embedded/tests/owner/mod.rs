//! A program that owns a private server, and what is left of the two.
#![allow(dead_code, reason = "each test program needs some of it")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A program that owns a private server.
pub struct Owner {
    pub child: Child,
    pub output: BufReader<ChildStdout>,
    pub folder: PathBuf,
    pub server_pid: u32,
    pub group: u32,
}

impl Owner {
    /// Starts one, and waits until it has its server.
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = || {
            let mut text = String::new();
            output.read_line(&mut text).unwrap();
            text.trim_end().to_owned()
        };
        let (_url, folder, pid): (String, PathBuf, String) = (line(), line().into(), line());
        let server_pid = pid.parse().expect("the owner could not launch a server: see its standard error above");
        let group = process_group(server_pid).unwrap();
        assert!(!processes_of(&folder, group).is_empty(), "the server's processes are not seen");
        Self { child, output, folder, server_pid, group }
    }

    /// Ends it by SIGKILL.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for an end that only the supervisor, which is not ours, could signal.
    pub fn await_the_end(&self) {
        let deadline = Instant::now() + Duration::from_secs(40);
        loop {
            let left = processes_of(&self.folder, self.group);
            if left.is_empty() && !self.folder.exists() {
                return;
            }
            assert!(Instant::now() < deadline, "{} is still there, or one of {left:?}", self.folder.display());
            thread::sleep(Duration::from_millis(10));
        }
    }
}

pub fn is_alive(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

/// What is left of a server: its processes work in its folder, its helpers name it or share its process group.
pub fn processes_of(folder: &Path, group: u32) -> Vec<String> {
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
pub fn process_group(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(2)?.parse().ok()
}

/// A folder for servers' folders, of whatever account.
pub fn open_base() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let base = tempfile::Builder::new().prefix("cg-base-").tempdir_in("/tmp").unwrap();
    fs::set_permissions(base.path(), fs::Permissions::from_mode(0o1777)).unwrap();
    base
}

/// Kills an owner as soon as its server has a folder in `base`, and waits until that is gone.
pub fn kill_while_launching(program: &str, base: &Path) {
    let mut command = Command::new(program);
    command.env("TMPDIR", base).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut child = command.spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    let folder = loop {
        assert!(Instant::now() < deadline, "no folder was made");
        if let Some(entry) = fs::read_dir(base).unwrap().next() {
            break entry.unwrap().path();
        }
    };
    child.kill().unwrap();
    child.wait().unwrap();
    while fs::read_dir(base).unwrap().next().is_some() {
        assert!(Instant::now() < deadline, "{} is still there", folder.display());
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(processes_of(&folder, child.id()), Vec::<String>::new());
}

/// An owner that is not root, whichever account runs the tests: the program copied to where every account may run it.
pub fn of_another_account(program: &str, shared: &Path) -> (Owner, u32) {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;
    fs::set_permissions(shared, fs::Permissions::from_mode(0o755)).unwrap();
    let copy = shared.join("owner");
    fs::copy(program, &copy).unwrap();
    let mut command = Command::new(&copy);
    command.current_dir("/").env("TMPDIR", "/tmp");
    let own = fs::metadata("/proc/self").unwrap().uid();
    let account = if own == 0 { 65_534 } else { own };
    if own == 0 {
        command.uid(account).gid(account);
    }
    (Owner::start(command), account)
}
