//! One session: transactions at READ COMMITTED, our limits set in each, statements prepared once per connection, every call
//! bounded.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cardgenius_failure::error::{DatabaseError, ErrorKind};
use cardgenius_failure::failpoint;
use cardgenius_pipeline::ports::{ClaimRequest, ClaimedUser, Key, RowForm};
use deadpool_postgres::Object;
use futures_util::SinkExt;
use tokio_postgres::Row as DriverRow;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::binary_rows::{HEADER, TRAILER};
use super::sessions::Sessions;
use super::sqlstate::store_error;
use super::statements::OwnStatements;
use super::values::row_of;
use crate::config::CallLimits;
use crate::desk::Requeued;
use crate::protocol::is_refusal;
use crate::server::{Session, SessionNumber, SlotWanted, Walk, Walked, Whom};
use crate::statement::{Row, Statement, Value, bind};

/// The wire may take a little longer than the server's own limit.
const SLACK: Duration = Duration::from_secs(2);

/// Asking the server to stop a statement of a session that was thrown away, at most.
const CANCEL_WITHIN: Duration = Duration::from_secs(5);

/// A session on PostgreSQL.
pub struct PostgresSession {
    object: Object,
    sessions: Sessions,
    limits: CallLimits,
    own: Arc<OwnStatements>,
    begin: String,
    backend: Option<SessionNumber>,
    /// Whether it was used before: then it has statements that were prepared against the tables as they were.
    remembers: bool,
}

impl PostgresSession {
    pub(super) async fn of(sessions: &Sessions, own: &Arc<OwnStatements>) -> Result<Self, DatabaseError> {
        let object = sessions.get().await?;
        let (limits, remembers) = (*sessions.limits(), sessions.may_remember(Object::metrics(&object)));
        let begin = sessions.dial().path().begin();
        Ok(Self { object, sessions: sessions.clone(), limits, own: own.clone(), begin, backend: None, remembers })
    }

    /// Bounds a call. Not a future of its own: it would hold the call twice.
    fn within<'a, T: 'a>(
        &'a self,
        limit: Duration,
        doing: &'a str,
        call: impl Future<Output = Result<T, tokio_postgres::Error>> + 'a,
    ) -> impl Future<Output = Result<T, DatabaseError>> + 'a {
        self.sessions.within(self.remembers, (limit, doing), call)
    }

    /// Sets the transaction's limits on the server (again).
    pub(super) async fn set_limits(&mut self, statement: Duration, lock: Duration) -> Result<(), DatabaseError> {
        // With two databases this session sits idle in its transaction while the other one loads.
        let idle = self.limits.load + self.limits.statement;
        let (statement, lock, idle) = (milliseconds(statement), milliseconds(lock), milliseconds(idle));
        let own = self.own.clone();
        let rows = self.rows(&own.transaction_limits, &bind![&statement, &lock, &idle]).await?;
        self.backend = rows.first().map(|row| row.get(3)).transpose()?;
        Ok(())
    }

    /// The driver's own rows: for what is read by the ten thousand, or by its type.
    pub(super) async fn driver_rows(
        &self,
        statement: &Statement,
        values: &[Value<'_>],
    ) -> Result<Vec<DriverRow>, DatabaseError> {
        let call = async {
            let prepared = self.object.prepare_cached(&statement.sql).await?;
            self.object.query(&prepared, &parameters(values)).await
        };
        self.within(self.limits.statement + SLACK, statement.doing, call).await
    }

    /// Waits for a slot within the transaction; false: not long enough.
    async fn wait_for_slot(&self, wanted: SlotWanted<'_>) -> Result<bool, DatabaseError> {
        let (limit, statement) = (wanted.within, &self.own.slot_wait);
        let (wait, lock) = (milliseconds(limit), milliseconds(self.limits.lock));
        let values = bind![wanted.of, i64::from(wanted.slots.home), &wait, &lock];
        let call = async {
            let prepared = self.object.prepare_cached(&statement.sql).await?;
            self.object.query(&prepared, &parameters(&values)).await
        };
        match self.within(limit + SLACK, statement.doing, call).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::Contention => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A statement without parameters or answer, in one message.
    async fn order(&self, sql: &str, doing: &'static str) -> Result<(), DatabaseError> {
        self.within(self.limits.statement + SLACK, doing, self.object.batch_execute(sql.trim_end())).await
    }

    /// Why a commit has not been answered, as far as another session sees it.
    async fn why_no_commit(&self) -> &'static str {
        let dial = self.sessions.dial();
        let looking = async {
            let backend = i32::try_from(self.backend?).ok()?;
            let (client, _driving) = dial.connect_alone(CANCEL_WITHIN).await.ok()?;
            let row = client.query_opt(include_str!("sql/session_waits_for.sql"), &[&backend]).await.ok()??;
            row.try_get::<_, Option<String>>(0).ok()?
        };
        match tokio::time::timeout(CANCEL_WITHIN, looking).await {
            Ok(Some(waits_for)) if waits_for == "SyncRep" => {
                "committing: no answer came in time: the server waits for its synchronous standby, which does not answer; bring it back, or \
                 take it out of synchronous_standby_names"
            }
            _ => "committing: no answer came in time",
        }
    }

    /// Streams frames into a COPY; how many rows the server took. Most of what the server has against them it says only at
    /// the end.
    async fn copy_in(
        &self,
        statement: &Statement,
        frames: impl IntoIterator<Item = Bytes>,
    ) -> Result<u64, DatabaseError> {
        let call = async {
            let sink = self.object.copy_in::<_, Bytes>(&statement.sql).await?;
            tokio::pin!(sink);
            let mut frames = frames.into_iter().peekable();
            while let Some(frame) = frames.next() {
                sink.feed(frame).await?;
                if frames.peek().is_some() {
                    let _ = failpoint!("load.middle");
                }
            }
            sink.finish().await
        };
        self.within(self.limits.load, statement.doing, call).await
    }
}

