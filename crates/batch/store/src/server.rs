//! What the protocol needs of a kind of database: sessions with transactions, and the few steps that each kind has its own
//! way for. The protocol itself ([`crate::protocol`]) is written once.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use cardgenius_engine::Engine;
use cardgenius_failure::error::DatabaseError;
use cardgenius_pipeline::ports::{ClaimRequest, ClaimedUser, Key, RowForm, Slots};
use cardgenius_pipeline::pressure::Pressure;
use uuid::Uuid;

use crate::config::CallLimits;
use crate::desk::Requeued;
use crate::inspection::{Inspected, Intent, Part};
use crate::protocol::statements::Statements;
use crate::rows::Rows;
use crate::statement::{Row, Statement, Value};

/// A pool of sessions at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolStatus {
    /// Sessions that it may hold at most.
    pub size: usize,
    /// Sessions at work.
    pub in_use: usize,
    /// Sessions that wait for work.
    pub idle: usize,
    /// Calls that wait for a session.
    pub waiting: usize,
}

/// How a server tells its sessions apart: a process, a connection. Never 0.
pub type SessionNumber = i64;

/// A look for signs that a server bears the work badly.
#[derive(Clone, Copy, Debug)]
pub struct PressureLook<'a> {
    /// For messages, where there are two: ` of the source`.
    pub called: &'static str,
    /// Our tables there, as schema and name.
    pub tables: &'a [(&'a str, &'a str)],
    /// Whose sessions others may wait for.
    pub instance_id: Uuid,
}

/// One of several locks of a name, whichever is free.
#[derive(Clone, Copy, Debug)]
pub struct SlotWanted<'a> {
    /// The name: whoever uses it shares them.
    pub of: &'a str,
    /// How many there are, and which to wait for.
    pub slots: Slots,
    /// How long to wait.
    pub within: Duration,
}

