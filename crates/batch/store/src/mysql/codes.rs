//! What the error codes of MySQL and MariaDB mean to the pipeline: the one table.
//!
//! Codes: "Server Error Message Reference" of the MySQL manual, "MariaDB Error Code Reference". Up to 1880 they mean the same
//! on both; what either has added since does not clash, as far as it is named here.

use cardgenius_failure::error::{DatabaseError, ErrorKind};
use mysql_async::{DriverError, Error, IoError, ServerError};

/// The kind of a server's error.
#[must_use]
pub fn kind_of_error(error: &ServerError) -> ErrorKind {
    match error.code {
        // "running with the %s option": of many options one is for us
        1290 if error.message.contains("read-only") || error.message.contains("read_only") => ErrorKind::ReadOnly,
        1290 => ErrorKind::SchemaMismatch,
        code => kind_of_code(code).unwrap_or_else(|| kind_of_state(&error.state)),
    }
}

/// The kind of a code that says more than its SQLSTATE.
fn kind_of_code(code: u16) -> Option<ErrorKind> {
    Some(match code {
        // deadlock (of locks by name too), lock wait timeout, NOWAIT, changed since the snapshot, table changed under the
        // transaction, conflict in a replication group, a file locked against change, a read lock in the way
        1213 | 1205 | 3572 | 3058 | 1020 | 1412 | 3101 | 1027 | 1223 => ErrorKind::Contention,
        // statement to be prepared anew; unknown statement handler; not within a transaction, not while tables are locked
        1615 | 1243 | 1179 | 1192 | 1568 | 1679 | 1680 | 1685 | 1694 => ErrorKind::StaleSession,
        // KILL QUERY; max_execution_time, max_statement_time; a sort, a regular expression that were broken off
        1317 | 3024 | 1969 | 1028 | 3685 => ErrorKind::Timeout,
        // shutdown; not yet ready (Galera); KILL of the connection
        1053 | 1077 | 1079 | 3168 | 1047 | 1927 | 3169 => ErrorKind::ServerShuttingDown,
        // packets out of order or cut off, read and write timeouts, aborted, idle for too long
        1156..=1161 | 1152 | 1184 | 1835 | 4031 => ErrorKind::ConnectionLost,
        // a read-only transaction, read_only mode, InnoDB read-only, a table that was opened so
        1792 | 1836 | 1874 | 1036 => ErrorKind::ReadOnly,
        // too many connections (in all, of this user), disk full, table full, out of memory, no thread, lock table full,
        // transaction, statement or index change log too large, too many prepared statements, stack, temporary file
        1040 | 1203 | 1226 | 1021 | 1114 | 1037 | 1038 | 1041 | 1135 | 1206 | 1197 | 1705 | 1799 | 1461 | 1119
        | 1436 | 1878 => ErrorKind::ResourceLimit,
        // a packet that is larger than the server takes: it will be as large next time
        1153 => ErrorKind::Refused,
        // storage engine, unknown, during commit or rollback, crashed table, index or table corrupted, internal, files that cannot
        // be opened, found, read or written, a table's space or a row's place that are lost, the binary log, another server's table,
        // a plugin's hook
        1030
        | 1105
        | 1180
        | 1181
        | 1194
        | 1195
        | 1712
        | 1877
        | 1815
        | 1016
        | 1017
        | 1023..=1026
        | 1032..=1035
        | 1808
        | 1812
        | 1863
        | 1534
        | 1429..=1431
        | 3100 => ErrorKind::ServerFault,
        // duplicate key: at a write, in a unique index
        1062 | 1022 | 1586 | 1859 => ErrorKind::UniqueViolation,
        // foreign keys, NULL (a warning has no SQLSTATE), check constraints (MySQL, MariaDB), a trigger's SIGNAL, a value without
        // a partition, no default
        1451 | 1452 | 1216 | 1217 | 1048 | 3819 | 4025 | 1644 | 1526 | 1748 | 1364 | 1369 => ErrorKind::Constraint,
        // within a trigger or a routine: SIGNAL without a condition, no rows to fetch, no case, recursion
        1645 | 1646 | 1329 | 1339 | 1424 | 1456 => ErrorKind::Constraint,
        // out of range, truncated, not a value of the type, too long, bad text or date, too few or too many fields in a load
        // (MariaDB: bad data), a row that its undo record does not hold
        1264 | 1265 | 1366 | 1406 | 1292 | 1411 | 1690 | 1300 | 1365 | 1367 | 1261 | 1262 | 1441 | 3140 | 1648
        | 1713 | 1916 | 1918 => ErrorKind::DataRejected,
        // access denied (1044 is that of a database: a right), host not allowed, password expired, account locked (MySQL,
        // MariaDB), authentication by another way, TLS demanded
        1045 | 1698 | 1130 | 1820 | 1862 | 3118 | 4151 | 1251 | 1275 | 1524 | 3159 => ErrorKind::Authentication,
        // the host is blocked for its many failed attempts, it has no name, the handshake failed
        1129 | 1042 | 1043 => ErrorKind::Unreachable,
        // statement-based binary log, which READ COMMITTED cannot be written to; engines that no log can be written for; GTIDs; a
        // table that a replication group does not take
        1598 | 1661..=1666 | 1785..=1787 | 3098 => ErrorKind::Refused,
        // a right that is missing, nothing by that name, local files not allowed (both, MySQL, MariaDB), unknown variable or
        // its value, collations that cannot be compared, triggers only for SUPER, somebody else's session
        1044 | 1049 | 1146 | 1227 | 1370 | 1148 | 3948 | 4166 | 1193 | 1231 | 1267 | 1419 | 1449 | 1095 => {
            ErrorKind::SchemaMismatch
        }
        // another number of columns; safe updates; no such option of the engine, function, collation, engine, time zone; other
        // collations; wrong arguments; variables that are global, local or cannot be set
        1136 | 1175 | 1031 | 1289 | 1273 | 1286 | 1298 | 1270 | 1271 | 1210 | 1228 | 1229 | 1238 => {
            ErrorKind::SchemaMismatch
        }
        // views, and tables that cannot be changed or are of another kind; triggers that are not there, that may not do what they
        // do, that use our table; statements that cannot be prepared; tables, indexes and rows of an old or too narrow form
        1288
        | 1343
        | 1345
        | 1347
        | 1348
        | 1356
        | 1393
        | 1394
        | 1443
        | 1471
        | 1359..=1362
        | 1418
        | 1422
        | 1435
        | 1442
        | 1457
        | 1465
        | 1295
        | 1459
        | 1707
        | 1709 => ErrorKind::SchemaMismatch,
        _ => return None,
    })
}

