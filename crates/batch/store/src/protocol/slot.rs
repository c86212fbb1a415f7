//! The slots in which all live instances finish, where there are more of them than sessions that load, and the turns in which they
//! claim and open a run: locks of the source, taken before any other lock of the transaction, so that whoever waits for one is in
//! nobody's way.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cardgenius_failure::error::DatabaseError;
use cardgenius_pipeline::observe::{Observe, Stage};
use cardgenius_pipeline::ports::Slots;
use tokio::time::Instant;
use tracing::info;

use super::work::Work;
use crate::server::{Session, SlotWanted};

const ONE_AT_A_TIME: Slots = Slots { count: 1, home: 0 };

/// For how long one that got no turn to claim asks for none: whoever is in the way, it costs one wait, and claims beside each other
/// cost little.
const WITHOUT_TURNS: Duration = Duration::from_secs(60);

/// In place of a holder that cannot be found any more.
const LET_GO: &str = "let go by now";

/// A finish on its way to a slot; without one where there are sessions enough.
pub(super) struct SlotWait<'a> {
    wanted: Option<SlotWanted<'a>>,
    observer: &'a dyn Observe,
    /// How long it waited so far.
    pub(super) waited: Duration,
}

impl<'a> SlotWait<'a> {
    pub(super) const fn new(wanted: Option<SlotWanted<'a>>, observer: &'a dyn Observe) -> Self {
        Self { wanted, observer, waited: Duration::ZERO }
    }

    /// Waits for a slot for the transaction that `work` begins next; whoever gets none goes on without.
    pub(super) async fn take<S: Session>(&mut self, work: &mut Work<S>) -> Result<(), DatabaseError> {
        let Some(wanted) = self.wanted else { return Ok(()) };
        let (taken, waited) = wait(work, wanted, Stage::Slot, self.observer).await?;
        if !taken {
            let holder = work.slot_holder(wanted).await?;
            info!(
                slots = wanted.slots.count,
                waited_ms = waited.as_millis() as u64,
                holder = holder.as_deref().unwrap_or(LET_GO),
                "got no slot to finish in; finishing without"
            );
        }
        self.waited += waited;
        Ok(())
    }
}

/// The turn in which live instances claim. Beside each other they would lock users alternately out of the same stretch of keys: each
/// tries in vain for what the other holds, and both load rows into the same pages.
#[derive(Debug, Default)]
pub(super) struct ClaimTurn {
    without_until: Mutex<Option<Instant>>,
}

impl ClaimTurn {
    /// Waits for the turn for the transaction that `work` begins next, `within` at most; how long it waited. Whoever gets none claims
    /// without, and so it does for a while.
    pub(super) async fn take<S: Session>(
        &self,
        work: &mut Work<S>,
        source_table: &str,
        within: Duration,
        observer: &dyn Observe,
    ) -> Result<Duration, DatabaseError> {
        if self.without_until().is_some_and(|until| Instant::now() < until) {
            return Ok(Duration::ZERO);
        }
        let of = format!("{source_table} (claiming)");
        let wanted = SlotWanted { of: &of, slots: ONE_AT_A_TIME, within };
        let (taken, waited) = wait(work, wanted, Stage::ClaimTurn, observer).await?;
        if !taken {
            let holder = work.slot_holder(wanted).await?;
            info!(
                waited_ms = waited.as_millis() as u64,
                holder = holder.as_deref().unwrap_or(LET_GO),
                "got no turn to claim; claiming without for a minute"
            );
            *self.without_until() = Some(Instant::now() + WITHOUT_TURNS);
        }
        Ok(waited)
    }

    fn without_until(&self) -> MutexGuard<'_, Option<Instant>> {
        self.without_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether it was had, and how long that took, which is a stage.
async fn wait<S: Session>(
    work: &mut Work<S>,
    wanted: SlotWanted<'_>,
    stage: Stage,
    observer: &dyn Observe,
) -> Result<(bool, Duration), DatabaseError> {
    let begun = Instant::now();
    let taken = work.take_slot(wanted).await?;
    let waited = begun.elapsed();
    observer.stage(stage, waited);
    Ok((taken, waited))
}

/// Waits for the turn to open a run, for the transaction that `work` begins next. Of those that start together the first counts
/// the backlog, which on a large one is work, and the others find its run and join. Whoever gets no turn in time opens without:
/// that there is one open run is not held by this.
pub(super) async fn take_turn_to_open<S: Session>(
    work: &mut Work<S>,
    source_table: &str,
    within: Duration,
) -> Result<(), DatabaseError> {
    let of = format!("{source_table} (opening a run)");
    work.take_slot(SlotWanted { of: &of, slots: ONE_AT_A_TIME, within }).await?;
    Ok(())
}
