//! Claiming users: one short transaction.

use std::time::Duration;

use cardgenius_failure::error::{DatabaseError, ErrorKind};
use cardgenius_failure::failpoint;
use cardgenius_pipeline::ports::{Chunk, ClaimAnswer, ClaimRequest, Claimed, ClaimedUser, Store};

use super::SqlStore;
use super::load::is_refusal;
use super::lock_watch::LockWatch;
use super::work::{Transaction, Work};
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
    fn of(row: &Row) -> Result<Self, DatabaseError> {
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
    pub(super) async fn claim_users(&self, request: &ClaimRequest) -> Result<ClaimAnswer, DatabaseError> {
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

    async fn wait_for_turn(&self, work: &mut Work<S::Session>) -> Result<Duration, DatabaseError> {
        let within = self.source.limits().claim_turn_wait();
        self.claim_turn.take(work, &self.source_table, within, self.observer.as_ref()).await
    }

    async fn claim_in(&self, work: &mut Work<S::Session>, request: &ClaimRequest) -> Result<Claimed, DatabaseError> {
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
        let not_before = run.furthest_user_id.as_deref();
        let mut locked = LockWatch::begin(self.observer.as_ref());
        let users = match transaction.session().claim(request, rows, not_before).await {
            Err(error) if is_refusal(error.kind()) || (rows == 1 && error.kind().may_be_of_one_row()) => {
                transaction.roll_back().await?;
                return self.find_refused(work, (request, rows), not_before, error).await;
            }
            users => users?,
        };
        if users.is_empty() {
            locked.nobody();
            return Ok(Claimed::Nobody);
        }
        match self.hold(transaction, request, &users).await {
            // What the database has against the claim's own row, or says only at the commit: a claim of one user is that user's.
            Err(error) if is_refusal(error.kind()) => {
                return Ok(Claimed::Refused { error, user: only(&users).map(|user_id| self.key(user_id)) });
            }
            held => held?,
        }
        drop(locked);
        failpoint!("claim.committed")?;
        Ok(Claimed::Chunk(Chunk { claim_id: request.claim_id, users }))
    }

    /// Writes the claim's row and commits.
    async fn hold(
        &self,
        mut transaction: Transaction<'_, S::Session>,
        request: &ClaimRequest,
        users: &[ClaimedUser],
    ) -> Result<(), DatabaseError> {
        let (Some(first), Some(last)) = (users.first(), users.last()) else { return Ok(()) };
        let count = i32::try_from(users.len()).unwrap_or(i32::MAX);
        let values = bind![request.claim_id, request.run_id, self.instance_id, count, &*first.user_id, &*last.user_id];
        transaction.execute(&self.source.sql().claim_insert, &values).await?;
        failpoint!("claim.commit")?;
        transaction.commit().await
    }

    /// The user that a claim of one user was refused for; of more users, a claim of fewer has to find it.
    async fn find_refused(
        &self,
        work: &mut Work<S::Session>,
        (request, rows): (&ClaimRequest, i64),
        not_before: Option<&str>,
        error: DatabaseError,
    ) -> Result<Claimed, DatabaseError> {
        if rows > 1 {
            return Ok(Claimed::Refused { error, user: None });
        }
        let mut transaction = work.begin().await?;
        let found = transaction.session().find_refused(request, not_before).await?;
        transaction.roll_back().await?;
        match found {
            Some((user, error)) if is_refusal(error.kind()) || self.takes_updates(work).await? => {
                Ok(Claimed::Refused { error, user: Some(user) })
            }
            None if is_refusal(error.kind()) => Ok(Claimed::Refused { error, user: None }),
            // It was not this user, or it has passed.
            Some((_, error)) => Err(error),
            None => Err(error),
        }
    }

    /// Whether the table of users can be updated at all just now: where it is locked as a whole it is no user's own matter.
    async fn takes_updates(&self, work: &mut Work<S::Session>) -> Result<bool, DatabaseError> {
        let mut transaction = work.begin().await?;
        match transaction.execute(&self.source.sql().input_probe, &[]).await {
            Err(error) if error.kind() == ErrorKind::Contention => Ok(false),
            probed => probed.map(|_| true),
        }
    }
}

fn only(users: &[ClaimedUser]) -> Option<&str> {
    match users {
        [user] => Some(&user.user_id),
        _ => None,
    }
}
