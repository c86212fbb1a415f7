//! Instances of the real program that are started again whenever they end.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::program::Start;

/// Between two looks at who has ended.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// From an instance's end to its next start, as a supervisor would wait.
const RESTART_AFTER: Duration = Duration::from_millis(300);

/// Lines that are kept of each slot's log.
const LINES: usize = 600;

/// What the instances of one slot have said, the oldest of it forgotten.
#[derive(Default)]
pub struct Log {
    lines: Mutex<VecDeque<String>>,
    /// Lines that say of a claim that it was lost, or that nothing was written for it.
    let_go: Mutex<Vec<String>>,
}

impl Log {
    fn follow(self: &Arc<Self>, stream: impl Read + Send + 'static) -> JoinHandle<()> {
        let log = self.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                log.add(line);
            }
        })
    }

    fn add(&self, line: String) {
        if line.contains("claim lost") || line.contains("gave a chunk back") {
            self.let_go.lock().unwrap().push(line.clone());
        }
        let mut lines = self.lines.lock().unwrap();
        if lines.len() == LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// Whether it was said of this claim that it was lost, or given back.
    pub fn says_let_go(&self, claim_id: &str) -> bool {
        self.let_go.lock().unwrap().iter().any(|line| line.contains(claim_id))
    }

    pub fn tail(&self, count: usize) -> String {
        let lines = self.lines.lock().unwrap();
        let from = lines.len().saturating_sub(count);
        lines.iter().skip(from).map(|line| format!("{line}\n")).collect()
    }
}

struct Process {
    child: Child,
    killed: bool,
    listening: JoinHandle<()>,
    _folder: TempDir,
}

/// A place for one instance after the other.
pub struct Slot {
    process: Mutex<Option<Process>>,
    restart_at: Mutex<Instant>,
    pub log: Arc<Log>,
}

impl Slot {
    fn new() -> Self {
        Self { process: Mutex::default(), restart_at: Mutex::new(Instant::now()), log: Arc::default() }
    }

    /// The process that lives here now.
    pub fn pid(&self) -> Option<u32> {
        self.process.lock().unwrap().as_ref().map(|process| process.child.id())
    }

    /// Signals the process of this id, if it is still the one that lives here.
    pub fn signal(&self, pid: u32, signal: Signal) -> bool {
        let mut process = self.process.lock().unwrap();
        let Some(process) = process.as_mut().filter(|process| process.child.id() == pid) else { return false };
        process.killed |= signal == Signal::SIGKILL;
        // Not waited for yet, so that the id is still its own.
        kill(Pid::from_raw(pid.cast_signed()), signal).is_ok()
    }

    fn start(&self, start: Start, number: u32) {
        let Start { mut command, folder, .. } = start;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("cannot start");
        self.log.add(format!("-- start {number}, process {}", child.id()));
        let listening = self.log.follow(child.stderr.take().unwrap());
        *self.process.lock().unwrap() = Some(Process { child, killed: false, listening, _folder: folder });
    }

    /// Looks whether its process has ended; what is wrong with how it did.
    fn reap(&self) -> Option<Result<(), String>> {
        let mut slot = self.process.lock().unwrap();
        let status = slot.as_mut()?.child.try_wait().unwrap()?;
        let process = slot.take()?;
        // It has said its last word; all of it shall be heard.
        let _ = process.listening.join();
        let expected = match status.code() {
            // Done; or, as a supervisor is told, to be started again when the database can be reached.
            Some(0 | 75) => true,
            Some(_) => false,
            None => process.killed && status.signal() == Some(Signal::SIGKILL as i32),
        };
        self.log.add(format!("-- process {} ended: {status}", process.child.id()));
        *self.restart_at.lock().unwrap() = Instant::now() + RESTART_AFTER;
        Some(if expected { Ok(()) } else { Err(format!("an instance ended with {status}:\n{}", self.log.tail(40))) })
    }
}

/// All the slots, and who keeps them filled.
pub struct Fleet {
    pub slots: Arc<Vec<Slot>>,
    /// Ends that no fault of a storm accounts for.
    pub wrong_ends: Arc<Mutex<Vec<String>>>,
    starts: Arc<AtomicU32>,
    over: Arc<AtomicBool>,
    keeper: Option<JoinHandle<()>>,
}

impl Fleet {
    /// Starts so many; `start` says how to start the one of a slot.
    pub fn launch(count: usize, start: impl Fn(usize) -> Start + Send + 'static) -> Self {
        let slots = Arc::new((0..count).map(|_| Slot::new()).collect::<Vec<_>>());
        let (over, wrong_ends, starts) = (Arc::<AtomicBool>::default(), Arc::<Mutex<_>>::default(), Arc::default());
        let mut fleet =
            Self { slots: slots.clone(), wrong_ends: wrong_ends.clone(), starts, over: over.clone(), keeper: None };
        let starts = fleet.starts.clone();
        fleet.keeper = Some(std::thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                for (place, slot) in slots.iter().enumerate() {
                    if let Some(Err(wrong)) = slot.reap() {
                        wrong_ends.lock().unwrap().push(wrong);
                    }
                    if slot.pid().is_none() && Instant::now() >= *slot.restart_at.lock().unwrap() {
                        slot.start(start(place), starts.fetch_add(1, Ordering::Relaxed));
                    }
                }
                std::thread::sleep(LOOK_EVERY);
            }
        }));
        fleet
    }

    /// Starts so far, the first ones included.
    pub fn starts(&self) -> u32 {
        self.starts.load(Ordering::Relaxed)
    }

    pub fn logs(&self, lines: usize) -> String {
        let slots = self.slots.iter().enumerate();
        slots.map(|(place, slot)| format!("== instance {place}\n{}", slot.log.tail(lines))).collect()
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(keeper) = self.keeper.take() {
            let _ = keeper.join();
        }
        for slot in self.slots.iter() {
            if let Some(mut process) = slot.process.lock().unwrap().take() {
                let _ = process.child.kill();
                let _ = process.child.wait();
            }
        }
    }
}
