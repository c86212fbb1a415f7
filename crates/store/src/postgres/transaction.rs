//! One transaction: READ COMMITTED, our limits set locally, statements prepared once per connection, every call bounded.

use std::time::Duration;

use bytes::Bytes;
use cardgenius_pipeline::error::{ErrorKind, StoreError};
use cardgenius_pipeline::failpoint;
use deadpool_postgres::Object;
use futures_util::SinkExt;
use tokio_postgres::types::ToSql;
use tokio_postgres::{IsolationLevel, Row};

use super::sessions::within;
use super::sqlstate::store_error;
use crate::config::CallLimits;

/// What a statement is bound to.
pub(super) type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A count, which the server has as a signed number.
pub(super) fn unsigned(row: &Row, column: usize) -> u64 {
    u64::try_from(row.get::<_, i64>(column)).unwrap_or(0)
}

/// A statement: its text, and what to say of it when it fails.
#[derive(Clone, Debug)]
pub struct Statement {
    pub(super) sql: String,
    pub(super) doing: &'static str,
}

/// The wire may take a little longer than the server's own limit.
const SLACK: Duration = Duration::from_secs(2);

/// A transaction under way. Dropped without a commit it rolls back.
pub struct Transaction<'a> {
    inner: deadpool_postgres::Transaction<'a>,
    limits: CallLimits,
    backend: i32,
}

impl<'a> Transaction<'a> {
    pub(super) async fn begin(object: &'a mut Object, limits: CallLimits) -> Result<Self, StoreError> {
        let doing = "beginning a transaction";
        let start = object.build_transaction().isolation_level(IsolationLevel::ReadCommitted).start();
        let inner = within(limits.statement, doing, start).await?;
        let mut transaction = Self { inner, limits, backend: 0 };
        // A load is one statement too.
        transaction.set_limits(limits.statement.max(limits.load), limits.lock).await?;
        Ok(transaction)
    }

    /// Sets the transaction's limits on the server (again).
    pub(super) async fn set_limits(&mut self, statement: Duration, lock: Duration) -> Result<(), StoreError> {
        let milliseconds = |limit: Duration| limit.as_millis().to_string();
        // With two databases this session sits idle in its transaction while the other one loads.
        let idle = self.limits.load + self.limits.statement;
        let (statement, lock, idle) = (milliseconds(statement), milliseconds(lock), milliseconds(idle));
        let limits = Statement { sql: include_str!("sql/transaction_limits.sql").into(), doing: "setting limits" };
        let row = self.one(&limits, &[&statement, &lock, &idle]).await?;
        self.backend = row.get(4);
        Ok(())
    }

    /// The server's process that serves this session.
    #[must_use]
    pub const fn backend(&self) -> i32 {
        self.backend
    }

    /// Runs a statement; how many rows it touched.
    pub(super) async fn execute(&self, statement: &Statement, parameters: Parameters<'_>) -> Result<u64, StoreError> {
        let call = async {
            let prepared = self.inner.prepare_cached(&statement.sql).await?;
            self.inner.execute(&prepared, parameters).await
        };
        within(self.limits.statement + SLACK, statement.doing, call).await
    }

    /// Runs a statement; its rows.
    pub(super) async fn rows(&self, statement: &Statement, parameters: Parameters<'_>) -> Result<Vec<Row>, StoreError> {
        let call = async {
            let prepared = self.inner.prepare_cached(&statement.sql).await?;
            self.inner.query(&prepared, parameters).await
        };
        within(self.limits.statement + SLACK, statement.doing, call).await
    }

    /// Runs a statement that returns at most one row.
    pub(super) async fn maybe_one(
        &self,
        statement: &Statement,
        parameters: Parameters<'_>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(statement, parameters).await?.into_iter().next())
    }

    /// Runs a statement that returns exactly one row.
    pub(super) async fn one(&self, statement: &Statement, parameters: Parameters<'_>) -> Result<Row, StoreError> {
        self.maybe_one(statement, parameters)
            .await?
            .ok_or_else(|| StoreError::new(ErrorKind::Bug, format!("{}: no row came back", statement.doing)))
    }

    /// Streams frames into a COPY; how many rows the server took. Most of what the server has against them it says only
    /// at the end.
    pub(super) async fn copy_in(&self, statement: &Statement, frames: &[Bytes]) -> Result<u64, StoreError> {
        let call = async {
            let sink = self.inner.copy_in::<_, Bytes>(&statement.sql).await?;
            tokio::pin!(sink);
            for (place, frame) in frames.iter().enumerate() {
                if place == 1 {
                    let _ = failpoint!("load.middle");
                }
                sink.feed(frame.clone()).await?;
            }
            sink.finish().await
        };
        within(self.limits.load, statement.doing, call).await
    }

    /// A savepoint within this transaction.
    pub(super) async fn savepoint(&mut self) -> Result<Transaction<'_>, StoreError> {
        let (limits, backend) = (self.limits, self.backend);
        let inner = within(limits.statement, "setting a savepoint", self.inner.savepoint("load")).await?;
        Ok(Transaction { inner, limits, backend })
    }

    /// Ends a savepoint, keeping what was done since.
    pub(super) async fn release(self) -> Result<(), StoreError> {
        within(self.limits.statement, "releasing a savepoint", self.inner.commit()).await
    }

    /// Undoes the whole transaction.
    pub(super) async fn roll_back(self) -> Result<(), StoreError> {
        within(self.limits.statement, "rolling back", self.inner.rollback()).await
    }

    /// Undoes what was done since the savepoint, and ends it: one that is only rolled back stays, and every further one
    /// would lie inside it, which makes each statement dearer than the last.
    pub(super) async fn undo(self) -> Result<(), StoreError> {
        let undo = self.inner.batch_execute(include_str!("sql/savepoint_undo.sql"));
        within(self.limits.statement, "rolling back to a savepoint", undo).await?;
        self.release().await
    }

    /// Commits. If the answer is lost the commit is in doubt: the server may or may not have done it.
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        let doing = "committing";
        match tokio::time::timeout(self.limits.statement + SLACK, self.inner.commit()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                let error = store_error(doing, error);
                Err(match error.kind() {
                    ErrorKind::ConnectionLost | ErrorKind::ServerShuttingDown => {
                        error.into_kind(ErrorKind::CommitInDoubt)
                    }
                    _ => error,
                })
            }
            Err(_) => Err(StoreError::new(ErrorKind::CommitInDoubt, "committing: no answer came in time")),
        }
    }
}