/// One database: its sessions, and what of it is asked outside a transaction of the protocol.
pub trait Server: Send + Sync + 'static {
    /// See [`Session`].
    type Session: Session;

    /// The protocol's statements in this server's words.
    fn sql(&self) -> &Statements;

    /// The limits that hold for every call.
    fn limits(&self) -> &CallLimits;

    /// What finds a user of this key again: see [`Key`]. Asks no database.
    fn token(&self, user_id: &str) -> String;

    /// How many sessions the pool holds, and who waits for one. Asks nobody.
    fn status(&self) -> PoolStatus;

    /// A session, made anew if none is idle; an error says that none could be had within the limits.
    fn session(&self) -> impl Future<Output = Result<Self::Session, DatabaseError>> + Send;

    /// Runs a statement by itself, within the limit of renewals, on the lease's own connection; how many rows it touched.
    fn on_lease_line(
        &self,
        statement: &Statement,
        values: &[Value<'_>],
    ) -> impl Future<Output = Result<u64, DatabaseError>> + Send;

    /// Tells the server to end an instance's sessions, or only one of them; how many there were.
    fn end_sessions(
        &self,
        instance_id: Uuid,
        only: Option<SessionNumber>,
    ) -> impl Future<Output = Result<u64, DatabaseError>> + Send;

    /// How many of those are still there.
    fn sessions_alive(
        &self,
        instance_id: Uuid,
        only: Option<SessionNumber>,
    ) -> impl Future<Output = Result<u64, DatabaseError>> + Send;

    /// Whether this instance's lease has been held for a full length on this start of the server.
    fn may_sweep(&self, instance_id: Uuid, lease: Duration)
    -> impl Future<Output = Result<bool, DatabaseError>> + Send;

    /// An encoder of the form that the table of recommendations here takes best, as its columns are now.
    fn rows_for(&self, engine: &Engine) -> impl Future<Output = Result<Rows, DatabaseError>> + Send;

    /// How this server bears the work, in short looks that change nothing.
    fn pressure(&self, look: PressureLook<'_>) -> impl Future<Output = Result<Pressure, DatabaseError>> + Send;

    /// The answer to the DBA's own question whether to stop; the inner error is what is wrong with the question.
    fn ask_whether_to_stop(
        &self,
        query: &str,
    ) -> impl Future<Output = Result<Result<bool, String>, DatabaseError>> + Send;

    /// Looks at the server and at what is ours there, for what would go wrong later with such a run; changes nothing.
    fn inspect(&self, part: Part, intent: &Intent) -> impl Future<Output = Result<Inspected, DatabaseError>> + Send;
}

/// One session. Every call is bounded in time, and an error says what was being done.
///
/// A transaction is READ COMMITTED, with our limits set in it; one that failed is rolled back by whoever began it.
pub trait Session: Send + Sized + 'static {
    /// How the server tells it apart; known once a transaction has begun.
    fn number(&self) -> Option<SessionNumber>;

    /// Begins a transaction.
    fn begin(&mut self) -> impl Future<Output = Result<(), DatabaseError>> + Send;

    /// Commits. If the answer is lost the commit is in doubt: the server may or may not have done it.
    fn commit(&mut self) -> impl Future<Output = Result<(), DatabaseError>> + Send;

    /// Undoes the whole transaction.
    fn roll_back(&mut self) -> impl Future<Output = Result<(), DatabaseError>> + Send;

    /// Takes a slot for this transaction; false: none was free within the limit, and the transaction can only be rolled back.
    fn take_slot(&mut self, wanted: SlotWanted<'_>) -> impl Future<Output = Result<bool, DatabaseError>> + Send;

    /// Who holds the slot that was to be waited for, in words for people; none if it is free by now.
    fn slot_holder(
        &mut self,
        wanted: SlotWanted<'_>,
    ) -> impl Future<Output = Result<Option<String>, DatabaseError>> + Send;

    /// Runs a statement; how many rows it touched.
    fn execute(
        &mut self,
        statement: &Statement,
        values: &[Value<'_>],
    ) -> impl Future<Output = Result<u64, DatabaseError>> + Send;

    /// Runs a statement; its rows.
    fn rows(
        &mut self,
        statement: &Statement,
        values: &[Value<'_>],
    ) -> impl Future<Output = Result<Vec<Row>, DatabaseError>> + Send;

    /// Sets a savepoint; there is one at most.
    fn set_savepoint(&mut self) -> impl Future<Output = Result<(), DatabaseError>> + Send;

    /// Ends the savepoint, keeping what was done since.
    fn release_savepoint(&mut self) -> impl Future<Output = Result<(), DatabaseError>> + Send;

    /// Undoes what was done since the savepoint, and ends it.
    fn undo_savepoint(&mut self) -> impl Future<Output = Result<(), DatabaseError>> + Send;

    /// Locks and marks the next users of a request, `rows` at most, passing over those that somebody holds locked and those
    /// before the key `not_before`, if there is one; in key order, which is the column's own.
    fn claim(
        &mut self,
        request: &ClaimRequest,
        rows: i64,
        not_before: Option<&str>,
    ) -> impl Future<Output = Result<Vec<ClaimedUser>, DatabaseError>> + Send;

    /// After a claim of one user that was refused, in a transaction of its own that is rolled back: the user that it was for, and what
    /// the database has against it; none if it has nothing against the user that is found now.
    fn find_refused(
        &mut self,
        request: &ClaimRequest,
        not_before: Option<&str>,
    ) -> impl Future<Output = Result<Option<(Key, DatabaseError)>, DatabaseError>> + Send;

    /// Fails users of a claim, each for its reason; how many were still pending.
    fn fail_users(
        &mut self,
        claim_id: Uuid,
        user_ids: &[&str],
        reasons: &[String],
    ) -> impl Future<Output = Result<u64, DatabaseError>> + Send;

    /// Of these users, those that the customer has deleted.
    fn users_gone(&mut self, user_ids: &[&str]) -> impl Future<Output = Result<Vec<String>, DatabaseError>> + Send;

    /// Asks every constraint that would be asked at the commit only, now and after each further statement of the transaction.
    fn ask_constraints_now(&mut self) -> impl Future<Output = Result<(), DatabaseError>> + Send;

    /// Loads rows, and asks every constraint; how many the server took.
    fn load(&mut self, form: RowForm, rows: Vec<Bytes>) -> impl Future<Output = Result<u64, DatabaseError>> + Send;

    /// Makes ready for a count that may take `within` and no longer.
    fn prepare_to_count(&mut self, within: Duration) -> impl Future<Output = Result<(), DatabaseError>> + Send;

    /// One step of a walk over the users; see [`Walk`].
    fn requeue(&mut self, walk: &Walk<'_>) -> impl Future<Output = Result<Walked, DatabaseError>> + Send;

    /// The user at which the next step of a walk begins; none: the walk is over.
    fn next_to_requeue(
        &mut self,
        walk: &Walk<'_>,
    ) -> impl Future<Output = Result<Option<String>, DatabaseError>> + Send;

    /// Sets those of a list that are completed or failed to `new`.
    fn requeue_listed(&mut self, user_ids: &[String]) -> impl Future<Output = Result<Requeued, DatabaseError>> + Send;

    /// Gives the session back to its pool.
    fn give_back(self);

    /// Closes it: it is in the middle of nothing, and shall not be used again.
    fn close(self);

    /// Closes it, and asks the server to stop what may still be running on it; in nobody's way.
    fn throw_away(self);
}

/// A step over the users in key order: it looks at `rows` of them after a key, and sets those to `new` that are asked for,
/// passing over those that somebody holds locked.
#[derive(Clone, Copy, Debug)]
pub struct Walk<'a> {
    /// After this key; none: from the start.
    pub after_key: Option<&'a str>,
    /// Users to look at.
    pub rows: i64,
    /// Which of them.
    pub whom: Whom<'a>,
}

/// Which users a walk is for.
#[derive(Clone, Copy, Debug)]
pub enum Whom<'a> {
    /// All that are completed or failed.
    Everybody,
    /// Those that failed; with an error like this pattern of LIKE, if there is one; in this run, if there is one.
    Failed {
        /// Matches the error, or the error with its digits folded to `N`; case does not matter.
        pattern: Option<&'a str>,
        /// The run that they failed in.
        run_id: Option<Uuid>,
    },
}

/// What came of a step.
#[derive(Clone, Debug, Default)]
pub struct Walked {
    /// Users looked at.
    pub looked_at: u64,
    /// The last of them.
    pub last_key: Option<String>,
    /// What became of them.
    pub requeued: Requeued,
}
