//! Loading rows: from memory by LOAD DATA LOCAL INFILE, or by INSERT where the server takes no local file.
//!
//! A local file's load goes on over what the server will not take, and only warns of it ("LOAD DATA Statement", MySQL manual):
//! a load with a warning has failed.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use cardgenius_failure::error::{DatabaseError, ErrorKind};
use cardgenius_failure::failpoint;
use cardgenius_pipeline::ports::RowForm;
use futures_util::{StreamExt, stream};
use mysql_async::prelude::Queryable;
use mysql_async::{Error, ServerError};
use tracing::warn;

use super::codes::{code_of, store_error};
use super::connect::within;
use super::session::MysqlSession;

/// The server or its configuration forbids local files: ER_NOT_ALLOWED_COMMAND, ER_CLIENT_LOCAL_FILES_DISABLED (MySQL), and
/// ER_LOAD_INFILE_CAPABILITY_DISABLED (MariaDB).
const NO_LOCAL_FILES: [u16; 3] = [1148, 3948, 4166];

impl MysqlSession {
    /// See [`crate::server::Session::load`]. Constraints are asked row by row on these servers, none waits for the commit.
    pub(super) async fn load_rows(&mut self, form: RowForm, rows: Vec<Bytes>) -> Result<u64, DatabaseError> {
        if form != RowForm::Text {
            return Err(DatabaseError::new(
                ErrorKind::Bug,
                "rows in a binary form were given to a server that takes text",
            ));
        }
        if self.pooled.takes_no_files {
            return self.insert_rows(&rows).await;
        }
        match self.load_file(rows.clone()).await? {
            Some(loaded) => Ok(loaded),
            None => {
                self.pooled.takes_no_files = true;
                if !self.shared.said_no_files.swap(true, Ordering::Relaxed) {
                    warn!(
                        "the server takes no local files: rows are inserted, which takes several times as long; set local_infile = ON there"
                    );
                }
                self.insert_rows(&rows).await
            }
        }
    }

    /// None: the server takes no local files.
    async fn load_file(&mut self, rows: Vec<Bytes>) -> Result<Option<u64>, DatabaseError> {
        let shared = self.shared.clone();
        let (load, warnings) = (&shared.own.output_load, &shared.own.warnings);
        let limit = shared.sessions.limits().load;
        let last = rows.len();
        let frames = stream::iter(rows).enumerate().map(move |(place, frame)| {
            if place > 0 && place < last {
                let _ = failpoint!("load.middle");
            }
            Ok(frame)
        });
        self.pooled.set_infile_handler(async move { Ok(frames.boxed()) });
        let call = async { Ok(self.pooled.query_drop(&load.sql).await) };
        match within(limit, load.doing, call).await? {
            Ok(()) => {}
            Err(error) if code_of(&error).is_some_and(|code| NO_LOCAL_FILES.contains(&code)) => return Ok(None),
            Err(error) => return Err(store_error(load.doing, error)),
        }
        let loaded = self.pooled.affected_rows();
        if self.pooled.get_warnings() == 0 {
            return Ok(Some(loaded));
        }
        let call = self.pooled.query::<(String, u16, String), _>(&warnings.sql);
        Err(refusal(load.doing, within(limit, warnings.doing, call).await?))
    }
}

/// The first thing that the server has against the rows; what it names as already there comes last, since such rows may
/// be those of an earlier time, which are deleted and the load is tried again.
fn refusal(doing: &str, warnings: Vec<(String, u16, String)>) -> DatabaseError {
    let errors = warnings.into_iter().map(|(_, code, message)| {
        let error = store_error(doing, Error::Server(ServerError { code, message, state: "HY000".to_owned() }));
        match error.kind() {
            ErrorKind::Constraint | ErrorKind::UniqueViolation | ErrorKind::DataRejected => error,
            // Whatever else it warns of, these rows are not what they should be.
            _ => error.into_kind(ErrorKind::DataRejected),
        }
    });
    errors.min_by_key(|error| error.kind() == ErrorKind::UniqueViolation).unwrap_or_else(|| {
        DatabaseError::new(
            ErrorKind::DataRejected,
            format!("{doing}: the server warned of rows, and does not say of what"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warning(code: u16, message: &str) -> (String, u16, String) {
        ("Warning".to_owned(), code, message.to_owned())
    }

    #[test]
    fn what_the_server_warned_of_is_a_refusal_and_duplicates_are_the_last_of_it() {
        let too_long = || warning(1265, "Data truncated for column 'user_id' at row 7");
        let twice = || warning(1062, "Duplicate entry 'CK1-1' for key 'PRIMARY'");
        assert_eq!(refusal("loading", vec![twice(), too_long()]).kind(), ErrorKind::DataRejected);
        assert_eq!(refusal("loading", vec![twice()]).kind(), ErrorKind::UniqueViolation);
        assert_eq!(refusal("loading", vec![warning(1452, "a foreign key")]).kind(), ErrorKind::Constraint);
        assert_eq!(refusal("loading", vec![warning(9999, "something new")]).kind(), ErrorKind::DataRejected);
        assert_eq!(refusal("loading", vec![]).kind(), ErrorKind::DataRejected);
    }
}
