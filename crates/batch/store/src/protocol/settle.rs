//! Settling a claim's users: the statuses, the claim's counts, and the commit.

use std::collections::{HashMap, HashSet};

use cardgenius_failure::error::DatabaseError;
use cardgenius_failure::failpoint;
use cardgenius_pipeline::compute::{ComputedUser, RowSpan};
use cardgenius_pipeline::ports::{ClaimTotals, Finished, RefusedUser, Store};

use super::SqlStore;
use super::failure_log::{FailedUser, FailureLog};
use super::finish::Held;
use super::held_claim::HeldClaim;
use super::load::Refused;
use super::lock_watch::LockWatch;
use super::sift::{Change, Sifted};
use super::work::Transaction;
use crate::server::{Server, Session};
use crate::statement::bind;

/// What one transaction settles; becomes part of the claim's totals.
#[derive(Clone, Debug, Default)]
pub(super) struct Settlement {
    pub(super) completed: u64,
    pub(super) failed: u64,
    pub(super) superseded: u64,
    /// Users that other sessions hold locked, or that the database refuses: the claim stays open for them.
    pub(super) left: u64,
    /// Of those: users that the database lets neither be completed nor be failed.
    pub(super) refused: Vec<RefusedUser>,
    /// Bytes of the rows loaded.
    pub(super) bytes: u64,
    /// The first few of those that failed.
    pub(super) named: Vec<FailedUser>,
}

/// Users that fail, and why: by the computation, or refused by the database.
#[derive(Debug, Default)]
pub(super) struct Faults<'a> {
    user_ids: Vec<&'a str>,
    reasons: Vec<String>,
}

