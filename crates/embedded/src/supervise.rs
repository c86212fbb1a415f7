//! A small shell process that owns the server and its folder on behalf of this process, and outlives it just long
//! enough to end the one and remove the other.
//!
//! The supervisor reads orders from a pipe whose only write end is held here and is closed on exec. When this process
//! ends, however it ends, the pipe ends too; that is the supervisor's sign to clean up (see `supervise.sh`).

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::EmbeddedError;
use crate::account::Account;
use crate::client_program::without_client_settings;
use crate::transcript::{State, Transcript};

const SCRIPT: &str = include_str!("supervise.sh");

/// A Unix socket's path has at most 107 bytes. What comes behind the base folder: `/cg-XXXXXX` and the longest name
/// of a socket, `/.s.PGSQL.65535`, with some air for other servers' names.
const LONGEST_BASE_BYTES: usize = 107 - 10 - 24;

const LOG_LINES_IN_ERRORS: usize = 20;
const FOLDER_LIMIT: Duration = Duration::from_secs(30);
const PREPARATION_LIMIT: Duration = Duration::from_secs(300);

/// How a server is told to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Sessions are ended, the data is written; the signal is the trade's.
    Fast,
    /// SIGQUIT, which PostgreSQL takes for: at once; the next start recovers.
    Immediate,
    /// SIGKILL to all of the server's processes, as in a power cut.
    Kill,
}

impl Ending {
    const fn signal(self, trade: Trade) -> &'static str {
        match self {
            Self::Fast => trade.stop_signal,
            Self::Immediate => "QUIT",
            Self::Kill => "KILL",
        }
    }
}

/// What a kind of server tells the supervisor about itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trade {
    /// What the server's log says once connections are accepted.
    pub(crate) ready_text: &'static str,
    /// The signal by which the server ends in good order.
    pub(crate) stop_signal: &'static str,
    /// The signal that ends it when its folder goes with it.
    pub(crate) last_signal: &'static str,
    /// Shell text that frees what a killed server leaves outside `$folder`.
    pub(crate) release: &'static str,
}

/// The supervisor, with the folder and the server in its care.
#[derive(Debug)]
pub(crate) struct Supervisor {
    child: Child,
    orders: Option<ChildStdin>,
    transcript: Arc<Transcript>,
    trade: Trade,
    folder: PathBuf,
    running: bool,
}

impl Supervisor {
    /// Starts a supervisor under `account` that makes its folder in the first of `bases` where that account can.
    pub(crate) fn spawn(bases: &[PathBuf], account: &Account, trade: Trade) -> Result<Self, EmbeddedError> {
        let mut reasons = Vec::new();
        for base in bases {
            if base.as_os_str().len() > LONGEST_BASE_BYTES {
                reasons.push(format!("{}: too long a path for a Unix socket", base.display()));
                continue;
            }
            match Self::spawn_in(base, account, trade)? {
                Ok(supervisor) => return Ok(supervisor),
                Err(reason) => reasons.push(format!("{}: {reason}", base.display())),
            }
        }
        Err(EmbeddedError::NoFolder { reasons: reasons.join("; ") })
    }

