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
    let text = statements::DATABASE_DROP.replace("{{database}}", COPY);
    control.batch_execute(&text).await.doing("dropping a copy of the prepared database")
}
