//! Giving a claim's users back: on request, or because their owner died.

use cardgenius_pipeline::error::StoreError;
use cardgenius_pipeline::ports::ClaimTotals;
use uuid::Uuid;

use super::PostgresStore;
use super::held_claim::HeldClaim;
use super::transaction::Transaction;

/// Why users go back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// A graceful stop, or faults that did not pass: costs nobody anything.
    Request,
    /// The owner died holding them: one crash each.
    Crash,
}

impl Cause {
    const fn state(self) -> &'static str {
        match self {
            Self::Request => "returned",
            Self::Crash => "swept",
        }
    }

    const fn crashes(self) -> i16 {
        match self {
            Self::Request => 0,
            Self::Crash => 1,
        }
    }
}

/// What closing a claim came to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Given {
    pub(super) totals: ClaimTotals,
    /// Users failed because they ended the process once too often.
    pub(super) condemned: u64,
}

impl PostgresStore {
    /// Gives back a claim of our own. One that was never committed, or is closed, has nothing to give back.
    pub(super) async fn give_back_own(&self, claim_id: Uuid) -> Result<ClaimTotals, StoreError> {
        self.resolve_doubt(claim_id).await?;
        let mut session = self.source.session().await?;
        let outcome = async {
            let transaction = session.begin().await?;
            let Some(claim) = HeldClaim::lock(&transaction, &self.statements, claim_id).await? else {
                return Ok(ClaimTotals::default());
            };
            if !claim.open || claim.owner != self.instance_id {
                return Ok(claim.totals());
            }
            self.close_claim(transaction, &claim, Cause::Request).await.map(|given| given.totals)
        }
        .await;
        session.done(&outcome);
        outcome
    }

    /// Closes an open claim whose row this transaction holds locked, and commits. Users whose rows somebody holds locked
    /// are left `pending`, to be healed when they can be had.
    pub(super) async fn close_claim(
        &self,
        transaction: Transaction<'_>,
        claim: &HeldClaim,
        cause: Cause,
    ) -> Result<Given, StoreError> {
        if let Some(target) = &self.target {
            target.shut_out(&self.statements, claim.claim_id, claim.parts + 1).await?;
        }
        let sql = &self.statements;
        let (held, pending) = claim.hold_users(&transaction, sql).await?;
        let condemned = match cause {
            Cause::Crash => transaction.execute(&sql.users_condemn, &[&claim.claim_id, &held]).await?,
            Cause::Request => 0,
        };
        let returned = transaction.execute(&sql.users_return, &[&claim.claim_id, &held, &cause.crashes()]).await?;
        let left = pending - returned - condemned;
        let count = |users: u64| i32::try_from(users).unwrap_or(i32::MAX);
        transaction
            .execute(
                &sql.claim_close,
                &[&claim.claim_id, &count(returned), &count(left), &count(condemned), &cause.state()],
            )
            .await?;
        transaction.commit().await?;
        let before = claim.totals();
        let superseded = before.superseded + before.left - returned - left - condemned;
        let totals = ClaimTotals { failed: before.failed + condemned, superseded, returned, left, ..before };
        Ok(Given { totals, condemned })
    }
}
