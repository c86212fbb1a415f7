//! The operator's desk: reads and requests of people, on one session, beside whatever is running.

mod cancel;
mod failures;
mod overview;
mod prune;
mod requeue;
mod switch;

pub use self::requeue::RequeueCursor;

use cardgenius_failure::error::DatabaseError;
use uuid::Uuid;

use super::SqlStore;
use super::work::write;
use crate::server::Server;
use crate::statement::bind;

impl<S: Server, T: Server> SqlStore<S, T> {
    /// Writes what an operator did: who he is on his machine, what in one word, and more for people.
    ///
    /// # Errors
    /// The database could not be asked.
    pub async fn audit(
        &self,
        actor: &str,
        action: &str,
        run_id: Option<Uuid>,
        detail: &str,
    ) -> Result<(), DatabaseError> {
        write(&self.source, &self.source.sql().desk_audit, &bind![actor, action, run_id, detail]).await.map(drop)
    }
}
