//! Figures for those who watch, read seldom and cheaply.

use std::time::Duration;

use cardgenius_pipeline::error::{ErrorKind, StoreError};
use chrono::{DateTime, Utc};
use tokio_postgres::Row;
use uuid::Uuid;

use super::PostgresStore;
use super::transaction::unsigned;
use crate::desk::Backlog;

/// The limit of the one statement that may take a while: it counts users.
const COUNT_WITHIN: Duration = Duration::from_secs(5);

/// What our own small tables say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateSample {
    /// The database's clock.
    pub at: DateTime<Utc>,
    /// Instances whose lease holds.
    pub live: u64,
    /// Instances that neither stopped nor renewed, within the last day.
    pub expired: u64,
    /// Since when everybody is paused.
    pub paused_since: Option<DateTime<Utc>>,
    /// When a run of each kind was last done.
    pub successes: Vec<(String, DateTime<Utc>)>,
    /// The open run.
    pub run: Option<RunSample>,
}

/// The open run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSample {
    /// Its id.
    pub run_id: Uuid,
    /// Its kind.
    pub kind: String,
    /// Users that it was opened for, at most as many as it may settle.
    pub users: u64,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// Users settled so far, by all instances.
    pub settled: u64,
    /// When the last claim that settled somebody was closed.
    pub last_progress: Option<DateTime<Utc>>,
}

impl PostgresStore {
    /// Reads our own small tables.
    ///
    /// # Errors
    /// The database could not be asked.
    pub async fn sample_state(&self) -> Result<StateSample, StoreError> {
        let mut session = self.source.session().await?;
        let outcome = async {
            let transaction = session.begin().await?;
            let row = transaction.one(&self.statements.sample_state, &[&self.source_table]).await?;
            let successes = transaction.rows(&self.statements.sample_successes, &[&self.source_table]).await?;
            Ok(StateSample {
                at: row.get(0),
                live: unsigned(&row, 1),
                expired: unsigned(&row, 2),
                paused_since: row.get(3),
                successes: successes.iter().map(|row| (row.get(0), row.get(1))).collect(),
                run: run_of(&row),
            })
        }
        .await;
        session.done(&outcome);
        outcome
    }

    /// Counts the users that are not completed, by the partial index; `None` if that took longer than five seconds, and
    /// was ended.
    ///
    /// # Errors
    /// The database could not be asked.
    pub async fn count_backlog(&self) -> Result<Option<Backlog>, StoreError> {
        let lock = self.source.limits().lock;
        let mut session = self.source.session().await?;
        let outcome = async {
            let mut transaction = session.begin().await?;
            transaction.set_limits(COUNT_WITHIN, lock).await?;
            transaction.rows(&self.statements.sample_plan, &[]).await?;
            transaction.one(&self.statements.backlog_by_status, &[]).await
        }
        .await;
        session.done(&outcome);
        match outcome {
            Ok(row) => Ok(Some(Backlog {
                new: unsigned(&row, 0),
                pending: unsigned(&row, 1),
                failed: unsigned(&row, 2),
                completed_estimate: row.get::<_, Option<i64>>(3).and_then(|users| u64::try_from(users).ok()),
                pending_without_claim: unsigned(&row, 4),
            })),
            // Too many to count, or a DBA has the table locked: the database is none the worse.
            Err(error) if matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Contention) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Asks a second database whether it answers; `None` if there is no second one.
    pub async fn sample_target(&self) -> Option<Result<(), StoreError>> {
        let sessions = self.target.as_ref()?.sessions();
        Some(sessions.read_one(&self.statements.answer, &[]).await.map(|_| ()))
    }
}

fn run_of(row: &Row) -> Option<RunSample> {
    Some(RunSample {
        run_id: row.get::<_, Option<Uuid>>(4)?,
        kind: row.get(5),
        users: unsigned(row, 6),
        opened_at: row.get(7),
        settled: unsigned(row, 8),
        last_progress: row.get(9),
    })
}
