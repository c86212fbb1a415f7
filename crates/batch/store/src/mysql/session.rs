//! One session: transactions at READ COMMITTED, statements prepared once per connection, every call bounded on our side, and
//! what takes too long ended from another connection.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cardgenius_failure::error::{DatabaseError, ErrorKind};
use cardgenius_pipeline::ports::{ClaimRequest, ClaimedUser, Key, RowForm};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row as DriverRow};
use uuid::Uuid;

use super::codes::store_error;
use super::keys::KeyNames;
use super::server::Shared;
use super::sessions::Pooled;
use super::values::{Call, calls, row_of};
use crate::desk::Requeued;
use crate::server::{Session, SessionNumber, SlotWanted, Walk, Walked, Whom};
use crate::statement::{Row, Statement, Value, bind};

/// Ending a session that was thrown away, at most.
const END_WITHIN: Duration = Duration::from_secs(10);

/// A session on MySQL or MariaDB.
pub struct MysqlSession {
    pub(super) pooled: Pooled,
    pub(super) shared: Shared,
    keys: Arc<KeyNames>,
    /// Whether it was used before: then it has statements, and names of keys, of the tables as they were.
    remembers: bool,
    /// What a statement may take now.
    statement_limit: Duration,
    /// The slot that the transaction is in, by whose it is and its number.
    slot: Option<(String, i64)>,
}

impl MysqlSession {
    pub(super) async fn of(shared: &Shared) -> Result<Self, DatabaseError> {
        let statement_limit = shared.sessions.limits().statement;
        let mut pooled = shared.sessions.get().await?;
        // Names of keys are remembered too, so that two changes in a short while are found one after the other.
        let remembers = Pooled::metrics(&pooled).recycle_count > 0;
        let keys = match &pooled.keys {
            Some(keys) => keys.clone(),
            None => {
                let keys = shared.look_for_keys(&mut pooled).await?;
                pooled.keys.insert(keys).clone()
            }
        };
        Ok(Self { pooled, shared: shared.clone(), keys, remembers, statement_limit, slot: None })
    }

