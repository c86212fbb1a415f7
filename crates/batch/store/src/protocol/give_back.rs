//! Giving a claim's users back: on request, or because their owner died.

use cardgenius_failure::error::DatabaseError;
use cardgenius_failure::failpoint;
use cardgenius_pipeline::ports::{Blame, ClaimTotals, RefusedUser};
use tracing::warn;
use uuid::Uuid;

use super::SqlStore;
use super::doubt::Side;
use super::failure_log::FailedUser;
use super::held_claim::HeldClaim;
use super::load::{REASON_CHARS, is_refusal};
use super::lock_watch::LockWatch;
use super::sift::{Change, Sifted};
use super::work::{Transaction, read};
use crate::server::Server;
use crate::statement::{Statement, Value, bind};

/// Why users go back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause<'a> {
    /// A graceful stop, or faults that may be anybody's: costs nobody anything.
    Request,
    /// Faults that hit this one user again and again.
    OwnFault(&'a Blame),
    /// The owner died holding them: one crash each.
    Crash,
}

impl Cause<'_> {
    const fn state(self) -> &'static str {
        match self {
            Self::Request | Self::OwnFault(_) => "returned",
            Self::Crash => "swept",
        }
    }

    /// What it costs each user: crashes; an attempt; an attempt if it has spent one before.
    const fn cost(self) -> (i16, bool, bool) {
        match self {
            Self::Request => (0, false, false),
            Self::OwnFault(blame) => (0, blame.is_proven, blame.is_lasting),
            Self::Crash => (1, false, false),
        }
    }
}

/// What closing a claim came to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Given {
    pub(super) totals: ClaimTotals,
    /// Users failed because they ended the process, or met a fault alone, once too often.
    pub(super) condemned: u64,
}

/// What came of a change of listed users.
#[derive(Debug, Default)]
pub(super) struct Changed {
    pub(super) users: u64,
    /// Users that the database does not let be changed.
    pub(super) refused: Vec<RefusedUser>,
}

impl<S: Server, T: Server> SqlStore<S, T> {
    /// Gives back every claim that this instance still holds, and says how many those were. For an instance that takes no part
    /// in any run: while it lives nobody else may sweep what it could not give back before.
    ///
    /// # Errors
    /// The database could not be asked; what was not given back until then still is to be.
    pub async fn give_back_leftovers(&self) -> Result<u64, DatabaseError> {
        let claims = read(&self.source, &self.source.sql().claims_own_open, &bind![self.instance_id]).await?;
        for claim in &claims {
            self.give_back_own(claim.get(0)?).await?;
        }
        Ok(claims.len() as u64)
    }

    /// Gives back a claim of our own. One that was never committed, or is closed, has nothing to give back.
    pub(super) async fn give_back_own(&self, claim_id: Uuid) -> Result<ClaimTotals, DatabaseError> {
        self.return_own(claim_id, |_| Cause::Request).await
    }

    /// The same after faults: if they hit a user alone, it costs that user an attempt.
    pub(super) async fn give_up_own(&self, claim_id: Uuid, blame: &Blame) -> Result<ClaimTotals, DatabaseError> {
        self.return_own(claim_id, |claim| if claim.is_of_one_user() { Cause::OwnFault(blame) } else { Cause::Request })
            .await
    }

