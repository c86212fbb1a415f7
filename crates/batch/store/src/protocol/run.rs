//! Runs: opened once, joined by everybody, closed once.

use std::time::Duration;

use cardgenius_failure::error::{DatabaseError, ErrorKind};
use cardgenius_failure::failpoint;
use cardgenius_pipeline::ports::{ClaimTotals, Closed, Left, Run, RunRequest, RunState, RunTotals, Unknown};
use uuid::Uuid;

use super::SqlStore;
use super::slot;
use super::work::{Transaction, Work, read};
use crate::server::Server;
use crate::statement::{Row, bind};

/// Times that opening and joining may miss each other: a run that others open and close in between.
const OPEN_ATTEMPTS: u32 = 5;

impl<S: Server, T: Server> SqlStore<S, T> {
    pub(super) async fn open_or_join_run(&self, request: &RunRequest) -> Result<Run, DatabaseError> {
        // Users whose rows somebody held locked when their claim was closed: a run that is over before this instance may
        // sweep would pass them by, as every short one after it.
        while self.heal_orphans().await?.users > 0 {}
        for _ in 0..OPEN_ATTEMPTS {
            let mut work = Work::on(&self.source).await?;
            let outcome = async {
                slot::take_turn_to_open(&mut work, &self.source_table, self.source.limits().slot_wait()).await?;
                self.open_in(work.begin().await?, request).await
            }
            .await;
            work.done(&outcome).await;
            match outcome {
                Ok(Some(run)) => return Ok(run),
                Ok(None) => {}
                // Somebody else is opening a run this moment: then there is one to join.
                Err(error) if error.kind() == ErrorKind::Contention => {}
                Err(error) => return Err(error),
            }
        }
        Err(DatabaseError::new(ErrorKind::Contention, "runs are being opened and closed by others all the time"))
    }

    async fn open_in(
        &self,
        mut transaction: Transaction<'_, S::Session>,
        request: &RunRequest,
    ) -> Result<Option<Run>, DatabaseError> {
        if let Some(run) = self.find_open(&mut transaction, request.abandon_after).await? {
            transaction.commit().await?;
            return Ok(Some(run));
        }
        let run = self.open_new(&mut transaction, request).await?;
        transaction.commit().await?;
        Ok(run)
    }

    /// The open run, unless nobody has worked at it for so long that it is closed as abandoned.
    pub(super) async fn find_open(
        &self,
        transaction: &mut Transaction<'_, S::Session>,
        abandon_after: Duration,
    ) -> Result<Option<Run>, DatabaseError> {
        let sql = self.source.sql();
        let abandon_after = abandon_after.as_secs_f64();
        transaction.execute(&sql.run_abandon, &bind![&self.source_table, self.instance_id, abandon_after]).await?;
        let row = transaction.maybe_one(&sql.run_find_open, &bind![&self.source_table]).await?;
        row.map(|row| run_of(&row, false)).transpose()
    }

    /// Opens a run, or finds the one that somebody else opened this moment; none if that is closed again already.
    pub(super) async fn open_new(
        &self,
        transaction: &mut Transaction<'_, S::Session>,
        request: &RunRequest,
    ) -> Result<Option<Run>, DatabaseError> {
        let sql = self.source.sql();
        let max_users = request.max_users.map(|users| i64::try_from(users).unwrap_or(i64::MAX));
        // First what takes its time, then what others wait for.
        let backlog: i64 = transaction.one(&sql.backlog_count, &[]).await?.get(0)?;
        transaction.execute(&sql.catalogue_store, &bind![&request.catalogue_hash, &request.catalogue_text]).await?;
        let run_id = Uuid::now_v7();
        let values = bind![
            run_id,
            &self.source_table,
            &request.kind,
            &request.trigger,
            request.as_of,
            &request.catalogue_hash,
            env!("CARGO_PKG_VERSION"),
            self.instance_id,
            backlog,
            request.scheduled_for,
            max_users
        ];
        transaction.execute(&sql.run_open, &values).await?;
        let row = transaction.maybe_one(&sql.run_find_open, &bind![&self.source_table]).await?;
        let run = row.map(|row| run_of(&row, false)).transpose()?;
        Ok(run.map(|run| Run { opened_here: run.run_id == run_id, ..run }))
    }

