//! Computing a chunk: a pool of threads beside tokio, which turns users into encoded rows or into reasons.
//!
//! A panic in the computation costs one user, never the pool.

use std::fmt;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use cardgenius_engine::user::{User, UserFault};
use cardgenius_engine::{Engine, Scratch, TopTen};
use rayon::prelude::*;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::observe::{AtWork, Observe, Unobserved};
use crate::ports::{Chunk, ClaimedUser, Encode, RowForm};
use cardgenius_failure::error::{DatabaseError, ErrorKind};

/// Users that one thread takes at a time: small enough to share a chunk among all workers, large enough that sharing
/// costs nothing (about a millisecond of work).
const SLICE_ROWS: usize = 1_024;

/// One user in so many is timed: often enough to tell how they are spread, seldom enough to cost nothing.
pub const TIMED_ONE_IN: usize = 16;

/// Bytes of one frame handed to the bulk load, at most (but a slice's last one may be smaller).
pub const FRAME_BYTES: usize = 256 * 1024;

/// Whatever ranks cards for a user: the engine here, another one some day.
pub trait Recommend: Send + Sync + 'static {
    /// The ten best cards, or why there are none.
    ///
    /// # Errors
    /// The user's own fault, which fails this user alone.
    fn recommend(&self, user: &User, scratch: &mut Scratch) -> Result<TopTen, UserFault>;
}

impl Recommend for Engine {
    fn recommend(&self, user: &User, scratch: &mut Scratch) -> Result<TopTen, UserFault> {
        Self::recommend(self, user, scratch)
    }
}

/// Why a user has no rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// By the rules.
    Rule(UserFault),
    /// The computation panicked on this user.
    Panicked,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule(fault) => fault.fmt(f),
            Self::Panicked => f.write_str("the computation panicked on this user"),
        }
    }
}

/// Where a user's encoded rows lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowSpan {
    slice: u32,
    start: u32,
    end: u32,
}

impl RowSpan {
    /// Bytes of the encoded rows.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        (self.end - self.start) as u64
    }
}

/// A user with what the computation made of it.
#[derive(Clone, Debug)]
pub struct ComputedUser {
    /// The key, as the database gave it.
    pub user_id: Box<str>,
    /// Whether rows of an earlier time may be there.
    pub may_have_rows: bool,
    /// Rows, or why there are none.
    pub outcome: Result<RowSpan, Fault>,
}

/// A chunk ready to be written: its users in key order, and their rows as bytes.
#[derive(Clone, Debug)]
pub struct ComputedChunk {
    /// The claim that holds the users.
    pub claim_id: Uuid,
    /// In key order, as claimed.
    pub users: Vec<ComputedUser>,
    /// Of the encoded rows.
    pub form: RowForm,
    slices: Vec<Bytes>,
}

impl ComputedChunk {
    /// The encoded rows of these users (those that have none are passed over) as frames of at most [`FRAME_BYTES`],
    /// in the order given; neighbours share a frame without being copied.
    pub fn frames<'a>(&'a self, users: impl IntoIterator<Item = &'a ComputedUser>) -> Vec<Bytes> {
        let mut frames = Vec::new();
        let mut open: Option<RowSpan> = None;
        for span in users.into_iter().filter_map(|user| user.outcome.ok()) {
            open = match open {
                Some(frame) if joins(frame, span) => Some(RowSpan { end: span.end, ..frame }),
                Some(frame) => {
                    frames.push(self.bytes(frame));
                    Some(span)
                }
                None => Some(span),
            };
        }
        frames.extend(open.map(|frame| self.bytes(frame)));
        frames
    }

    fn bytes(&self, span: RowSpan) -> Bytes {
        self.slices[span.slice as usize].slice(span.start as usize..span.end as usize)
    }
}

fn joins(frame: RowSpan, next: RowSpan) -> bool {
    frame.slice == next.slice && frame.end == next.start && (next.end - frame.start) as usize <= FRAME_BYTES
}

/// The stack of each computing thread.
const STACK_BYTES: usize = 2 << 20;

/// The pool of threads that compute.
#[derive(Debug)]
pub struct Workers {
    pool: rayon::ThreadPool,
    observer: Arc<dyn Observe>,
}

impl Workers {
    /// A pool of `threads` threads.
    ///
    /// # Errors
    /// The operating system gives no more threads.
    pub fn new(threads: NonZeroUsize) -> Result<Self, DatabaseError> {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads.get())
            // Without it the environment (`RUST_MIN_STACK`) would decide.
            .stack_size(STACK_BYTES)
            .thread_name(|index| format!("compute-{index}"))
            .build()
            .map(|pool| Self { pool, observer: Arc::new(Unobserved) })
            .map_err(|error| {
                DatabaseError::caused(ErrorKind::ResourceLimit, "cannot start the computing threads", error)
            })
    }

    /// The same pool, with `observer` told of threads at work and of users' times.
    #[must_use]
    pub fn observed_by(mut self, observer: Arc<dyn Observe>) -> Self {
        self.observer = observer;
        self
    }

    /// Computes and encodes a chunk. Dropping the future abandons the work, with the slices that are under way, not the
    /// pool.
    ///
    /// # Errors
    /// Only if the pool itself failed, which would be ours to mend.
    pub async fn compute<R: Recommend, E: Encode>(
        &self,
        engine: Arc<R>,
        encoder: Arc<E>,
        chunk: Chunk,
    ) -> Result<ComputedChunk, DatabaseError> {
        let (answer, computed) = oneshot::channel();
        let observer = self.observer.clone();
        self.pool.spawn(move || {
            // Nobody listens any more if the chunk's deadline has passed: then the result is of no use.
            let watch = Watch { is_abandoned: &|| answer.is_closed(), observer: observer.as_ref() };
            let computed = compute_chunk(engine.as_ref(), encoder.as_ref(), chunk, &watch);
            let _ = answer.send(computed);
        });
        computed.await.map_err(|_| DatabaseError::new(ErrorKind::Bug, "a computing thread ended without an answer"))
    }
}

