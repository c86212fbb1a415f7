//! Databases: one is prepared, and every run gets a fresh copy of it.

use cardgenius_embedded::PrivatePostgres;

use crate::failure::{Doing, Outcome};
use crate::server::Session;
use crate::statements;

/// The prepared one.
pub const TEMPLATE: &str = "bench_template";
/// The copy that a run works on.
pub const COPY: &str = "bench_run";

/// The database from which others are made and dropped.
pub const MAINTENANCE: &str = "postgres";

/// The most that is written ahead, and what a user's rows come to in the log, at most.
const LOG_MIB: u64 = 4096;
const LOG_BYTES_A_USER: u64 = 8 * 1024;

/// Has the server write its log once for a run over so many users. A server that has been up for a while uses the files of
/// its log again; a new one would have the first contender pay for making them.
pub async fn make_log_files(control: &Session, users: u64) -> Outcome<()> {
    let mib = (users * LOG_BYTES_A_USER / (1024 * 1024)).clamp(16, LOG_MIB);
    control.query(statements::WAL_FILL, &[&i64::try_from(mib)?]).await.doing("making files for the log")?;
    control.batch_execute(statements::CHECKPOINT).await.doing("writing a checkpoint")
}

/// Makes the copy, and writes everything to disk, so that no contender pays for what came before it.
pub async fn make_copy(server: &PrivatePostgres, control: &Session) -> Outcome<()> {
    drop_copy(control).await?;
    let text =
        if server.version().major < 15 { statements::DATABASE_COPY_BEFORE_15 } else { statements::DATABASE_COPY };
    let text = text.replace("{{database}}", COPY).replace("{{template}}", TEMPLATE);
    control.batch_execute(&text).await.doing("copying the prepared database")?;
    control.batch_execute(statements::CHECKPOINT).await.doing("writing a checkpoint")
}

/// Drops the copy, if there is one: the disk never holds more than one.
pub async fn drop_copy(control: &Session) -> Outcome<()> {
    drop_database(control, COPY).await
}

/// Drops a database, if it is there, even while other sessions use it.
pub async fn drop_database(control: &Session, name: &str) -> Outcome<()> {
    let text = statements::DATABASE_DROP.replace("{{database}}", name);
    control.batch_execute(&text).await.doing(&format!("dropping the database {name}"))
}
