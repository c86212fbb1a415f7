//! The end of an instance's sessions: whose they are the server says, by the lock that each of them holds.

use std::time::Duration;

use cardgenius_failure::error::{DatabaseError, ErrorKind};
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
    pub(super) async fn end_own(&self, number: SessionNumber) -> Result<u64, DatabaseError> {
        self.end(self.sessions.called(), Some(number)).await
    }

    /// Ends the sessions of an instance: all, or only one. Whose they are the server says, by the lock that each holds: a
    /// number alone could by now be a customer's session. From a connection of its own: the pool's are for the work, and may
    /// be among those that are to end.
    pub(super) async fn end(&self, called: &str, only: Option<SessionNumber>) -> Result<u64, DatabaseError> {
        let mut conn = self.sessions.alone().await?;
        let ended = self.end_from(&mut conn, called, only).await;
        hang_up(conn).await;
        ended
    }

    /// How many of them are still there.
    pub(super) async fn alive(&self, called: &str, only: Option<SessionNumber>) -> Result<u64, DatabaseError> {
        let mut conn = self.sessions.alone().await?;
        let numbers = self.numbers(&mut conn, called, only).await;
        hang_up(conn).await;
        Ok(numbers?.len() as u64)
    }

    async fn end_from(&self, conn: &mut Conn, called: &str, only: Option<SessionNumber>) -> Result<u64, DatabaseError> {
        let numbers = self.numbers(conn, called, only).await?;
        let (limit, name, kill) = (self.sessions.limits().statement, &self.own.session_to_kill, &self.own.session_kill);
        let mut not_ours = Vec::new();
        for number in &numbers {
            within(limit, name.doing, conn.exec_drop(&name.sql, (*number,))).await?;
            match within(limit, kill.doing, async { Ok(conn.query_drop(&kill.sql).await) }).await? {
                Ok(()) => {}
                Err(error) => match code_of(&error) {
                    Some(NO_SUCH_SESSION) => {}
                    // It keeps none of the others from being ended: any account may take a lock of this name.
                    Some(NOT_ITS_OWNER) => not_ours.push(*number),
                    _ => return Err(store_error(kill.doing, error)),
                },
            }
        }
        match self.still_there(conn, called, &not_ours).await?.first() {
            None => Ok(numbers.len() as u64),
            Some(number) => Err(of_another_account(&self.holder(conn, *number).await?, called)),
        }
    }

    /// Those of some sessions of other accounts that are still there after a moment: a session that is about to end has no account
    /// any more. One wait for all of them.
    async fn still_there(
        &self,
        conn: &mut Conn,
        called: &str,
        sessions: &[SessionNumber],
    ) -> Result<Vec<SessionNumber>, DatabaseError> {
        let deadline = Instant::now() + LAST_MOMENTS;
        let mut there = sessions.to_vec();
        while !there.is_empty() {
            let numbers = self.numbers(conn, called, None).await?;
            there.retain(|number| numbers.contains(number));
            if Instant::now() >= deadline {
                break;
            }
            sleep(LOOK_EVERY).await;
        }
        Ok(there)
    }

    /// Whose session it is, in words for people.
    async fn holder(&self, conn: &mut Conn, number: SessionNumber) -> Result<String, DatabaseError> {
        let look = conn.exec_first::<String, _, _>(&self.own.session_holder.sql, (number,));
        let holder = within(self.sessions.limits().statement, self.own.session_holder.doing, look).await?;
        Ok(holder.unwrap_or_else(|| format!("connection {number}")))
    }

    /// The numbers of an instance's sessions but the one that asks.
    async fn numbers(
        &self,
        conn: &mut Conn,
        called: &str,
        only: Option<SessionNumber>,
    ) -> Result<Vec<SessionNumber>, DatabaseError> {
        let look = conn.exec::<SessionNumber, _, _>(&self.own.sessions_of.sql, (called,));
        let mut numbers = within(self.sessions.limits().statement, self.own.sessions_of.doing, look).await?;
        numbers.retain(|number| only.is_none_or(|only| only == *number));
        Ok(numbers)
    }
}

/// An instance that ran under another account has left a session that ours may not end; or a stranger has taken a lock of its name.
fn of_another_account(holder: &str, called: &str) -> DatabaseError {
    let doing = format!(
        "{holder}, holds a lock with the name of a session of the dead instance {called}, and ours may not end it. If the instance ran under another account: \
         GRANT CONNECTION ADMIN ON *.* to ours (MySQL: CONNECTION_ADMIN), or KILL that connection as an administrator; what it holds locked waits until then, \
         or until the server ends it for its silence. If none of yours ran under that account, it only took the name: end it"
    );
    DatabaseError::new(ErrorKind::SchemaMismatch, doing)
}

/// Says goodbye, so that the session's lock is free when we go on; a server that does not hear it will notice by itself.
async fn hang_up(conn: Conn) {
    let _ = tokio::time::timeout(HANG_UP_WITHIN, conn.disconnect()).await;
}
