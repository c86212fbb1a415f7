//! The end of a part in a run: what is in flight ends or is given back, and the run is closed where that is ours to do.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::{info, warn};

use super::{Ended, Part, Verdict};
use crate::compute::Recommend;
use crate::finish::Returning;
use crate::ports::{Closed, RunState, Store};
use cardgenius_failure::error::{DatabaseError, ErrorKind};

/// For giving back, at the very end, what was cut short.
const RETURN_WITHIN: Duration = Duration::from_secs(10);

impl<S: Store, R: Recommend> Part<S, R> {
    /// Lets the chunks in flight end, and then does what the verdict asks for.
    pub(super) async fn wind_up(mut self, verdict: Verdict) -> Ended {
        self.let_go();
        let drained = self.drain(matches!(verdict, Verdict::Stopped)).await;
        match (verdict, drained) {
            (Verdict::Failed(error), _) | (Verdict::Closed(_) | Verdict::Exhausted, Err(error)) => {
                self.fail(&error).await;
                Ended::Failed(error)
            }
            (Verdict::Stopped, _) => Ended::Stopped,
            (Verdict::Closed(state), Ok(())) => Ended::Closed(state),
            (Verdict::Exhausted, Ok(())) => {
                match self.close_exhausted().await {
                    Ok(Closed::Closed(state)) => Ended::Closed(state),
                    // Another instance is still at work, and will close it.
                    Ok(Closed::LiveClaims(_) | Closed::UsersLeft(_)) => Ended::Closed(RunState::Open),
                    Err(Verdict::Failed(error)) => Ended::Failed(error),
                    Err(_) => Ended::Stopped,
                }
            }
        }
    }

    /// Waits for the chunks in flight: once a stop is asked for, within the grace time. What is not over by then is
    /// abandoned half-way and given back.
    async fn drain(&mut self, stopping: bool) -> Result<(), DatabaseError> {
        if stopping && !self.lives.is_empty() {
            info!(run.id = %self.run_id, chunks = self.lives.len(), "stopping: finishing the chunks in flight");
        }
        let (grace_over, deadline) = (self.grace_over.clone(), self.shared.config.chunk_deadline);
        let mut first = None;
        let all = async {
            while let Some(ended) = self.lives.join_next().await {
                if let Err(Verdict::Failed(error)) = self.note(ended) {
                    first.get_or_insert(error);
                }
            }
        };
        if !matches!(timeout(deadline, grace_over.run_until_cancelled(all)).await, Ok(Some(()))) {
            warn!(run.id = %self.run_id, chunks = self.lives.len(), "the time for chunks in flight is over: giving back what is not finished");
            self.lives.shutdown().await;
        }
        self.give_back_what_was_cut_short().await;
        first.map_or(Ok(()), Err)
    }

    async fn give_back_what_was_cut_short(&mut self) {
        let mut returning = JoinSet::new();
        for claim_id in std::mem::take(&mut self.open) {
            let shared = self.shared.clone();
            returning.spawn(async move {
                if timeout(RETURN_WITHIN, shared.give_back(claim_id, Returning::default())).await.is_err() {
                    warn!(run.id = %shared.run_id, claim.id = %claim_id, "could not give a chunk back in time; the next sweep will");
                }
            });
        }
        returning.join_all().await;
    }

    /// Closes the run as failed where everybody would fail alike. An outage, a wrong password or a bug of this
    /// instance leave it open.
    async fn fail(&self, error: &DatabaseError) {
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
            warn!(run.id = %self.run_id, kind = second.kind().name(), error = %second, "could not close the run as failed");
        }
    }
}
