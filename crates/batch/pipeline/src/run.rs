//! An instance's part in a run: claim while there is room, let every chunk live its life, and close the run when a
//! whole pass has found nobody and nobody held a claim meanwhile.

mod gate;
mod held_up;
mod left_behind;
mod recurring;
mod sharing;
mod waits;
mod wind_up;

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::warn;
use uuid::Uuid;

use self::gate::Holds;
use self::held_up::HeldUp;
use self::left_behind::Undone;
use self::recurring::Recurring;
use self::sharing::Sharing;
use crate::claim::{Claimer, Step};
use crate::compute::Recommend;
use crate::finish::{Life, LifeEnd, Returning, Shared, Why};
use crate::observe::Stage;
use crate::pace::Pace;
use crate::policy::{Decision, Trials};
use crate::ports::{
    Chunk, ClaimAnswer, ClaimRequest, ClaimTotals, Claimed, Closed, Key, RefusedUser, RunState, RunTotals, Store,
};
use cardgenius_failure::error::{DatabaseError, ErrorKind};

/// How an instance's part in a run ended.
#[derive(Debug)]
pub enum Ended {
    /// The run is closed, in this state.
    Closed(RunState),
    /// Asked to stop before the end; the run stays open.
    Stopped,
    /// This instance cannot go on; the run stays open for others, or was closed as failed where nobody could.
    Failed(DatabaseError),
}

/// Takes part in a run until it is closed, a stop is asked for, or nothing works any more.
pub async fn take_part<S: Store, R: Recommend>(shared: Arc<Shared<S, R>>, run_id: Uuid) -> Ended {
    let mut part = Part::new(shared, run_id);
    let Err(verdict) = part.work().await;
    part.wind_up(verdict).await
}

/// Why the claiming ended.
enum Verdict {
    Closed(RunState),
    Stopped,
    /// So many passes claimed something that whoever is still `new` must wait for the next run.
    Exhausted,
    Failed(DatabaseError),
}

/// A chunk that is over.
struct Flown {
    claim_id: Uuid,
    users: usize,
    claimed_at: Instant,
    claim_took: Duration,
    life: Life,
}

struct Part<S: Store, R> {
    shared: Arc<Shared<S, R>>,
    run_id: Uuid,
    /// Chunks in flight.
    lives: JoinSet<Flown>,
    /// When the next chunk may be claimed, and how large it may be.
    pace: Pace,
    /// What holds us back beside the pace.
    holds: Holds,
    /// With whom we share the database.
    sharing: Sharing,
    /// Waits for others' claims, one after the other.
    others_waits: u32,
    /// Claims that may hold users of ours.
    open: HashSet<Uuid>,
    /// Cancelled when the grace time after a request to stop is over.
    grace_over: CancellationToken,
    _grace: AbortOnDropHandle<()>,
    /// Whether nobody at all held a claim when the present pass began.
    quiet: bool,
    /// Users of the largest chunk that was given back in the present pass for faults that did not pass.
    largest_at_fault: Option<usize>,
    /// Whether any chunk of the present pass ended otherwise than by faults or an outage.
    fruitful: bool,
    /// While chunks are given back for faults or an outage, and none is settled.
    nothing_gets_through: Option<Trials>,
    /// Users that the database does not let be claimed or settled.
    passed_by: Vec<RefusedUser>,
    /// Refusals of single users that could be claimed when they were tried again.
    unnamed_refusals: u32,
    /// Looks in a row, at the end, that saw users that the pass before had every chance to claim.
    vain_looks: u32,
    /// Chunks whose users were all taken back.
    undone: Undone,
    /// Users that other sessions hold up.
    held_up: HeldUp,
    /// Users that this instance had completed when the first of the passes with faults met its first one.
    completed_at_fault: Option<u64>,
    /// Users that come back in each pass.
    recurring: Recurring,
    /// Since when an operator's pause has kept us from claiming.
    paused_since: Option<Instant>,
}

