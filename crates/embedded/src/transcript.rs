//! What the supervisor said so far: its answers, and the server's log.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const TAIL_LINES: usize = 200;

/// The state that the answers describe.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// The folder, or why it could not be made.
    pub(crate) folder: Option<Result<String, String>>,
    /// Exit status of the last program that was run to its end.
    pub(crate) ran: Option<i32>,
    /// Process id of the server's main process, since the last start.
    pub(crate) server_pid: Option<u32>,
    /// The server has said that it is ready, since the last start.
    pub(crate) ready: bool,
    /// Every process of the server is gone, since the last start.
    pub(crate) gone: bool,
    /// The harshest signal that the supervisor had to send unasked, since the last order to end.
    pub(crate) forced: Option<String>,
    /// Exit status of the server as the supervisor collected it, since the last order to end.
    pub(crate) ended: Option<i32>,
    /// The supervisor itself is gone.
    pub(crate) closed: bool,
    tail: VecDeque<String>,
}

impl State {
    /// The last `count` lines of the log.
    pub(crate) fn tail(&self, count: usize) -> String {
        let skipped = self.tail.len().saturating_sub(count);
        self.tail.iter().skip(skipped).map(String::as_str).collect::<Vec<_>>().join("\n")
    }

    fn hear(&mut self, line: String, ready_text: &str) {
        let Some(answer) = line.strip_prefix("@ ") else {
            self.ready |= line.contains(ready_text);
            self.tail.push_back(line);
            if self.tail.len() > TAIL_LINES {
                self.tail.pop_front();
            }
            return;
        };
        let (word, rest) = answer.split_once(' ').unwrap_or((answer, ""));
        match word {
            "folder" => self.folder = Some(Ok(rest.to_owned())),
            "failed" => self.folder = Some(Err(rest.to_owned())),
            "ran" => self.ran = rest.parse().ok(),
            "server" => self.server_pid = rest.parse().ok(),
            "gone" => self.gone = true,
            "forced" => self.forced = Some(rest.to_owned()),
            "ended" => self.ended = rest.parse().ok(),
            _ => {}
        }
    }
}

/// A [`State`] that one thread brings up to date and others wait on.
#[derive(Debug)]
pub(crate) struct Transcript {
    state: Mutex<State>,
    changed: Condvar,
    ready_text: &'static str,
}

impl Transcript {
    /// An empty one; `ready_text` is what a server's log line says when connections are accepted.
    pub(crate) fn new(ready_text: &'static str) -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), ready_text }
    }

    /// Reads `output` to its end. Runs on a thread of its own for as long as the supervisor lives.
    pub(crate) fn follow(&self, output: impl Read) {
        let mut reader = BufReader::new(output);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            self.state().hear(text, self.ready_text);
            self.changed.notify_all();
            line.clear();
        }
        self.state().closed = true;
        self.changed.notify_all();
    }

    /// The state as of now.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `found` finds something, for at most `limit`; `None` when the limit has passed.
    pub(crate) fn wait<T>(&self, limit: Duration, found: impl Fn(&State) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + limit;
        let mut state = self.state();
        loop {
            if let Some(value) = found(&state) {
                return Some(value);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_become_state_and_other_lines_become_the_log() {
        let transcript = Transcript::new("ready for work");
        transcript.follow(&b"@ folder /x/y z\n@ server 42\nstarting\nnow ready for work\n@ gone\n@ ended 3\n"[..]);
        let state = transcript.state();
        assert_eq!(state.folder, Some(Ok("/x/y z".to_owned())));
        assert_eq!(state.server_pid, Some(42));
        assert!(state.ready && state.gone && state.closed);
        assert_eq!(state.ended, Some(3));
        assert_eq!(state.tail(1), "now ready for work");
        assert_eq!(state.tail(10), "starting\nnow ready for work");
    }

    #[test]
    fn a_wait_ends_at_its_limit_when_nothing_is_said() {
        let transcript = Transcript::new("ready");
        assert_eq!(transcript.wait(Duration::ZERO, |state| state.ran), None);
    }

    #[test]
    fn the_log_keeps_only_its_last_lines() {
        let transcript = Transcript::new("ready");
        let log: String = (0..TAIL_LINES + 5).map(|line| format!("line {line}\n")).collect();
        transcript.follow(log.as_bytes());
        let tail = transcript.state().tail(TAIL_LINES * 2);
        assert_eq!(tail.lines().count(), TAIL_LINES);
        assert!(tail.starts_with("line 5\n"), "{tail}");
    }
}
