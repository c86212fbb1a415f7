//! What a part in a run waits for between two claims. A stop ends each wait at once, and the chunks that end meanwhile are
//! taken note of.

use std::future::ready;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};
use tracing::{info, warn};

use super::{Part, Verdict};
use crate::compute::Recommend;
use crate::observe::HeldBack;
use crate::policy::Decision;
use crate::ports::Store;
use cardgenius_failure::backoff::Backoff;
use cardgenius_failure::error::{DatabaseError, ErrorKind};

/// Between two looks whether a pause is over.
const PAUSE_WAIT: Duration = Duration::from_secs(1);

/// Between the first two looks at a run that only waits for somebody else's claims.
const OTHERS_FIRST_WAIT: Duration = Duration::from_millis(50);

/// Between two later ones: an instance that has nothing left to do ends so much later than the run at most.
const OTHERS_WAIT: Duration = Duration::from_millis(200);

impl<S: Store, R: Recommend> Part<S, R> {
    /// Waits until a further chunk may be claimed, and takes note of those that end meanwhile.
    pub(super) async fn wait_for_room(&mut self) -> Result<(), Verdict> {
        loop {
            let has_its_share = self.has_its_share();
            tokio::select! {
                biased;
                () = self.shared.stop.cancelled() => return Err(Verdict::Stopped),
                Some(ended) = self.lives.join_next() => self.note(ended)?,
                () = ready(()), if !has_its_share => return Ok(()),
            }
        }
    }

    /// Waits for claims that others hold. They are at their last chunks more often than dead, so the first looks come soon.
    pub(super) async fn wait_for_others(&mut self) -> Result<(), Verdict> {
        let wait = Backoff::new(OTHERS_FIRST_WAIT, OTHERS_WAIT).ceiling(self.others_waits);
        self.others_waits += 1;
        self.shared.stop.run_until_cancelled(sleep(wait)).await.ok_or(Verdict::Stopped)
    }

    pub(super) async fn wait_for_lives(&mut self) -> Result<(), Verdict> {
        while !self.lives.is_empty() {
            tokio::select! {
                biased;
                () = self.shared.stop.cancelled() => return Err(Verdict::Stopped),
                Some(ended) = self.lives.join_next() => self.note(ended)?,
            }
        }
        Ok(())
    }

    /// While chunk after chunk is given back for faults, it is not the chunks: waits between claims as in an outage, longer
    /// and longer, and not for ever. A table may be locked as a whole for as long as a DBA rewrites it.
    pub(super) async fn wait_while_nothing_gets_through(&mut self) -> Result<(), Verdict> {
        let Some(trials) = &mut self.nothing_gets_through else { return Ok(()) };
        let Decision::RetryAfter(wait) = self.shared.policy.wait_out(trials, Instant::now()) else {
            let doing = format!(
                "for {:?} every chunk had to be given back, and nobody got through: the warnings before this say what is in the way",
                self.shared.config.outage
            );
            return Err(Verdict::Failed(DatabaseError::new(ErrorKind::Contention, doing)));
        };
        let over = Instant::now() + wait;
        let shared = self.shared.clone();
        let _outage = shared.outages.begin(shared.observer.as_ref());
        // Whoever gets through meanwhile ends the wait.
        while self.nothing_gets_through.is_some() && Instant::now() < over {
            tokio::select! {
                biased;
                () = self.shared.stop.cancelled() => return Err(Verdict::Stopped),
                Some(ended) = self.lives.join_next() => self.note(ended)?,
                () = sleep_until(over) => {}
            }
        }
        Ok(())
    }

    /// Lets some time of a pause pass, and takes note of the chunks that end meanwhile; said once, when the pause begins.
    pub(super) async fn wait_out_a_pause(&mut self, by: &str, reason: Option<&str>) -> Result<(), Verdict> {
        if self.paused_since.is_none() {
            let reason = reason.unwrap_or("no reason given");
            warn!(by, reason, "paused by an operator: claiming nobody until `cardgenius resume`");
            self.paused_since = Some(Instant::now());
            self.shared.observer.held_back(HeldBack::Paused, true);
        }
        // Whom others gave back meanwhile, behind the cursor, only a further pass can find.
        self.quiet = false;
        let over = Instant::now() + PAUSE_WAIT;
        while Instant::now() < over {
            tokio::select! {
                biased;
                () = self.shared.stop.cancelled() => return Err(Verdict::Stopped),
                Some(ended) = self.lives.join_next() => self.note(ended)?,
                () = sleep_until(over) => {}
            }
        }
        // Nothing could get through: that is no outage, and its time does not run.
        self.nothing_gets_through = None;
        Ok(())
    }

    pub(super) fn go_on_after_a_pause(&mut self) {
        if let Some(since) = self.paused_since.take() {
            info!(duration_ms = since.elapsed().as_millis() as u64, "the pause is over");
            self.shared.observer.held_back(HeldBack::Paused, false);
        }
    }
}
