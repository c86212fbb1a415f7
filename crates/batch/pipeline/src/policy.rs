//! What to do about what happened: the one function that turns a kind of failure into a decision.

use std::time::Duration;

use tokio::time::Instant;

use crate::config::PipelineConfig;
use cardgenius_failure::backoff::Backoff;
use cardgenius_failure::error::ErrorKind;

/// What to do next about a chunk, or about a claim that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Try again after this time.
    RetryAfter(Duration),
    /// Give the chunk back: its users become `new`.
    GiveBack,
    /// It is not ours any more: write nothing, count it, go on.
    Drop,
    /// Only the claim's row knows: look there.
    LookUp,
    /// The next chunk would fail in the same way: stop this instance's part, and say why.
    Stop,
}

/// What one chunk, or one claim, has been through so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Trials {
    /// Attempts spent by faults that pass.
    pub spent: u32,
    /// Waits in the present outage.
    pub outage_waits: u32,
    /// When the present outage was first met.
    pub outage_since: Option<Instant>,
}

/// The limits of patience, and how long to wait in between.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    attempts: u32,
    outage: Duration,
    backoff: Backoff,
}

impl Policy {
    /// The policy that the configuration asks for.
    #[must_use]
    pub fn new(config: &PipelineConfig) -> Self {
        Self {
            attempts: config.attempts,
            outage: config.outage,
            backoff: Backoff::new(config.retry_base, config.retry_max),
        }
    }

    /// Decides about a failure of `kind`, met `now`, and counts it in `trials`.
    pub fn decide(&self, kind: ErrorKind, trials: &mut Trials, now: Instant) -> Decision {
        match kind {
            ErrorKind::ClaimLost => Decision::Drop,
            ErrorKind::CommitInDoubt => Decision::LookUp,
            // A fault of the server's own may be that of one user's row; if it is everybody's, nobody gets through.
            ErrorKind::ConnectionLost
            | ErrorKind::Contention
            | ErrorKind::Timeout
            | ErrorKind::ServerFault
            // The next attempt gets a new session. What fails there too is a schema mismatch, and final.
            | ErrorKind::StaleSession => self.spend(trials),
            ErrorKind::Unreachable | ErrorKind::ServerShuttingDown | ErrorKind::ReadOnly | ErrorKind::ResourceLimit => {
                self.wait_out(trials, now)
            }
            ErrorKind::DataRejected
            | ErrorKind::Constraint
            | ErrorKind::UniqueViolation
            | ErrorKind::SchemaMismatch
            | ErrorKind::Authentication
            | ErrorKind::Refused
            | ErrorKind::Bug => Decision::Stop,
        }
    }

    fn spend(&self, trials: &mut Trials) -> Decision {
        trials.spent += 1;
        if trials.spent >= self.attempts {
            return Decision::GiveBack;
        }
        Decision::RetryAfter(self.backoff.wait(trials.spent - 1))
    }

    /// Decides about what can only be waited for: as long as an outage may last.
    pub fn wait_out(&self, trials: &mut Trials, now: Instant) -> Decision {
        if now - *trials.outage_since.get_or_insert(now) >= self.outage {
            return Decision::Stop;
        }
        let wait = self.backoff.wait(trials.outage_waits);
        trials.outage_waits += 1;
        Decision::RetryAfter(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(kind: ErrorKind, trials: &mut Trials) -> Decision {
        Policy::new(&PipelineConfig::default()).decide(kind, trials, Instant::now())
    }

    #[test]
    fn a_fault_that_passes_is_tried_three_times_and_then_given_back() {
        let mut trials = Trials::default();
        let first = decide(ErrorKind::Contention, &mut trials);
        let second = decide(ErrorKind::Timeout, &mut trials);
        assert!(matches!(first, Decision::RetryAfter(wait) if wait <= Duration::from_secs(1)));
        assert!(matches!(second, Decision::RetryAfter(wait) if wait <= Duration::from_secs(2)));
        assert_eq!(decide(ErrorKind::ConnectionLost, &mut trials), Decision::GiveBack);
    }

    #[test]
    fn an_outage_spends_no_attempts_and_ends_at_its_limit() {
        let mut trials = Trials::default();
        for _ in 0..50 {
            assert!(matches!(decide(ErrorKind::Unreachable, &mut trials), Decision::RetryAfter(_)));
        }
        assert_eq!(trials.spent, 0);
        let at_the_limit = trials.outage_since.unwrap() + Duration::from_secs(600);
        let policy = Policy::new(&PipelineConfig::default());
        assert_eq!(policy.decide(ErrorKind::ReadOnly, &mut trials, at_the_limit), Decision::Stop);
    }

    #[test]
    fn what_is_permanent_never_waits() {
        for kind in [ErrorKind::SchemaMismatch, ErrorKind::Authentication, ErrorKind::Bug, ErrorKind::Refused] {
            assert_eq!(decide(kind, &mut Trials::default()), Decision::Stop);
        }
    }

    #[test]
    fn a_lost_claim_is_dropped_and_a_commit_in_doubt_is_looked_up() {
        assert_eq!(decide(ErrorKind::ClaimLost, &mut Trials::default()), Decision::Drop);
        assert_eq!(decide(ErrorKind::CommitInDoubt, &mut Trials::default()), Decision::LookUp);
    }
}
