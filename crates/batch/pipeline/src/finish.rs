//! The life of a chunk after its claim: computed, written and settled, or given back; every failure met by the policy.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};
use uuid::Uuid;

use crate::compute::{ComputedChunk, Fault, Recommend, Workers};
use crate::config::PipelineConfig;
use crate::hours::Hours;
use crate::lease::LeaseView;
use crate::observe::{ChunkEnd, Flight, Observe, Stage, UserEnd, Waits};
use crate::policy::{Decision, Policy, Trials};
use crate::ports::{Blame, Chunk, ClaimTotals, Finished, RefusedUser, Slots, Store};
use crate::progress::Progress;
use crate::throttle::Headroom;
use cardgenius_failure::backoff::Backoff;
use cardgenius_failure::error::{DatabaseError, ErrorKind};
use cardgenius_failure::failpoint;

/// What every chunk's life shares.
#[derive(Debug)]
pub struct Shared<S: Store, R> {
    /// The database, or the two.
    pub store: Arc<S>,
    /// What ranks.
    pub engine: Arc<R>,
    /// What encodes.
    pub encoder: Arc<S::Encoder>,
    /// Who computes.
    pub workers: Workers,
    /// Whether we may start a claim or a finish.
    pub lease: LeaseView,
    /// As many permits as sessions that load.
    pub sessions: Semaphore,
    /// The slots in which all live instances finish, where there are more of them than sessions.
    pub slots: watch::Sender<Option<Slots>>,
    /// Patience.
    pub policy: Policy,
    /// All the settings.
    pub config: PipelineConfig,
    /// What was done so far.
    pub progress: Progress,
    /// The run, for the log.
    pub run_id: Uuid,
    /// Told of whatever happens; decides nothing.
    pub observer: Arc<dyn Observe>,
    /// Waits for a database that is away, or that lets nobody through: `Waits::new(HeldBack::Outage)`.
    pub outages: Waits,
    /// How much of its full speed the instance may use just now: `Headroom::unthrottled()` where nobody watches.
    pub headroom: watch::Receiver<Headroom>,
    /// The hours in which this run may claim.
    pub hours: Arc<dyn Hours>,
    /// A request to end soon: nobody waits for anything any more.
    pub stop: CancellationToken,
}

/// How a chunk's life ended.
#[derive(Debug, Default)]
pub enum LifeEnd {
    /// Every user is completed, failed or superseded.
    #[default]
    Settled,
    /// Its users are `new` again, but for those locked by somebody else, and one that has spent its last attempt.
    GivenBack(Why),
    /// It was swept from under us.
    Lost,
    /// The next one would fail in the same way.
    Fatal {
        /// Why.
        error: DatabaseError,
        /// Whether its users could not be given back: it still holds them.
        holds: bool,
    },
}

impl LifeEnd {
    const fn of_chunk(&self) -> ChunkEnd {
        match self {
            Self::Settled => ChunkEnd::Settled,
            Self::GivenBack(_) => ChunkEnd::GivenBack,
            Self::Lost => ChunkEnd::Lost,
            Self::Fatal { .. } => ChunkEnd::Fatal,
        }
    }
}

/// A chunk's life, as it was.
#[derive(Debug, Default)]
pub struct Life {
    /// How it ended.
    pub end: LifeEnd,
    /// How long the database worked at its finish, waits between attempts left out; none if no attempt was answered well.
    pub finish_took: Option<Duration>,
    /// What became of its users, as far as a finish said so.
    pub totals: ClaimTotals,
    /// Users that the database lets neither be completed nor be failed.
    pub refused: Vec<RefusedUser>,
    /// The only user of a chunk that was given back because other sessions were in the way at each attempt.
    pub held_up: Option<RefusedUser>,
}

/// Why a chunk is given back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Why {
    /// A stop was asked for, or its rows are locked by somebody else.
    #[default]
    Asked,
    /// Its deadline came while it waited: for the database, the lease or a session.
    Outage,
    /// Faults that hit this chunk did not pass: in a smaller one they hit fewer.
    Fault,
}

