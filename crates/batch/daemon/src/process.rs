//! What the program sets for its own process before anything else, before there are other threads.

use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigSet, Signal};

/// Leaves no core behind, which would hold the password and users' spending; and keeps the limit on the size of files from ending
/// the program, so that a write beyond it fails like any other. A system that refuses either keeps its own ways.
pub fn prepare() {
    let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
    // All threads take this over. The signal that is held back does no harm.
    let _ = SigSet::from(Signal::SIGXFSZ).thread_block();
}
