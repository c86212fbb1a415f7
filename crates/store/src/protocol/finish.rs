//! Finishing a chunk in one database: rows and statuses in one transaction, fenced by the claim's row.

use std::collections::HashSet;

use cardgenius_pipeline::compute::{ComputedChunk, ComputedUser, RowSpan};
use cardgenius_pipeline::error::{ErrorKind, StoreError};
use cardgenius_pipeline::failpoint;
use cardgenius_pipeline::observe::Stage;
use cardgenius_pipeline::ports::ClaimTotals;
use tokio::time::Instant;

use super::SqlStore;
use super::failure_log::{FailedUser, FailureLog};
use super::held_claim::HeldClaim;
use super::load::{self, Refused};
use super::lock_watch::LockWatch;
use super::slot::SlotWait;
use super::work::{Transaction, Work};
use crate::server::{Server, Session};
use crate::statement::bind;

/// What one transaction settles; becomes part of the claim's totals.
#[derive(Clone, Debug, Default)]
pub(super) struct Settlement {
    pub(super) completed: u64,
    pub(super) failed: u64,
    pub(super) superseded: u64,
    /// Users that somebody else holds locked: the claim stays open for them.
    pub(super) left: u64,
    /// Bytes of the rows loaded.
    pub(super) bytes: u64,
    /// The first few of those that failed.
    pub(super) named: Vec<FailedUser>,
}

impl<S: Server, T: Server> SqlStore<S, T> {
    /// First the way that holds row locks for the shortest time; if the customer was at some of the users meanwhile, the
    /// careful way.
    pub(super) async fn finish_in_one(
        &self,
        chunk: &ComputedChunk,
        slot: &mut SlotWait<'_>,
    ) -> Result<ClaimTotals, StoreError> {
        if let Some(totals) = self.in_session(chunk, slot, Way::Fast).await? {
            return Ok(totals);
        }
        self.in_session(chunk, slot, Way::Careful)
            .await?
            .ok_or_else(|| StoreError::new(ErrorKind::Bug, "the careful finish came to no end"))
    }

    async fn in_session(
        &self,
        chunk: &ComputedChunk,
        slot: &mut SlotWait<'_>,
        way: Way,
    ) -> Result<Option<ClaimTotals>, StoreError> {
        let mut work = self.work_for(chunk.claim_id).await?;
        let outcome = async {
            slot.take(&mut work).await?;
            match way {
                Way::Fast => self.finish_fast(&mut work, chunk).await,
                Way::Careful => self.finish_carefully(&mut work, chunk).await.map(Some),
            }
        }
        .await;
        work.done(&outcome).await;
        outcome
    }

    /// Writes first, updates last. `None`: fewer users than expected were there, or somebody holds some of them.
    async fn finish_fast(
        &self,
        work: &mut Work<S::Session>,
        chunk: &ComputedChunk,
    ) -> Result<Option<ClaimTotals>, StoreError> {
        let mut transaction = work.begin().await?;
        let claim = HeldClaim::lock_mine(&mut transaction, self.source.sql(), chunk.claim_id, self.instance_id).await?;
        if !claim.is_whole() {
            return Ok(None);
        }
        let users: Vec<&ComputedUser> = chunk.users.iter().collect();
        let refused = self.load(&mut transaction, chunk, &users).await?;
        let (faulty, reasons) = faults(&users, &refused);
        let locked = LockWatch::begin(self.observer.as_ref());
        let settlement = match self.update_range(&mut transaction, &claim, &faulty, &reasons).await {
            Ok(settlement) => settlement,
            // Somebody holds one of the rows: the careful way passes over it.
            Err(error) if error.kind() == ErrorKind::Contention => return Ok(None),
            Err(error) => return Err(error),
        };
        if settlement.completed + settlement.failed != users.len() as u64 {
            return Ok(None);
        }
        let settlement =
            Settlement { bytes: loaded_bytes(&users, &refused), named: named(&faulty, &reasons), ..settlement };
        self.settle(transaction, &claim, settlement, locked).await.map(Some)
    }

    /// Replaces these users' rows, and takes the time.
    async fn load(
        &self,
        transaction: &mut Transaction<'_, S::Session>,
        chunk: &ComputedChunk,
        users: &[&ComputedUser],
    ) -> Result<Vec<Refused>, StoreError> {
        let begun = Instant::now();
        let refused = load::replace_rows(transaction, self.source.sql(), chunk, users).await?;
        self.observer.stage(Stage::Load, begun.elapsed());
        Ok(refused)
    }

    async fn update_range(
        &self,
        transaction: &mut Transaction<'_, S::Session>,
        claim: &HeldClaim,
        faulty: &[&str],
        reasons: &[String],
    ) -> Result<Settlement, StoreError> {
        let sql = self.source.sql();
        let mut settlement = Settlement::default();
        if !faulty.is_empty() {
            settlement.failed = transaction.session().fail_users(claim.claim_id, faulty, reasons).await?;
            if settlement.failed != faulty.len() as u64 {
                // One of them was superseded: completing the rest by range would be right, but the count would not add up.
                return Ok(Settlement::default());
            }
        }
        settlement.completed = transaction
            .execute(&sql.users_complete_range, &bind![claim.claim_id, &claim.first_user_id, &claim.last_user_id])
            .await?;
        Ok(settlement)
    }

