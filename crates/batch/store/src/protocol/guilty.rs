//! Users whose completion the database refuses: a trigger, a rule or a constraint on the table of users has something against the
//! update. They are found in a transaction that is rolled back, and then fail with the database's words.

use std::collections::HashMap;

use cardgenius_failure::error::DatabaseError;
use cardgenius_pipeline::compute::ComputedChunk;

use super::SqlStore;
use super::finish::Held;
use super::held_claim::HeldClaim;
use super::settle::Faults;
use super::sift::Change;
use super::slot::SlotWait;
use super::work::Work;
use crate::server::{Server, Session};

/// Users of a chunk that the database does not let be completed, with its words.
#[derive(Debug, Default)]
pub(super) struct Guilty(HashMap<String, String>);

impl Guilty {
    pub(super) fn holds(&self, user_id: &str) -> bool {
        self.0.contains_key(user_id)
    }

    pub(super) fn reason(&self, user_id: &str) -> Option<&str> {
        self.0.get(user_id).map(String::as_str)
    }
}

impl<S: Server, T: Server> SqlStore<S, T> {
    /// Finds them. In one database the rows are loaded first, as a trigger may look at them.
    ///
    /// # Errors
    /// Among others: the database refuses users far apart each for itself, so that it is not a matter of single users.
    pub(super) async fn find_guilty(
        &self,
        chunk: &ComputedChunk,
        slot: &mut SlotWait<'_>,
    ) -> Result<Guilty, DatabaseError> {
        let mut work = self.work_for(chunk.claim_id).await?;
        let outcome = async {
            slot.take(&mut work).await?;
            self.look_for_guilty(&mut work, chunk).await
        }
        .await;
        work.done(&outcome).await;
        outcome
    }

    async fn look_for_guilty(
        &self,
        work: &mut Work<S::Session>,
        chunk: &ComputedChunk,
    ) -> Result<Guilty, DatabaseError> {
        let sql = self.source.sql();
        let mut transaction = work.begin().await?;
        let claim = HeldClaim::lock_mine(&mut transaction, sql, chunk.claim_id, self.instance_id).await?;
        let (held, _) = claim.hold_users(&mut transaction, sql).await?;
        let held = Held::of(chunk, &held, None);
        let refused = match self.target {
            None => self.load(&mut transaction, chunk, &held.innocent).await?,
            Some(_) => Vec::new(),
        };
        // What would be asked at the commit only could not tell any more which user is refused.
        transaction.session().ask_constraints_now().await?;
        let faults = Faults::of(&held.innocent, &refused);
        let sound = faults.others(&held.innocent);
        let change = Change::Complete { statement: &sql.users_complete_listed, claim_id: claim.claim_id };
        let found = change.try_out(&mut transaction, &sound).await?.refused;
        transaction.roll_back().await?;
        Ok(Guilty(found.into_iter().map(|user| (user.user_id.to_owned(), user.reason)).collect()))
    }
}
