//! The runtime that a command waits on. Where the system allows too few threads or files, that is said: the library would panic, and
//! might leave threads behind that keep the process from its end.

use std::num::NonZeroUsize;
use std::sync::mpsc;
use std::thread::{self, available_parallelism};

use nix::sys::resource::{Resource, getrlimit};
use tokio::runtime::{Builder, Runtime};

/// The stack of each thread. Without it the environment (`RUST_MIN_STACK`) would decide.
pub(crate) const STACK_BYTES: usize = 2 << 20;

/// Files that the program needs at least: sessions, pages, the runtime's own.
const LEAST_FILES: u64 = 64;

/// Threads beside the workers: one for calls that block, one for the log, and one in reserve.
const FURTHER_THREADS: usize = 3;

/// Starts the runtime.
///
/// # Errors
/// What is wanting, and what to do about it, for people.
pub(crate) fn start() -> Result<Runtime, String> {
    // Not left to the library, which would ask the environment for it.
    let workers = available_parallelism().map_or(1, NonZeroUsize::get);
    enough_files()?;
    enough_threads(workers + FURTHER_THREADS)?;
    Builder::new_multi_thread()
        .worker_threads(workers)
        .thread_stack_size(STACK_BYTES)
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start the runtime: {error}"))
}

fn enough_files() -> Result<(), String> {
    match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok((allowed, _)) if allowed < LEAST_FILES => Err(format!(
            "this process may open {allowed} files, and needs {LEAST_FILES} at least: raise the limit (ulimit -n, LimitNOFILE of a systemd unit)"
        )),
        _ => Ok(()),
    }
}

/// Whether so many threads can be had at the same time; they end at once.
fn enough_threads(threads: usize) -> Result<(), String> {
    let mut waiting = Vec::new();
    for already in 0..threads {
        let (end, ended) = mpsc::channel::<()>();
        let thread = thread::Builder::new().stack_size(STACK_BYTES).spawn(move || {
            // Until the other end of the channel is dropped.
            let _ = ended.recv();
        });
        match thread {
            Ok(thread) => waiting.push((end, thread)),
            Err(error) => {
                return Err(format!(
                    "the system gives this process {already} further threads, and it needs {threads}: raise the limit on processes (ulimit -u, TasksMax of a systemd unit, the pids limit of a container): {error}"
                ));
            }
        }
    }
    for (end, thread) in waiting {
        drop(end);
        let _ = thread.join();
    }
    Ok(())
}
