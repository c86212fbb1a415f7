//! The lease's own connection: a heartbeat must not wait for a load, nor for a place in the pool.

use cardgenius_failure::error::{DatabaseError, ErrorKind};
use mysql_async::Conn;
use tokio::sync::Mutex;

use super::connect::within;
use super::keys::KeyNames;
use super::session::touched;
use super::sessions::Sessions;
use super::values::calls;
use crate::statement::{Statement, Value};

/// The connection, made when needed and thrown away at the first trouble.
#[derive(Default)]
pub(super) struct LeaseLine {
    line: Mutex<Option<Conn>>,
}

impl LeaseLine {
    /// One statement, by itself a transaction, within the limit of renewals. What is not answered in time is left to the
    /// server, which waits for a lock no longer than a call may.
    pub(super) async fn execute(
        &self,
        sessions: &Sessions,
        statement: &Statement,
        values: &[Value<'_>],
    ) -> Result<u64, DatabaseError> {
        let mut kept = self.line.lock().await;
        let mut line = match kept.take() {
            Some(line) if !line.is_disconnected() => line,
            _ => sessions.alone().await?,
        };
        let mut outcome = Ok(0);
        for call in calls(statement, values, &KeyNames::default()) {
            outcome = within(sessions.limits().renewal, statement.doing, touched(&mut line, call)).await;
        }
        if outcome.as_ref().err().is_none_or(|error| error.kind() == ErrorKind::Contention) {
            *kept = Some(line);
        }
        outcome
    }
}
