//! A claim's row, locked in a transaction: the fence that every settlement, return and sweep passes through.

use cardgenius_failure::error::{DatabaseError, ErrorKind};
use cardgenius_failure::taken_out;
use cardgenius_pipeline::ports::ClaimTotals;
use uuid::Uuid;

use super::statements::Statements;
use super::work::Transaction;
use crate::server::Session;
use crate::statement::bind;

/// A claim's row as read under its lock.
#[derive(Clone, Debug)]
pub(super) struct HeldClaim {
    pub(super) claim_id: Uuid,
    pub(super) run_id: Uuid,
    pub(super) owner: Uuid,
    pub(super) open: bool,
    pub(super) first_user_id: String,
    pub(super) last_user_id: String,
    pub(super) parts: i32,
    users: u64,
    totals: ClaimTotals,
}

impl HeldClaim {
    /// Locks the claim's row; `None` if it has none.
    pub(super) async fn lock<S: Session>(
        transaction: &mut Transaction<'_, S>,
        sql: &Statements,
        claim_id: Uuid,
    ) -> Result<Option<Self>, DatabaseError> {
        let Some(row) = transaction.maybe_one(&sql.claim_lock, &bind![claim_id]).await? else { return Ok(None) };
        let mut totals = ClaimTotals {
            completed: row.count(6)?,
            failed: row.count(7)?,
            superseded: row.count(8)?,
            returned: row.count(9)?,
            left: row.count(10)?,
        };
        let (open, users) = (row.get::<String>(1)? == "open", row.count(2)?);
        if open {
            totals.left = users - totals.settled();
        }
        Ok(Some(Self {
            claim_id,
            run_id: row.get(11)?,
            owner: row.get(0)?,
            open,
            first_user_id: row.get(3)?,
            last_user_id: row.get(4)?,
            parts: row.get(5)?,
            users,
            totals,
        }))
    }

    /// Locks the claim's row and requires that it is open and `owner`'s: never the lease's expiry, since a late instance
    /// that nobody swept may finish.
    pub(super) async fn lock_mine<S: Session>(
        transaction: &mut Transaction<'_, S>,
        sql: &Statements,
        claim_id: Uuid,
        owner: Uuid,
    ) -> Result<Self, DatabaseError> {
        match Self::lock(transaction, sql, claim_id).await? {
            Some(claim) if (claim.open && claim.owner == owner) || taken_out!("fence") => Ok(claim),
            _ => {
                Err(DatabaseError::new(ErrorKind::ClaimLost, format!("claim {claim_id} is no longer this instance's")))
            }
        }
    }

    /// Its users so far; `left` are those that it still holds.
    pub(super) const fn totals(&self) -> ClaimTotals {
        self.totals
    }

    /// Whether nothing of it has been settled yet.
    pub(super) const fn is_whole(&self) -> bool {
        self.totals.left == self.users
    }

    /// Whether it was made for a single user.
    pub(super) const fn is_of_one_user(&self) -> bool {
        self.users == 1
    }

    /// The claim's users that can be locked now, in key order, and how many are pending in all.
    pub(super) async fn hold_users<S: Session>(
        &self,
        transaction: &mut Transaction<'_, S>,
        sql: &Statements,
    ) -> Result<(Vec<String>, u64), DatabaseError> {
        let range = bind![self.claim_id, &self.first_user_id, &self.last_user_id];
        let held = transaction.rows(&sql.users_hold, &range).await?;
        let mut held = held.iter().map(|row| row.get(0)).collect::<Result<Vec<String>, _>>()?;
        let pending = transaction.one(&sql.users_count_pending, &range).await?.count(0)?;
        // Somebody may have set to pending, by hand, a user that this claim has settled: then there is one too many, and
        // the claim would not add up. Whoever is passed over is healed when the claim is closed.
        held.truncate(usize::try_from(self.totals.left).unwrap_or(usize::MAX));
        Ok((held, pending.min(self.totals.left)))
    }
}
