//! What a failure of the database means for the exit code, said once for all commands.

use cardgenius_failure::error::{DatabaseError, ErrorKind};
use tracing::error;

use crate::exit::Exit;

/// Says what went wrong, and which exit code that is.
pub(crate) fn of_database(failure: &DatabaseError) -> Exit {
    error!(kind = failure.kind().name(), "{failure}");
    match failure.kind() {
        ErrorKind::Unreachable
        | ErrorKind::ConnectionLost
        | ErrorKind::ServerShuttingDown
        | ErrorKind::ReadOnly
        | ErrorKind::Timeout
        | ErrorKind::Contention
        | ErrorKind::ResourceLimit
        | ErrorKind::ServerFault
        | ErrorKind::CommitInDoubt
        | ErrorKind::Authentication => Exit::Unreachable,
        ErrorKind::Refused | ErrorKind::SchemaMismatch | ErrorKind::StaleSession => Exit::Usage,
        ErrorKind::DataRejected
        | ErrorKind::Constraint
        | ErrorKind::UniqueViolation
        | ErrorKind::ClaimLost
        | ErrorKind::Bug => Exit::Failed,
    }
}
