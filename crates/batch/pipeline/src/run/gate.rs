//! The gate before each claim: the hours, the throttle, the ceiling. What holds a part back is said once when it begins
//! and once when it is over.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tracing::{info, warn};

use super::{Part, Verdict};
use crate::compute::Recommend;
use crate::observe::HeldBack;
use crate::pace::Turn;
use crate::ports::{RunState, Store};
use crate::throttle::{Headroom, Speed};

/// Between two looks, in a long wait, whether the run is still open.
const RUN_LOOK: Duration = Duration::from_secs(5);

/// What holds a part back just now, beside an operator's pause.
#[derive(Debug, Default)]
pub(super) struct Holds {
    throttle: Option<(Speed, Instant)>,
    shut_since: Option<Instant>,
}

impl<S: Store, R: Recommend> Part<S, R> {
    /// Waits until the hours, the throttle and the ceiling let a further chunk be claimed; how many users it may have.
    pub(super) async fn wait_for_our_turn(&mut self) -> Result<usize, Verdict> {
        let mut headroom = self.shared.headroom.clone();
        let mut run_seen = Instant::now();
        let mut has_waited = false;
        loop {
            if let Some(opens) = self.look_at_the_hours() {
                has_waited = true;
                self.idle(opens, &mut run_seen, None).await?;
                self.is_held();
                continue;
            }
            self.look_who_shares().await;
            let now_said = headroom.borrow_and_update().clone();
            self.note_headroom(&now_said);
            let now = Instant::now();
            let until = match self.pace.next(now, now_said.share, self.lives.len()) {
                Turn::Claim(rows) => {
                    if has_waited {
                        // Whom others gave back meanwhile, behind the cursor, only a further pass can find.
                        self.quiet = false;
                    }
                    return Ok(rows);
                }
                Turn::NotBefore(then) => then,
                Turn::NotYet => now + RUN_LOOK,
            };
            has_waited = true;
            self.idle(until, &mut run_seen, Some(&mut headroom)).await?;
            if now_said.share <= 0.0 {
                self.is_held();
            }
        }
    }

    /// Nobody could get through: that is neither an outage nor a speed.
    fn is_held(&mut self) {
        self.nothing_gets_through = None;
        self.pace.interrupted();
    }

    /// Lets time pass until then, until the headroom changes or until a chunk ends; looks now and then whether the run is
    /// still open, since no claim says so.
    async fn idle(
        &mut self,
        until: Instant,
        run_seen: &mut Instant,
        headroom: Option<&mut watch::Receiver<Headroom>>,
    ) -> Result<(), Verdict> {
        let look = *run_seen + RUN_LOOK;
        let changed = async {
            if let Some(headroom) = headroom
                && headroom.changed().await.is_ok()
            {
                return;
            }
            // Where nobody watches any more, it stays as it is.
            std::future::pending::<()>().await;
        };
        tokio::select! {
            biased;
            () = self.shared.stop.cancelled() => return Err(Verdict::Stopped),
            Some(ended) = self.lives.join_next() => self.note(ended)?,
            () = changed => {}
            () = sleep_until(until.min(look)) => {}
        }
        if Instant::now() < look {
            return Ok(());
        }
        *run_seen = Instant::now();
        match self.totals().await?.state {
            Some(RunState::Open) | None => Ok(()),
            Some(state) => Err(Verdict::Closed(state)),
        }
    }

    /// Until when to wait for the hours in which this run may claim; none: they are now.
    fn look_at_the_hours(&mut self) -> Option<Instant> {
        let shared = &self.shared;
        let Some(shut) = shared.hours.shut() else {
            if let Some(since) = self.holds.shut_since.take() {
                info!(run.id = %self.run_id, duration_ms = since.elapsed().as_millis() as u64, "the hours of this run have begun: claiming again");
                shared.progress.waits_for(None);
                shared.observer.held_back(HeldBack::Hours, false);
            }
            return None;
        };
        if self.holds.shut_since.is_none() {
            self.holds.shut_since = Some(Instant::now());
            info!(run.id = %self.run_id, reason = &*shut.reason, opens_in_ms = shut.opens_in.as_millis() as u64, "not the hours of this run: claiming nobody until they begin");
            shared.observer.held_back(HeldBack::Hours, true);
        }
        shared.progress.waits_for(Some(shut.reason));
        // The clock may be set meanwhile, and the machine sleep: it is asked again soon.
        Some(Instant::now() + shut.opens_in.min(RUN_LOOK))
    }

    /// Says it when the throttle begins to slow us down, stops us, and lets us go on.
    fn note_headroom(&mut self, headroom: &Headroom) {
        let now = headroom.speed();
        let before = self.holds.throttle;
        if now == before.map_or(Speed::Full, |(speed, _)| speed) {
            return;
        }
        let since = before.map_or_else(Instant::now, |(_, since)| since);
        self.holds.throttle = (now != Speed::Full).then_some((now, since));
        let reason: Arc<str> = headroom.reason.clone().unwrap_or_else(|| "no reason given".into());
        match now {
            Speed::Paused => {
                warn!(run.id = %self.run_id, reason = &*reason, "throttled: claiming nobody until there is room again");
            }
            Speed::Slowed => {
                info!(run.id = %self.run_id, reason = &*reason, share = headroom.share, "throttled: claiming more slowly");
            }
            Speed::Full => {
                let duration_ms = since.elapsed().as_millis() as u64;
                info!(run.id = %self.run_id, duration_ms, "not throttled any more: claiming at full speed");
            }
        }
        self.shared.observer.held_back(HeldBack::Throttle, now != Speed::Full);
    }

    /// At the end: whatever held us back does so no longer.
    pub(super) fn let_go(&mut self) {
        for reason in [HeldBack::Paused, HeldBack::Throttle, HeldBack::Hours] {
            self.shared.observer.held_back(reason, false);
        }
        self.shared.progress.waits_for(None);
    }
}
