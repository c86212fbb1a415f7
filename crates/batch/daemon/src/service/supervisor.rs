//! What systemd is told: that the daemon is up, that it is not stuck, that it is stopping. Elsewhere nobody listens, and
//! nothing is said.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sd_notify::NotifyState;
use tokio_util::sync::CancellationToken;

/// A loop that has not come round for so long is stuck: every wait in it is bounded, and all of them together by this.
const STUCK_AFTER: Duration = Duration::from_secs(600);

/// Longer than two attempts at a database lie apart.
const START_PATIENCE: Duration = Duration::from_secs(180);

/// Speaks to systemd while the daemon is up.
#[derive(Clone, Debug)]
pub struct Supervisor {
    round: Arc<Mutex<Instant>>,
    over: CancellationToken,
}

impl Supervisor {
    /// Says that the daemon is up, and from now on, as often as the unit's `WatchdogSec` wants it, that it is not stuck.
    #[must_use]
    pub fn ready() -> Self {
        say(&[NotifyState::Ready]);
        let supervisor = Self { round: Arc::new(Mutex::new(Instant::now())), over: CancellationToken::new() };
        if let Some(period) = sd_notify::watchdog_enabled() {
            tokio::spawn(supervisor.clone().keep_saying(period / 3));
        }
        supervisor
    }

    /// The daemon is not up yet, and why; systemd shall wait on.
    pub fn waiting(text: &str) {
        let microseconds = u32::try_from(START_PATIENCE.as_micros()).unwrap_or(u32::MAX);
        say(&[NotifyState::Status(text), NotifyState::ExtendTimeoutUsec(microseconds)]);
    }

    /// The daemon's loop came round.
    pub fn came_round(&self) {
        *self.round.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// What `systemctl status` shows.
    pub fn says(&self, text: &str) {
        say(&[NotifyState::Status(text)]);
    }

    /// The daemon is about to end.
    pub fn stopping() {
        say(&[NotifyState::Stopping]);
    }

    /// Nothing more is said.
    pub fn end(&self) {
        self.over.cancel();
    }

    async fn keep_saying(self, every: Duration) {
        while self.over.run_until_cancelled(tokio::time::sleep(every)).await.is_some() {
            if self.round.lock().unwrap_or_else(PoisonError::into_inner).elapsed() < STUCK_AFTER {
                say(&[NotifyState::Watchdog]);
            }
        }
    }
}

fn say(states: &[NotifyState<'_>]) {
    // Who does not listen misses nothing that the log does not say.
    let _ = sd_notify::notify(states);
}