/// What is known of a claim that is given back.
#[derive(Clone, Debug, Default)]
pub struct Returning<'a> {
    /// What was counted of it, if that is known; a commit that was in doubt may have settled more.
    pub known: Option<&'a ClaimTotals>,
    /// Why.
    pub why: Why,
    /// The fault, if a user that is alone with it has to answer for it.
    pub blame: Option<Blame>,
}

/// What one attempt at finishing came to.
enum Attempt {
    Over(LifeEnd),
    Wait(Duration),
    /// With the fault that did not pass, if it was one.
    GiveBack(Option<DatabaseError>),
    Fatal(DatabaseError),
}

impl<S: Store, R: Recommend> Shared<S, R> {
    /// Lives a chunk's life from after its claim to its end.
    pub async fn live(&self, chunk: Chunk) -> Life {
        let claim_id = chunk.claim_id;
        let users = chunk.users.len();
        let (started, completed) = (Instant::now(), self.progress.counts().completed);
        let deadline = started + self.config.chunk_deadline;
        self.progress.chunk_started();
        let mut flight = Flight::begin(self.observer.as_ref(), users);
        // A chunk that is cut off here is given back at its deadline, or swept.
        let _ = failpoint!("chunk.claimed");
        let computing = self.workers.compute(self.engine.clone(), self.encoder.clone(), chunk);
        let mut life = Life::default();
        let end = match timeout_at(deadline, computing).await {
            Ok(Ok(computed)) => {
                self.observer.stage(Stage::Compute, started.elapsed());
                let _ = failpoint!("chunk.computed");
                let mut settling = Settling::new(self, &computed);
                let end = self.settle(&mut settling, completed, deadline).await;
                life = settling.into_life();
                end
            }
            Ok(Err(error)) => {
                self.observer.failed(error.kind());
                self.give_back_and_stop(claim_id, error).await
            }
            Err(_) => {
                warn!(run.id = %self.run_id, claim.id = %claim_id, users, "a chunk was not computed by its deadline; giving it back");
                let blame = self.blame(completed, ErrorKind::Timeout, "not computed by the chunk's deadline".into());
                let nothing = ClaimTotals::default();
                self.give_back(claim_id, Returning { known: Some(&nothing), why: Why::Fault, blame }).await
            }
        };
        self.progress.chunk_ended();
        flight.end = end.of_chunk();
        drop(flight);
        debug!(
            run.id = %self.run_id, claim.id = %claim_id, users, duration_ms = started.elapsed().as_millis() as u64,
            outcome = end.of_chunk().name(), "chunk over"
        );
        Life { end, ..life }
    }

    async fn settle(&self, settling: &mut Settling<'_, S, R>, completed_before: u64, deadline: Instant) -> LifeEnd {
        let computed = settling.computed;
        let (mut why, mut blame) = (Why::Asked, None);
        loop {
            let Ok(Some(session)) = timeout_at(deadline, self.may_finish()).await else {
                why = Why::Outage;
                break;
            };
            // Cut short, its session is ended by whatever is asked about this claim next.
            let Ok(attempt) = timeout_at(deadline, settling.attempt()).await else {
                warn!(run.id = %self.run_id, claim.id = %computed.claim_id, users = computed.users.len(), "a chunk was not written by its deadline; giving it back");
                why = Why::Fault;
                blame = self.blame(completed_before, ErrorKind::Timeout, "not written by the chunk's deadline".into());
                break;
            };
            drop(session);
            let wait = match attempt {
                Attempt::Over(end) => return end,
                Attempt::Wait(wait) => wait,
                Attempt::GiveBack(None) => break,
                Attempt::GiveBack(Some(error)) => {
                    why = Why::Fault;
                    let reason = format!("gave up after {} attempts: {error}", self.config.attempts);
                    settling.note_held_up(error.kind(), &reason);
                    blame = self.blame(completed_before, error.kind(), reason);
                    break;
                }
                Attempt::Fatal(error) => return self.give_back_and_stop(computed.claim_id, error).await,
            };
            self.progress.retried();
            let _outage = settling.is_in_an_outage().then(|| self.outages.begin(self.observer.as_ref()));
            match self.stop.run_until_cancelled(timeout_at(deadline, sleep(wait))).await {
                Some(Ok(())) => {}
                None => break,
                Some(Err(_)) => {
                    why = settling.why_at_the_deadline();
                    break;
                }
            }
        }
        let settled = ClaimTotals { left: 0, ..settling.totals };
        self.give_back(computed.claim_id, Returning { known: Some(&settled), why, blame }).await
    }

