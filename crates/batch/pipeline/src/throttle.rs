//! The throttle: watches the database while there is a run, and says how much of its full speed an instance may use.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::observe::Observe;
use crate::ports::Store;
use crate::pressure::Pressure;
use crate::verdict::{Judge, Limits};
use cardgenius_failure::error::{DatabaseError, ErrorKind};

/// A look that has no answer by then is given up.
const LOOK_WITHIN: Duration = Duration::from_secs(5);

/// While the database does not answer the last verdict holds for so long; then it is an outage, which is met elsewhere.
const VERDICT_HOLDS: Duration = Duration::from_secs(30);

/// Figures that change are written down no more often than this; a change of speed that people would notice, at once.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// Between two lines of the log that say that it still goes slower than it could.
const SAY_AGAIN: Duration = Duration::from_secs(600);

/// For the last word, at the end of a run.
const LAST_WORD: Duration = Duration::from_secs(1);

/// How much of its full speed an instance may use just now, and why not all of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Headroom {
    /// 0 (claim nobody) to 1 (flat out).
    pub share: f64,
    /// Why it is below 1, for people: "replica lag 12 s of at most 10 s (standby walreceiver)"; none when it is 1.
    pub reason: Option<Arc<str>>,
}

impl Headroom {
    /// Flat out.
    #[must_use]
    pub const fn full() -> Self {
        Self { share: 1.0, reason: None }
    }

    /// For a run without a throttle: always full.
    #[must_use]
    pub fn unthrottled() -> watch::Receiver<Self> {
        watch::channel(Self::full()).1
    }

    /// Whether it is all of the speed, a part of it, or nothing.
    #[must_use]
    pub fn speed(&self) -> Speed {
        match self.share {
            share if share >= 1.0 => Speed::Full,
            share if share > 0.0 => Speed::Slowed,
            _ => Speed::Paused,
        }
    }

    /// In words: `slowed to 40 %: ...` or `paused: ...`; none at full speed.
    #[must_use]
    pub fn told(&self) -> Option<String> {
        let reason = self.reason.as_deref().unwrap_or("no reason given");
        match self.speed() {
            Speed::Full => None,
            // Rounded up: a little is not nothing.
            Speed::Slowed => Some(format!("slowed to {} %: {reason}", (self.share * 100.0).ceil())),
            Speed::Paused => Some(format!("paused: {reason}")),
        }
    }
}

impl Default for Headroom {
    fn default() -> Self {
        Self::full()
    }
}

/// What of a share people would notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speed {
    /// Flat out.
    Full,
    /// Slower.
    Slowed,
    /// Nobody is claimed.
    Paused,
}

/// What the throttle is told.
#[derive(Clone, Debug, PartialEq)]
pub struct ThrottleConfig {
    /// Between two looks.
    pub look: Duration,
    /// How much of what is too much.
    pub limits: Limits,
    /// The DBA's own query, which returns true for stop.
    pub stop_query: Option<String>,
}

/// Looks at the database again and again, and tells whoever claims.
#[derive(Debug)]
pub struct Watcher<S> {
    store: Arc<S>,
    config: ThrottleConfig,
    observer: Arc<dyn Observe>,
    sender: watch::Sender<Headroom>,
    judge: Judge,
    /// When a look last had an answer; none: the last one had none, and it was said.
    answered: Option<Instant>,
    verdict_ends: Instant,
    /// What the database was told last, and when.
    told: (Headroom, Instant),
    said: Instant,
    /// What is known to be hidden from us: said once.
    unseen: Vec<String>,
}

