//! Runs: opened once, joined by everybody, closed once.

use std::time::Duration;

use cardgenius_pipeline::error::{ErrorKind, StoreError};
use cardgenius_pipeline::failpoint;
use cardgenius_pipeline::ports::{ClaimTotals, Closed, Run, RunRequest, RunState, RunTotals};
use tokio_postgres::Row;
use uuid::Uuid;

use super::PostgresStore;
use super::transaction::{Transaction, unsigned};

/// Times that opening and joining may miss each other: a run that others open and close in between.
const OPEN_ATTEMPTS: u32 = 5;

impl PostgresStore {
    pub(super) async fn open_or_join_run(&self, request: &RunRequest) -> Result<Run, StoreError> {
        // Users whose rows somebody held locked when their claim was closed: a run that is over before this instance may
        // sweep would pass them by, as every short one after it.
        while self.heal_orphans().await? > 0 {}
        for _ in 0..OPEN_ATTEMPTS {
            let mut session = self.source.session().await?;
            let outcome = async { self.open_in(session.begin().await?, request).await }.await;
            session.done(&outcome);
            match outcome {
                Ok(Some(run)) => return Ok(run),
                Ok(None) => {}
                // Somebody else is opening a run this moment: then there is one to join.
                Err(error) if error.kind() == ErrorKind::Contention => {}
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::new(ErrorKind::Contention, "runs are being opened and closed by others all the time"))
    }

    async fn open_in(&self, transaction: Transaction<'_>, request: &RunRequest) -> Result<Option<Run>, StoreError> {
        if let Some(run) = self.find_open(&transaction, request.abandon_after).await? {
            transaction.commit().await?;
            return Ok(Some(run));
        }
        let run = self.open_new(&transaction, request).await?;
        transaction.commit().await?;
        Ok(run)
    }

    /// The open run, unless nobody has worked at it for so long that it is closed as abandoned.
    pub(super) async fn find_open(
        &self,
        transaction: &Transaction<'_>,
        abandon_after: Duration,
    ) -> Result<Option<Run>, StoreError> {
        let sql = &self.statements;
        let abandon_after = abandon_after.as_secs_f64();
        transaction.execute(&sql.run_abandon, &[&self.source_table, &self.instance_id, &abandon_after]).await?;
        let row = transaction.maybe_one(&sql.run_find_open, &[&self.source_table]).await?;
        Ok(row.map(|row| run_of(&row, false)))
    }

    /// Opens a run, or finds the one that somebody else opened this moment; none if that is closed again already.
    pub(super) async fn open_new(
        &self,
        transaction: &Transaction<'_>,
        request: &RunRequest,
    ) -> Result<Option<Run>, StoreError> {
        let sql = &self.statements;
        let max_users = request.max_users.map(|users| i64::try_from(users).unwrap_or(i64::MAX));
        // First what takes its time, then what others wait for.
        let backlog: i64 = transaction.one(&sql.backlog_count, &[]).await?.get(0);
        transaction.execute(&sql.catalogue_store, &[&request.catalogue_hash, &request.catalogue_text]).await?;
        let run_id = Uuid::now_v7();
        let opened = transaction
            .execute(
                &sql.run_open,
                &[
                    &run_id,
                    &self.source_table,
                    &request.kind,
                    &request.trigger,
                    &request.as_of,
                    &request.catalogue_hash,
                    &env!("CARGO_PKG_VERSION"),
                    &self.instance_id,
                    &backlog,
                    &request.scheduled_for,
                    &max_users,
                ],
            )
            .await?;
        let row = transaction.maybe_one(&sql.run_find_open, &[&self.source_table]).await?;
        Ok(row.map(|row| run_of(&row, opened == 1)))
    }

    /// The open run, to be taken part in, however long nobody has worked at it: only who opens another one closes it as
    /// abandoned, or its users would be left without a run.
    ///
    /// # Errors
    /// The database could not be asked.
    pub async fn find_open_run(&self) -> Result<Option<Run>, StoreError> {
        let rows = self.source.read(&self.statements.run_find_open, &[&self.source_table]).await?;
        Ok(rows.first().map(|row| run_of(row, false)))
    }

    pub(super) async fn close_run_in(
        &self,
        run_id: Uuid,
        state: RunState,
        reason: Option<&str>,
    ) -> Result<Closed, StoreError> {
        let mut session = self.source.session().await?;
        let outcome = async {
            let sql = &self.statements;
            let transaction = session.begin().await?;
            let found = transaction.maybe_one(&sql.run_lock, &[&run_id]).await?;
            let now = found.and_then(|row| RunState::from_name(row.get(0))).unwrap_or(RunState::Abandoned);
            if now != RunState::Open {
                return Ok(Closed::Closed(now));
            }
            // The lock above waited for every claim under way; this statement sees them.
            let claims: i64 = transaction.one(&sql.run_count_open_claims, &[&run_id]).await?.get(0);
            if claims > 0 && state == RunState::Done {
                return Ok(Closed::LiveClaims(u64::try_from(claims).unwrap_or(0)));
            }
            let left: i64 = transaction.one(&sql.backlog_count, &[]).await?.get(0);
            transaction.execute(&sql.run_close, &[&run_id, &state.name(), &self.instance_id, &left, &reason]).await?;
            failpoint!("run.close")?;
            transaction.commit().await?;
            failpoint!("run.closed")?;
            Ok(Closed::Closed(state))
        }
        .await;
        session.done(&outcome);
        outcome
    }

    pub(super) async fn sum_run(&self, run_id: Uuid) -> Result<RunTotals, StoreError> {
        let rows = self.source.read(&self.statements.run_totals, &[&run_id]).await?;
        Ok(rows.first().map(totals_of).unwrap_or_default())
    }
}

fn run_of(row: &Row, opened_here: bool) -> Run {
    Run {
        run_id: row.get(0),
        kind: row.get(1),
        as_of: row.get(2),
        catalogue_hash: row.get(3),
        catalogue_text: row.get(4),
        backlog: unsigned(row, 5),
        opened_here,
    }
}

fn totals_of(row: &Row) -> RunTotals {
    RunTotals {
        state: RunState::from_name(row.get(0)),
        users_left: row.get::<_, Option<i64>>(1).and_then(|left| u64::try_from(left).ok()),
        users: ClaimTotals {
            completed: unsigned(row, 2),
            failed: unsigned(row, 3),
            superseded: unsigned(row, 4),
            returned: unsigned(row, 5),
            left: unsigned(row, 6),
        },
        rows: unsigned(row, 7),
        open_claims: unsigned(row, 8),
    }
}