    async fn return_own<'a>(
        &self,
        claim_id: Uuid,
        cause: impl Fn(&HeldClaim) -> Cause<'a> + Send,
    ) -> Result<ClaimTotals, DatabaseError> {
        let mut work = self.work_for(claim_id).await?;
        let outcome = async {
            let mut transaction = work.begin().await?;
            let Some(claim) = HeldClaim::lock(&mut transaction, self.source.sql(), claim_id).await? else {
                return Ok(ClaimTotals::default());
            };
            if !claim.open || claim.owner != self.instance_id {
                return Ok(claim.totals());
            }
            let cause = cause(&claim);
            self.close_claim(transaction, &claim, cause).await.map(|given| given.totals)
        }
        .await;
        work.done(&outcome).await;
        outcome
    }

    /// Closes an open claim whose row this transaction holds locked, and commits. Users whose rows somebody holds locked
    /// are left `pending`, to be healed when they can be had.
    pub(super) async fn close_claim(
        &self,
        mut transaction: Transaction<'_, S::Session>,
        claim: &HeldClaim,
        cause: Cause<'_>,
    ) -> Result<Given, DatabaseError> {
        if let Some(target) = &self.target {
            target.shut_out(self.trail(claim.claim_id, Side::Target), claim.parts + 1).await?;
        }
        let sql = self.source.sql();
        let locked = LockWatch::begin(self.observer.as_ref());
        let (held, pending) = claim.hold_users(&mut transaction, sql).await?;
        let (condemned, returned) = self.return_users(&mut transaction, claim, cause, &held).await?;
        let left = pending - returned - condemned;
        let count = |users: u64| i32::try_from(users).unwrap_or(i32::MAX);
        transaction
            .execute(
                &sql.claim_close,
                &bind![claim.claim_id, count(returned), count(left), count(condemned), cause.state()],
            )
            .await?;
        failpoint!("give_back.commit")?;
        transaction.commit().await?;
        drop(locked);
        self.log_condemned(claim, cause, &held, condemned);
        failpoint!("give_back.committed")?;
        let before = claim.totals();
        let superseded = before.superseded + before.left - returned - left - condemned;
        let totals = ClaimTotals { failed: before.failed + condemned, superseded, returned, left, ..before };
        Ok(Given { totals, condemned })
    }

    /// Fails users that have ended the process or met a fault alone once too often, and sets the others back to `new`; how many
    /// each. Users that the database refuses are passed over, and stay `pending`.
    async fn return_users(
        &self,
        transaction: &mut Transaction<'_, S::Session>,
        claim: &HeldClaim,
        cause: Cause<'_>,
        held: &[String],
    ) -> Result<(u64, u64), DatabaseError> {
        let sql = self.source.sql();
        let held: Vec<&str> = held.iter().map(String::as_str).collect();
        let before = bind![claim.claim_id];
        let condemned = match cause {
            Cause::Crash => self.change_users(transaction, &sql.users_condemn, (&before, &[]), &held).await?.users,
            Cause::OwnFault(blame) => {
                let limit = i16::try_from(blame.limit).unwrap_or(i16::MAX);
                let reason: String = blame.reason.chars().take(REASON_CHARS).collect();
                let after = bind![limit, &reason, blame.is_proven, blame.is_lasting];
                self.change_users(transaction, &sql.users_exhaust, (&before, &after), &held).await?.users
            }
            Cause::Request => 0,
        };
        let (crashes, an_attempt, a_further_attempt) = cause.cost();
        let after = bind![crashes, an_attempt, a_further_attempt];
        let returned = self.change_users(transaction, &sql.users_return, (&before, &after), &held).await?;
        if let Some(first) = returned.refused.first() {
            warn!(
                claim.id = %claim.claim_id, users = returned.refused.len(), user.id = first.user.shown, reason = first.reason,
                "users cannot be set back to new, and stay pending; each sweep tries them again"
            );
        }
        Ok((condemned, returned.users))
    }

    /// Changes the users that the database lets be changed.
    pub(super) async fn change_users(
        &self,
        transaction: &mut Transaction<'_, S::Session>,
        statement: &Statement,
        (before, after): (&[Value<'_>], &[Value<'_>]),
        user_ids: &[&str],
    ) -> Result<Changed, DatabaseError> {
        let change = Change::Return { statement, before, after };
        let sifted = match change.make(transaction, user_ids).await {
            Err(error) if is_refusal(error.kind()) => Sifted::all_refused(user_ids, &error),
            sifted => sifted?,
        };
        if let Some(first) = sifted.refused.first() {
            warn!(
                users = sifted.refused.len(),
                user.id = first.user_id,
                reason = first.reason,
                "{} was refused; these users stay as they are",
                statement.doing
            );
        }
        let refused = sifted.refused.iter().map(|user| self.shown(user)).collect();
        Ok(Changed { users: sifted.changed, refused })
    }

    /// The condemned user was alone in its claim.
    fn log_condemned(&self, claim: &HeldClaim, cause: Cause<'_>, held: &[String], condemned: u64) {
        let reason = match cause {
            Cause::OwnFault(blame) => blame.reason.chars().take(REASON_CHARS).collect(),
            Cause::Crash | Cause::Request => "computation ended the process".to_owned(),
        };
        let named: Vec<FailedUser> = match held {
            [user_id] => vec![FailedUser { user_id: user_id.as_str().into(), reason }],
            _ => Vec::new(),
        };
        self.failures.failed((claim.run_id, claim.claim_id), condemned, &named);
    }
}