    /// What counts against a user that is alone with it: neither a stop, nor a database that does not even renew our lease.
    /// It is proven to be the user's own only if others got through during its chunk's life; whoever is in a chunk's way
    /// never is that chunk's fault.
    fn blame(&self, completed_before: u64, kind: ErrorKind, reason: String) -> Option<Blame> {
        let may_be_its_own = kind != ErrorKind::Contention && !self.stop.is_cancelled() && self.lease.holds();
        may_be_its_own.then_some(Blame {
            limit: self.config.attempts,
            reason,
            is_proven: self.progress.counts().completed > completed_before,
            // The last user of a run has nobody beside it any more.
            is_lasting: matches!(kind, ErrorKind::Timeout | ErrorKind::ServerFault),
        })
    }

    /// Waits for a session and for the lease: at the moment that a finish starts, both must be had. None if the sessions
    /// are closed for good.
    async fn may_finish(&self) -> Option<SemaphorePermit<'_>> {
        let mut lease = self.lease.clone();
        loop {
            lease.held().await;
            let session = self.sessions.acquire().await.ok()?;
            if lease.holds() {
                return Some(session);
            }
        }
    }

    async fn give_back_and_stop(&self, claim_id: Uuid, error: DatabaseError) -> LifeEnd {
        // The cause is what matters, and comes first; what cannot be given back now is tried once more at the end.
        match self.store.give_back(claim_id).await {
            Ok(_) => LifeEnd::Fatal { error, holds: false },
            Err(second) => {
                self.observer.failed(second.kind());
                warn!(run.id = %self.run_id, claim.id = %claim_id, kind = second.kind().name(), error = %second, "could not give a chunk back");
                LifeEnd::Fatal { error, holds: true }
            }
        }
    }

    /// Gives a claim's users back, for as long as an outage may last: while this instance lives nobody else may, and
    /// after that it had better end.
    pub async fn give_back(&self, claim_id: Uuid, returning: Returning<'_>) -> LifeEnd {
        let mut trials = Trials::default();
        loop {
            let returned = match &returning.blame {
                Some(blame) => self.store.give_up(claim_id, blame).await,
                None => self.store.give_back(claim_id).await,
            };
            let error = match returned {
                Ok(totals) => {
                    self.progress.gave_back(returning.known, &totals);
                    self.observe_users(returning.known.unwrap_or(&totals), &totals);
                    self.observer.users(UserEnd::Returned, totals.returned);
                    info!(run.id = %self.run_id, claim.id = %claim_id, returned = totals.returned, left = totals.left, "gave a chunk back");
                    // A commit that was cut off may have taken; a user may have spent its last attempt.
                    let is_settled = totals.returned + totals.left == 0 && totals.settled() > 0;
                    return if is_settled { LifeEnd::Settled } else { LifeEnd::GivenBack(returning.why) };
                }
                Err(error) => error,
            };
            self.observer.failed(error.kind());
            let wait = match self.policy.decide(error.kind(), &mut trials, Instant::now()) {
                Decision::Drop => return self.lost(claim_id),
                Decision::Stop => return LifeEnd::Fatal { error, holds: true },
                Decision::RetryAfter(wait) => wait,
                Decision::GiveBack | Decision::LookUp => match self.policy.wait_out(&mut trials, Instant::now()) {
                    Decision::RetryAfter(wait) => wait,
                    _ => return LifeEnd::Fatal { error, holds: true },
                },
            };
            warn!(run.id = %self.run_id, claim.id = %claim_id, kind = error.kind().name(), %error,
                "could not give a chunk back; trying again");
            self.progress.retried();
            self.observer.retried(error.kind());
            sleep(wait).await;
        }
    }

    fn lost(&self, claim_id: Uuid) -> LifeEnd {
        warn!(run.id = %self.run_id, claim.id = %claim_id, "claim lost: it was swept while this instance was silent; nothing was written");
        self.progress.lost();
        self.observer.claim_lost();
        LifeEnd::Lost
    }

    fn observe_users(&self, before: &ClaimTotals, after: &ClaimTotals) {
        self.observer.users(UserEnd::Completed, after.completed.saturating_sub(before.completed));
        self.observer.users(UserEnd::Failed, after.failed.saturating_sub(before.failed));
        self.observer.users(UserEnd::Superseded, after.superseded.saturating_sub(before.superseded));
    }
}

