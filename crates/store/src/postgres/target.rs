//! A second database for the recommendations: its transaction commits first, and its fence says whether it may.

use cardgenius_pipeline::compute::{ComputedChunk, ComputedUser};
use cardgenius_pipeline::error::{ErrorKind, StoreError};
use cardgenius_pipeline::observe::{Observe, Stage};
use cardgenius_pipeline::ports::ClaimTotals;
use cardgenius_pipeline::{failpoint, taken_out};
use tokio::time::Instant;
use uuid::Uuid;

use super::PostgresStore;
use super::doubt::{Side, Trail};
use super::finish::{Settlement, among};
use super::give_back::Cause;
use super::held_claim::HeldClaim;
use super::load::{self, Refused};
use super::lock_watch::LockWatch;
use super::pressure::Sight;
use super::sessions::{Session, Sessions};
use super::statements::Statements;

/// The second database.
pub(super) struct PostgresTarget {
    sessions: Sessions,
    sight: Sight,
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

impl PostgresTarget {
    pub(super) fn new(sessions: Sessions) -> Self {
        Self { sessions, sight: Sight::default() }
    }

    pub(super) const fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    pub(super) const fn sight(&self) -> &Sight {
        &self.sight
    }

    /// Loads a part and commits. A commit in doubt needs no look here: loading the same part again is right, and the
    /// source decides whether there is anything to load.
    async fn load(&self, sql: &Statements, part: &Part<'_>) -> Result<Vec<Refused>, StoreError> {
        let mut session = self.sessions.on_trail(part.trail.clone()).await?;
        let outcome = async {
            let mut transaction = session.begin().await?;
            let passes = transaction.maybe_one(&sql.fence_insert, &[&part.claim_id, &part.part]).await?.is_some();
            if !passes && !taken_out!("fence") {
                return Err(StoreError::new(
                    ErrorKind::ClaimLost,
                    format!("claim {} was shut out of the target", part.claim_id),
                ));
            }
            if !part.gone.is_empty() {
                transaction.execute(&sql.output_delete, &[&part.gone]).await?;
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
        session.done(&outcome);
        outcome
    }

    /// Sets the tombstone: from now on nobody loads this part.
    pub(super) async fn shut_out(&self, sql: &Statements, trail: Trail, part: i32) -> Result<(), StoreError> {
        let claim_id = trail.claim_id();
        let mut session = self.sessions.on_trail(trail).await?;
        let outcome = async {
            let transaction = session.begin().await?;
            transaction.execute(&sql.fence_tombstone, &[&claim_id, &part]).await?;
            transaction.commit().await
        }
        .await;
        session.done(&outcome);
        outcome
    }
}

impl PostgresStore {
    /// Finishes a chunk over two databases: the source's users are held locked over the target's commit.
    pub(super) async fn finish_in_two(
        &self,
        target: &PostgresTarget,
        chunk: &ComputedChunk,
    ) -> Result<ClaimTotals, StoreError> {
        let mut session = self.session_for(chunk.claim_id).await?;
        let outcome = self.finish_over(target, &mut session, chunk).await;
        session.done(&outcome);
        outcome
    }

    async fn finish_over(
        &self,
        target: &PostgresTarget,
        session: &mut Session,
        chunk: &ComputedChunk,
    ) -> Result<ClaimTotals, StoreError> {
        let sql = &self.statements;
        let transaction = session.begin().await?;
        let claim = HeldClaim::lock_mine(&transaction, sql, chunk.claim_id, self.instance_id).await?;
        let observer = self.observer.as_ref();
        let locked = LockWatch::begin(observer);
        let (held, pending) = claim.hold_users(&transaction, sql).await?;
        let superseded = claim.totals().left - pending;
        let users = among(chunk, &held);
        let gone: Vec<String> = if superseded == 0 {
            Vec::new()
        } else {
            let all: Vec<&str> = chunk.users.iter().map(|user| &*user.user_id).collect();
            transaction.rows(&sql.users_gone, &[&all]).await?.iter().map(|row| row.get(0)).collect()
        };
        failpoint!("target.begin")?;
        let trail = self.trail(claim.claim_id, Side::Target);
        let part = Part {
            claim_id: claim.claim_id,
            trail,
            part: claim.parts + 1,
            chunk,
            users: &users,
            gone: &gone,
            observer,
        };
        let refused = match target.load(sql, &part).await {
            Err(error) if error.kind() == ErrorKind::ClaimLost => {
                // Whoever shut it out did not come as far as the source. The claim is still ours, and we are alive: nobody
                // else would give its users back.
                self.close_claim(transaction, &claim, Cause::Request).await?;
                return Err(error);
            }
            outcome => outcome?,
        };
        let settlement = self.update_listed(&transaction, &claim, &users, &refused).await?;
        let left = pending - held.len() as u64;
        self.settle(transaction, &claim, Settlement { superseded, left, ..settlement }, locked).await
    }
}