    /// Locks those that are still pending and can be had, and writes and settles exactly those.
    async fn finish_carefully(
        &self,
        work: &mut Work<S::Session>,
        chunk: &ComputedChunk,
    ) -> Result<ClaimTotals, StoreError> {
        let mut transaction = work.begin().await?;
        let claim = HeldClaim::lock_mine(&mut transaction, self.source.sql(), chunk.claim_id, self.instance_id).await?;
        let locked = LockWatch::begin(self.observer.as_ref());
        let (held, pending) = claim.hold_users(&mut transaction, self.source.sql()).await?;
        let users = among(chunk, &held);
        let refused = self.load(&mut transaction, chunk, &users).await?;
        let settlement = self.update_listed(&mut transaction, &claim, &users, &refused).await?;
        let settlement =
            Settlement { superseded: claim.totals().left - pending, left: pending - held.len() as u64, ..settlement };
        self.settle(transaction, &claim, settlement, locked).await
    }

    /// Fails and completes exactly these users, all of whom the transaction holds locked.
    pub(super) async fn update_listed(
        &self,
        transaction: &mut Transaction<'_, S::Session>,
        claim: &HeldClaim,
        users: &[&ComputedUser],
        refused: &[Refused],
    ) -> Result<Settlement, StoreError> {
        let sql = self.source.sql();
        let (faulty, reasons) = faults(users, refused);
        let sound: Vec<&str> = {
            let faulty: HashSet<&str> = faulty.iter().copied().collect();
            users.iter().map(|user| &*user.user_id).filter(|user_id| !faulty.contains(user_id)).collect()
        };
        let failed = if faulty.is_empty() {
            0
        } else {
            transaction.session().fail_users(claim.claim_id, &faulty, &reasons).await?
        };
        let completed = transaction.execute(&sql.users_complete_listed, &bind![claim.claim_id, &sound]).await?;
        if (completed, failed) != (sound.len() as u64, faulty.len() as u64) {
            return Err(StoreError::new(
                ErrorKind::Bug,
                format!(
                    "claim {}: {completed} users completed and {failed} failed where {} and {} were locked; is a trigger on the table of users changing rows?",
                    claim.claim_id,
                    sound.len(),
                    faulty.len()
                ),
            ));
        }
        let (bytes, named) = (loaded_bytes(users, refused), named(&faulty, &reasons));
        Ok(Settlement { completed, failed, bytes, named, ..Settlement::default() })
    }

    /// Writes the counts into the claim's row and commits.
    pub(super) async fn settle(
        &self,
        mut transaction: Transaction<'_, S::Session>,
        claim: &HeldClaim,
        settlement: Settlement,
        locked: LockWatch<'_>,
    ) -> Result<ClaimTotals, StoreError> {
        let count = |users: u64| i32::try_from(users).unwrap_or(i32::MAX);
        let stays_open = settlement.left > 0;
        let values = bind![
            claim.claim_id,
            count(settlement.completed),
            count(settlement.failed),
            count(settlement.superseded),
            stays_open
        ];
        transaction.execute(&self.source.sql().claim_settle, &values).await?;
        failpoint!("finish.commit")?;
        transaction.commit().await?;
        drop(locked);
        self.observer.copied(10 * settlement.completed, settlement.bytes);
        self.failures.failed((claim.run_id, claim.claim_id), settlement.failed, &settlement.named);
        failpoint!("finish.committed")?;
        let before = claim.totals();
        Ok(ClaimTotals {
            completed: before.completed + settlement.completed,
            failed: before.failed + settlement.failed,
            superseded: before.superseded + settlement.superseded,
            returned: 0,
            left: settlement.left,
        })
    }
}

enum Way {
    Fast,
    Careful,
}

/// The chunk's users whose keys are listed; in the chunk's order.
pub(super) fn among<'a>(chunk: &'a ComputedChunk, keys: &[String]) -> Vec<&'a ComputedUser> {
    let keys: HashSet<&str> = keys.iter().map(String::as_str).collect();
    chunk.users.iter().filter(|user| keys.contains(&*user.user_id)).collect()
}

/// Bytes of the rows of those that have some and were not refused.
fn loaded_bytes(users: &[&ComputedUser], refused: &[Refused]) -> u64 {
    let bytes = |user: &ComputedUser| user.outcome.map_or(0, RowSpan::bytes);
    let all: u64 = users.iter().map(|user| bytes(user)).sum();
    all - refused.iter().map(|refused| bytes(users[refused.place])).sum::<u64>()
}

/// Those that the log may name.
fn named(faulty: &[&str], reasons: &[String]) -> Vec<FailedUser> {
    FailureLog::nameable(faulty.iter().zip(reasons))
        .map(|(user_id, reason)| FailedUser { user_id: (*user_id).into(), reason: reason.clone() })
        .collect()
}

/// Users that fail, and why: by the computation, or refused by the database.
fn faults<'a>(users: &[&'a ComputedUser], refused: &[Refused]) -> (Vec<&'a str>, Vec<String>) {
    let computed = users.iter().filter_map(|user| Some((&*user.user_id, user.outcome.err()?.to_string())));
    let refused = refused.iter().map(|refused| (&*users[refused.place].user_id, refused.reason.clone()));
    computed.chain(refused).unzip()
}
