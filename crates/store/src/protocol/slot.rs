//! The slots in which all live instances finish, where there are more of them than sessions that load, and the turn in which they open a
//! run: locks of the source, taken before any other lock of the transaction, so that whoever waits for one is in nobody's way.

use std::time::Duration;

use cardgenius_pipeline::error::StoreError;
use cardgenius_pipeline::observe::{Observe, Stage};
use cardgenius_pipeline::ports::Slots;
use tokio::time::Instant;
use tracing::debug;

use super::work::Work;
use crate::server::Session;

/// A finish on its way to a slot; without one where there are sessions enough.
pub(super) struct SlotWait<'a> {
    source_table: &'a str,
    slots: Option<Slots>,
    observer: &'a dyn Observe,
    /// How long it waited so far.
    pub(super) waited: Duration,
}

impl<'a> SlotWait<'a> {
    pub(super) const fn new(source_table: &'a str, slots: Option<Slots>, observer: &'a dyn Observe) -> Self {
        Self { source_table, slots, observer, waited: Duration::ZERO }
    }

    /// Waits for a slot for the transaction that `work` begins next; whoever gets none goes on without.
    pub(super) async fn take<S: Session>(&mut self, work: &mut Work<S>) -> Result<(), StoreError> {
        let Some(slots) = self.slots else { return Ok(()) };
        let begun = Instant::now();
        let taken = work.take_slot(self.source_table, slots).await?;
        let waited = begun.elapsed();
        self.observer.stage(Stage::Slot, waited);
        if !taken {
            debug!(
                slots = slots.count,
                waited_ms = waited.as_millis() as u64,
                "got no slot to finish in; finishing without"
            );
        }
        self.waited += waited;
        Ok(())
    }
}

/// Waits for the turn to open a run, for the transaction that `work` begins next. Of those that start together the first counts
/// the backlog, which on a large one is work, and the others find its run and join. Whoever gets no turn in time opens without:
/// that there is one open run is not held by this.
pub(super) async fn take_turn_to_open<S: Session>(work: &mut Work<S>, source_table: &str) -> Result<(), StoreError> {
    const ONE_AT_A_TIME: Slots = Slots { count: 1, home: 0 };
    work.take_slot(&format!("{source_table} (opening a run)"), ONE_AT_A_TIME).await?;
    Ok(())
}