impl<S: Store, R: Recommend> Part<S, R> {
    fn new(shared: Arc<Shared<S, R>>, run_id: Uuid) -> Self {
        let (stop, grace, grace_over) = (shared.stop.clone(), shared.config.grace, CancellationToken::new());
        let over = grace_over.clone();
        let _grace = AbortOnDropHandle::new(tokio::spawn(async move {
            stop.cancelled().await;
            sleep(grace).await;
            over.cancel();
        }));
        Self {
            pace: Pace::new(&shared.config),
            holds: Holds::default(),
            sharing: Sharing::default(),
            others_waits: 0,
            shared,
            run_id,
            lives: JoinSet::new(),
            open: HashSet::new(),
            grace_over,
            _grace,
            quiet: false,
            largest_at_fault: None,
            fruitful: false,
            nothing_gets_through: None,
            passed_by: Vec::new(),
            unnamed_refusals: 0,
            vain_looks: 0,
            undone: Undone::default(),
            held_up: HeldUp::default(),
            completed_at_fault: None,
            recurring: Recurring::default(),
            paused_since: None,
        }
    }

    async fn work(&mut self) -> Result<Infallible, Verdict> {
        let mut claimer = Claimer::new(self.run_id, self.shared.config.chunk_rows);
        let mut passes = 0;
        loop {
            self.wait_for_room().await?;
            self.wait_while_nothing_gets_through().await?;
            if claimer.is_among_suspects() {
                // Whoever ends the process shall take nobody along, least of all users who are on trial themselves.
                self.wait_for_lives().await?;
            }
            let rows = self.wait_for_our_turn().await?;
            let (step, claim_took) = self.claim(&mut claimer, rows).await?;
            if !matches!(step, Step::Paused { .. } | Step::RunClosed) {
                self.go_on_after_a_pause();
            }
            match step {
                Step::Chunk(chunk) => self.start(chunk, claim_took),
                Step::Paused { by, reason } => self.wait_out_a_pause(&by, reason.as_deref()).await?,
                Step::Refused { error, user } => self.claim_was_refused(&mut claimer, (rows, error), user)?,
                Step::Onward => {}
                Step::RunClosed => {
                    let totals = self.totals().await?;
                    // A run without a row is taken for one that is given up: a row that vanished says nothing of what is done.
                    return Err(Verdict::Closed(totals.state.unwrap_or(RunState::Abandoned)));
                }
                Step::PassOver { claimed } => {
                    self.pass_over(claimed).await?;
                    if !claimed {
                        self.nothing_gets_through = None;
                    }
                    passes += u32::from(std::mem::take(&mut self.fruitful));
                    if passes >= self.shared.config.max_passes {
                        return Err(Verdict::Exhausted);
                    }
                    let largest_at_fault = self.largest_at_fault.take();
                    self.completed_at_fault = self.completed_at_fault.filter(|_| largest_at_fault.is_some());
                    claimer.begin_pass(largest_at_fault);
                }
            }
        }
    }