    /// The open run, to be taken part in, however long nobody has worked at it: only who opens another one closes it as
    /// abandoned, or its users would be left without a run.
    ///
    /// # Errors
    /// The database could not be asked.
    pub async fn find_open_run(&self) -> Result<Option<Run>, DatabaseError> {
        let rows = read(&self.source, &self.source.sql().run_find_open, &bind![&self.source_table]).await?;
        rows.first().map(|row| run_of(row, false)).transpose()
    }

    pub(super) async fn close_run_in(
        &self,
        run_id: Uuid,
        state: RunState,
        reason: Option<&str>,
    ) -> Result<Closed, DatabaseError> {
        // Before the run's row is locked: this look may take its time, and claims wait for that lock.
        let is_tentative = state == RunState::Done && reason.is_none();
        let unknown = if is_tentative { self.look_for_unknown().await? } else { Unknown::default() };
        let refused = if is_tentative { self.heal_orphans().await?.refused } else { Vec::new() };
        let mut work = Work::on(&self.source).await?;
        let outcome = async {
            let sql = self.source.sql();
            let mut transaction = work.begin().await?;
            let found = transaction.maybe_one(&sql.run_lock, &bind![run_id]).await?;
            let now = match found {
                Some(row) => RunState::from_name(&row.get::<String>(0)?),
                None => None,
            }
            .unwrap_or(RunState::Abandoned);
            if now != RunState::Open {
                return Ok(Closed::Closed(now));
            }
            // The lock above waited for every claim under way; this statement sees them.
            let claims: i64 = transaction.one(&sql.run_count_open_claims, &bind![run_id]).await?.get(0)?;
            if claims > 0 && state == RunState::Done {
                return Ok(Closed::LiveClaims(u64::try_from(claims).unwrap_or(0)));
            }
            if is_tentative
                && !self.has_reached_its_limit(&mut transaction, run_id).await?
                && let Some(left) = self.look_at_left(&mut transaction, run_id, unknown).await?
            {
                return Ok(Closed::UsersLeft(Left { refused, ..left }));
            }
            let left: i64 = transaction.one(&sql.backlog_count, &[]).await?.get(0)?;
            transaction.execute(&sql.run_close, &bind![run_id, state.name(), self.instance_id, left, reason]).await?;
            failpoint!("run.close")?;
            transaction.commit().await?;
            failpoint!("run.closed")?;
            Ok(Closed::Closed(state))
        }
        .await;
        work.done(&outcome).await;
        outcome
    }

    /// Whether a run that is limited has settled as many users as it may.
    async fn has_reached_its_limit(
        &self,
        transaction: &mut Transaction<'_, S::Session>,
        run_id: Uuid,
    ) -> Result<bool, DatabaseError> {
        let room: Option<i64> = transaction.one(&self.source.sql().run_room, &bind![run_id]).await?.get(0)?;
        Ok(room.is_some_and(|room| room <= 0))
    }

    pub(super) async fn sum_run(&self, run_id: Uuid) -> Result<RunTotals, DatabaseError> {
        let rows = read(&self.source, &self.source.sql().run_totals, &bind![run_id]).await?;
        rows.first().map_or_else(|| Ok(RunTotals::default()), totals_of)
    }
}

fn run_of(row: &Row, opened_here: bool) -> Result<Run, DatabaseError> {
    Ok(Run {
        run_id: row.get(0)?,
        kind: row.get(1)?,
        as_of: row.get(2)?,
        catalogue_hash: row.get(3)?,
        catalogue_text: row.get(4)?,
        backlog: row.count(5)?,
        opened_here,
    })
}

fn totals_of(row: &Row) -> Result<RunTotals, DatabaseError> {
    Ok(RunTotals {
        state: RunState::from_name(&row.get::<String>(0)?),
        users_left: row.get::<Option<i64>>(1)?.and_then(|left| u64::try_from(left).ok()),
        users: ClaimTotals {
            completed: row.count(2)?,
            failed: row.count(3)?,
            superseded: row.count(4)?,
            returned: row.count(5)?,
            left: row.count(6)?,
        },
        rows: row.count(7)?,
        open_claims: row.count(8)?,
        reason: row.get(9)?,
    })
}
