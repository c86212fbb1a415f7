//! SIGINT and SIGTERM: the first asks for a graceful stop, the second ends the program at once.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::exit::Exit;

/// Cancels `stop` at the first signal.
///
/// # Errors
/// The operating system gives no signals.
pub fn watch(stop: CancellationToken) -> io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        let mut next = async || {
            tokio::select! {
                Some(()) = interrupt.recv() => "SIGINT",
                Some(()) = terminate.recv() => "SIGTERM",
            }
        };
        let first = next().await;
        warn!("{first}: stopping; a second signal ends the program at once");
        stop.cancel();
        let second = next().await;
        warn!("{second} again: ending at once; what was in flight will be swept by the next instance");
        std::process::exit(Exit::Stopped.code().into());
    });
    Ok(())
}