    /// One claim, tried until it succeeds or the policy has had enough, and how long it took. Not cut short by a stop before
    /// the grace time is over: it may have committed.
    async fn claim(&mut self, claimer: &mut Claimer, rows: usize) -> Result<(Step, Duration), Verdict> {
        let shared = self.shared.clone();
        let mut lease = shared.lease.clone();
        let mut trials = Trials::default();
        loop {
            shared.stop.run_until_cancelled(lease.held()).await.ok_or(Verdict::Stopped)?;
            let request = ClaimRequest {
                in_turn: self.claims_in_turn(),
                passed_by: self.keys_passed_by(),
                ..claimer.request(rows)
            };
            let claim_id = request.claim_id;
            self.open.insert(claim_id);
            let begun = Instant::now();
            let error = match self.within_grace(shared.store.claim(&request)).await? {
                Ok(ClaimAnswer { claimed, waited }) => {
                    let took = begun.elapsed().saturating_sub(waited);
                    shared.observer.stage(Stage::Claim, took);
                    if let Claimed::Chunk(chunk) = &claimed {
                        self.pace.claimed(begun, chunk.users.len());
                    } else {
                        self.open.remove(&claim_id);
                    }
                    return Ok((claimer.step(claimed), took));
                }
                Err(error) => error,
            };
            // Also where no commit was sent: a session that hangs half-way holds users locked that nobody can claim.
            if matches!(error.kind(), ErrorKind::CommitInDoubt | ErrorKind::ConnectionLost | ErrorKind::Timeout) {
                warn!(run.id = %self.run_id, claim.id = %claim_id, kind = error.kind().name(), %error, "a claim was cut off; giving back what it may hold");
                let nothing = ClaimTotals::default();
                let holding_nothing = Returning { known: Some(&nothing), ..Returning::default() };
                let given_back = self.within_grace(shared.give_back(claim_id, holding_nothing)).await?;
                if let LifeEnd::Fatal { error, .. } = given_back {
                    return Err(Verdict::Failed(error));
                }
            }
            self.open.remove(&claim_id);
            if self.may_be_of_one_user(claimer, &request, &error, &trials) {
                shared.progress.retried();
                shared.observer.retried(error.kind());
                return Ok((Step::Refused { error, user: None }, begun.elapsed()));
            }
            self.persist("claiming", error, &mut trials).await?;
        }
    }

    /// A call that a stop does not cut short before the grace time is over.
    async fn within_grace<T>(&self, call: impl Future<Output = T>) -> Result<T, Verdict> {
        self.grace_over.run_until_cancelled(call).await.ok_or(Verdict::Stopped)
    }

    /// What to do about a call that failed and that the run cannot go on without: waits, or says why not to try again.
    /// Nothing is held that could be given back, so that a fault that does not pass is waited out like an outage.
    async fn persist(&self, doing: &str, error: DatabaseError, trials: &mut Trials) -> Result<(), Verdict> {
        let (policy, now) = (&self.shared.policy, Instant::now());
        self.shared.observer.failed(error.kind());
        let decision = match policy.decide(error.kind(), trials, now) {
            Decision::GiveBack | Decision::LookUp | Decision::Drop => policy.wait_out(trials, now),
            decision => decision,
        };
        let Decision::RetryAfter(wait) = decision else { return Err(Verdict::Failed(error)) };
        warn!(run.id = %self.run_id, kind = error.kind().name(), %error, "{doing} failed; trying again");
        self.shared.progress.retried();
        self.shared.observer.retried(error.kind());
        let _outage = trials.outage_since.is_some().then(|| self.shared.outages.begin(self.shared.observer.as_ref()));
        self.shared.stop.run_until_cancelled(sleep(wait)).await.ok_or(Verdict::Stopped)
    }

    fn start(&mut self, chunk: Chunk, claim_took: Duration) {
        let shared = self.shared.clone();
        let (claim_id, users) = (chunk.claim_id, chunk.users.len());
        self.recurring.claimed(&chunk.users);
        self.lives.spawn(async move {
            let claimed_at = Instant::now();
            let life = shared.live(chunk).await;
            Flown { claim_id, users, claimed_at, claim_took, life }
        });
    }