impl<'a> Faults<'a> {
    /// Those among `users` whose computation failed, and those whose rows were refused, at their places among `users`.
    pub(super) fn of(users: &[&'a ComputedUser], refused: &[Refused]) -> Self {
        let computed = users.iter().filter_map(|user| Some((&*user.user_id, user.outcome.err()?.to_string())));
        let refused = refused.iter().map(|refused| (&*users[refused.place].user_id, refused.reason.clone()));
        let (user_ids, reasons) = computed.chain(refused).unzip();
        Self { user_ids, reasons }
    }

    /// The same, and the users that are known to be guilty.
    fn with_guilty(mut self, held: &Held<'a>) -> Self {
        for user in &held.guilty {
            self.user_ids.push(&user.user_id);
            self.reasons.push(held.known.and_then(|known| known.reason(&user.user_id)).unwrap_or_default().to_owned());
        }
        self
    }

    /// The users that do not fail.
    pub(super) fn others(&self, users: &[&'a ComputedUser]) -> Vec<&'a str> {
        let faulty: HashSet<&str> = self.user_ids.iter().copied().collect();
        users.iter().map(|user| &*user.user_id).filter(|user_id| !faulty.contains(user_id)).collect()
    }

    /// Those that the log may name.
    pub(super) fn named(&self) -> Vec<FailedUser> {
        FailureLog::nameable(self.user_ids.iter().zip(&self.reasons))
            .map(|(user_id, reason)| FailedUser { user_id: (*user_id).into(), reason: reason.clone() })
            .collect()
    }

    /// Without the users that cannot be failed.
    fn without(self, refused: &[RefusedUserOf<'_>]) -> Self {
        let refused: HashSet<&str> = refused.iter().map(|user| user.user_id).collect();
        let pairs = self.user_ids.into_iter().zip(self.reasons);
        let (user_ids, reasons) = pairs.filter(|(user_id, _)| !refused.contains(user_id)).unzip();
        Self { user_ids, reasons }
    }
}

type RefusedUserOf<'a> = super::sift::RefusedUser<'a>;

impl<S: Server, T: Server> SqlStore<S, T> {
    /// Fails the faulty users, and completes all others of a whole claim by its range.
    pub(super) async fn update_range(
        &self,
        transaction: &mut Transaction<'_, S::Session>,
        claim: &HeldClaim,
        faults: &Faults<'_>,
    ) -> Result<Settlement, DatabaseError> {
        let sql = self.source.sql();
        let mut settlement = Settlement::default();
        if !faults.user_ids.is_empty() {
            settlement.failed =
                transaction.session().fail_users(claim.claim_id, &faults.user_ids, &faults.reasons).await?;
            if settlement.failed != faults.user_ids.len() as u64 {
                // One of them was superseded: completing the rest by range would be right, but the count would not add up.
                return Ok(Settlement::default());
            }
        }
        settlement.completed = transaction
            .execute(&sql.users_complete_range, &bind![claim.claim_id, &claim.first_user_id, &claim.last_user_id])
            .await?;
        Ok(settlement)
    }

    /// Fails and completes exactly these users, which the transaction holds locked. Where it is known which users are
    /// guilty, users that cannot be failed either are left.
    ///
    /// # Errors
    /// Among others a refusal, also where an update is swallowed.
    pub(super) async fn update_listed(
        &self,
        transaction: &mut Transaction<'_, S::Session>,
        claim: &HeldClaim,
        held: &Held<'_>,
        refused: &[Refused],
    ) -> Result<Settlement, DatabaseError> {
        let faults = Faults::of(&held.innocent, refused);
        let sound = faults.others(&held.innocent);
        let faults = faults.with_guilty(held);
        if held.known.is_some() {
            transaction.session().ask_constraints_now().await?;
        }
        let failing = self.fail_listed(transaction, claim, &faults, held.known.is_some()).await?;
        let complete =
            Change::Complete { statement: &self.source.sql().users_complete_listed, claim_id: claim.claim_id };
        let completed = complete.ask(transaction, &sound).await?;
        let left: Vec<RefusedUser> = failing.refused.iter().map(|user| self.shown(user)).collect();
        Ok(Settlement {
            completed,
            failed: failing.changed,
            bytes: loaded_bytes(&held.innocent, refused),
            named: faults.without(&failing.refused).named(),
            refused: left,
            ..Settlement::default()
        })
    }

    async fn fail_listed<'k>(
        &self,
        transaction: &mut Transaction<'_, S::Session>,
        claim: &HeldClaim,
        faults: &Faults<'k>,
        pass_over_refused: bool,
    ) -> Result<Sifted<'k>, DatabaseError> {
        if faults.user_ids.is_empty() {
            return Ok(Sifted::default());
        }
        let reasons: HashMap<&str, &str> =
            faults.user_ids.iter().copied().zip(faults.reasons.iter().map(String::as_str)).collect();
        let change = Change::Fail { claim_id: claim.claim_id, reasons: &reasons };
        if pass_over_refused {
            return change.make(transaction, &faults.user_ids).await;
        }
        let changed = change.ask(transaction, &faults.user_ids).await?;
        Ok(Sifted { changed, refused: Vec::new() })
    }

    /// A refused user as the pipeline knows it.
    pub(super) fn shown(&self, user: &RefusedUserOf<'_>) -> RefusedUser {
        RefusedUser { user: self.key(user.user_id), kind: user.kind, reason: user.reason.clone() }
    }

    /// Writes the counts into the claim's row and commits.
    pub(super) async fn settle(
        &self,
        mut transaction: Transaction<'_, S::Session>,
        claim: &HeldClaim,
        settlement: Settlement,
        locked: LockWatch<'_>,
    ) -> Result<Finished, DatabaseError> {
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
        let totals = ClaimTotals {
            completed: before.completed + settlement.completed,
            failed: before.failed + settlement.failed,
            superseded: before.superseded + settlement.superseded,
            returned: 0,
            left: settlement.left,
        };
        Ok(Finished { totals, refused: settlement.refused, ..Finished::default() })
    }
}

/// Bytes of the rows of those that have some and were not refused.
pub(super) fn loaded_bytes(users: &[&ComputedUser], refused: &[Refused]) -> u64 {
    let bytes = |user: &ComputedUser| user.outcome.map_or(0, RowSpan::bytes);
    let all: u64 = users.iter().map(|user| bytes(user)).sum();
    all - refused.iter().map(|refused| bytes(users[refused.place])).sum::<u64>()
}
