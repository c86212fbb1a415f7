//! The lease's own connection: a heartbeat must not wait for a COPY, nor for a place in the pool.

use cardgenius_failure::error::{DatabaseError, ErrorKind};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

use super::sessions::{Sessions, within};
use crate::statement::{Statement, Value};

/// The connection, made when needed and thrown away at the first trouble.
#[derive(Default)]
pub(super) struct LeaseLine {
    line: Mutex<Option<Line>>,
}

/// A connection and the task that drives it. Dropped it is closed at once, whatever the server is still at: the driver by
/// itself would wait for the answer, and every renewal that hangs would leave a session behind.
struct Line {
    client: Client,
    driving: JoinHandle<()>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.driving.abort();
    }
}

impl LeaseLine {
    /// One statement, by itself a transaction, within the limit of renewals; `prepare` is what a new connection begins with.
    pub(super) async fn execute(
        &self,
        sessions: &Sessions,
        prepare: &Statement,
        (statement, values): (&Statement, &[Value<'_>]),
    ) -> Result<u64, DatabaseError> {
        let mut kept = self.line.lock().await;
        let line = match kept.take() {
            Some(line) if !line.client.is_closed() => line,
            _ => new_line(sessions, prepare).await?,
        };
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        let call = line.client.execute(&statement.sql, &values);
        let outcome = within(sessions.limits().renewal, statement.doing, call).await;
        let sound = outcome.as_ref().err().is_none_or(|error| error.kind() == ErrorKind::Contention);
        if sound {
            *kept = Some(line);
        }
        outcome
    }
}

/// A connection on which the server ends by itself what takes longer than a renewal may.
async fn new_line(sessions: &Sessions, prepare: &Statement) -> Result<Line, DatabaseError> {
    let limits = sessions.limits();
    let (client, driving) = sessions.dial().connect_alone(limits.connect).await?;
    let line = Line { client, driving };
    let limit = limits.renewal.as_millis().to_string();
    within(limits.renewal, prepare.doing, line.client.execute(&prepare.sql, &[&limit])).await?;
    Ok(line)
}