/// A computed chunk on its way to being settled.
struct Settling<'a, S: Store, R> {
    shared: &'a Shared<S, R>,
    computed: &'a ComputedChunk,
    totals: ClaimTotals,
    trials: Trials,
    locked_since: Option<Instant>,
    locked_waits: u32,
    in_doubt: bool,
    /// Users that fail by the rules, and were not yet seen to.
    failed_by_rule: u64,
    /// Users that the database lets neither be completed nor be failed.
    refused: Vec<RefusedUser>,
    /// See [`Life`].
    held_up: Option<RefusedUser>,
    /// How long the attempts took that were answered well.
    took: Option<Duration>,
}

impl<'a, S: Store, R: Recommend> Settling<'a, S, R> {
    fn new(shared: &'a Shared<S, R>, computed: &'a ComputedChunk) -> Self {
        let totals = ClaimTotals { left: computed.users.len() as u64, ..ClaimTotals::default() };
        let failed_by_rule =
            computed.users.iter().filter(|user| matches!(user.outcome, Err(Fault::Rule(_)))).count() as u64;
        Self {
            shared,
            computed,
            totals,
            trials: Trials::default(),
            locked_since: None,
            locked_waits: 0,
            in_doubt: false,
            failed_by_rule,
            refused: Vec::new(),
            held_up: None,
            took: None,
        }
    }

    /// Keeps the only user of a chunk that other sessions hold up.
    fn note_held_up(&mut self, kind: ErrorKind, reason: &str) {
        if let [user] = &self.computed.users[..]
            && kind == ErrorKind::Contention
        {
            let user = self.shared.store.key(&user.user_id);
            self.held_up = Some(RefusedUser { user, kind, reason: reason.to_owned() });
        }
    }

    fn into_life(self) -> Life {
        Life {
            finish_took: self.took,
            totals: self.totals,
            refused: self.refused,
            held_up: self.held_up,
            ..Life::default()
        }
    }

    async fn attempt(&mut self) -> Attempt {
        if !self.in_doubt {
            let (begun, slots) = (Instant::now(), *self.shared.slots.borrow());
            match self.shared.store.finish(self.computed, slots).await {
                Err(error) if error.kind() == ErrorKind::CommitInDoubt => {
                    self.shared.observer.failed(error.kind());
                    warn!(run.id = %self.shared.run_id, claim.id = %self.computed.claim_id, kind = error.kind().name(), %error, "a commit's answer was lost; looking it up");
                    self.in_doubt = true;
                }
                Ok(Finished { totals, refused, waited }) => {
                    self.refused = refused;
                    let took = begun.elapsed().saturating_sub(waited);
                    self.took = Some(self.took.unwrap_or_default() + took);
                    self.shared.observer.stage(Stage::Finish, took);
                    return self.advance(totals);
                }
                Err(error) => return self.failed(error),
            }
        }
        match self.look_up().await {
            Ok(Some(totals)) if totals.settled() > self.totals.settled() => self.advance(totals),
            Ok(Some(_)) => self.failed(DatabaseError::new(ErrorKind::ConnectionLost, "the commit did not take")),
            Ok(None) => Attempt::Over(self.shared.lost(self.computed.claim_id)),
            Err(error) => self.failed(error),
        }
    }

