//! A second database for the recommendations: its transaction commits first, and its fence says whether it may.

use cardgenius_failure::error::{DatabaseError, ErrorKind};
use cardgenius_failure::{failpoint, taken_out};
use cardgenius_pipeline::compute::{ComputedChunk, ComputedUser};
use cardgenius_pipeline::observe::{Observe, Stage};
use cardgenius_pipeline::ports::Finished;
use tokio::time::Instant;
use uuid::Uuid;

use super::SqlStore;
use super::doubt::{Side, Trail};
use super::finish::{Attempt, Held};
use super::give_back::Cause;
use super::guilty::Guilty;
use super::held_claim::HeldClaim;
use super::load::{self, Refused, is_refusal};
use super::lock_watch::LockWatch;
use super::settle::Settlement;
use super::slot::SlotWait;
use super::work::Work;
use crate::server::{Server, Session};
use crate::statement::bind;

/// The second database.
pub(super) struct Target<T: Server> {
    server: T,
}

/// What is to be loaded in one transaction.
pub(super) struct Part<'a> {
    claim_id: Uuid,
    trail: Trail,
    part: i32,
    chunk: &'a ComputedChunk,
    users: &'a [&'a ComputedUser],
    /// Users that the customer has deleted: their rows go.
    gone: &'a [String],
    observer: &'a dyn Observe,
}

impl<T: Server> Target<T> {
    pub(super) const fn new(server: T) -> Self {
        Self { server }
    }

    pub(super) const fn server(&self) -> &T {
        &self.server
    }

    /// Loads a part and commits. A commit in doubt needs no look here: loading the same part again is right, and the
    /// source decides whether there is anything to load.
    async fn load(&self, part: &Part<'_>) -> Result<Vec<Refused>, DatabaseError> {
        let sql = self.server.sql();
        let mut work = Work::on_trail(&self.server, part.trail.clone()).await?;
        let outcome = async {
            let mut transaction = work.begin().await?;
            let fence = bind![part.claim_id, part.part];
            transaction.execute(&sql.fence_insert, &fence).await?;
            let passes: bool = transaction.one(&sql.fence_passes, &fence).await?.get(0)?;
            if !passes && !taken_out!("fence") {
                return Err(DatabaseError::new(
                    ErrorKind::ClaimLost,
                    format!("claim {} was shut out of the target", part.claim_id),
                ));
            }
            if !part.gone.is_empty() {
                transaction.execute(&sql.output_delete, &bind![part.gone]).await?;
            }
            let begun = Instant::now();
            let refused = load::replace_rows(&mut transaction, sql, part.chunk, part.users).await?;
            part.observer.stage(Stage::Load, begun.elapsed());
            failpoint!("target.commit")?;
            transaction.commit().await.map_err(|error| match error.kind() {
                ErrorKind::CommitInDoubt => error.into_kind(ErrorKind::ConnectionLost),
                _ => error,
            })?;
            failpoint!("target.committed")?;
            Ok(refused)
        }
        .await;
        work.done(&outcome).await;
        outcome
    }

    /// Sets the tombstone: from now on nobody loads this part.
    pub(super) async fn shut_out(&self, trail: Trail, part: i32) -> Result<(), DatabaseError> {
        let claim_id = trail.claim_id();
        let mut work = Work::on_trail(&self.server, trail).await?;
        let outcome = async {
            let mut transaction = work.begin().await?;
            transaction.execute(&self.server.sql().fence_tombstone, &bind![claim_id, part]).await?;
            transaction.commit().await
        }
        .await;
        work.done(&outcome).await;
        outcome
    }
}

impl<S: Server, T: Server> SqlStore<S, T> {
    /// Finishes a chunk over two databases: the source's users are held locked over the target's commit. If the source then
    /// refuses some users they are found, and the chunk is finished once more, with those as failures: the rows that were
    /// loaded for them stay.
    pub(super) async fn finish_in_two(
        &self,
        target: &Target<T>,
        chunk: &ComputedChunk,
        slot: &mut SlotWait<'_>,
    ) -> Result<Finished, DatabaseError> {
        let mut attempt = self.in_two_sessions(target, chunk, slot, None).await?;
        if let Attempt::Refused(_) = attempt {
            let guilty = self.find_guilty(chunk, slot).await?;
            attempt = self.in_two_sessions(target, chunk, slot, Some(&guilty)).await?;
        }
        match attempt {
            Attempt::Finished(finished) => Ok(finished),
            Attempt::Refused(error) => Err(error),
            Attempt::NotAlone => {
                Err(DatabaseError::new(ErrorKind::Bug, "the finish over two databases came to no end"))
            }
        }
    }

    async fn in_two_sessions(
        &self,
        target: &Target<T>,
        chunk: &ComputedChunk,
        slot: &mut SlotWait<'_>,
        guilty: Option<&Guilty>,
    ) -> Result<Attempt, DatabaseError> {
        let mut work = self.work_for(chunk.claim_id).await?;
        let outcome = async {
            slot.take(&mut work).await?;
            self.finish_over(target, &mut work, chunk, guilty).await
        }
        .await;
        work.done(&outcome).await;
        outcome
    }

    async fn finish_over(
        &self,
        target: &Target<T>,
        work: &mut Work<S::Session>,
        chunk: &ComputedChunk,
        guilty: Option<&Guilty>,
    ) -> Result<Attempt, DatabaseError> {
        let sql = self.source.sql();
        let mut transaction = work.begin().await?;
        let claim = HeldClaim::lock_mine(&mut transaction, sql, chunk.claim_id, self.instance_id).await?;
        let observer = self.observer.as_ref();
        let locked = LockWatch::begin(observer);
        let (held, pending) = claim.hold_users(&mut transaction, sql).await?;
        let superseded = claim.totals().left - pending;
        let held = Held::of(chunk, &held, guilty);
        let gone: Vec<String> = if superseded == 0 {
            Vec::new()
        } else {
            let all: Vec<&str> = chunk.users.iter().map(|user| &*user.user_id).collect();
            transaction.session().users_gone(&all).await?
        };
        failpoint!("target.begin")?;
        let trail = self.trail(claim.claim_id, Side::Target);
        let part = Part {
            claim_id: claim.claim_id,
            trail,
            part: claim.parts + 1,
            chunk,
            users: &held.innocent,
            gone: &gone,
            observer,
        };
        let refused = match target.load(&part).await {
            Err(error) if error.kind() == ErrorKind::ClaimLost => {
                // The session that shut it out did not come as far as the source. The claim is still ours, and we are alive:
                // no other instance would give its users back.
                self.close_claim(transaction, &claim, Cause::Request).await?;
                return Err(error);
            }
            outcome => outcome?,
        };
        let settlement = match self.update_listed(&mut transaction, &claim, &held, &refused).await {
            Err(error) if is_refusal(error.kind()) => return Ok(Attempt::Refused(error)),
            settlement => settlement?,
        };
        let left = pending - held.users() + settlement.refused.len() as u64;
        Attempt::of(self.settle(transaction, &claim, Settlement { superseded, left, ..settlement }, locked).await)
    }
}
