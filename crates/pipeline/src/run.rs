//! An instance's part in a run: claim while there is room, let every chunk live its life, and close the run when a
//! whole pass has found nobody and no claim is open.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tracing::{info, warn};
use uuid::Uuid;

use crate::claim::{Claimer, Step};
use crate::compute::Recommend;
use crate::error::{ErrorKind, StoreError};
use crate::finish::{LifeEnd, Shared};
use crate::policy::{Decision, Trials};
use crate::ports::{Chunk, Closed, RunState, Store};

/// Between two looks at a run that only waits for somebody else's claims.
const OTHERS_WAIT: Duration = Duration::from_millis(500);

/// How an instance's part in a run ended.
#[derive(Debug)]
pub enum Ended {
    /// The run is closed, in this state.
    Closed(RunState),
    /// Asked to stop before the end; the run stays open.
    Stopped,
    /// This instance cannot go on; the run stays open for others, or was closed as failed where nobody could.
    Failed(StoreError),
}

/// Takes part in a run until it is closed, a stop is asked for, or nothing works any more.
pub async fn take_part<S: Store, R: Recommend>(shared: Arc<Shared<S, R>>, run_id: Uuid) -> Ended {
    let mut part = Part::new(shared, run_id);
    let verdict = part.work().await;
    part.wind_up(verdict).await
}

/// Why the claiming ended.
enum Verdict {
    Closed(RunState),
    Stopped,
    /// So many passes claimed something that whoever is still `new` must wait for the next run.
    Exhausted,
    Failed(StoreError),
}

struct Part<S: Store, R> {
    shared: Arc<Shared<S, R>>,
    run_id: Uuid,
    room: Arc<Semaphore>,
    lives: JoinSet<(Uuid, LifeEnd)>,
    open: HashSet<Uuid>,
}

impl<S: Store, R: Recommend> Part<S, R> {
    fn new(shared: Arc<Shared<S, R>>, run_id: Uuid) -> Self {
        let room = Arc::new(Semaphore::new(shared.config.chunks_in_flight));
        Self { shared, run_id, room, lives: JoinSet::new(), open: HashSet::new() }
    }

    async fn work(&mut self) -> Verdict {
        let mut claimer = Claimer::new(self.run_id, self.shared.config.chunk_rows);
        let mut passes = 0;
        loop {
            let room = match self.wait_for_room().await {
                Ok(room) => room,
                Err(verdict) => return verdict,
            };
            match self.claim(&mut claimer).await {
                Ok(Step::Chunk(chunk)) => self.start(chunk, room),
                Ok(Step::Onward) => {}
                Ok(Step::RunClosed) => return self.closed_by_others().await,
                Ok(Step::PassOver { claimed }) => {
                    drop(room);
                    passes += u32::from(claimed);
                    if passes >= self.shared.config.max_passes {
                        return Verdict::Exhausted;
                    }
                    if let Some(verdict) = self.pass_over(claimed).await {
                        return verdict;
                    }
                }
                Err(verdict) => return verdict,
            }
        }
    }

    /// Waits until a further chunk may be claimed, and takes note of those that end meanwhile.
    async fn wait_for_room(&mut self) -> Result<OwnedSemaphorePermit, Verdict> {
        let stop = self.shared.stop.clone();
        let mut lease = self.shared.lease.clone();
        loop {
            let room = self.room.clone();
            tokio::select! {
                biased;
                () = stop.cancelled() => return Err(Verdict::Stopped),
                Some(ended) = self.lives.join_next() => self.note(ended)?,
                permit = async { lease.held().await; room.acquire_owned().await } => {
                    return permit.map_err(|_| {
                        Verdict::Failed(StoreError::new(ErrorKind::Bug, "the semaphore of the chunks was closed"))
                    });
                }
            }
        }
    }

    /// One claim, tried until it succeeds or the policy has had enough. Never cancelled half-way: it may have committed.
    async fn claim(&mut self, claimer: &mut Claimer) -> Result<Step, Verdict> {
        let mut trials = Trials::default();
        let mut outage_since = None;
        loop {
            let request = claimer.request();
            let error = match self.shared.store.claim(&request).await {
                Ok(claimed) => return Ok(claimer.step(claimed)),
                Err(error) => error,
            };
            trials.outage = outage_since.get_or_insert_with(Instant::now).elapsed();
            let wait = match self.shared.policy.decide(error.kind(), &mut trials) {
                Decision::RetryAfter(wait) => wait,
                Decision::LookUp => {
                    warn!(claim.id = %request.claim_id, %error, "a claim's answer was lost; giving back what it may hold");
                    if let LifeEnd::Fatal(error) = self.shared.give_back(request.claim_id).await {
                        return Err(Verdict::Failed(error));
                    }
                    continue;
                }
                Decision::GiveBack | Decision::Drop | Decision::Stop => return Err(Verdict::Failed(error)),
            };
            warn!(kind = error.kind().name(), %error, "claiming failed; trying again");
            self.shared.progress.retried();
            if self.shared.stop.run_until_cancelled(sleep(wait)).await.is_none() {
                return Err(Verdict::Stopped);
            }
        }
    }

    fn start(&mut self, chunk: Chunk, room: OwnedSemaphorePermit) {
        let shared = self.shared.clone();
        let claim_id = chunk.claim_id;
        self.open.insert(claim_id);
        self.lives.spawn(async move {
            let end = shared.live(chunk).await;
            drop(room);
            (claim_id, end)
        });
    }

