//! What the pipeline needs of a database: one port, and the plain data that passes through it.
//!
//! Every call is bounded in time by the implementation. A call that fails has changed nothing, but for one that says
//! [`ErrorKind::CommitInDoubt`].

use std::future::Future;
use std::time::Duration;

use cardgenius_engine::{Engine, TopTen, user::User};
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::compute::ComputedChunk;
use crate::pressure::Pressure;
use crate::throttle::Headroom;
use cardgenius_failure::error::{DatabaseError, ErrorKind};

/// Which users a claim is after, by the crashes that they were caught in (database.md, "The states of a user").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suspicion {
    /// Fewer than three crashes: whole chunks.
    None,
    /// Three to five: a hundred at a time, so that few innocent ones go down with a guilty one.
    Some,
    /// Six and more: alone.
    Strong,
}

impl Suspicion {
    /// All three, in the order in which a pass goes through them.
    pub const ALL: [Self; 3] = [Self::None, Self::Some, Self::Strong];

    /// Crashes of the users that belong here: at least, at most.
    #[must_use]
    pub const fn crashes(self) -> (i16, i16) {
        match self {
            Self::None => (0, 2),
            Self::Some => (3, 5),
            Self::Strong => (6, i16::MAX),
        }
    }

    /// Users in one chunk, given the ordinary size.
    #[must_use]
    pub fn chunk_rows(self, ordinary: usize) -> usize {
        match self {
            Self::None => ordinary,
            Self::Some => ordinary.min(100),
            Self::Strong => 1,
        }
    }
}

/// A user's key, also where no client can read it as text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// What the implementation finds the user by again.
    pub token: String,
    /// What people read.
    pub shown: String,
}

/// What to claim.
#[derive(Clone, Debug)]
pub struct ClaimRequest {
    /// Made by the client, so that a claim whose answer was lost can be looked up.
    pub claim_id: Uuid,
    /// The run that it counts for; it must be open.
    pub run_id: Uuid,
    /// At most so many users.
    pub rows: usize,
    /// Users after this key, in the database's order. None: from the start, whatever sorts there; an empty key is a key like any other.
    pub after_key: Option<String>,
    /// The claim whose last user that is. What others have claimed since need not be looked at: the claim may begin where the furthest
    /// of those ends that are still open. None: nobody is passed by.
    pub after_claim: Option<Uuid>,
    /// Which users.
    pub suspicion: Suspicion,
    /// Users that this part passes by: the database did not let them be claimed.
    pub passed_by: Vec<Key>,
    /// Whether to claim one after the other with those that live beside us. It spares the database, and protects nothing: whoever
    /// gets no turn within the implementation's limit, or cannot ask for one, claims without.
    pub in_turn: bool,
}

/// A user as claimed.
#[derive(Clone, Debug)]
pub struct ClaimedUser {
    /// The key, as the database gave it.
    pub user_id: Box<str>,
    /// What the engine needs.
    pub user: User,
    /// Whether rows of an earlier time may be there.
    pub may_have_rows: bool,
}

/// Users that this instance holds, in key order; never empty.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// The claim that holds them.
    pub claim_id: Uuid,
    /// Whom.
    pub users: Vec<ClaimedUser>,
}

/// What came of a request to claim.
#[derive(Debug)]
pub struct ClaimAnswer {
    /// Whom it gave.
    pub claimed: Claimed,
    /// Of the time that it took: how long it waited for its turn.
    pub waited: Duration,
}

/// Whom a request to claim gave.
#[derive(Debug)]
pub enum Claimed {
    /// These users are ours.
    Chunk(Chunk),
    /// Nobody (more) to claim after that key.
    Nobody,
    /// The database refused the claim for the sake of at least one user in it, and no user was claimed. A claim of fewer users finds
    /// that user; a claim of one names it.
    Refused {
        /// The database's words.
        error: DatabaseError,
        /// The user that it was, where one user was asked for; none also where that user could be claimed when it was tried again.
        user: Option<Key>,
    },
    /// An operator has paused all claiming; the same request may be made again later.
    Paused {
        /// Who did.
        by: String,
        /// Why, if it was said.
        reason: Option<String>,
    },
    /// The run is not open any more.
    RunClosed,
}