    /// What became of the commit whose answer was lost; `None` if the claim was taken from us before it.
    async fn look_up(&mut self) -> Result<Option<ClaimTotals>, DatabaseError> {
        let row = self.shared.store.look_up(self.computed.claim_id).await?;
        self.in_doubt = false;
        Ok(row.filter(|row| row.open || row.totals.settled() > self.totals.settled()).map(|row| {
            // Closed after our commit: whoever closed it has dealt with those that were left.
            let left = if row.open { row.totals.left } else { 0 };
            ClaimTotals { left, ..row.totals }
        }))
    }

    fn advance(&mut self, totals: ClaimTotals) -> Attempt {
        let failed = totals.failed.saturating_sub(self.totals.failed);
        self.shared.progress.poisoned(failed.saturating_sub(self.failed_by_rule));
        self.failed_by_rule = self.failed_by_rule.saturating_sub(failed);
        self.shared.progress.settled(&self.totals, &totals);
        self.shared.observe_users(&self.totals, &totals);
        self.totals = totals;
        self.trials = Trials::default();
        if totals.left == 0 {
            return Attempt::Over(LifeEnd::Settled);
        }
        if totals.left <= self.refused.len() as u64 {
            // Waiting changes nothing for users that the database refuses.
            return Attempt::GiveBack(None);
        }
        let since = *self.locked_since.get_or_insert_with(Instant::now);
        if since.elapsed() >= self.shared.config.locked_wait || self.shared.stop.is_cancelled() {
            return Attempt::GiveBack(None);
        }
        let backoff = Backoff::new(self.shared.config.retry_base, self.shared.config.retry_max);
        self.locked_waits += 1;
        self.shared.observer.retried(ErrorKind::Contention);
        Attempt::Wait(backoff.ceiling(self.locked_waits - 1))
    }

    const fn is_in_an_outage(&self) -> bool {
        self.trials.outage_since.is_some()
    }

    /// Why it goes back if its deadline comes while it waits for the next attempt.
    const fn why_at_the_deadline(&self) -> Why {
        match (self.trials.spent, self.trials.outage_since) {
            (_, Some(_)) => Why::Outage,
            (0, None) => Why::Asked,
            _ => Why::Fault,
        }
    }

    fn failed(&mut self, error: DatabaseError) -> Attempt {
        let (run_id, claim_id, users) = (self.shared.run_id, self.computed.claim_id, self.computed.users.len());
        self.shared.observer.failed(error.kind());
        match self.shared.policy.decide(error.kind(), &mut self.trials, Instant::now()) {
            Decision::RetryAfter(wait) => {
                self.shared.observer.retried(error.kind());
                warn!(run.id = %run_id, claim.id = %claim_id, users, kind = error.kind().name(), %error,
                    "finishing failed; trying again");
                Attempt::Wait(wait)
            }
            Decision::GiveBack => {
                warn!(run.id = %run_id, claim.id = %claim_id, users, kind = error.kind().name(), %error,
                    "finishing failed too often; giving the chunk back");
                Attempt::GiveBack(Some(error))
            }
            Decision::Drop => Attempt::Over(self.shared.lost(claim_id)),
            // Only a commit can be in doubt, and it is looked up where it was made.
            Decision::LookUp => Attempt::GiveBack(None),
            Decision::Stop => Attempt::Fatal(error),
        }
    }
}
