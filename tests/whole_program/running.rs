//! A start of the program that is watched and signalled while it runs.

use std::io::{BufRead, BufReader, Read};
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

    fn wait_for(&self, what: &str) {
        let deadline = Instant::now() + PATIENCE;
        let mut text = self.text.lock().unwrap();
        while !text.0.contains(what) {
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
    let Start { command, folder } = start;
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
        self.stderr.0.wait_for(what);
    }

    /// Waits until it has printed this on standard output.
    pub fn printed(&self, what: &str) {
        self.stdout.0.wait_for(what);
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
    }

    /// Kills it at once, and returns when it is gone.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end; what it said, and its exit code.
    pub fn end(mut self) -> Answer {
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
        Answer {
            code: status.code().unwrap_or_else(|| panic!("ended by a signal: {status}")),
            stdout: take(self.stdout.0.closed()),
            stderr: take(self.stderr.0.closed()),
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
