//! What happened. What to do about it is decided by the policy of the system that met the failure.

use std::error::Error;
use std::fmt;

use crate::redaction::without_figures;
use cardgenius_text::Shown;

/// What kind of thing went wrong, the same on every backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// No connection could be made at all.
    Unreachable,
    /// A connection broke in the middle of its work.
    ConnectionLost,
    /// The server is starting or shutting down, or ended our session.
    ServerShuttingDown,
    /// The server takes no writes: a standby, or a primary that was demoted.
    ReadOnly,
    /// Another session was in the way: a deadlock, a serialization failure, a lock not granted in time.
    Contention,
    /// A call took longer than its limit, on our side or the server's.
    Timeout,
    /// The server lacks disk, memory or connections.
    ResourceLimit,
    /// The server ran into a fault of its own, or one of its extensions did.
    ServerFault,
    /// The database refused a value of ours.
    DataRejected,
    /// A constraint, trigger or foreign key refused a row of ours.
    Constraint,
    /// A key that we insert is there already.
    UniqueViolation,
    /// A table, column, type or right is not as the start found it.
    SchemaMismatch,
    /// What a session remembers of a table or of a statement is true no longer: a new session has to say whether anything
    /// is wrong at all.
    StaleSession,
    /// User, password or certificate were refused.
    Authentication,
    /// The claim is no longer ours: it was swept while we slept.
    ClaimLost,
    /// A commit was sent and its answer never came: only the claim's row knows.
    CommitInDoubt,
    /// A server version, setting or table that we refuse to work with.
    Refused,
    /// What should not be possible: ours to mend.
    Bug,
}

impl ErrorKind {
    /// All of them; a test sees to it.
    pub const ALL: [Self; 18] = [
        Self::Unreachable,
        Self::ConnectionLost,
        Self::ServerShuttingDown,
        Self::ReadOnly,
        Self::Contention,
        Self::Timeout,
        Self::ResourceLimit,
        Self::ServerFault,
        Self::DataRejected,
        Self::Constraint,
        Self::UniqueViolation,
        Self::SchemaMismatch,
        Self::StaleSession,
        Self::Authentication,
        Self::ClaimLost,
        Self::CommitInDoubt,
        Self::Refused,
        Self::Bug,
    ];

    /// Whether it passes by itself or by what an operator does at the server, however long that takes: it is waited out. Whatever is
    /// none fails again in the same way until something else is changed.
    #[must_use]
    pub const fn is_an_outage(self) -> bool {
        matches!(
            self,
            Self::Unreachable
                | Self::ConnectionLost
                | Self::ServerShuttingDown
                | Self::ReadOnly
                | Self::Contention
                | Self::Timeout
                | Self::ResourceLimit
                | Self::CommitInDoubt
        )
    }

    /// Whether a single row can be the cause although it is no refusal: a trigger on it waits for what another session holds, or the
    /// server cannot read it.
    #[must_use]
    pub const fn may_be_of_one_row(self) -> bool {
        matches!(self, Self::Contention | Self::ServerFault)
    }

    /// The word used in logs and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::ConnectionLost => "connection_lost",
            Self::ServerShuttingDown => "server_shutting_down",
            Self::ReadOnly => "read_only",
            Self::Contention => "contention",
            Self::Timeout => "timeout",
            Self::ResourceLimit => "resource_limit",
            Self::ServerFault => "server_fault",
            Self::DataRejected => "data_rejected",
            Self::Constraint => "constraint",
            Self::UniqueViolation => "unique_violation",
            Self::SchemaMismatch => "schema_mismatch",
            Self::StaleSession => "stale_session",
            Self::Authentication => "authentication",
            Self::ClaimLost => "claim_lost",
            Self::CommitInDoubt => "commit_in_doubt",
            Self::Refused => "refused",
            Self::Bug => "bug",
        }
    }
}

/// A call on a database that failed: its kind, what we were doing, and the database's own words.
#[derive(Debug)]
pub struct DatabaseError {
    kind: ErrorKind,
    doing: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl DatabaseError {
    /// An error of our own finding; `doing` is a whole phrase for the operator.
    #[must_use]
    pub fn new(kind: ErrorKind, doing: impl Into<String>) -> Self {
        Self { kind, doing: doing.into(), source: None }
    }

    /// An error that something below reported while we were `doing`.
    #[must_use]
    pub fn caused(kind: ErrorKind, doing: impl Into<String>, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind, doing: doing.into(), source: Some(source.into()) }
    }

    /// What happened.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What we were doing; a whole sentence, where it was our own finding.
    #[must_use]
    pub fn doing(&self) -> &str {
        &self.doing
    }

    /// What something below reported; what we were doing, where it was our own finding.
    #[must_use]
    pub fn cause(&self) -> String {
        self.source.as_ref().map_or_else(|| Shown(&self.doing).to_string(), |source| Shown(source).to_string())
    }

    /// The same failure, seen as another kind (a lost connection during a commit is a commit in doubt).
    #[must_use]
    pub fn into_kind(mut self, kind: ErrorKind) -> Self {
        self.kind = kind;
        self
    }
}

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names and a customer's own words may hold whatever a terminal obeys.
        write!(f, "{}", Shown(&self.doing))?;
        // The whole chain in one line: an operator reads the log, not a debugger.
        let mut cause = self.source.as_deref().map(|source| source as &dyn Error);
        while let Some(error) = cause {
            match self.kind {
                // What refuses a row may quote its figures: a cast its text, a customer's trigger whatever it likes.
                ErrorKind::DataRejected | ErrorKind::Constraint | ErrorKind::Bug => {
                    write!(f, ": {}", Shown(without_figures(&error.to_string())))?;
                }
                _ => write!(f, ": {}", Shown(error))?,
            }
            cause = error.source();
        }
        Ok(())
    }
}

impl Error for DatabaseError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_kinds_are_listed_once_in_the_order_in_which_they_are_declared() {
        for (place, kind) in ErrorKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, place, "{}", kind.name());
        }
        // The last one that is declared is the last one listed: nothing is missing.
        assert_eq!(ErrorKind::ALL.last(), Some(&ErrorKind::Bug));
    }
}