/// A claim's users by what became of them; they add up to those claimed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClaimTotals {
    /// Written: ten rows each.
    pub completed: u64,
    /// Could not be computed or written.
    pub failed: u64,
    /// Set to `new` or deleted by the customer meanwhile: left as they are.
    pub superseded: u64,
    /// Given back: `new` again.
    pub returned: u64,
    /// Locked by somebody else: still held by the claim while it is open, left to be healed when it is closed.
    pub left: u64,
}

impl ClaimTotals {
    /// Users that are out of the claim's hands.
    #[must_use]
    pub const fn settled(&self) -> u64 {
        self.completed + self.failed + self.superseded
    }
}

/// What a user has to answer for that was alone with a fault: it spends an attempt, if the fault is proven to be its own or
/// was proven so before, and with its last attempt it fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blame {
    /// Attempts that a user has.
    pub limit: u32,
    /// For `processing_error`.
    pub reason: String,
    /// Whether others got through while this one did not.
    pub is_proven: bool,
    /// Whether it needs no further proof once it has been proven.
    pub is_lasting: bool,
}

/// The slots that all live instances finish in, where there are more of them than sessions that load: each finish takes the
/// first that is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slots {
    /// How many there are.
    pub count: u32,
    /// The one to wait for if none is free, from 0: it differs between instances, as far as there are enough.
    pub home: u32,
}

/// What came of a finish.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finished {
    /// The claim's users so far.
    pub totals: ClaimTotals,
    /// Of the users that are left: those that the database lets neither be completed nor be failed.
    pub refused: Vec<RefusedUser>,
    /// Of the time that it took: how long it waited for a slot.
    pub waited: Duration,
}

/// A user that the database does not let be claimed or settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedUser {
    /// The user.
    pub user: Key,
    /// Of which kind the refusal is.
    pub kind: ErrorKind,
    /// The database's words.
    pub reason: String,
}

/// The instances whose lease holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Live {
    /// How many they are.
    pub instances: u64,
    /// How many of them come before the one that asks, in an order that is the same for all of them.
    pub before: u64,
}

/// A claim as its row tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimRow {
    /// Its users so far.
    pub totals: ClaimTotals,
    /// Whether it still holds those that are left.
    pub open: bool,
}

/// A run as its row tells.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its id.
    pub run_id: Uuid,
    /// `backfill`, `weekly` or `manual`.
    pub kind: String,
    /// The date at which promotions are judged.
    pub as_of: NaiveDate,
    /// Hash of the catalogue that everybody in the run computes with.
    pub catalogue_hash: String,
    /// That catalogue's text.
    pub catalogue_text: String,
    /// Users `new` or `pending` when it was opened.
    pub backlog: u64,
    /// Whether this call opened it (else it was open and we join).
    pub opened_here: bool,
}

/// What a run is to be, if none is open.
#[derive(Clone, Debug)]
pub struct RunRequest {
    /// `backfill`, `weekly` or `manual`.
    pub kind: String,
    /// Who or what asked for it.
    pub trigger: String,
    /// When a schedule wanted it, if one did.
    pub scheduled_for: Option<DateTime<Utc>>,
    /// Users that it may settle at most, over all instances; none: all that are new.
    pub max_users: Option<u64>,
    /// The date at which promotions are judged.
    pub as_of: NaiveDate,
    /// Hash of the catalogue's text.
    pub catalogue_hash: String,
    /// The catalogue's text.
    pub catalogue_text: String,
    /// A run without a live instance for so long is closed as abandoned before a new one is opened.
    pub abandon_after: Duration,
}

/// How a run ended, as its row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// Still open.
    Open,
    /// A whole pass claimed nothing.
    Done,
    /// Something systemic stopped it.
    Failed,
    /// An operator ended it.
    Cancelled,
    /// Nobody worked at it for too long.
    Abandoned,
}