    fn note(&mut self, ended: Result<(Uuid, LifeEnd), tokio::task::JoinError>) -> Result<(), Verdict> {
        match ended {
            Ok((claim_id, end)) => {
                self.open.remove(&claim_id);
                if let LifeEnd::Fatal(error) = end {
                    return Err(Verdict::Failed(error));
                }
                Ok(())
            }
            Err(error) if error.is_cancelled() => Ok(()),
            Err(error) => Err(Verdict::Failed(StoreError::caused(ErrorKind::Bug, "a chunk's task panicked", error))),
        }
    }

    /// After a pass: go on, wait, or close. A pass counts as empty only if no chunk of ours was alive during it, since
    /// a chunk that ends may give users back.
    async fn pass_over(&mut self, claimed: bool) -> Option<Verdict> {
        if !self.lives.is_empty() {
            return self.wait_for_lives().await.err();
        }
        if claimed {
            return None;
        }
        match self.shared.store.close_run(self.run_id, RunState::Done, None).await {
            Ok(Closed::Closed(state)) => Some(Verdict::Closed(state)),
            Ok(Closed::LiveClaims(_)) => {
                let waited = self.shared.stop.run_until_cancelled(sleep(OTHERS_WAIT)).await;
                waited.is_none().then_some(Verdict::Stopped)
            }
            Err(error) => match self.shared.policy.decide(error.kind(), &mut Trials::default()) {
                Decision::Stop => Some(Verdict::Failed(error)),
                _ => {
                    warn!(kind = error.kind().name(), %error, "closing the run failed; trying again");
                    let waited = self.shared.stop.run_until_cancelled(sleep(self.shared.config.retry_base)).await;
                    waited.is_none().then_some(Verdict::Stopped)
                }
            },
        }
    }

    async fn wait_for_lives(&mut self) -> Result<(), Verdict> {
        let stop = self.shared.stop.clone();
        while !self.lives.is_empty() {
            tokio::select! {
                biased;
                () = stop.cancelled() => return Err(Verdict::Stopped),
                Some(ended) = self.lives.join_next() => self.note(ended)?,
            }
        }
        Ok(())
    }

    async fn closed_by_others(&mut self) -> Verdict {
        match self.shared.store.run_totals(self.run_id).await {
            Ok(totals) => Verdict::Closed(totals.state.unwrap_or(RunState::Done)),
            Err(error) => Verdict::Failed(error),
        }
    }

    /// Lets the chunks in flight end, and then does what the verdict asks for.
    async fn wind_up(mut self, verdict: Verdict) -> Ended {
        let drained = self.drain(matches!(verdict, Verdict::Stopped)).await;
        match (verdict, drained) {
            (Verdict::Failed(error), _) | (Verdict::Closed(_) | Verdict::Exhausted, Err(error)) => {
                self.fail(&error).await;
                Ended::Failed(error)
            }
            (Verdict::Stopped, _) => Ended::Stopped,
            (Verdict::Closed(state), Ok(())) => Ended::Closed(state),
            (Verdict::Exhausted, Ok(())) => {
                let reason =
                    format!("{} passes claimed users; the rest waits for the next run", self.shared.config.max_passes);
                match self.shared.store.close_run(self.run_id, RunState::Done, Some(&reason)).await {
                    Ok(Closed::Closed(state)) => Ended::Closed(state),
                    // Somebody else is still at work, and will close it.
                    Ok(Closed::LiveClaims(_)) => Ended::Closed(RunState::Open),
                    Err(error) => Ended::Failed(error),
                }
            }
        }
    }

    /// Waits for the chunks in flight: within the grace time if asked to stop. What is not over by then is abandoned
    /// half-way and given back.
    async fn drain(&mut self, stopping: bool) -> Result<(), StoreError> {
        if stopping && !self.lives.is_empty() {
            info!(chunks = self.lives.len(), "stopping: finishing the chunks in flight");
        }
        let grace = if stopping { self.shared.config.grace } else { self.shared.config.chunk_deadline };
        let mut first = None;
        let all = async {
            while let Some(ended) = self.lives.join_next().await {
                if let Err(Verdict::Failed(error)) = self.note(ended) {
                    first.get_or_insert(error);
                }
            }
        };
        if timeout(grace, all).await.is_err() {
            self.abandon().await;
        }
        first.map_or(Ok(()), Err)
    }

    async fn abandon(&mut self) {
        warn!(chunks = self.lives.len(), "the grace time is over: giving back what is not finished");
        self.lives.shutdown().await;
        for claim_id in std::mem::take(&mut self.open) {
            if let Err(error) = self.shared.store.give_back(claim_id).await {
                warn!(claim.id = %claim_id, kind = error.kind().name(), %error,
                    "could not give a chunk back; the next sweep will");
            }
        }
    }

    /// Closes the run as failed where everybody would fail alike. An outage, a wrong password or a bug of this
    /// instance leave it open.
    async fn fail(&self, error: &StoreError) {
        let systemic = matches!(
            error.kind(),
            ErrorKind::SchemaMismatch
                | ErrorKind::DataRejected
                | ErrorKind::Constraint
                | ErrorKind::UniqueViolation
                | ErrorKind::Refused
        );
        if !systemic {
            return;
        }
        if let Err(second) = self.shared.store.close_run(self.run_id, RunState::Failed, Some(&error.to_string())).await
        {
            warn!(kind = second.kind().name(), error = %second, "could not close the run as failed");
        }
    }
}
