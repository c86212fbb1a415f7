//! Figures for those who watch, read seldom and cheaply.

use std::time::Duration;

use cardgenius_failure::error::{DatabaseError, ErrorKind};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::SqlStore;
use super::work::{Work, read_one};
use crate::desk::Backlog;
use crate::server::{Server, Session};
use crate::statement::{Row, bind};

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

impl<S: Server, T: Server> SqlStore<S, T> {
    /// Reads our own small tables.
    ///
    /// # Errors
    /// The database could not be asked.
    pub async fn sample_state(&self) -> Result<StateSample, DatabaseError> {
        let mut work = Work::on(&self.source).await?;
        let outcome = async {
            let mut transaction = work.begin().await?;
            let row = transaction.one(&self.source.sql().sample_state, &bind![&self.source_table]).await?;
            let successes = transaction.rows(&self.source.sql().sample_successes, &bind![&self.source_table]).await?;
            Ok(StateSample {
                at: row.get(0)?,
                live: row.count(1)?,
                expired: row.count(2)?,
                paused_since: row.get(3)?,
                successes: successes
                    .iter()
                    .map(|row| Ok((row.get(0)?, row.get(1)?)))
                    .collect::<Result<_, DatabaseError>>()?,
                run: run_of(&row)?,
            })
        }
        .await;
        work.done(&outcome).await;
        outcome
    }

    /// Counts the users that are not completed, by the partial index; `None` if that took longer than five seconds, and
    /// was ended.
    ///
    /// # Errors
    /// The database could not be asked.
    pub async fn count_backlog(&self) -> Result<Option<Backlog>, DatabaseError> {
        let mut work = Work::on(&self.source).await?;
        let outcome = async {
            let mut transaction = work.begin().await?;
            transaction.session().prepare_to_count(COUNT_WITHIN).await?;
            transaction.one(&self.source.sql().backlog_by_status, &[]).await
        }
        .await;
        work.done(&outcome).await;
        match outcome {
            Ok(row) => Ok(Some(Backlog {
                new: row.count(0)?,
                pending: row.count(1)?,
                failed: row.count(2)?,
                completed_estimate: row.get::<Option<i64>>(3)?.and_then(|users| u64::try_from(users).ok()),
                pending_without_claim: row.count(4)?,
            })),
            // Too many to count, or a DBA has the table locked: the database is none the worse.
            Err(error) if matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Contention) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Asks a second database whether it answers; `None` if there is no second one.
    pub async fn sample_target(&self) -> Option<Result<(), DatabaseError>> {
        let server = self.target.as_ref()?.server();
        Some(read_one(server, &server.sql().answer, &[]).await.map(drop))
    }
}

fn run_of(row: &Row) -> Result<Option<RunSample>, DatabaseError> {
    let Some(run_id) = row.get(4)? else { return Ok(None) };
    Ok(Some(RunSample {
        run_id,
        kind: row.get(5)?,
        users: row.count(6)?,
        opened_at: row.get(7)?,
        settled: row.count(8)?,
        last_progress: row.get(9)?,
    }))
}