    fn note(&mut self, ended: Result<Flown, JoinError>) -> Result<(), Verdict> {
        match ended {
            Ok(Flown { claim_id, life: Life { end: LifeEnd::Fatal { error, holds }, .. }, .. }) => {
                if !holds {
                    self.open.remove(&claim_id);
                }
                Err(Verdict::Failed(error))
            }
            Ok(Flown { claim_id, users, claimed_at, claim_took, life }) => {
                let Life { end, finish_took, totals, refused, held_up } = life;
                self.open.remove(&claim_id);
                self.settling_was_refused(refused)?;
                if let LifeEnd::GivenBack(Why::Fault) = end {
                    self.completed_at_fault.get_or_insert(self.shared.progress.counts().completed);
                }
                self.user_was_held_up(held_up)?;
                if self.undone.note(&totals, claimed_at) {
                    return Err(Verdict::Failed(left_behind::undone()));
                }
                match end {
                    LifeEnd::GivenBack(Why::Fault) => {
                        self.largest_at_fault = self.largest_at_fault.max(Some(users));
                        self.nothing_gets_through.get_or_insert_default();
                    }
                    LifeEnd::GivenBack(Why::Outage) => {
                        self.nothing_gets_through.get_or_insert_default();
                    }
                    LifeEnd::Settled => {
                        (self.fruitful, self.nothing_gets_through) = (true, None);
                        self.pace.settled(Instant::now(), users, finish_took.map(|took| claim_took + took));
                    }
                    _ => self.fruitful = true,
                }
                self.too_much_poison().map_or(Ok(()), |error| Err(Verdict::Failed(error)))
            }
            Err(error) if error.is_cancelled() => Ok(()),
            Err(error) => Err(Verdict::Failed(DatabaseError::caused(ErrorKind::Bug, "a chunk's task panicked", error))),
        }
    }

    /// Why not to go on, if the database or a panic refuses so many users that it is hardly their own fault.
    fn too_much_poison(&self) -> Option<DatabaseError> {
        let (config, counts) = (&self.shared.config, self.shared.progress.counts());
        let users = counts.completed + counts.failed;
        let share = counts.poison as f64 / users.max(1) as f64;
        (users >= config.poison_min_users && share > config.max_poison_share).then(|| {
            let doing = format!(
                "{} of the {users} users settled by this instance were refused by the database or made the computation panic, more than \
                 pipeline.max_poison_share = {} allows; the rest stays new: see processing_error of those that failed, mend \
                 the cause, and set them to new",
                counts.poison, config.max_poison_share
            );
            DatabaseError::new(ErrorKind::Constraint, doing)
        })
    }

    /// After a pass: go on, wait, or close. A pass counts as empty only if nobody held a claim when it began: whoever
    /// ends, or is swept, in the middle of it gives users back behind the cursor.
    async fn pass_over(&mut self, claimed: bool) -> Result<(), Verdict> {
        if claimed {
            self.recurring.pass_over();
        }
        let was_quiet = std::mem::take(&mut self.quiet);
        if !self.lives.is_empty() {
            return self.wait_for_lives().await;
        }
        if claimed {
            (self.others_waits, self.vain_looks) = (0, 0);
            return Ok(());
        }
        let live_claims = if was_quiet {
            match self.close(RunState::Done, None).await? {
                Closed::Closed(state) => return Err(Verdict::Closed(state)),
                Closed::LiveClaims(claims) => claims,
                Closed::UsersLeft(left) => return self.end_or_look_again(&left).await,
            }
        } else {
            self.totals().await?.open_claims
        };
        if live_claims > 0 {
            return self.wait_for_others().await;
        }
        self.quiet = true;
        Ok(())
    }

    /// Closes the run, if no instance holds a claim.
    async fn close(&self, state: RunState, reason: Option<&str>) -> Result<Closed, Verdict> {
        let mut trials = Trials::default();
        loop {
            match self.shared.store.close_run(self.run_id, state, reason).await {
                Ok(closed) => return Ok(closed),
                Err(error) => self.persist("closing the run", error, &mut trials).await?,
            }
        }
    }

    async fn totals(&self) -> Result<RunTotals, Verdict> {
        let mut trials = Trials::default();
        loop {
            match self.shared.store.run_totals(self.run_id).await {
                Ok(totals) => return Ok(totals),
                Err(error) => self.persist("looking at the run", error, &mut trials).await?,
            }
        }
    }
}
