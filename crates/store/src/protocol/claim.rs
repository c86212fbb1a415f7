//! Claiming users: one short transaction.

use std::time::Duration;

use cardgenius_pipeline::error::StoreError;
use cardgenius_pipeline::failpoint;
use cardgenius_pipeline::ports::{Chunk, ClaimAnswer, ClaimRequest, Claimed};

use super::SqlStore;
use super::lock_watch::LockWatch;
use super::work::Work;
use crate::server::{Server, Session};
use crate::statement::{Row, bind};

/// A run's row, as whoever claims reads it under its lock.
struct LockedRun {
    is_open: bool,
    is_paused: bool,
    paused_by: Option<String>,
    reason: Option<String>,
    max_users: Option<i64>,
    /// Where the furthest open claim ends that others have made since the one before: the index still leads to everybody before it, and
    /// each of them was updated a moment ago.
    furthest_user_id: Option<String>,
}

impl LockedRun {
    fn of(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            is_open: row.get::<String>(0)? == "open",
            is_paused: row.get(1)?,
            paused_by: row.get(2)?,
            reason: row.get(3)?,
            max_users: row.get(4)?,
            furthest_user_id: row.get(5)?,
        })
    }
}

impl<S: Server, T: Server> SqlStore<S, T> {
    pub(super) async fn claim_users(&self, request: &ClaimRequest) -> Result<ClaimAnswer, StoreError> {
        let mut work = self.work_for(request.claim_id).await?;
        let outcome = async {
            let waited = if request.in_turn { self.wait_for_turn(&mut work).await? } else { Duration::ZERO };
            let claimed = self.claim_in(&mut work, request).await?;
            Ok(ClaimAnswer { claimed, waited })
        }
        .await;
        work.done(&outcome).await;
        outcome
    }

    async fn wait_for_turn(&self, work: &mut Work<S::Session>) -> Result<Duration, StoreError> {
        let within = self.source.limits().claim_turn_wait();
        self.claim_turn.take(work, &self.source_table, within, self.observer.as_ref()).await
    }

    async fn claim_in(&self, work: &mut Work<S::Session>, request: &ClaimRequest) -> Result<Claimed, StoreError> {
        let sql = self.source.sql();
        let mut transaction = work.begin().await?;
        let run = transaction.maybe_one(&sql.run_lock_shared, &bind![request.run_id, request.after_claim]).await?;
        let mut run = run.as_ref().map(LockedRun::of).transpose()?;
        if run.as_ref().is_some_and(|run| run.max_users.is_some()) {
            // One claim after the other, or together they would pass the limit; a shared lock cannot be made exclusive
            // without two such waiting for each other.
            transaction.roll_back().await?;
            transaction = work.begin().await?;
            let locked =
                transaction.maybe_one(&sql.run_lock_limited, &bind![request.run_id, request.after_claim]).await?;
            run = locked.as_ref().map(LockedRun::of).transpose()?;
        }
        let Some(run) = run.filter(|run| run.is_open) else { return Ok(Claimed::RunClosed) };
        if run.is_paused {
            return Ok(Claimed::Paused { by: run.paused_by.unwrap_or_default(), reason: run.reason });
        }
        let room: Option<i64> = match run.max_users {
            Some(_) => transaction.one(&sql.run_room, &bind![request.run_id]).await?.get(0)?,
            None => None,
        };
        if room.is_some_and(|room| room <= 0) {
            return Ok(Claimed::Nobody);
        }
        let rows = i64::try_from(request.rows).unwrap_or(i64::MAX).min(room.unwrap_or(i64::MAX));
        let not_before = run.furthest_user_id.as_deref().unwrap_or_default();
        let mut locked = LockWatch::begin(self.observer.as_ref());
        let users = transaction.session().claim(request, rows, not_before).await?;
        let (Some(first), Some(last)) = (users.first(), users.last()) else {
            locked.nobody();
            return Ok(Claimed::Nobody);
        };
        let count = i32::try_from(users.len()).unwrap_or(i32::MAX);
        let values = bind![request.claim_id, request.run_id, self.instance_id, count, &*first.user_id, &*last.user_id];
        transaction.execute(&sql.claim_insert, &values).await?;
        failpoint!("claim.commit")?;
        transaction.commit().await?;
        drop(locked);
        failpoint!("claim.committed")?;
        Ok(Claimed::Chunk(Chunk { claim_id: request.claim_id, users }))
    }
}
