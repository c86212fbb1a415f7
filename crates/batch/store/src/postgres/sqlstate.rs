//! What PostgreSQL's error codes mean to the pipeline: the one table.
//!
//! Codes: "PostgreSQL Error Codes", appendix A of the manual.

use cardgenius_failure::error::{DatabaseError, ErrorKind};
use tokio_postgres::Error;
use tokio_postgres::error::DbError;

use super::tls::ROOT_FILE;
use crate::sign_in_words::{NO_CHANNEL_BINDING, NO_PASSWORD};
use crate::tls::{Refusal, refusal};

/// The kind of an SQLSTATE.
#[must_use]
pub fn kind_of_code(code: &str) -> ErrorKind {
    match code {
        // deadlock_detected, serialization_failure, lock_not_available, object_in_use, snapshot_too_old
        "40P01" | "40001" | "55P03" | "55006" | "72000" => ErrorKind::Contention,
        // transaction_integrity_constraint_violation
        "40002" => ErrorKind::Constraint,
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
        // invalid_sql_statement_name: the session knows a statement no longer that was prepared on it
        "26000" => ErrorKind::StaleSession,
        // insufficient_resources is 53; too_many_connections among it
        _ => kind_of_class(code),
    }
}

fn kind_of_class(code: &str) -> ErrorKind {
    match code.get(..2) {
        Some("08") => ErrorKind::ConnectionLost,
        // cardinality_violation is 21; program_limit_exceeded is 54: a row that no index holds, a trigger that calls itself. No
        // time heals it, as it does what the server lacks (53).
        Some("21" | "22" | "54") => ErrorKind::DataRejected,
        Some("28") => ErrorKind::Authentication,
        // system_error is 58: an I/O error, a file that is missing
        Some("53" | "58") => ErrorKind::ResourceLimit,
        // object_not_in_prerequisite_state is 55; grantors and roles are 0L, 0P and 2B
        Some("3D" | "3F" | "42" | "0A" | "55" | "0L" | "0P" | "2B") => ErrorKind::SchemaMismatch,
        // The session's transaction, savepoint, statement or cursor is not where we think that it is.
        Some("03" | "0B" | "24" | "25" | "26" | "2D" | "34" | "3B") => ErrorKind::StaleSession,
        Some("40") => ErrorKind::Contention,
        Some("57") => ErrorKind::ServerShuttingDown,
        // internal_error, data_corrupted, index_corrupted; a file that may not grow any more is told like this too.
        // config_file_error is F0; what a foreign table's server says is HV.
        Some("XX" | "F0" | "HV") => ErrorKind::ServerFault,
        // Integrity (23, 27, 44, 09), and whatever a trigger or a routine of the customer's raises: PL/pgSQL's own codes (P0), those
        // of routines (20, 2F, 38, 39), and any that it makes up.
        Some(_) => ErrorKind::Constraint,
        None => ErrorKind::Bug,
    }
}

/// The kind of a server's error.
fn kind_of_error(error: &DbError) -> ErrorKind {
    match error.code().code() {
        // feature_not_supported, where a prepared statement's columns are of other types than when it was prepared. The name
        // of the server's function is the same in every language: plancache.c.
        "0A000" if error.routine() == Some("RevalidateCachedQuery") => ErrorKind::StaleSession,
        code => kind_of_code(code),
    }
}

/// Whether a new session may see it otherwise: statements are prepared against the tables as they were, and a session keeps
/// what it has prepared. A right that is missing is asked for at each statement.
#[must_use]
pub fn may_be_of_memory(error: &Error) -> bool {
    error.code().is_some_and(|code| code.code() != "42501" && kind_of_code(code.code()) == ErrorKind::SchemaMismatch)
}

/// An error of the driver while we were `doing` something on a connection that had been made.
#[must_use]
pub fn store_error(doing: &str, error: Error) -> DatabaseError {
    let kind = match error.as_db_error() {
        Some(error) => kind_of_error(error),
        // No answer from the server at all: the connection is gone.
        None if error.is_closed() || is_io(&error) => ErrorKind::ConnectionLost,
        None if is_of_another_type(&error) => ErrorKind::SchemaMismatch,
        None => ErrorKind::Bug,
    };
    DatabaseError::caused(kind, doing, Described(error))
}

/// An error of the driver while a connection was being made.
#[must_use]
pub fn connect_error(doing: &str, error: Error) -> DatabaseError {
    if let Some(told) = unsound_sign_in(doing, &error) {
        return told;
    }
    let kind = match error.code() {
        Some(code) => match kind_of_code(code.code()) {
            ErrorKind::ConnectionLost => ErrorKind::Unreachable,
            kind => kind,
        },
        None => ErrorKind::Unreachable,
    };
    DatabaseError::caused(kind, doing, Described(error))
}

/// What the driver itself finds wrong with a sign-in, where there is more to say than it says.
fn unsound_sign_in(doing: &str, error: &Error) -> Option<DatabaseError> {
    if let Some(Refusal { kind, words }) = refusal(error, ROOT_FILE) {
        return Some(DatabaseError::new(kind, format!("{doing}: {words}")));
    }
    // Neither has a type of its own.
    let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let words = match cause.as_str() {
        "password missing" => NO_PASSWORD,
        "server did not use channel binding" => NO_CHANNEL_BINDING,
        _ => return None,
    };
    Some(DatabaseError::new(ErrorKind::Refused, format!("{doing}: {words}")))
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

/// Whether the driver has found a parameter or a column of another type than ours: by its own words, since it has no code for it.
fn is_of_another_type(error: &Error) -> bool {
    let text = error.to_string();
    ["error serializing parameter", "error deserializing column", "invalid column"]
        .iter()
        .any(|words| text.starts_with(words))
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
            ("55000", ErrorKind::SchemaMismatch),
            ("55006", ErrorKind::Contention),
            ("25P02", ErrorKind::StaleSession),
            ("40002", ErrorKind::Constraint),
            ("54000", ErrorKind::DataRejected),
            ("CK001", ErrorKind::Constraint),
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
            ("26000", ErrorKind::StaleSession),
            ("", ErrorKind::Bug),
        ] {
            assert_eq!(kind_of_code(code), kind, "{code}");
        }
    }

    /// Appendix A of the manual of PostgreSQL 18, every class of it.
    #[test]
    fn each_class_of_codes_has_a_kind_and_none_is_a_bug_of_ours() {
        for (classes, kind) in [
            ("08", ErrorKind::ConnectionLost),
            ("21 22 54", ErrorKind::DataRejected),
            ("00 01 02 09 0F 0Z 10 20 23 27 2F 38 39 44 P0", ErrorKind::Constraint),
            ("28", ErrorKind::Authentication),
            ("53 58", ErrorKind::ResourceLimit),
            ("0A 0L 0P 2B 3D 3F 42 55", ErrorKind::SchemaMismatch),
            ("03 0B 24 25 26 2D 34 3B", ErrorKind::StaleSession),
            ("40", ErrorKind::Contention),
            ("57", ErrorKind::ServerShuttingDown),
            ("F0 HV XX", ErrorKind::ServerFault),
        ] {
            for class in classes.split(' ') {
                assert_eq!(kind_of_code(&format!("{class}999")), kind, "{class}");
            }
        }
        assert_eq!(kind_of_code("72000"), ErrorKind::Contention);
    }
}