/// As the server's settings take them.
fn milliseconds(limit: Duration) -> String {
    limit.as_millis().to_string()
}

/// As the driver takes them.
fn parameters<'a>(values: &'a [Value<'_>]) -> Vec<&'a (dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

impl Session for PostgresSession {
    fn number(&self) -> Option<SessionNumber> {
        self.backend
    }

    async fn begin(&mut self) -> Result<(), DatabaseError> {
        self.order(&self.begin, "beginning a transaction").await?;
        // A load is one statement too.
        self.set_limits(self.limits.statement.max(self.limits.load), self.limits.lock).await
    }

    async fn commit(&mut self) -> Result<(), DatabaseError> {
        let doing = "committing";
        let commit = self.object.batch_execute(include_str!("sql/transaction_commit.sql").trim_end());
        match tokio::time::timeout(self.limits.statement + SLACK, commit).await {
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
            Err(_) => Err(DatabaseError::new(ErrorKind::CommitInDoubt, Box::pin(self.why_no_commit()).await)),
        }
    }

    async fn roll_back(&mut self) -> Result<(), DatabaseError> {
        self.order(include_str!("sql/transaction_roll_back.sql"), "rolling back").await
    }

    async fn take_slot(&mut self, wanted: SlotWanted<'_>) -> Result<bool, DatabaseError> {
        let own = self.own.clone();
        let free = self.driver_rows(&own.slot_try, &bind![wanted.of, i64::from(wanted.slots.count)]).await?;
        if free.is_empty() { self.wait_for_slot(wanted).await } else { Ok(true) }
    }

    async fn slot_holder(&mut self, wanted: SlotWanted<'_>) -> Result<Option<String>, DatabaseError> {
        let own = self.own.clone();
        let rows = self.rows(&own.slot_holder, &bind![wanted.of, i64::from(wanted.slots.home)]).await?;
        rows.first().map(|row| row.get(0)).transpose()
    }

    async fn execute(&mut self, statement: &Statement, values: &[Value<'_>]) -> Result<u64, DatabaseError> {
        let call = async {
            let prepared = self.object.prepare_cached(&statement.sql).await?;
            self.object.execute(&prepared, &parameters(values)).await
        };
        self.within(self.limits.statement + SLACK, statement.doing, call).await
    }

    async fn rows(&mut self, statement: &Statement, values: &[Value<'_>]) -> Result<Vec<Row>, DatabaseError> {
        let rows = self.driver_rows(statement, values).await?;
        rows.iter().map(|row| row_of(row, statement.doing)).collect()
    }

    async fn set_savepoint(&mut self) -> Result<(), DatabaseError> {
        self.order(include_str!("sql/savepoint_set.sql"), "setting a savepoint").await
    }

    async fn release_savepoint(&mut self) -> Result<(), DatabaseError> {
        self.order(include_str!("sql/savepoint_release.sql"), "releasing a savepoint").await
    }

    /// One that is only rolled back stays, and every further one would lie inside it, which makes each statement dearer
    /// than the last.
    async fn undo_savepoint(&mut self) -> Result<(), DatabaseError> {
        self.order(include_str!("sql/savepoint_undo.sql"), "rolling back to a savepoint").await?;
        self.release_savepoint().await
    }

    async fn claim(
        &mut self,
        request: &ClaimRequest,
        rows: i64,
        not_before: Option<&str>,
    ) -> Result<Vec<ClaimedUser>, DatabaseError> {
        let own = self.own.clone();
        self.driver_rows(&own.claim_plan, &[]).await?;
        let (least, most) = request.suspicion.crashes();
        let passed_by = tokens(request);
        let values = bind![request.claim_id, request.after_key.as_deref(), least, most, rows, not_before, &passed_by];
        super::claim::users(&self.driver_rows(&own.claim_users, &values).await?)
    }

    async fn find_refused(
        &mut self,
        request: &ClaimRequest,
        not_before: Option<&str>,
    ) -> Result<Option<(Key, DatabaseError)>, DatabaseError> {
        let own = self.own.clone();
        self.driver_rows(&own.claim_plan, &[]).await?;
        let ((least, most), passed_by) = (request.suspicion.crashes(), tokens(request));
        let values = bind![request.after_key.as_deref(), least, most, not_before, &passed_by];
        let suspects = self.rows(&own.claim_suspect, &values).await?;
        let Some(suspect) = suspects.first() else { return Ok(None) };
        let key = Key { token: suspect.get(0)?, shown: suspect.get(1)? };
        match self.rows(&own.claim_suspect_mark, &bind![request.claim_id, &key.token]).await {
            Ok(_) => Ok(None),
            Err(error) if is_refusal(error.kind()) || error.kind().may_be_of_one_row() => Ok(Some((key, error))),
            Err(error) => Err(error),
        }
    }

    async fn fail_users(
        &mut self,
        claim_id: Uuid,
        user_ids: &[&str],
        reasons: &[String],
    ) -> Result<u64, DatabaseError> {
        let own = self.own.clone();
        self.execute(&own.users_fail, &bind![claim_id, user_ids, reasons]).await
    }

    async fn users_gone(&mut self, user_ids: &[&str]) -> Result<Vec<String>, DatabaseError> {
        let own = self.own.clone();
        self.rows(&own.users_gone, &bind![user_ids]).await?.iter().map(|row| row.get(0)).collect()
    }

    async fn load(&mut self, form: RowForm, rows: Vec<Bytes>) -> Result<u64, DatabaseError> {
        let own = self.own.clone();
        let loaded = match form {
            RowForm::Text => self.copy_in(&own.output_copy, rows).await?,
            RowForm::Binary => {
                let [header, trailer] = [HEADER, TRAILER].map(Bytes::from_static);
                let frames = std::iter::once(header).chain(rows).chain([trailer]);
                self.copy_in(&own.output_copy_binary, frames).await?
            }
        };
        self.execute(&own.constraints_now, &[]).await?;
        Ok(loaded)
    }

    async fn ask_constraints_now(&mut self) -> Result<(), DatabaseError> {
        let own = self.own.clone();
        self.execute(&own.constraints_now, &[]).await.map(drop)
    }

    async fn prepare_to_count(&mut self, within: Duration) -> Result<(), DatabaseError> {
        let own = self.own.clone();
        self.set_limits(within, self.limits.lock).await?;
        self.driver_rows(&own.sample_plan, &[]).await.map(drop)
    }

    async fn requeue(&mut self, walk: &Walk<'_>) -> Result<Walked, DatabaseError> {
        let own = self.own.clone();
        self.driver_rows(&own.requeue_plan, &[]).await?;
        let rows = match walk.whom {
            Whom::Everybody => self.rows(&own.requeue_everybody, &bind![walk.after_key, walk.rows]).await?,
            Whom::Failed { pattern, run_id } => {
                self.rows(&own.requeue_failed, &bind![walk.after_key, walk.rows, pattern, run_id]).await?
            }
        };
        let row = only(rows, own.requeue_failed.doing)?;
        Ok(Walked {
            looked_at: row.count(0)?,
            last_key: row.get(1)?,
            requeued: Requeued { users: row.count(2)?, locked: row.count(3)?, ..Requeued::default() },
        })
    }

    async fn next_to_requeue(&mut self, walk: &Walk<'_>) -> Result<Option<String>, DatabaseError> {
        let own = self.own.clone();
        self.driver_rows(&own.requeue_plan, &[]).await?;
        let statement = match walk.whom {
            Whom::Everybody => &own.requeue_next,
            Whom::Failed { .. } => &own.requeue_next_failed,
        };
        self.rows(statement, &bind![walk.after_key]).await?.first().map(|row| row.get(0)).transpose()
    }

    async fn requeue_listed(&mut self, user_ids: &[String]) -> Result<Requeued, DatabaseError> {
        let own = self.own.clone();
        let row = only(self.rows(&own.requeue_users, &bind![user_ids]).await?, own.requeue_users.doing)?;
        Ok(Requeued { users: row.count(0)?, locked: row.count(1)?, ..Requeued::default() })
    }

    fn give_back(self) {}

    fn close(self) {
        drop(Object::take(self.object));
    }

    fn throw_away(self) {
        let (broken, cancel) = (self.object.is_closed(), self.object.cancel_token());
        drop(Object::take(self.object));
        if broken {
            return;
        }
        // A dropped future does not stop a statement on the server: ask it to stop. Best effort, bounded, in nobody's way.
        let tls = self.sessions.dial().tls();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let _ = tokio::time::timeout(CANCEL_WITHIN, cancel.cancel_query(tls)).await;
            });
        }
    }
}

/// The users that a request passes by, as a statement takes them.
fn tokens(request: &ClaimRequest) -> Vec<&str> {
    request.passed_by.iter().map(|user| &*user.token).collect()
}

/// The row of a statement that always has one.
fn only(rows: Vec<Row>, doing: &str) -> Result<Row, DatabaseError> {
    rows.into_iter().next().ok_or_else(|| DatabaseError::new(ErrorKind::Bug, format!("{doing}: no row came back")))
}