    fn spawn_in(base: &Path, account: &Account, trade: Trade) -> Result<Result<Self, String>, EmbeddedError> {
        let spawn_error = |source| EmbeddedError::Spawn { program: "/bin/sh".to_owned(), source };
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SCRIPT, "cardgenius-supervisor"]).arg(base).arg(trade.release).arg(trade.last_signal);
        without_client_settings(&mut command);
        command.env("LC_ALL", "C").current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        // A group of its own: Ctrl-C at the terminal reaches this program, which then stops the server in its own time.
        command.process_group(0);
        account.apply(&mut command);
        let mut child = command.spawn().map_err(spawn_error)?;
        let orders = child.stdin.take();
        let transcript = Arc::new(Transcript::new(trade.ready_text));
        if let Some(output) = child.stdout.take() {
            let transcript = Arc::clone(&transcript);
            thread::Builder::new()
                .name("private-server-log".to_owned())
                .spawn(move || transcript.follow(output))
                .map_err(spawn_error)?;
        }
        let mut supervisor = Self { child, orders, transcript, trade, folder: PathBuf::new(), running: false };
        match supervisor.transcript.wait(FOLDER_LIMIT, |state| state.folder.clone().or_else(|| closed(state))) {
            Some(Ok(folder)) => {
                supervisor.folder = folder.into();
                Ok(Ok(supervisor))
            }
            Some(Err(reason)) => Ok(Err(reason)),
            None => Err(supervisor.lost("make a folder")),
        }
    }

    /// The temporary folder: absolute, mode 0700, owned by the server's account.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The last `lines` lines of what the server and its tools wrote.
    pub(crate) fn log_tail(&self, lines: usize) -> String {
        self.transcript.state().tail(lines)
    }

    /// Runs a preparing program to its end; a status other than 0 is an error.
    pub(crate) fn run(&mut self, program: &Path, arguments: &[String]) -> Result<(), EmbeddedError> {
        self.transcript.state().ran = None;
        self.give("run", program, arguments)?;
        match self.transcript.wait(PREPARATION_LIMIT, |state| state.ran.map(Ok).or_else(|| closed(state))) {
            Some(Ok(0)) => Ok(()),
            Some(Ok(status)) => Err(EmbeddedError::Preparation {
                program: program.display().to_string(),
                status,
                log: self.log_tail(LOG_LINES_IN_ERRORS),
            }),
            _ => Err(self.lost("run a program")),
        }
    }

    /// Starts the server and waits until it accepts connections.
    pub(crate) fn start(
        &mut self,
        program: &Path,
        arguments: &[String],
        ready_limit: Duration,
    ) -> Result<u32, EmbeddedError> {
        if let Some(pid) = self.server_pid() {
            return Err(EmbeddedError::AlreadyRunning { pid });
        }
        self.end(Ending::Kill, Duration::from_secs(1))?;
        {
            let mut state = self.transcript.state();
            (state.server_pid, state.ready, state.gone) = (None, false, false);
        }
        self.give("start", program, arguments)?;
        self.running = true;
        let outcome = self.transcript.wait(ready_limit, |state| match state {
            State { ready: true, server_pid: Some(pid), .. } => Some(Ok(*pid)),
            State { gone: true, .. } | State { closed: true, .. } => Some(Err(())),
            _ => None,
        });
        let seconds = ready_limit.as_secs();
        match outcome {
            Some(Ok(pid)) => Ok(pid),
            Some(Err(())) => {
                let log = self.log_tail(LOG_LINES_IN_ERRORS);
                self.end(Ending::Kill, Duration::from_secs(1))?;
                Err(EmbeddedError::EndedAtStart { log })
            }
            None => {
                let log = self.log_tail(LOG_LINES_IN_ERRORS);
                self.end(Ending::Kill, Duration::from_secs(1))?;
                Err(EmbeddedError::NotReady { seconds, log })
            }
        }
    }

    /// Ends the server, and returns when all of its processes are gone. After `patience` a harsher signal is sent; the
    /// server is gone then too, and the error says so. Nothing happens when it does not run.
    pub(crate) fn end(&mut self, ending: Ending, patience: Duration) -> Result<(), EmbeddedError> {
        if !self.running {
            return Ok(());
        }
        {
            let mut state = self.transcript.state();
            (state.ended, state.forced) = (None, None);
        }
        let seconds = patience.as_secs();
        self.say(&format!("end {} {seconds}\n", ending.signal(self.trade)))?;
        // The supervisor turns to SIGQUIT, then to SIGKILL; beyond that there is nothing to wait for.
        let limit = patience * 2 + Duration::from_secs(60);
        match self.transcript.wait(limit, |state| state.ended.map(Ok).or_else(|| closed(state))) {
            Some(Ok(_)) => self.running = false,
            _ => return Err(self.lost("end the server")),
        }
        match self.transcript.state().forced.take() {
            Some(signal) => Err(EmbeddedError::EndForced { seconds, signal }),
            None => Ok(()),
        }
    }

    /// The server's main process, if it runs.
    pub(crate) fn server_pid(&self) -> Option<u32> {
        let state = self.transcript.state();
        state.server_pid.filter(|_| self.running && !state.gone)
    }

    /// Lets go of server and folder: both stay when this process ends.
    pub(crate) fn leave(mut self) -> Result<(), EmbeddedError> {
        self.say("leave\n")
    }

    fn give(&mut self, order: &str, program: &Path, arguments: &[String]) -> Result<(), EmbeddedError> {
        let mut text = String::new();
        let program = program.as_os_str();
        for argument in std::iter::once(program).chain(arguments.iter().map(OsStr::new)) {
            let argument = argument.to_str().filter(|argument| !argument.contains(['\n', '\0'])).ok_or_else(|| {
                let reason = "only UTF-8 without line breaks can be passed on".to_owned();
                EmbeddedError::Option { name: argument.to_string_lossy().escape_debug().to_string(), reason }
            })?;
            text.push_str("arg ");
            text.push_str(argument);
            text.push('\n');
        }
        text.push_str(order);
        text.push('\n');
        self.say(&text)
    }

    fn say(&mut self, text: &str) -> Result<(), EmbeddedError> {
        let said = self.orders.as_mut().map(|orders| orders.write_all(text.as_bytes()).and_then(|()| orders.flush()));
        match said {
            Some(Ok(())) => Ok(()),
            _ => Err(self.lost("take an order")),
        }
    }

    fn lost(&self, doing: &'static str) -> EmbeddedError {
        EmbeddedError::SupervisorLost { doing, log: self.log_tail(LOG_LINES_IN_ERRORS) }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        drop(self.orders.take());
        // It ends the server with growing force and so ends itself: this wait is bounded by the script.
        let _ = self.child.wait();
    }
}

fn closed<T>(state: &State) -> Option<Result<T, String>> {
    state.closed.then(|| Err(state.tail(LOG_LINES_IN_ERRORS)))
}

/// Where a server's folder may be made, in order of preference.
pub(crate) fn base_folders(asked_for: Option<&Path>) -> Vec<PathBuf> {
    match asked_for {
        Some(folder) => vec![folder.to_owned()],
        None => {
            let mut bases = vec![std::env::temp_dir(), "/tmp".into(), "/var/tmp".into()];
            bases.dedup();
            bases
        }
    }
}
