//! A start of the program that is watched and signalled while it runs.

// Each test target uses a part of it.
#![allow(dead_code)]

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::program::{Answer, Start};

/// After this long a test hangs, and had better say so. Not a measure of speed.
const PATIENCE: Duration = Duration::from_secs(120);

/// What one of its streams has said so far; lines end with `\n` or, on a terminal, with `\r`.
#[derive(Default)]
struct Heard {
    text: Mutex<(String, bool)>,
    changed: Condvar,
}

impl Heard {
    fn follow(stream: impl Read + Send + 'static) -> (Arc<Self>, JoinHandle<()>) {
        let heard = Arc::new(Self::default());
        let hearing = heard.clone();
        let reader = std::thread::spawn(move || {
            let mut stream = BufReader::new(stream);
            loop {
                let (length, over) = {
                    // A terminal's other end that is gone reads as an error.
                    let bytes = stream.fill_buf().unwrap_or_default();
                    let mut text = hearing.text.lock().unwrap();
                    text.0.push_str(&String::from_utf8_lossy(bytes));
                    text.1 = bytes.is_empty();
                    (bytes.len(), text.1)
                };
                hearing.changed.notify_all();
                if over {
                    return;
                }
                stream.consume(length);
            }
        });
        (heard, reader)
    }

    fn wait_for(&self, what: &str, times: usize) {
        let deadline = Instant::now() + PATIENCE;
        let mut text = self.text.lock().unwrap();
        while text.0.matches(what).count() < times {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!text.1 && !left.is_zero(), "{what:?} was never said, but:\n{}", text.0);
            text = self.changed.wait_timeout(text, left).unwrap().0;
        }
    }
}

/// A process under way; killed when dropped.
pub struct Running {
    child: Child,
    stdout: (Arc<Heard>, JoinHandle<()>),
    stderr: (Arc<Heard>, JoinHandle<()>),
    _folder: TempDir,
}

/// Starts the program and returns at once.
pub fn spawn(start: Start) -> Running {
    let Start { command, folder, .. } = start;
    spawn_command(command, folder)
}

/// Starts another command; `folder` goes when it ends.
pub fn spawn_command(mut command: Command, folder: TempDir) -> Running {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("cannot start");
    let stdout = Heard::follow(child.stdout.take().unwrap());
    let stderr = Heard::follow(child.stderr.take().unwrap());
    Running { child, stdout, stderr, _folder: folder }
}

impl Running {
    /// Waits until it has said this on standard error.
    pub fn said(&self, what: &str) {
        self.stderr.0.wait_for(what, 1);
    }

    /// Waits until it has said this on standard error so many times.
    pub fn said_times(&self, what: &str, times: usize) {
        self.stderr.0.wait_for(what, times);
    }

    /// Waits until it has said this on standard error; the first whole line that holds it.
    pub fn said_line(&self, what: &str) -> String {
        self.said(what);
        let found = |text: &str| {
            let at = text.find(what)?;
            let begin = text[..at].rfind('\n').map_or(0, |end| end + 1);
            text[begin..].split_once('\n').map(|(line, _)| line.to_owned())
        };
        let text = self.stderr.0.text.lock().unwrap();
        let waiting = self.stderr.0.changed.wait_timeout_while(text, PATIENCE, |text| found(&text.0).is_none());
        found(&waiting.unwrap().0.0).unwrap_or_else(|| panic!("the line with {what:?} never ended"))
    }

    /// How often it has said this on standard error so far.
    pub fn times_said(&self, what: &str) -> usize {
        self.stderr.0.text.lock().unwrap().0.matches(what).count()
    }

    /// What it has said on standard error so far.
    pub fn heard(&self) -> String {
        self.stderr.0.text.lock().unwrap().0.clone()
    }

    /// Whether it has closed its standard error, as its end does.
    pub fn is_over(&self) -> bool {
        self.stderr.0.text.lock().unwrap().1
    }

    /// Waits until it has printed this on standard output.
    pub fn printed(&self, what: &str) {
        self.stdout.0.wait_for(what, 1);
    }

    /// What the system says of it, such as `limits`: proc(5).
    pub fn told_by_the_system(&self, what: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{what}", self.child.id())).unwrap()
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
    }

    /// Kills it at once, and returns when it is gone.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it is stopped, by a signal that it may have sent to itself.
    pub fn is_stopped(&self) {
        let deadline = Instant::now() + PATIENCE;
        let stat = format!("/proc/{}/stat", self.child.id());
        // The state stands after the name, which is in brackets: proc(5).
        while !std::fs::read_to_string(&stat).unwrap().rsplit(')').next().unwrap().trim_start().starts_with('T') {
            assert!(Instant::now() < deadline, "it was never stopped:\n{}", self.stderr.0.text.lock().unwrap().0);
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// How many TCP sockets it has, whatever their state.
    pub fn tcp_sockets(&self) -> usize {
        let files = std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap();
        // One that was closed meanwhile is none.
        let links = files.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
        let links: Vec<String> = links.map(|link| link.to_string_lossy().into_owned()).collect();
        let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
        // The tenth column is the inode, by which the link names the socket: proc_pid_net(5).
        let inodes = table.lines().skip(1).filter_map(|line| line.split_whitespace().nth(9));
        inodes.filter(|inode| links.contains(&format!("socket:[{inode}]"))).count()
    }

    /// Waits for its end by this signal; what it said on standard error.
    pub fn ended_by(self, signal: Signal) -> String {
        let stderr = self.stderr.0.clone();
        match self.outcome() {
            Err(by) if by == signal => stderr.text.lock().unwrap().0.clone(),
            Err(by) => panic!("ended by {by}, not by {signal}"),
            Ok(answer) => panic!("ended with {}, not by {signal}:\n{}", answer.code, answer.stderr),
        }
    }

    /// Waits for its end; what it said, and its exit code.
    pub fn end(self) -> Answer {
        let stderr = self.stderr.0.clone();
        self.outcome().unwrap_or_else(|signal| panic!("ended by {signal}:\n{}", stderr.text.lock().unwrap().0))
    }

    /// Waits for its end: what it said and its exit code, or the signal that ended it.
    pub fn outcome(mut self) -> Result<Answer, Signal> {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None if Instant::now() >= deadline => {
                    panic!("it never ended:\n{}", self.stderr.0.text.lock().unwrap().0)
                }
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        let take = |heard: &Heard| heard.text.lock().unwrap().0.clone();
        // Its descendants may hold the streams open longer than it lives.
        let (stdout, stderr) = (take(self.stdout.0.closed()), take(self.stderr.0.closed()));
        match status.code() {
            Some(code) => Ok(Answer { code, stdout, stderr }),
            None => Err(Signal::try_from(status.signal().unwrap()).unwrap()),
        }
    }
}

impl Heard {
    fn closed(&self) -> &Self {
        let text = self.text.lock().unwrap();
        drop(self.changed.wait_timeout_while(text, PATIENCE, |text| !text.1).unwrap());
        self
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
