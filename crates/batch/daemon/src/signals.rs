//! Signals: which ask for a graceful stop, which end the program at once, and which do nothing.

use std::io;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::signal::unix::{Signal as Stream, SignalKind, signal};
use tokio::sync::mpsc::{Receiver, channel};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::exit::Exit;
use crate::standard_error;

/// The first of these asks for a graceful stop, the second ends the program at once. SIGHUP is among them: the program reads no
/// file again on request, and a lost terminal must not leave users to the sweep.
const STOP: [Signal; 4] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT];

/// These mean nothing here. The system's default would end the program in the middle of its work.
const NOTHING: [Signal; 6] =
    [Signal::SIGUSR1, Signal::SIGUSR2, Signal::SIGALRM, Signal::SIGVTALRM, Signal::SIGPROF, Signal::SIGIO];

/// At the second signal, the last line of the log is waited for this long.
const LAST_LINE: Duration = Duration::from_millis(200);

/// Cancels `stop` at the first signal that asks for a stop. What it gives is cancelled once the log has been given the line about it.
///
/// # Errors
/// The operating system gives no signals.
pub fn watch(stop: CancellationToken) -> io::Result<CancellationToken> {
    let ignored = Ignored::at_the_start();
    // A program under `nohup` is not to hear of its terminal's end.
    let asked = STOP.into_iter().filter(|signal| *signal == Signal::SIGINT || !ignored.holds(*signal));
    let mut stops = heard(asked)?;
    let mut others = heard(NOTHING.into_iter().filter(|signal| !ignored.holds(*signal)))?;
    tokio::spawn(async move {
        while let Some(signal) = others.recv().await {
            info!("{signal} means nothing here: the work goes on");
        }
    });
    let logged = CancellationToken::new();
    let has_logged = logged.clone();
    tokio::spawn(async move {
        let Some(first) = stops.recv().await else { return };
        // Before anything is said: a log that cannot be written must not keep the program from stopping.
        stop.cancel();
        warn!("{first}: stopping; a second signal ends the program at once");
        has_logged.cancel();
        let Some(second) = stops.recv().await else { return };
        warn!("{second} again: ending at once; what was in flight will be swept by the next instance");
        standard_error::flush(LAST_LINE);
        std::process::exit(Exit::Stopped.code().into());
    });
    Ok(logged)
}

/// These signals, in the order in which they come.
fn heard(signals: impl Iterator<Item = Signal>) -> io::Result<Receiver<Signal>> {
    let (sender, receiver) = channel(8);
    for name in signals {
        let mut stream: Stream = signal(SignalKind::from_raw(name as i32))?;
        let sender = sender.clone();
        tokio::spawn(async move { while stream.recv().await.is_some() && sender.send(name).await.is_ok() {} });
    }
    Ok(receiver)
}

/// The signals that whatever started the program has told it to ignore.
struct Ignored(u64);

impl Ignored {
    /// As the system tells it; none where it does not. To be asked before signals are listened to.
    fn at_the_start() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        Self(mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default())
    }

    const fn holds(&self, signal: Signal) -> bool {
        self.0 >> (signal as u32 - 1) & 1 == 1
    }
}