/// What a chunk's slices have in common with the world outside.
struct Watch<'a> {
    is_abandoned: &'a (dyn Fn() -> bool + Sync),
    observer: &'a dyn Observe,
}

type Outcome = Result<RowSpan, Fault>;

fn compute_chunk<R: Recommend, E: Encode>(engine: &R, encoder: &E, chunk: Chunk, watch: &Watch<'_>) -> ComputedChunk {
    let slices: Vec<(Vec<u8>, Vec<Outcome>)> = chunk
        .users
        .par_chunks(SLICE_ROWS)
        .enumerate()
        .map(|(slice, users)| {
            // What nobody waits for must not keep others waiting.
            if (watch.is_abandoned)() {
                return Default::default();
            }
            let _at_work = AtWork::begin(watch.observer);
            compute_slice(engine, encoder, slice, users, watch.observer)
        })
        .collect();
    let (bytes, outcomes): (Vec<Bytes>, Vec<Vec<Outcome>>) =
        slices.into_iter().map(|(bytes, outcomes)| (Bytes::from(bytes), outcomes)).unzip();
    let users = chunk
        .users
        .into_iter()
        .zip(outcomes.into_iter().flatten())
        .map(|(user, outcome)| ComputedUser { user_id: user.user_id, may_have_rows: user.may_have_rows, outcome })
        .collect();
    ComputedChunk { claim_id: chunk.claim_id, users, form: encoder.form(), slices: bytes }
}

fn compute_slice<R: Recommend, E: Encode>(
    engine: &R,
    encoder: &E,
    slice: usize,
    users: &[ClaimedUser],
    observer: &dyn Observe,
) -> (Vec<u8>, Vec<Outcome>) {
    let whole = catch_unwind(AssertUnwindSafe(|| {
        let mut rows = Rows::new(slice, users.len() * encoder.user_bytes());
        let mut times = Vec::with_capacity(users.len().div_ceil(TIMED_ONE_IN));
        let mut outcomes: Vec<Outcome> = Vec::with_capacity(users.len());
        for group in users.chunks(TIMED_ONE_IN) {
            let begun = Instant::now();
            outcomes.extend(group.first().map(|user| rows.add(engine, encoder, user)));
            times.push(begun.elapsed());
            outcomes.extend(group.iter().skip(1).map(|user| rows.add(engine, encoder, user)));
        }
        observer.users_timed(&times);
        (rows.bytes, outcomes)
    }));
    // Somebody in this slice makes the computation panic. Once more, user by user, to find out who.
    whole.unwrap_or_else(|_| one_by_one(engine, encoder, slice, users))
}

fn one_by_one<R: Recommend, E: Encode>(
    engine: &R,
    encoder: &E,
    slice: usize,
    users: &[ClaimedUser],
) -> (Vec<u8>, Vec<Outcome>) {
    let mut rows = Rows::new(slice, users.len() * encoder.user_bytes());
    let mut outcomes = Vec::with_capacity(users.len());
    for user in users {
        let before = rows.bytes.len();
        let outcome = catch_unwind(AssertUnwindSafe(|| rows.add(engine, encoder, user)));
        outcomes.push(outcome.unwrap_or_else(|_| {
            rows.bytes.truncate(before);
            rows.scratch = Scratch::default();
            Err(Fault::Panicked)
        }));
    }
    (rows.bytes, outcomes)
}

/// The rows of one slice while they are being encoded.
struct Rows {
    slice: u32,
    bytes: Vec<u8>,
    scratch: Scratch,
}

impl Rows {
    fn new(slice: usize, bytes: usize) -> Self {
        let slice = u32::try_from(slice).unwrap_or(u32::MAX);
        Self { slice, bytes: Vec::with_capacity(bytes), scratch: Scratch::default() }
    }

    fn add<R: Recommend, E: Encode>(&mut self, engine: &R, encoder: &E, user: &ClaimedUser) -> Outcome {
        #[cfg(feature = "failpoints")]
        cardgenius_failure::failpoint::hold_against("compute.user", &user.user_id);
        let ten = engine.recommend(&user.user, &mut self.scratch).map_err(Fault::Rule)?;
        let start = self.bytes.len();
        encoder.encode(&user.user_id, &ten, &mut self.bytes);
        // A slice is some megabytes: its offsets fit 32 bits by far.
        Ok(RowSpan { slice: self.slice, start: start as u32, end: self.bytes.len() as u32 })
    }
}