impl RunState {
    /// The word in the run's row.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Abandoned => "abandoned",
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Open, Self::Done, Self::Failed, Self::Cancelled, Self::Abandoned]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// What came of an attempt to close a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closed {
    /// It is closed: by this call, or by another instance before, in this state.
    Closed(RunState),
    /// So many claims are open: not yet.
    LiveClaims(u64),
    /// Not yet: users are not done, and no claim holds them.
    UsersLeft(Left),
}

/// Users that are not done and that no claim holds, as one look saw them at the end of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Users that are `new`.
    pub new: u64,
    /// Users that are `pending` without a claim: other sessions hold their rows locked, or the database does not let them be returned.
    pub pending: u64,
    /// Of those: users that the database does not let be returned.
    pub refused: Vec<RefusedUser>,
    /// Of the new users, the first [`Left::LOOKED_AT`] at most: those whose rows could be locked.
    pub free: Vec<Key>,
    /// Of the same users, those whose rows other sessions hold locked.
    pub locked: Vec<Key>,
    /// Of the same users, those that no row has the key of, as this connection reads it.
    pub not_there: Vec<Key>,
    /// Users whose status is none of the four, or NULL.
    pub unknown: Unknown,
    /// Users that the run has completed.
    pub completed: u64,
    /// Users that failed in the run.
    pub failed: u64,
}

impl Left {
    /// New users that one look tells apart.
    pub const LOOKED_AT: u64 = 1_000;
}

/// Users whose status is none of the four: no claim ever finds them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unknown {
    /// How many they are; none: they could not be counted in the time for it.
    pub users: Option<u64>,
    /// One of them.
    pub example: Option<String>,
}

/// Sums over a run's claims.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunTotals {
    /// Over closed and open claims.
    pub users: ClaimTotals,
    /// Rows loaded: ten per completed user.
    pub rows: u64,
    /// Claims still open.
    pub open_claims: u64,
    /// What the run's row says.
    pub state: Option<RunState>,
    /// Users `new` or `pending` when the run was closed.
    pub users_left: Option<u64>,
    /// Why the run was closed, where that is not plain.
    pub reason: Option<String>,
}

impl RunTotals {
    /// Whether the run came to its end, and users were left behind who are not the next run's by rights.
    #[must_use]
    pub fn left_users_behind(&self) -> bool {
        self.state == Some(RunState::Failed)
            && self.reason.as_ref().is_some_and(|reason| reason.starts_with(LEFT_BEHIND))
    }
}

/// How the reason of a run begins that came to its end, and failed because it left users behind.
pub const LEFT_BEHIND: &str = "users were left behind: ";

/// What one sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Claims of dead owners closed.
    pub claims: u64,
    /// Their users set back to `new`.
    pub returned: u64,
    /// Users failed because the computation ended the process once too often.
    pub condemned: u64,
    /// `pending` users of no open claim, set back to `new`.
    pub healed: u64,
    /// Sessions of dead owners ended.
    pub sessions_ended: u64,
}

/// The form of encoded rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RowForm {
    /// Lines of text.
    #[default]
    Text,
    /// The database's own binary form.
    Binary,
}

/// Turns a user's ten cards into the bytes that the bulk load takes: pure, called by the workers.
pub trait Encode: Send + Sync + 'static {
    /// Appends the ten rows of `user_id`.
    fn encode(&self, user_id: &str, ten: &TopTen, out: &mut Vec<u8>);

    /// What form that is: the load must expect the same.
    fn form(&self) -> RowForm {
        RowForm::Text
    }

    /// Bytes that one user's ten rows usually take, for making room.
    fn user_bytes(&self) -> usize {
        1_400
    }
}

