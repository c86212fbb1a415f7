//! Finishing a chunk in one database: rows and statuses in one transaction, fenced by the claim's row.

use std::collections::HashSet;

use cardgenius_failure::error::{DatabaseError, ErrorKind};
use cardgenius_pipeline::compute::{ComputedChunk, ComputedUser};
use cardgenius_pipeline::observe::Stage;
use cardgenius_pipeline::ports::Finished;
use tokio::time::Instant;

use super::SqlStore;
use super::guilty::Guilty;
use super::held_claim::HeldClaim;
use super::load::{self, Refused, is_refusal};
use super::lock_watch::LockWatch;
use super::settle::{Faults, Settlement, loaded_bytes};
use super::slot::SlotWait;
use super::work::{Transaction, Work};
use crate::server::Server;

/// What an attempt to finish a chunk came to.
pub(super) enum Attempt {
    Finished(Finished),
    /// Fewer users than expected were there, or another session holds some of them locked.
    NotAlone,
    /// The database refuses that some users are completed or failed.
    Refused(DatabaseError),
}

impl Attempt {
    /// Tells a refusal apart from failures that say nothing against single users.
    pub(super) fn of(outcome: Result<Finished, DatabaseError>) -> Result<Self, DatabaseError> {
        match outcome {
            Ok(finished) => Ok(Self::Finished(finished)),
            Err(error) if is_refusal(error.kind()) => Ok(Self::Refused(error)),
            Err(error) => Err(error),
        }
    }
}

impl<S: Server, T: Server> SqlStore<S, T> {
    /// First the way that holds row locks for the shortest time; if the customer was at some of the users meanwhile, the
    /// careful way; if the database refuses some users, the careful way with those as failures.
    pub(super) async fn finish_in_one(
        &self,
        chunk: &ComputedChunk,
        slot: &mut SlotWait<'_>,
    ) -> Result<Finished, DatabaseError> {
        let mut attempt = self.in_session(chunk, slot, Way::Fast).await?;
        if let Attempt::NotAlone = attempt {
            attempt = self.in_session(chunk, slot, Way::Careful(None)).await?;
        }
        if let Attempt::Refused(_) = attempt {
            let guilty = self.find_guilty(chunk, slot).await?;
            attempt = self.in_session(chunk, slot, Way::Careful(Some(&guilty))).await?;
        }
        match attempt {
            Attempt::Finished(finished) => Ok(finished),
            Attempt::Refused(error) => Err(error),
            Attempt::NotAlone => Err(DatabaseError::new(ErrorKind::Bug, "the careful finish came to no end")),
        }
    }

    async fn in_session(
        &self,
        chunk: &ComputedChunk,
        slot: &mut SlotWait<'_>,
        way: Way<'_>,
    ) -> Result<Attempt, DatabaseError> {
        let mut work = self.work_for(chunk.claim_id).await?;
        let outcome = async {
            slot.take(&mut work).await?;
            match way {
                Way::Fast => self.finish_fast(&mut work, chunk).await,
                Way::Careful(guilty) => self.finish_carefully(&mut work, chunk, guilty).await,
            }
        }
        .await;
        work.done(&outcome).await;
        outcome
    }

    /// Writes first, updates last.
    async fn finish_fast(&self, work: &mut Work<S::Session>, chunk: &ComputedChunk) -> Result<Attempt, DatabaseError> {
        let mut transaction = work.begin().await?;
        let claim = HeldClaim::lock_mine(&mut transaction, self.source.sql(), chunk.claim_id, self.instance_id).await?;
        if !claim.is_whole() {
            return Ok(Attempt::NotAlone);
        }
        let users: Vec<&ComputedUser> = chunk.users.iter().collect();
        let refused = self.load(&mut transaction, chunk, &users).await?;
        let faults = Faults::of(&users, &refused);
        let locked = LockWatch::begin(self.observer.as_ref());
        let settlement = match self.update_range(&mut transaction, &claim, &faults).await {
            Ok(settlement) => settlement,
            // Another session holds one of the rows locked: the careful way passes over it.
            Err(error) if error.kind() == ErrorKind::Contention => return Ok(Attempt::NotAlone),
            Err(error) if is_refusal(error.kind()) => return Ok(Attempt::Refused(error)),
            Err(error) => return Err(error),
        };
        if settlement.completed + settlement.failed != users.len() as u64 {
            return Ok(Attempt::NotAlone);
        }
        let settlement = Settlement { bytes: loaded_bytes(&users, &refused), named: faults.named(), ..settlement };
        Attempt::of(self.settle(transaction, &claim, settlement, locked).await)
    }

    /// Replaces these users' rows, and takes the time.
    pub(super) async fn load(
        &self,
        transaction: &mut Transaction<'_, S::Session>,
        chunk: &ComputedChunk,
        users: &[&ComputedUser],
    ) -> Result<Vec<Refused>, DatabaseError> {
        let begun = Instant::now();
        let refused = load::replace_rows(transaction, self.source.sql(), chunk, users).await?;
        self.observer.stage(Stage::Load, begun.elapsed());
        Ok(refused)
    }

    /// Locks those that are still pending and can be had, and writes and settles exactly those. Users that are known to be
    /// guilty keep the rows that they have, and fail.
    async fn finish_carefully(
        &self,
        work: &mut Work<S::Session>,
        chunk: &ComputedChunk,
        guilty: Option<&Guilty>,
    ) -> Result<Attempt, DatabaseError> {
        let mut transaction = work.begin().await?;
        let claim = HeldClaim::lock_mine(&mut transaction, self.source.sql(), chunk.claim_id, self.instance_id).await?;
        let locked = LockWatch::begin(self.observer.as_ref());
        let (held, pending) = claim.hold_users(&mut transaction, self.source.sql()).await?;
        let held = Held::of(chunk, &held, guilty);
        let refused = self.load(&mut transaction, chunk, &held.innocent).await?;
        let settlement = match self.update_listed(&mut transaction, &claim, &held, &refused).await {
            Err(error) if is_refusal(error.kind()) => return Ok(Attempt::Refused(error)),
            settlement => settlement?,
        };
        let (superseded, left) =
            (claim.totals().left - pending, pending - held.users() + settlement.refused.len() as u64);
        Attempt::of(self.settle(transaction, &claim, Settlement { superseded, left, ..settlement }, locked).await)
    }
}

enum Way<'a> {
    Fast,
    Careful(Option<&'a Guilty>),
}

/// The users of a chunk that a transaction holds locked.
pub(super) struct Held<'a> {
    /// Those that nothing is known against; in the chunk's order.
    pub(super) innocent: Vec<&'a ComputedUser>,
    /// Those that the database does not let be completed.
    pub(super) guilty: Vec<&'a ComputedUser>,
    /// What is known; none: the database was not asked user by user.
    pub(super) known: Option<&'a Guilty>,
}

impl<'a> Held<'a> {
    pub(super) fn of(chunk: &'a ComputedChunk, keys: &[String], known: Option<&'a Guilty>) -> Self {
        let keys: HashSet<&str> = keys.iter().map(String::as_str).collect();
        let held = chunk.users.iter().filter(|user| keys.contains(&*user.user_id));
        let (guilty, innocent) = held.partition(|user| known.is_some_and(|known| known.holds(&user.user_id)));
        Self { innocent, guilty, known }
    }

    pub(super) fn users(&self) -> u64 {
        (self.innocent.len() + self.guilty.len()) as u64
    }
}