/// Whether a new session may see it otherwise: a session keeps its statements, and the names of the tables' keys. Rights that
/// are missing are asked for at each statement.
#[must_use]
pub fn may_be_of_memory(error: &Error) -> bool {
    // Access to a database, a table, a column, a routine; SUPER or the like.
    const RIGHTS: [u16; 5] = [1044, 1142, 1143, 1370, 1227];
    let Error::Server(error) = error else { return false };
    !RIGHTS.contains(&error.code) && kind_of_error(error) == ErrorKind::SchemaMismatch
}

/// By the class of the SQLSTATE, as PostgreSQL's.
fn kind_of_state(state: &str) -> ErrorKind {
    match state.get(..2) {
        Some("08") => ErrorKind::ConnectionLost,
        Some("21" | "22") => ErrorKind::DataRejected,
        // 45 is what a trigger raises; 02 and 20 come of its fetches and cases
        Some("02" | "20" | "23" | "27" | "44" | "45") => ErrorKind::Constraint,
        Some("28") => ErrorKind::Authentication,
        Some("3D" | "3F" | "42" | "0A") => ErrorKind::SchemaMismatch,
        Some("40") => ErrorKind::Contention,
        Some("25") if state == "25006" => ErrorKind::ReadOnly,
        // The session's transaction, savepoint, statement or cursor is not where we think that it is.
        Some("0B" | "24" | "25" | "26" | "2D" | "34" | "3B") => ErrorKind::StaleSession,
        Some("53") => ErrorKind::ResourceLimit,
        Some("70") => ErrorKind::Timeout,
        // A code of the server's that is not told apart above, or that is newer than this program.
        Some("HY" | "XA" | "01" | "0Z") | None => ErrorKind::Bug,
        // Classes that no server of the family uses: a trigger has made the state up.
        Some(_) => ErrorKind::Constraint,
    }
}

/// The server's code, where it is the server that speaks.
#[must_use]
pub const fn code_of(error: &Error) -> Option<u16> {
    match error {
        Error::Server(error) => Some(error.code),
        _ => None,
    }
}

/// An error of the driver while we were `doing` something on a connection that had been made.
#[must_use]
pub fn store_error(doing: &str, error: Error) -> DatabaseError {
    let kind = match &error {
        Error::Server(error) => kind_of_error(error),
        Error::Io(_) if is_too_large(&error) => ErrorKind::Refused,
        Error::Io(_) => ErrorKind::ConnectionLost,
        Error::Driver(error) => match error {
            // What came was no answer to what was asked: whatever the connection is in the middle of, it is of no use.
            DriverError::ConnectionClosed
            | DriverError::PoolDisconnected
            | DriverError::PacketOutOfOrder
            | DriverError::UnexpectedPacket { .. }
            | DriverError::BadCompressedPacketHeader => ErrorKind::ConnectionLost,
            DriverError::PacketTooLarge => ErrorKind::Refused,
            _ => ErrorKind::Bug,
        },
        Error::Other(_) | Error::Url(_) => ErrorKind::Bug,
    };
    DatabaseError::caused(kind, doing, Described(error))
}