/// The database, or the two, behind a run.
pub trait Store: Send + Sync + 'static {
    /// See [`Encode`].
    type Encoder: Encode;

    /// An encoder for the cards that `engine` publishes, in the form that the target takes best; asked for when a run begins.
    fn encoder(&self, engine: &Engine) -> impl Future<Output = Result<Self::Encoder, DatabaseError>> + Send;

    /// Writes this instance's row; its lease runs from now.
    fn register(&self, lease: Duration) -> impl Future<Output = Result<(), DatabaseError>> + Send;

    /// Renews the lease by the database's clock, in one statement, on a connection of its own.
    fn renew(&self, lease: Duration) -> impl Future<Output = Result<(), DatabaseError>> + Send;

    /// Says that this instance has ended: its lease ends now.
    fn deregister(&self) -> impl Future<Output = Result<(), DatabaseError>> + Send;

    /// Instances whose lease holds, this one among them.
    fn live_instances(&self) -> impl Future<Output = Result<Live, DatabaseError>> + Send;

    /// Joins the open run, or opens the one asked for.
    fn open_or_join(&self, request: &RunRequest) -> impl Future<Output = Result<Run, DatabaseError>> + Send;

    /// Closes the run in `state` if it has no open claim; one that is `Done` is closed by exactly one caller. As done without a reason
    /// it is closed only if no user is left, or only those beyond the run's limit.
    fn close_run(
        &self,
        run_id: Uuid,
        state: RunState,
        reason: Option<&str>,
    ) -> impl Future<Output = Result<Closed, DatabaseError>> + Send;

    /// Sums over the run's claims.
    fn run_totals(&self, run_id: Uuid) -> impl Future<Output = Result<RunTotals, DatabaseError>> + Send;

    /// Claims users in one short transaction. After a commit in doubt, [`Store::give_back`] settles the matter.
    fn claim(&self, request: &ClaimRequest) -> impl Future<Output = Result<ClaimAnswer, DatabaseError>> + Send;

    /// Writes the chunk's rows and settles its users in one fenced transaction (with two databases: the target's, then
    /// the source's). Exactly once: whoever was swept gets `ClaimLost`. `left` users stay with the open claim for a
    /// further call.
    ///
    /// In one of `slots`, if there are such. They spare the database, and protect nothing: whoever gets none within the
    /// implementation's limit, or cannot ask for one, finishes without.
    fn finish(
        &self,
        chunk: &ComputedChunk,
        slots: Option<Slots>,
    ) -> impl Future<Output = Result<Finished, DatabaseError>> + Send;

    /// The key of a user, as claims pass it by. Asks no database.
    fn key(&self, user_id: &str) -> Key;

    /// After a commit in doubt: the claim as its row, locked, tells; `None` if it has none.
    fn look_up(&self, claim_id: Uuid) -> impl Future<Output = Result<Option<ClaimRow>, DatabaseError>> + Send;

    /// Sets the claim's `pending` users back to `new`, but for those that somebody holds locked, and closes it. A claim
    /// that was never committed, or is closed already, is no error: then there is nothing to give back.
    fn give_back(&self, claim_id: Uuid) -> impl Future<Output = Result<ClaimTotals, DatabaseError>> + Send;

    /// As [`Store::give_back`], of a claim that faults hit again and again. If it is of a single user, they hit that user
    /// alone: see [`Blame`].
    fn give_up(&self, claim_id: Uuid, blame: &Blame)
    -> impl Future<Output = Result<ClaimTotals, DatabaseError>> + Send;

    /// Ends the sessions of owners whose lease has expired, closes their claims and returns their users; heals orphans.
    /// Does nothing until this instance's own lease has been held for a full length on this server start.
    fn sweep(&self, lease: Duration) -> impl Future<Output = Result<Swept, DatabaseError>> + Send;

    /// How the servers bear it, seen in a few short looks that change nothing; `stop_query` is the DBA's own question
    /// whether to stop. What this role may not see is left out, and said.
    fn pressure(&self, stop_query: Option<&str>) -> impl Future<Output = Result<Pressure, DatabaseError>> + Send;

    /// Writes into this instance's row how fast it may go, for people who look from elsewhere.
    fn note_headroom(&self, headroom: &Headroom) -> impl Future<Output = Result<(), DatabaseError>> + Send;
}
