//! Sessions whose end was not seen, a commit's answer that was lost among them: they are ended first, and then the claim's
//! row is looked at.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cardgenius_failure::error::{DatabaseError, ErrorKind};
use cardgenius_pipeline::ports::ClaimRow;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::SqlStore;
use super::held_claim::HeldClaim;
use super::work::Work;
use crate::server::{Server, SessionNumber};

/// For an ended session to be gone: it has to roll back, which takes moments.
const GONE_WITHIN: Duration = Duration::from_secs(5);

/// Between two looks whether it is.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Which of the two databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Source,
    Target,
}

/// Claims with sessions whose end we did not see: a commit in doubt, a call that took too long or was cut short. Each may
/// still hold locks, and may still commit.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    sessions: Mutex<HashMap<Uuid, Vec<(Side, SessionNumber)>>>,
}

impl Doubts {
    fn of(&self, claim_id: Uuid) -> Vec<(Side, SessionNumber)> {
        self.lock().get(&claim_id).cloned().unwrap_or_default()
    }

    fn resolve(&self, claim_id: Uuid, resolved: (Side, SessionNumber)) {
        let mut sessions = self.lock();
        if let Some(left) = sessions.get_mut(&claim_id) {
            left.retain(|session| *session != resolved);
            if left.is_empty() {
                sessions.remove(&claim_id);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, Vec<(Side, SessionNumber)>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a session that works on a claim leaves behind if its end is not seen.
#[derive(Clone, Debug)]
pub(crate) struct Trail {
    doubts: Arc<Doubts>,
    claim_id: Uuid,
    side: Side,
    /// The session, once a transaction has begun.
    pub(super) session: Option<SessionNumber>,
}

impl Trail {
    pub(super) const fn claim_id(&self) -> Uuid {
        self.claim_id
    }

    /// Notes the session.
    pub(super) fn leave(&self) {
        if let Some(session) = self.session {
            self.doubts.lock().entry(self.claim_id).or_default().push((self.side, session));
        }
    }
}

impl<S: Server, T: Server> SqlStore<S, T> {
    pub(super) fn trail(&self, claim_id: Uuid, side: Side) -> Trail {
        Trail { doubts: self.doubts.clone(), claim_id, side, session: None }
    }

    /// A session on the source for work on a claim of ours, after those of earlier calls whose end was not seen have been
    /// ended.
    pub(super) async fn work_for(&self, claim_id: Uuid) -> Result<Work<S::Session>, DatabaseError> {
        self.resolve_doubts(claim_id).await?;
        Work::on_trail(&self.source, self.trail(claim_id, Side::Source)).await
    }

    /// Ends the sessions that an earlier call on this claim has left behind: what they have not committed by then they
    /// never will, what they have the next statement sees, and their locks are gone. Without this a server that has not
    /// noticed that we are gone would hold the claim against us for hours.
    async fn resolve_doubts(&self, claim_id: Uuid) -> Result<(), DatabaseError> {
        for (side, session) in self.doubts.of(claim_id) {
            match (side, &self.target) {
                (Side::Target, Some(target)) => end_sessions(target.server(), self.instance_id, Some(session)).await?,
                _ => end_sessions(&self.source, self.instance_id, Some(session)).await?,
            };
            self.doubts.resolve(claim_id, (side, session));
        }
        Ok(())
    }

    pub(super) async fn look_up_claim(&self, claim_id: Uuid) -> Result<Option<ClaimRow>, DatabaseError> {
        let mut work = self.work_for(claim_id).await?;
        let outcome = async {
            let mut transaction = work.begin().await?;
            let claim = HeldClaim::lock(&mut transaction, self.source.sql(), claim_id).await?;
            Ok(claim
                .map(|claim| ClaimRow { totals: claim.totals(), open: claim.open && claim.owner == self.instance_id }))
        }
        .await;
        work.done(&outcome).await;
        outcome
    }
}

/// Ends an instance's sessions, or only one of them, and waits until they are gone. How many there were.
pub(super) async fn end_sessions<V: Server>(
    server: &V,
    instance_id: Uuid,
    only: Option<SessionNumber>,
) -> Result<u64, DatabaseError> {
    let deadline = Instant::now() + GONE_WITHIN;
    let ended = server.end_sessions(instance_id, only).await?;
    loop {
        let alive = match server.sessions_alive(instance_id, only).await {
            Ok(0) => return Ok(ended),
            Ok(alive) => alive,
            // The session that was to look was one of those that were told to end.
            Err(error) if only.is_none() && is_cut_off(&error) && Instant::now() < deadline => continue,
            Err(error) => return Err(error),
        };
        if Instant::now() >= deadline {
            return Err(DatabaseError::new(
                ErrorKind::Timeout,
                format!("{alive} sessions of instance {instance_id} were told to end and are still there"),
            ));
        }
        sleep(LOOK_EVERY).await;
    }
}

fn is_cut_off(error: &DatabaseError) -> bool {
    matches!(error.kind(), ErrorKind::ServerShuttingDown | ErrorKind::ConnectionLost)
}
