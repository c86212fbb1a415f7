//! Users that failed for good, each with its reason: the first few of a run in the log, the others counted. All of them
//! have their reason in `processing_error`.

use std::sync::{Mutex, PoisonError};

use cardgenius_failure::redaction::without_figures;
use tracing::warn;
use uuid::Uuid;

/// Users named in the log, a run and instance.
const NAMED: u64 = 20;

/// A user that failed, and why.
#[derive(Clone, Debug)]
pub(super) struct FailedUser {
    pub(super) user_id: Box<str>,
    pub(super) reason: String,
}

/// What was said of the present run's failures.
#[derive(Debug, Default)]
pub(super) struct FailureLog {
    run: Mutex<Run>,
}

#[derive(Debug, Default)]
struct Run {
    run_id: Uuid,
    failed: u64,
}

impl FailureLog {
    /// The first of a claim's failed users that may still be named; never more than are.
    pub(super) fn nameable<T>(failed: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
        failed.take(NAMED as usize)
    }

    /// Of a claim, `users` failed in a transaction that has committed; `named` are the first of them.
    pub(super) fn failed(&self, (run_id, claim_id): (Uuid, Uuid), users: u64, named: &[FailedUser]) {
        if users == 0 {
            return;
        }
        let already = {
            let mut run = self.run.lock().unwrap_or_else(PoisonError::into_inner);
            if run.run_id != run_id {
                *run = Run { run_id, failed: 0 };
            }
            let already = run.failed;
            run.failed += users;
            already
        };
        for user in named.iter().take(usize::try_from(NAMED.saturating_sub(already)).unwrap_or(0)) {
            warn!(run.id = %run_id, claim.id = %claim_id, user.id = %user.user_id, reason = without_figures(&user.reason), "a user failed");
        }
        if already < NAMED && already + users >= NAMED {
            warn!(run.id = %run_id, "{NAMED} users have failed; further ones are counted, and not named any more");
        }
    }

    /// Says how many were not named, once, at the end of this instance's part in a run.
    pub(super) fn conclude(&self, run_id: Uuid) {
        let run = std::mem::take(&mut *self.run.lock().unwrap_or_else(PoisonError::into_inner));
        if run.run_id == run_id && run.failed > NAMED {
            warn!(
                run.id = %run_id, users = run.failed - NAMED,
                "{} further users failed; processing_error says of each why", run.failed - NAMED
            );
        }
    }
}