/// Whether the driver did not send a packet because the server would not take it: it says so as a failure of the connection.
fn is_too_large(error: &Error) -> bool {
    error.to_string().contains("Packet is larger than max_allowed_packet")
}

/// An error of the driver while a connection was being made.
#[must_use]
pub fn connect_error(doing: &str, error: Error) -> DatabaseError {
    let kind = match &error {
        Error::Server(error) => match kind_of_error(error) {
            ErrorKind::ConnectionLost => ErrorKind::Unreachable,
            kind => kind,
        },
        Error::Driver(
            DriverError::UnknownAuthPlugin { .. }
            | DriverError::MysqlOldPasswordDisabled
            | DriverError::CleartextPluginDisabled
            | DriverError::InvalidParsecSalt,
        ) => ErrorKind::Authentication,
        Error::Io(_) if is_too_large(&error) => ErrorKind::Refused,
        Error::Driver(_) | Error::Io(_) | Error::Other(_) | Error::Url(_) => ErrorKind::Unreachable,
    };
    DatabaseError::caused(kind, doing, Described(error))
}

/// The server's words without the values that they quote, its code and SQLSTATE behind them; of the rest what is at the bottom
/// of it. Never the driver's `Debug`, which shows rows and packets.
struct Described(Error);

impl std::fmt::Debug for Described {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

impl std::fmt::Display for Described {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Error::Server(error) => {
                let message = without_values(error.code, &error.message);
                write!(f, "{message} (SQLSTATE {}), error {}", error.state, error.code)
            }
            Error::Io(IoError::Io(error)) => match error.get_ref() {
                Some(cause) => write!(f, "{cause}"),
                None => write!(f, "{error}"),
            },
            Error::Driver(error) => write!(f, "{error}"),
            Error::Url(error) => write!(f, "{error}"),
            Error::Other(error) => write!(f, "{error}"),
        }
    }
}

// No source: the line above is all that is to be said.
impl std::error::Error for Described {}

