//! Watching the life of chunks from outside: what becomes metrics. Whoever observes decides nothing, and must be quick:
//! it is called between two steps of the work.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::ports::Swept;
use crate::pressure::Sign;
use cardgenius_failure::error::ErrorKind;

/// A stage of a chunk's life whose time is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Waiting for the turn to claim, where several instances live.
    ClaimTurn,
    /// The transaction that claims, whether it found somebody or not; the wait for the turn not.
    Claim,
    /// From the hand-over to the computing threads until all users are encoded.
    Compute,
    /// Waiting for one of the slots in which all live instances finish, where there are more of them than sessions.
    Slot,
    /// The part of a finish that deletes and loads rows, in whichever database.
    Load,
    /// One whole attempt at finishing, load included, the wait for a slot not.
    Finish,
}

impl Stage {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::ClaimTurn, Self::Claim, Self::Compute, Self::Slot, Self::Load, Self::Finish];

    /// The word used in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClaimTurn => "claim_turn",
            Self::Claim => "claim",
            Self::Compute => "compute",
            Self::Slot => "slot",
            Self::Load => "load",
            Self::Finish => "finish",
        }
    }
}

/// How a chunk's life ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkEnd {
    /// Every user is completed, failed or superseded.
    Settled,
    /// Users went back to `new`.
    GivenBack,
    /// It was swept from under us.
    Lost,
    /// It ended this instance's part in the run.
    Fatal,
}

impl ChunkEnd {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Settled, Self::GivenBack, Self::Lost, Self::Fatal];

    /// The word used in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::GivenBack => "given_back",
            Self::Lost => "lost",
            Self::Fatal => "fatal",
        }
    }
}

/// What became of a user that this instance held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserEnd {
    /// Ten rows written.
    Completed,
    /// Could not be computed or written.
    Failed,
    /// Set to `new` or deleted by the customer meanwhile.
    Superseded,
    /// Given back: `new` again.
    Returned,
}

impl UserEnd {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Completed, Self::Failed, Self::Superseded, Self::Returned];

    /// The word used in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Superseded => "superseded",
            Self::Returned => "returned",
        }
    }
}

/// Why an instance claims nobody just now, although there may be somebody to claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldBack {
    /// An operator paused everybody.
    Paused,
    /// Its lease does not hold.
    Lease,
    /// The database is away, or lets nobody through: it waits between attempts.
    Outage,
    /// It goes slower than it could, or not at all, as the throttle tells it.
    Throttle,
    /// It is not the hour for this kind of run.
    Hours,
}

impl HeldBack {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Paused, Self::Lease, Self::Outage, Self::Throttle, Self::Hours];

    /// The word used in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::Lease => "lease",
            Self::Outage => "outage",
            Self::Throttle => "throttle",
            Self::Hours => "hours",
        }
    }
}

/// What can be observed. Every method does nothing unless it is written.
#[allow(unused_variables)]
pub trait Observe: fmt::Debug + Send + Sync + 'static {
    /// A stage took so long, and ended well.
    fn stage(&self, stage: Stage, took: Duration) {}

    /// A chunk was claimed and is in flight.
    fn chunk_started(&self) {}

    /// A chunk of so many users is over, so long after its claim; also where it was cut short half-way.
    fn chunk_over(&self, end: ChunkEnd, users: usize, life: Duration) {}

    /// So many users ended in this way.
    fn users(&self, end: UserEnd, users: u64) {}

    /// A call on a database failed.
    fn failed(&self, kind: ErrorKind) {}

    /// After a failure of this kind a further attempt will be made.
    fn retried(&self, kind: ErrorKind) {}

    /// A claim was swept from under us.
    fn claim_lost(&self) {}

    /// A computing thread took up a slice.
    fn worker_started(&self) {}

    /// A computing thread is done with a slice.
    fn worker_ended(&self) {}

    /// So long took the computation of some users, each by itself: one in [`crate::compute::TIMED_ONE_IN`].
    fn users_timed(&self, times: &[Duration]) {}

    /// This instance was registered; its lease holds until then.
    fn lease_started(&self, until: Instant) {}

    /// The lease was renewed, and holds until then.
    fn lease_renewed(&self, until: Instant) {}

    /// The lease could not be renewed.
    fn lease_not_renewed(&self, kind: ErrorKind) {}

    /// A sweep came to an end.
    fn swept(&self, swept: &Swept) {}

    /// A sweep failed.
    fn sweep_failed(&self, kind: ErrorKind) {}

    /// Whether this instance claims nobody for this reason. Of the lease whoever observes knows by itself.
    fn held_back(&self, reason: HeldBack, held: bool) {}

    /// The throttle lets this instance use so much of its speed, 0 to 1; each sign that it saw would by itself let it use so
    /// much.
    fn throttled(&self, share: f64, shares: &[(Sign, f64)]) {}

    /// Rows of a transaction that committed were copied, as so many bytes.
    fn copied(&self, rows: u64, bytes: u64) {}

    /// Users' rows were held locked for so long: from the statement that locks the first until the end was answered.
    fn users_locked(&self, held: Duration) {}
}

/// Nobody watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unobserved;

impl Observe for Unobserved {}

/// A reason that several waits may have at once: it holds while one of them does.
#[derive(Debug)]
pub struct Waits {
    reason: HeldBack,
    waits: Mutex<usize>,
}

impl Waits {
    /// Nobody waits for this reason.
    #[must_use]
    pub const fn new(reason: HeldBack) -> Self {
        Self { reason, waits: Mutex::new(0) }
    }

    /// A wait, until what is returned is dropped.
    #[must_use]
    pub fn begin<'a>(&'a self, observer: &'a dyn Observe) -> Waiting<'a> {
        self.change(observer, 1, usize::saturating_add);
        Waiting { waits: self, observer }
    }

    fn change(&self, observer: &dyn Observe, by: usize, change: fn(usize, usize) -> usize) {
        // Told under the lock: else the last word could be that of the wait that ended first.
        let mut waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        *waits = change(*waits, by);
        observer.held_back(self.reason, *waits > 0);
    }
}

/// One wait under way.
#[derive(Debug)]
pub struct Waiting<'a> {
    waits: &'a Waits,
    observer: &'a dyn Observe,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.waits.change(self.observer, 1, usize::saturating_sub);
    }
}

/// A chunk in flight, as it is told when it is over: in whatever way, cut short half-way among them.
#[derive(Debug)]
pub struct Flight<'a> {
    observer: &'a dyn Observe,
    users: usize,
    since: Instant,
    /// How it ended, once that is known.
    pub end: ChunkEnd,
}

impl<'a> Flight<'a> {
    /// A chunk of so many users takes off.
    #[must_use]
    pub fn begin(observer: &'a dyn Observe, users: usize) -> Self {
        observer.chunk_started();
        // What is cut short is given back.
        Self { observer, users, since: Instant::now(), end: ChunkEnd::GivenBack }
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.observer.chunk_over(self.end, self.users, self.since.elapsed());
    }
}

/// A computing thread at work; also where the computation panics.
#[derive(Debug)]
pub struct AtWork<'a>(&'a dyn Observe);

impl<'a> AtWork<'a> {
    /// A thread takes up a slice.
    #[must_use]
    pub fn begin(observer: &'a dyn Observe) -> Self {
        observer.worker_started();
        Self(observer)
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.worker_ended();
    }
}
