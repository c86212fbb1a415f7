//! Commits in doubt: the answer was lost, so the old session is ended first, and then the claim's row is looked at.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use cardgenius_pipeline::error::{ErrorKind, StoreError};
use cardgenius_pipeline::ports::ClaimRow;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::PostgresStore;
use super::held_claim::HeldClaim;
use super::sessions::Sessions;
use super::statements::Statements;
use crate::config::application_name;

/// For an ended session to be gone: it has to roll back, which takes moments.
const GONE_WITHIN: Duration = Duration::from_secs(5);

/// Between two looks whether it is.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Claims whose last commit is in doubt, with the server's process that was told to commit.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    backends: Mutex<HashMap<Uuid, i32>>,
}

impl Doubts {
    fn note(&self, claim_id: Uuid, backend: i32) {
        self.backends.lock().unwrap_or_else(PoisonError::into_inner).insert(claim_id, backend);
    }

    fn backend(&self, claim_id: Uuid) -> Option<i32> {
        self.backends.lock().unwrap_or_else(PoisonError::into_inner).get(&claim_id).copied()
    }

    fn resolve(&self, claim_id: Uuid) {
        self.backends.lock().unwrap_or_else(PoisonError::into_inner).remove(&claim_id);
    }
}

impl PostgresStore {
    /// Remembers which session a commit in doubt was sent on.
    pub(super) fn note_doubt(&self, error: &StoreError, claim_id: Uuid, backend: i32) {
        if error.kind() == ErrorKind::CommitInDoubt {
            self.doubts.note(claim_id, backend);
        }
    }

    /// Ends the session on which a commit of this claim is in doubt, if there is one: what it has not committed by then
    /// it never will, and what it has, the next statement sees.
    pub(super) async fn resolve_doubt(&self, claim_id: Uuid) -> Result<(), StoreError> {
        let Some(backend) = self.doubts.backend(claim_id) else { return Ok(()) };
        end_sessions(&self.source, &self.statements, self.instance_id, backend).await?;
        self.doubts.resolve(claim_id);
        Ok(())
    }

    pub(super) async fn look_up_claim(&self, claim_id: Uuid) -> Result<Option<ClaimRow>, StoreError> {
        self.resolve_doubt(claim_id).await?;
        let mut session = self.source.session().await?;
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