/// A message without the key or the value that it quotes. A value may hold whatever it likes: what follows it is found from the end.
fn without_values(code: u16, message: &str) -> String {
    match code {
        // Duplicate entry '...' for key '...'
        1062 | 1586 | 1859 => match message.rsplit_once(" for key ") {
            Some((_, key)) => format!("Duplicate entry for key {key}"),
            None => "Duplicate entry".to_owned(),
        },
        // Incorrect decimal value: '...' for column ... at row ...
        1292 | 1366 | 1367 | 1411 | 1300 | 1525 => {
            let begin = message.split_once(": '").map_or(message, |(begin, _)| begin);
            match message.rsplit_once("' for column ") {
                Some((_, column)) => format!("{begin} for column {column}"),
                None => begin.to_owned(),
            }
        }
        // DECIMAL value is out of range in '...'
        1690 => message.split_once(" in '").map_or(message, |(begin, _)| begin).to_owned(),
        // Foreign key constraint for table '...', record '...' would lead to a duplicate entry in table '...'
        1761 | 1762 => message.split_once(", record ").map_or(message, |(begin, _)| begin).to_owned(),
        // Table has no partition for value ...
        1526 => message.split_once(" for value ").map_or(message, |(begin, _)| begin).to_owned(),
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(code: u16, state: &str, message: &str) -> ServerError {
        ServerError { code, state: state.into(), message: message.into() }
    }

    #[test]
    fn codes_that_matter_have_their_kind() {
        for (code, state, kind) in [
            (1213, "40001", ErrorKind::Contention),
            (1205, "HY000", ErrorKind::Contention),
            (1020, "HY000", ErrorKind::Contention),
            (1615, "HY000", ErrorKind::StaleSession),
            (1243, "HY000", ErrorKind::StaleSession),
            (1317, "70100", ErrorKind::Timeout),
            (1053, "08S01", ErrorKind::ServerShuttingDown),
            (1927, "70100", ErrorKind::ServerShuttingDown),
            (4031, "HY000", ErrorKind::ConnectionLost),
            (1836, "HY000", ErrorKind::ReadOnly),
            (1040, "08004", ErrorKind::ResourceLimit),
            (1114, "HY000", ErrorKind::ResourceLimit),
            (1264, "22003", ErrorKind::DataRejected),
            (1406, "22001", ErrorKind::DataRejected),
            (1366, "22007", ErrorKind::DataRejected),
            (1048, "23000", ErrorKind::Constraint),
            (1452, "23000", ErrorKind::Constraint),
            (3819, "HY000", ErrorKind::Constraint),
            (4025, "23000", ErrorKind::Constraint),
            (1644, "45000", ErrorKind::Constraint),
            (1062, "23000", ErrorKind::UniqueViolation),
            (1142, "42000", ErrorKind::SchemaMismatch),
            (1044, "42000", ErrorKind::SchemaMismatch),
            (1146, "42S02", ErrorKind::SchemaMismatch),
            (1054, "42S22", ErrorKind::SchemaMismatch),
            (1148, "42000", ErrorKind::SchemaMismatch),
            (1045, "28000", ErrorKind::Authentication),
            (1030, "HY000", ErrorKind::ServerFault),
            (1665, "HY000", ErrorKind::Refused),
            (1999, "HY000", ErrorKind::Bug),
            (1179, "25000", ErrorKind::StaleSession),
            (1792, "25006", ErrorKind::ReadOnly),
            (1223, "HY000", ErrorKind::Contention),
            (1709, "HY000", ErrorKind::SchemaMismatch),
            (1442, "HY000", ErrorKind::SchemaMismatch),
            (1356, "HY000", ErrorKind::SchemaMismatch),
            (1136, "21S01", ErrorKind::SchemaMismatch),
            (1786, "HY000", ErrorKind::Refused),
            (1329, "02000", ErrorKind::Constraint),
            (30001, "CK001", ErrorKind::Constraint),
            (1878, "HY000", ErrorKind::ResourceLimit),
            (1812, "HY000", ErrorKind::ServerFault),
        ] {
            assert_eq!(kind_of_error(&server(code, state, "")), kind, "{code}");
        }
    }

    #[test]
    fn a_server_that_takes_no_writes_is_told_from_one_with_another_option() {
        let message = "The MariaDB server is running with the --read-only option so it cannot execute this statement";
        assert_eq!(kind_of_error(&server(1290, "HY000", message)), ErrorKind::ReadOnly);
        let message = message.replace("read-only", "skip-grant-tables");
        assert_eq!(kind_of_error(&server(1290, "HY000", &message)), ErrorKind::SchemaMismatch);
    }

    #[test]
    fn what_the_server_says_is_told_without_keys_and_values() {
        for (code, state, message, told) in [
            (
                1062,
                "23000",
                "Duplicate entry 'CK1-1' for key 'x' for key 'PRIMARY'",
                "loading: Duplicate entry for key 'PRIMARY' (SQLSTATE 23000), error 1062",
            ),
            (
                1366,
                "22007",
                "Incorrect decimal value: '99.5x' for column `shop`.`cards`.`net_savings` at row 3",
                "loading: Incorrect decimal value for column `shop`.`cards`.`net_savings` at row N (SQLSTATE 22007), error 1366",
            ),
            (
                1292,
                "22007",
                "Truncated incorrect DOUBLE value: '99.5x'",
                "loading: Truncated incorrect DOUBLE value (SQLSTATE 22007), error 1292",
            ),
            (
                1690,
                "22003",
                "DECIMAL value is out of range in '99 * 3'",
                "loading: DECIMAL value is out of range (SQLSTATE 22003), error 1690",
            ),
            (1644, "45000", "spends 12345.67", "loading: spends N (SQLSTATE 45000), error 1644"),
            (
                4025,
                "23000",
                "CONSTRAINT `cardgenius_claims_add_up` failed for `shop`.`cardgenius_claims`",
                "loading: CONSTRAINT `cardgenius_claims_add_up` failed for `shop`.`cardgenius_claims` (SQLSTATE 23000), error 4025",
            ),
            (
                1045,
                "28000",
                "Access denied for user 'ann'@'10.0.0.7' (using password: YES)",
                "loading: Access denied for user 'ann'@'10.0.0.7' (using password: YES) (SQLSTATE 28000), error 1045",
            ),
        ] {
            let error = store_error("loading", Error::Server(server(code, state, message)));
            assert_eq!(error.to_string(), told);
            assert!(!format!("{error:?}").contains("99.5") && !format!("{error:?}").contains("CK1"));
        }
    }

    #[test]
    fn a_broken_connection_is_told_by_what_broke_it() {
        let refused = || Error::Io(IoError::Io(std::io::Error::from(std::io::ErrorKind::ConnectionRefused)));
        let error = store_error("asking", refused());
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (ErrorKind::ConnectionLost, "asking: connection refused")
        );
        assert_eq!(connect_error("connecting", refused()).kind(), ErrorKind::Unreachable);
        let packet = Error::Driver(DriverError::UnexpectedPacket { payload: b"s3cret".to_vec() });
        let error = store_error("asking", packet);
        assert_eq!(error.kind(), ErrorKind::ConnectionLost);
        assert!(!format!("{error:?}").contains("115"), "{error:?}");
    }
}
