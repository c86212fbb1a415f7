//! The demo's private server, and the customer's table in it.

use cardgenius_embedded::{EmbeddedError, PostgresOptions, PrivatePostgres};
use tokio_util::sync::CancellationToken;

use super::population::Population;
use crate::cli::DemoOptions;

/// The demo's database.
pub(super) const DATABASE: &str = "cashkaro";

/// Users made up and loaded at a time: bounds memory.
const BATCH: u64 = 100_000;

/// Why the demo could not be shown.
#[derive(Debug, thiserror::Error)]
pub(super) enum DemoError {
    /// The private server.
    #[error("{0}")]
    Server(#[from] EmbeddedError),
    /// Signals.
    #[error("cannot listen for signals: {0}")]
    Signals(#[from] std::io::Error),
    /// What was looked for is not there.
    #[error("{0}")]
    Missing(&'static str),
}

/// A server as somebody would set one up for work: durable, with room for a bulk load.
pub(super) fn start() -> Result<PrivatePostgres, DemoError> {
    let options = PostgresOptions::default()
        .setting("shared_buffers", "512MB")
        .setting("max_wal_size", "4GB")
        .setting("checkpoint_timeout", "15min");
    let server = PrivatePostgres::launch(options)?;
    server.create_database(DATABASE)?;
    Ok(server)
}

/// The customer's table, filled.
pub(super) fn make_users(
    server: &PrivatePostgres,
    options: &DemoOptions,
    stop: &CancellationToken,
) -> Result<(), DemoError> {
    server.psql(DATABASE, include_str!("../../../../../sql/postgres/customer/user_spending_data.sql"))?;
    let mut population = Population::new(options.seed);
    let mut left = options.users;
    while left > 0 && !stop.is_cancelled() {
        let batch = left.min(BATCH);
        let lines = population.copy_lines(batch);
        server.psql(DATABASE, &format!("{}{lines}\\.\n", include_str!("copy_users.psql")))?;
        left -= batch;
    }
    server.psql(DATABASE, include_str!("vacuum.psql"))?;
    Ok(())
}
