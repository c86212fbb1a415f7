//! What PostgreSQL's error codes mean to the pipeline: the one table.
//!
//! Codes: "PostgreSQL Error Codes", appendix A of the manual.

use cardgenius_pipeline::error::{ErrorKind, StoreError};
use tokio_postgres::Error;

/// The kind of an SQLSTATE.
#[must_use]
pub fn kind_of_code(code: &str) -> ErrorKind {
    match code {
        // deadlock_detected, serialization_failure, lock_not_available
        "40P01" | "40001" | "55P03" => ErrorKind::Contention,
        // query_canceled: a statement timeout, or another session cancelled. And limits of the transaction that a server may set:
        // idle_in_transaction_session_timeout, transaction_timeout. The network is sound.
        "57014" | "25P03" | "25P04" => ErrorKind::Timeout,
        // admin_shutdown, crash_shutdown, cannot_connect_now
        "57P01" | "57P02" | "57P03" => ErrorKind::ServerShuttingDown,
        // idle_session_timeout
        "57P05" => ErrorKind::ConnectionLost,
        // read_only_sql_transaction
        "25006" => ErrorKind::ReadOnly,
        "23505" => ErrorKind::UniqueViolation,
        // raise_exception: a trigger of the customer's
        "P0001" => ErrorKind::Constraint,
        // insufficient_resources is 53; too_many_connections among it
        _ => kind_of_class(code),
    }
}

fn kind_of_class(code: &str) -> ErrorKind {
    match code.get(..2) {
        Some("08") => ErrorKind::ConnectionLost,
        Some("22") => ErrorKind::DataRejected,
        Some("23" | "44" | "27" | "09") => ErrorKind::Constraint,
        Some("28") => ErrorKind::Authentication,
        // system_error is 58: an I/O error, a file that is missing
        Some("53" | "54" | "58") => ErrorKind::ResourceLimit,
        Some("3D" | "3F" | "42" | "0A") => ErrorKind::SchemaMismatch,
        Some("40") => ErrorKind::Contention,
        Some("57") => ErrorKind::ServerShuttingDown,
        // internal_error, data_corrupted, index_corrupted; a file that may not grow any more is told like this too
        Some("XX") => ErrorKind::ServerFault,
        _ => ErrorKind::Bug,
    }
}

/// An error of the driver while we were `doing` something on a connection that had been made.
#[must_use]
pub fn store_error(doing: &str, error: Error) -> StoreError {
    let kind = match error.code() {
        Some(code) => kind_of_code(code.code()),
        // No answer from the server at all: the connection is gone, or the driver and we disagree about a type.
        None if error.is_closed() || is_io(&error) => ErrorKind::ConnectionLost,
        None => ErrorKind::Bug,
    };
    StoreError::caused(kind, doing, Described(error))
}

/// An error of the driver while a connection was being made.
#[must_use]
pub fn connect_error(doing: &str, error: Error) -> StoreError {
    let kind = match error.code() {
        Some(code) => match kind_of_code(code.code()) {
            ErrorKind::ConnectionLost => ErrorKind::Unreachable,
            kind => kind,
        },
        None => ErrorKind::Unreachable,
    };
    StoreError::caused(kind, doing, Described(error))
}

fn is_io(error: &Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if inner.is::<std::io::Error>() {
            return true;
        }
        cause = inner.source();
    }
    // The driver's own word for a stream that ended in the middle of a message.
    error.to_string().contains("unexpected message") || error.to_string().contains("error communicating")
}

/// The setting that has ended a session or a transaction by its limit of time.
fn setting_of_limit(code: &str) -> Option<&'static str> {
    match code {
        "25P03" => Some("idle_in_transaction_session_timeout"),
        "25P04" => Some("transaction_timeout"),
        "57P05" => Some("idle_session_timeout"),
        _ => None,
    }
}

/// The driver says "db error"; an operator wants the server's message, code, detail of the constraint and hint. Never
/// the detail or the context: they quote the row, and so would the driver's `Debug`.
struct Described(Error);

impl std::fmt::Debug for Described {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

impl std::fmt::Display for Described {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Some(db) = self.0.as_db_error() else {
            return self.0.fmt(f);
        };
        f.write_str(db.message())?;
        write!(f, " (SQLSTATE {})", db.code().code())?;
        if let Some(constraint) = db.constraint() {
            write!(f, ", constraint {constraint}")?;
        }
        if let Some(setting) = setting_of_limit(db.code().code()) {
            write!(f, ", the server's setting {setting}")?;
        }
        if let Some(hint) = db.hint() {
            write!(f, ", hint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Described {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // Of a server's error the driver's source is the same text once more.
        if self.0.as_db_error().is_some() { None } else { std::error::Error::source(&self.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_matter_have_their_kind() {
        for (code, kind) in [
            ("40P01", ErrorKind::Contention),
            ("55P03", ErrorKind::Contention),
            ("57014", ErrorKind::Timeout),
            ("25P03", ErrorKind::Timeout),
            ("25P04", ErrorKind::Timeout),
            ("57P05", ErrorKind::ConnectionLost),
            ("57P01", ErrorKind::ServerShuttingDown),
            ("57P03", ErrorKind::ServerShuttingDown),
            ("25006", ErrorKind::ReadOnly),
            ("53300", ErrorKind::ResourceLimit),
            ("53100", ErrorKind::ResourceLimit),
            ("22003", ErrorKind::DataRejected),
            ("22P02", ErrorKind::DataRejected),
            ("23514", ErrorKind::Constraint),
            ("23505", ErrorKind::UniqueViolation),
            ("P0001", ErrorKind::Constraint),
            ("42501", ErrorKind::SchemaMismatch),
            ("42P01", ErrorKind::SchemaMismatch),
            ("28P01", ErrorKind::Authentication),
            ("3D000", ErrorKind::SchemaMismatch),
            ("08006", ErrorKind::ConnectionLost),
            ("XX000", ErrorKind::ServerFault),
            ("", ErrorKind::Bug),
        ] {
            assert_eq!(kind_of_code(code), kind, "{code}");
        }
    }
}
