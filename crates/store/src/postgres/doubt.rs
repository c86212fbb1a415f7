//! Sessions whose end was not seen, a commit's answer that was lost among them: they are ended first, and then the claim's
//! row is looked at.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cardgenius_pipeline::error::{ErrorKind, StoreError};
use cardgenius_pipeline::ports::ClaimRow;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::PostgresStore;
use super::held_claim::HeldClaim;
use super::sessions::{Session, Sessions};
use super::statements::Statements;
use crate::config::application_name;

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

/// Claims with sessions whose end we did not see: a commit in doubt, a call that took too long or was cut short. Each is
/// a process of the server that may still hold locks, and may still commit.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    backends: Mutex<HashMap<Uuid, Vec<(Side, i32)>>>,
}

impl Doubts {
    fn of(&self, claim_id: Uuid) -> Vec<(Side, i32)> {
        self.lock().get(&claim_id).cloned().unwrap_or_default()
    }

    fn resolve(&self, claim_id: Uuid, resolved: (Side, i32)) {
        let mut backends = self.lock();
        if let Some(left) = backends.get_mut(&claim_id) {
            left.retain(|backend| *backend != resolved);
            if left.is_empty() {
                backends.remove(&claim_id);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, Vec<(Side, i32)>>> {
        self.backends.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a session that works on a claim leaves behind if its end is not seen.
#[derive(Clone, Debug)]
pub(super) struct Trail {
    doubts: Arc<Doubts>,
    claim_id: Uuid,
    side: Side,
    /// The server's process, once a transaction has begun; 0 before.
    pub(super) backend: i32,
}

impl Trail {
    pub(super) const fn claim_id(&self) -> Uuid {
        self.claim_id
    }

    /// Notes the session.
    pub(super) fn leave(&self) {
        if self.backend != 0 {
            self.doubts.lock().entry(self.claim_id).or_default().push((self.side, self.backend));
        }
    }
}

impl PostgresStore {
    pub(super) fn trail(&self, claim_id: Uuid, side: Side) -> Trail {
        Trail { doubts: self.doubts.clone(), claim_id, side, backend: 0 }
    }

    /// A session on the source for work on a claim of ours, after those of earlier calls whose end was not seen have been
    /// ended.
    pub(super) async fn session_for(&self, claim_id: Uuid) -> Result<Session, StoreError> {
        self.resolve_doubts(claim_id).await?;
        self.source.on_trail(self.trail(claim_id, Side::Source)).await
    }

    /// Ends the sessions that an earlier call on this claim has left behind: what they have not committed by then they
    /// never will, what they have the next statement sees, and their locks are gone. Without this a server that has not
    /// noticed that we are gone would hold the claim against us for hours.
    async fn resolve_doubts(&self, claim_id: Uuid) -> Result<(), StoreError> {
        for (side, backend) in self.doubts.of(claim_id) {
            let sessions = match (side, &self.target) {
                (Side::Target, Some(target)) => target.sessions(),
                _ => &self.source,
            };
            end_sessions(sessions, &self.statements, self.instance_id, backend).await?;
            self.doubts.resolve(claim_id, (side, backend));
        }
        Ok(())
    }

    pub(super) async fn look_up_claim(&self, claim_id: Uuid) -> Result<Option<ClaimRow>, StoreError> {
        let mut session = self.session_for(claim_id).await?;
        let outcome = async {
            let transaction = session.begin().await?;
            let claim = HeldClaim::lock(&transaction, &self.statements, claim_id).await?;
            Ok(claim
                .map(|claim| ClaimRow { totals: claim.totals(), open: claim.open && claim.owner == self.instance_id }))
        }
        .await;
        session.done(&outcome);
        outcome
    }
}

/// Ends an instance's sessions (of one process of the server only, if `backend` is not 0) and waits until they are gone.
/// How many there were.
pub(super) async fn end_sessions(
    sessions: &Sessions,
    sql: &Statements,
    instance_id: Uuid,
    backend: i32,
) -> Result<u64, StoreError> {
    let mut session = sessions.session().await?;
    let outcome = async {
        let name = application_name(instance_id);
        let deadline = Instant::now() + GONE_WITHIN;
        let ended: i64 = session.begin().await?.one(&sql.sessions_end, &[&name, &backend]).await?.get(0);
        loop {
            let alive: i64 = session.begin().await?.one(&sql.sessions_alive, &[&name, &backend]).await?.get(0);
            if alive == 0 {
                return Ok(u64::try_from(ended).unwrap_or(0));
            }
            if Instant::now() >= deadline {
                return Err(StoreError::new(
                    ErrorKind::Timeout,
                    format!("{alive} sessions named {name} were told to end and are still there"),
                ));
            }
            sleep(LOOK_EVERY).await;
        }
    }
    .await;
    session.done(&outcome);
    outcome
}