impl<S: Store> Watcher<S> {
    /// Looks for the first time, so that nobody is claimed before it is known whether the database bears it.
    pub async fn start(
        store: Arc<S>,
        config: ThrottleConfig,
        observer: Arc<dyn Observe>,
    ) -> (Self, watch::Receiver<Headroom>) {
        let (sender, receiver) = watch::channel(Headroom::full());
        let now = Instant::now();
        let judge = Judge::new(config.limits.clone());
        let mut watcher = Self {
            store,
            config,
            observer,
            sender,
            judge,
            answered: Some(now),
            verdict_ends: now + VERDICT_HOLDS,
            told: (Headroom::full(), now),
            said: now,
            unseen: Vec::new(),
        };
        watcher.look().await;
        (watcher, receiver)
    }

    /// Looks every `look` until `stop`; then whoever watched is told that nothing holds us back any more.
    pub async fn keep(mut self, stop: CancellationToken) {
        while stop.run_until_cancelled(sleep(self.config.look)).await.is_some() {
            if stop.run_until_cancelled(self.look()).await.is_none() {
                break;
            }
        }
        self.observer.throttled(1.0, &[]);
        if self.told.0 != Headroom::full() {
            let _ = timeout(LAST_WORD, self.store.note_headroom(&Headroom::full())).await;
        }
    }

    async fn look(&mut self) {
        let looking = self.store.pressure(self.config.stop_query.as_deref());
        let seen = timeout(LOOK_WITHIN, looking).await.unwrap_or_else(|_| {
            Err(DatabaseError::new(
                ErrorKind::Timeout,
                format!("looking how the database bears it: no answer within {LOOK_WITHIN:?}"),
            ))
        });
        match seen {
            Ok(pressure) => self.seen(&pressure),
            Err(error) => self.blind(&error),
        }
        self.tell().await;
    }

    fn seen(&mut self, pressure: &Pressure) {
        let now = Instant::now();
        if self.answered.is_none() {
            info!("the throttle sees the database again");
        }
        (self.answered, self.verdict_ends) = (Some(now), now + VERDICT_HOLDS);
        for unseen in &pressure.unseen {
            if !self.unseen.contains(unseen) {
                info!("the throttle goes without {unseen}");
                self.unseen.push(unseen.clone());
            }
        }
        let headroom = self.judge.judge(pressure);
        self.decided(headroom);
    }

    /// What cannot be asked needs no sparing: claims wait out an outage by themselves.
    fn blind(&mut self, error: &DatabaseError) {
        if self.answered.take().is_some() {
            warn!(kind = error.kind().name(), %error, "the throttle cannot look at the database; its last word holds for {VERDICT_HOLDS:?}");
        } else {
            debug!(kind = error.kind().name(), %error, "the throttle still cannot look");
        }
        if Instant::now() >= self.verdict_ends {
            self.judge.forget();
            self.decided(Headroom::full());
        }
    }

    fn decided(&mut self, headroom: Headroom) {
        self.say(&headroom);
        self.observer.throttled(headroom.share, &self.judge.shares());
        self.sender.send_if_modified(|known| {
            let is_news = *known != headroom;
            *known = headroom;
            is_news
        });
    }

    /// A line now and then while it is not at full speed; that it begins and that it is over says whoever claims.
    fn say(&mut self, headroom: &Headroom) {
        let Some(told) = headroom.told() else {
            self.said = Instant::now();
            return;
        };
        if self.said.elapsed() >= SAY_AGAIN {
            self.said = Instant::now();
            warn!(share = headroom.share, "still {told}");
        }
    }

    /// Writes down how fast this instance may go, for `cardgenius status`, which is another process.
    async fn tell(&mut self) {
        let headroom = self.sender.borrow().clone();
        let (told, at) = &self.told;
        let is_due = told.speed() != headroom.speed() || at.elapsed() >= TELL_EVERY;
        if *told == headroom || !is_due {
            return;
        }
        match timeout(LOOK_WITHIN, self.store.note_headroom(&headroom)).await {
            Ok(Ok(())) => self.told = (headroom, Instant::now()),
            Ok(Err(error)) => debug!(kind = error.kind().name(), %error, "could not write down the throttle's verdict"),
            Err(_) => debug!("could not write down the throttle's verdict in time"),
        }
    }
}