    /// The driver's own rows: for what is read by the ten thousand.
    pub(super) async fn driver_rows(
        &mut self,
        statement: &Statement,
        values: &[Value<'_>],
    ) -> Result<Vec<DriverRow>, DatabaseError> {
        let (mut rows, keys) = (Vec::new(), self.keys.clone());
        for Call { sql, values } in calls(statement, values, &keys) {
            let call = self.pooled.exec::<DriverRow, _, _>(sql, values);
            let bounds = (self.statement_limit, statement.doing);
            let more = self.shared.sessions.within(self.remembers, bounds, call).await?;
            if rows.is_empty() { rows = more } else { rows.extend(more) }
        }
        Ok(rows)
    }

    /// A statement without parameters or answer.
    async fn order(&mut self, sql: &'static str, doing: &'static str) -> Result<(), DatabaseError> {
        let call = self.pooled.query_drop(sql.trim_end());
        self.shared.sessions.within(self.remembers, (self.statement_limit, doing), call).await
    }

    /// In place of a transaction that has begun: one that may change nothing.
    pub(super) async fn begin_read_only(&mut self) -> Result<(), DatabaseError> {
        self.roll_back().await?;
        self.order(include_str!("sql/transaction_begin_read_only.sql"), "beginning a transaction").await
    }

    /// Gives the transaction's slot back, if it is in one. Where that fails the session keeps it, and goes itself in the end.
    async fn leave_slot(&mut self) {
        let Some((of, slot)) = self.slot.take() else { return };
        let own = self.shared.own.clone();
        let values = bind![&of, slot];
        // Seldom needed, and part of every transaction's future.
        if Box::pin(self.driver_rows(&own.slot_release, &values)).await.is_err() {
            self.slot = Some((of, slot));
        }
    }

    /// The first column of a statement's rows.
    async fn keys(&mut self, statement: &Statement, values: &[Value<'_>]) -> Result<Vec<String>, DatabaseError> {
        self.rows(statement, values).await?.iter().map(|row| row.get(0)).collect()
    }

    /// Sets those of some users to `new` that `hold` can lock.
    async fn set_new(&mut self, hold: &Statement, wanted: &[&str]) -> Result<Requeued, DatabaseError> {
        let own = self.shared.own.clone();
        let held = self.keys(hold, &bind![wanted]).await?;
        let users = self.execute(&own.requeue_set, &bind![&held]).await?;
        let locked = (wanted.len() as u64).saturating_sub(held.len() as u64);
        Ok(Requeued { users, locked, ..Requeued::default() })
    }
}

/// Runs one call; how many rows it touched.
pub(super) async fn touched(conn: &mut Conn, call: Call) -> Result<u64, mysql_async::Error> {
    conn.exec_drop(call.sql, call.values).await?;
    Ok(conn.affected_rows())
}

impl Session for MysqlSession {
    fn number(&self) -> Option<SessionNumber> {
        Some(self.pooled.id().into())
    }

    async fn begin(&mut self) -> Result<(), DatabaseError> {
        self.statement_limit = self.shared.sessions.limits().statement;
        self.order(include_str!("sql/transaction_begin.sql"), "beginning a transaction").await
    }

    async fn commit(&mut self) -> Result<(), DatabaseError> {
        let doing = "committing";
        let commit = self.pooled.query_drop(include_str!("sql/transaction_commit.sql").trim_end());
        match tokio::time::timeout(self.statement_limit, commit).await {
            Ok(Ok(())) => {
                self.leave_slot().await;
                Ok(())
            }
            Ok(Err(error)) => {
                let error = store_error(doing, error);
                Err(match error.kind() {
                    ErrorKind::ConnectionLost | ErrorKind::ServerShuttingDown | ErrorKind::Timeout => {
                        error.into_kind(ErrorKind::CommitInDoubt)
                    }
                    _ => error,
                })
            }
            Err(_) => Err(DatabaseError::new(ErrorKind::CommitInDoubt, "committing: no answer came in time")),
        }
    }

    async fn roll_back(&mut self) -> Result<(), DatabaseError> {
        self.order(include_str!("sql/transaction_roll_back.sql"), "rolling back").await?;
        self.leave_slot().await;
        Ok(())
    }

    async fn take_slot(&mut self, wanted: SlotWanted<'_>) -> Result<bool, DatabaseError> {
        let own = self.shared.own.clone();
        let free = self.rows(&own.slot_try, &bind![wanted.of, i64::from(wanted.slots.count)]).await?;
        let slot: i64 = match free.first() {
            Some(row) => row.get(0)?,
            None => {
                let home = i64::from(wanted.slots.home);
                let had = self.rows(&own.slot_wait, &bind![wanted.of, home, wanted.within.as_secs_f64()]).await?;
                let had: Option<i64> = had.first().map(|row| row.get(0)).transpose()?.flatten();
                if had != Some(1) {
                    return Ok(false);
                }
                home
            }
        };
        self.slot = Some((wanted.of.to_owned(), slot));
        Ok(true)
    }

    async fn slot_holder(&mut self, wanted: SlotWanted<'_>) -> Result<Option<String>, DatabaseError> {
        let own = self.shared.own.clone();
        let rows = self.rows(&own.slot_holder, &bind![wanted.of, i64::from(wanted.slots.home)]).await?;
        rows.first().map(|row| row.get(0)).transpose()
    }

    async fn execute(&mut self, statement: &Statement, values: &[Value<'_>]) -> Result<u64, DatabaseError> {
        let (mut sum, keys) = (0, self.keys.clone());
        for call in calls(statement, values, &keys) {
            let (bounds, call) = ((self.statement_limit, statement.doing), touched(&mut self.pooled, call));
            sum += self.shared.sessions.within(self.remembers, bounds, call).await?;
        }
        Ok(sum)
    }

    async fn rows(&mut self, statement: &Statement, values: &[Value<'_>]) -> Result<Vec<Row>, DatabaseError> {
        Ok(self.driver_rows(statement, values).await?.into_iter().map(row_of).collect())
    }

    async fn set_savepoint(&mut self) -> Result<(), DatabaseError> {
        self.order(include_str!("sql/savepoint_set.sql"), "setting a savepoint").await
    }

    async fn release_savepoint(&mut self) -> Result<(), DatabaseError> {
        self.order(include_str!("sql/savepoint_release.sql"), "releasing a savepoint").await
    }

    async fn undo_savepoint(&mut self) -> Result<(), DatabaseError> {
        self.order(
            include_str!("sql/savepoint_undo.sql").lines().last().unwrap_or_default(),
            "rolling back to a savepoint",
        )
        .await?;
        self.release_savepoint().await
    }

    async fn claim(
        &mut self,
        request: &ClaimRequest,
        rows: i64,
        not_before: Option<&str>,
    ) -> Result<Vec<ClaimedUser>, DatabaseError> {
        self.claim_next(request, rows, not_before).await
    }

    async fn find_refused(
        &mut self,
        request: &ClaimRequest,
        not_before: Option<&str>,
    ) -> Result<Option<(Key, DatabaseError)>, DatabaseError> {
        self.find_refused_next(request, not_before).await
    }

    async fn fail_users(
        &mut self,
        claim_id: Uuid,
        user_ids: &[&str],
        reasons: &[String],
    ) -> Result<u64, DatabaseError> {
        let own = self.shared.own.clone();
        let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (user_id, reason) in user_ids.iter().zip(reasons) {
            by_reason.entry(reason).or_default().push(user_id);
        }
        let mut failed = 0;
        for (reason, user_ids) in &by_reason {
            failed += self.execute(&own.users_fail, &bind![claim_id, user_ids, *reason]).await?;
        }
        Ok(failed)
    }

    async fn users_gone(&mut self, user_ids: &[&str]) -> Result<Vec<String>, DatabaseError> {
        let own = self.shared.own.clone();
        let there: HashSet<String> = self.keys(&own.users_there, &bind![user_ids]).await?.into_iter().collect();
        Ok(user_ids.iter().filter(|user_id| !there.contains(**user_id)).map(|user_id| (*user_id).to_owned()).collect())
    }

    /// These servers ask every constraint at once.
    async fn ask_constraints_now(&mut self) -> Result<(), DatabaseError> {
        Ok(())
    }

    async fn load(&mut self, form: RowForm, rows: Vec<Bytes>) -> Result<u64, DatabaseError> {
        self.load_rows(form, rows).await
    }

    async fn prepare_to_count(&mut self, within: Duration) -> Result<(), DatabaseError> {
        self.statement_limit = within;
        Ok(())
    }

    async fn requeue(&mut self, walk: &Walk<'_>) -> Result<Walked, DatabaseError> {
        let own = self.shared.own.clone();
        let (seen, hold) = match walk.whom {
            Whom::Everybody => {
                (self.rows(&own.requeue_everybody, &bind![walk.after_key, walk.rows]).await?, &own.requeue_hold)
            }
            Whom::Failed { pattern, run_id } => {
                let values = bind![walk.after_key, walk.rows, pattern, run_id];
                (self.rows(&own.requeue_failed, &values).await?, &own.requeue_hold_failed)
            }
        };
        let (mut keys, mut wanted) = (Vec::new(), Vec::new());
        for row in &seen {
            keys.push(row.get::<String>(0)?);
            wanted.push(row.get::<bool>(1)?);
        }
        let wanted: Vec<&str> =
            keys.iter().zip(&wanted).filter(|(_, wanted)| **wanted).map(|(key, _)| &**key).collect();
        let requeued = self.set_new(hold, &wanted).await?;
        Ok(Walked { looked_at: keys.len() as u64, last_key: keys.last().cloned(), requeued })
    }

    async fn next_to_requeue(&mut self, walk: &Walk<'_>) -> Result<Option<String>, DatabaseError> {
        let own = self.shared.own.clone();
        let statement = match walk.whom {
            Whom::Everybody => &own.requeue_next,
            Whom::Failed { .. } => &own.requeue_next_failed,
        };
        Ok(self.keys(statement, &bind![walk.after_key]).await?.pop())
    }

    async fn requeue_listed(&mut self, user_ids: &[String]) -> Result<Requeued, DatabaseError> {
        let own = self.shared.own.clone();
        let wanted = self.keys(&own.requeue_users, &bind![user_ids]).await?;
        self.set_new(&own.requeue_hold, &wanted.iter().map(String::as_str).collect::<Vec<_>>()).await
    }

    fn give_back(self) {
        if self.slot.is_some() {
            self.throw_away();
        }
    }

    fn close(self) {
        if self.slot.is_some() {
            return self.throw_away();
        }
        drop(Pooled::take(self.pooled));
    }

    /// The server does not stop by itself what a client has left: the session is ended from another one. Best effort,
    /// bounded, in nobody's way.
    fn throw_away(self) {
        let Self { pooled, shared, .. } = self;
        let number = pooled.id().into();
        drop(Pooled::take(pooled));
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let _ = tokio::time::timeout(END_WITHIN, shared.end_own(number)).await;
            });
        }
    }
}
