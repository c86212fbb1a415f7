//! The end of an instance's sessions: whose they are the server says, by the lock that each of them holds.

use std::time::Duration;

use cardgenius_pipeline::error::{ErrorKind, StoreError};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use tokio::time::{Instant, sleep};

use super::codes::{code_of, store_error};
use super::connect::within;
use super::server::Shared;
use crate::server::SessionNumber;

/// A connection that is not there (any more): ER_NO_SUCH_THREAD.
const NO_SUCH_SESSION: u16 = 1094;

/// Another account's, or one whose client is gone and that has forgotten already who it was: ER_KILL_DENIED_ERROR.
const NOT_ITS_OWNER: u16 = 1095;

/// How long a session may take to end that has forgotten whose it is, and how often it is looked at.
const LAST_MOMENTS: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// For the server to hear that a connection is not needed any more.
const HANG_UP_WITHIN: Duration = Duration::from_secs(1);

impl Shared {
    /// Ends a session of this instance.
    pub(super) async fn end_own(&self, number: SessionNumber) -> Result<u64, StoreError> {
        self.end(self.sessions.called(), Some(number)).await
    }

    /// Ends the sessions of an instance: all, or only one. Whose they are the server says, by the lock that each holds: a
    /// number alone could by now be a customer's session. From a connection of its own: the pool's are for the work, and may
    /// be among those that are to end.
    pub(super) async fn end(&self, called: &str, only: Option<SessionNumber>) -> Result<u64, StoreError> {
        let mut conn = self.sessions.alone().await?;
        let ended = self.end_from(&mut conn, called, only).await;
        hang_up(conn).await;
        ended
    }

    /// How many of them are still there.
    pub(super) async fn alive(&self, called: &str, only: Option<SessionNumber>) -> Result<u64, StoreError> {
        let mut conn = self.sessions.alone().await?;
        let numbers = self.numbers(&mut conn, called, only).await;
        hang_up(conn).await;
        Ok(numbers?.len() as u64)
    }

    async fn end_from(&self, conn: &mut Conn, called: &str, only: Option<SessionNumber>) -> Result<u64, StoreError> {
        let numbers = self.numbers(conn, called, only).await?;
        let (limit, name, kill) = (self.sessions.limits().statement, &self.own.session_to_kill, &self.own.session_kill);
        for number in &numbers {
            within(limit, name.doing, conn.exec_drop(&name.sql, (*number,))).await?;
            match within(limit, kill.doing, async { Ok(conn.query_drop(&kill.sql).await) }).await? {
                Ok(()) => {}
                Err(error) => match code_of(&error) {
                    Some(NO_SUCH_SESSION) => {}
                    Some(NOT_ITS_OWNER) if self.ends_by_itself(conn, called, *number).await? => {}
                    Some(NOT_ITS_OWNER) => return Err(of_another_account(*number)),
                    _ => return Err(store_error(kill.doing, error)),
                },
            }
        }
        Ok(numbers.len() as u64)
    }

    /// Whether a session is gone before long that was said to be somebody else's: in its last moments it is nobody's.
    async fn ends_by_itself(&self, conn: &mut Conn, called: &str, number: SessionNumber) -> Result<bool, StoreError> {
        let deadline = Instant::now() + LAST_MOMENTS;
        while !self.numbers(conn, called, Some(number)).await?.is_empty() {
            if Instant::now() >= deadline {
                return Ok(false);
            }
            sleep(LOOK_EVERY).await;
        }
        Ok(true)
    }

    /// The numbers of an instance's sessions but the one that asks.
    async fn numbers(
        &self,
        conn: &mut Conn,
        called: &str,
        only: Option<SessionNumber>,
    ) -> Result<Vec<SessionNumber>, StoreError> {
        let look = conn.exec::<SessionNumber, _, _>(&self.own.sessions_of.sql, (called,));
        let mut numbers = within(self.sessions.limits().statement, self.own.sessions_of.doing, look).await?;
        numbers.retain(|number| only.is_none_or(|only| only == *number));
        Ok(numbers)
    }
}

/// An instance that ran under another account has left a session that ours may not end.
fn of_another_account(number: SessionNumber) -> StoreError {
    let doing = format!(
        "session {number} of a dead instance belongs to another account, and may only be ended by one that has the right: GRANT CONNECTION ADMIN ON *.* \
         (MySQL: CONNECTION_ADMIN), or KILL {number} as an administrator; what it holds locked waits until then, or until the server ends it for its silence"
    );
    StoreError::new(ErrorKind::SchemaMismatch, doing)
}

/// Says goodbye, so that the session's lock is free when we go on; a server that does not hear it will notice by itself.
async fn hang_up(conn: Conn) {
    let _ = tokio::time::timeout(HANG_UP_WITHIN, conn.disconnect()).await;
}
