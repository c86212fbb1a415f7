//! The operator's desk on PostgreSQL: reads and requests of people, on one session, beside whatever is running.

mod cancel;
mod failures;
mod overview;
mod prune;
mod requeue;
mod switch;

pub use self::requeue::RequeueCursor;

use cardgenius_pipeline::error::StoreError;
use tokio_postgres::Row;
use uuid::Uuid;

use super::PostgresStore;
use super::transaction::{Parameters, Statement};

impl PostgresStore {
    /// One statement that writes, in a transaction of its own.
    pub(super) async fn write(
        &self,
        statement: &Statement,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        let mut session = self.source.session().await?;
        let outcome = async {
            let transaction = session.begin().await?;
            let rows = transaction.rows(statement, parameters).await?;
            transaction.commit().await?;
            Ok(rows)
        }
        .await;
        session.done(&outcome);
        outcome
    }

    /// Writes what an operator did: who he is on his machine, what in one word, and more for people.
    ///
    /// # Errors
    /// The database could not be asked.
    pub async fn audit(&self, actor: &str, action: &str, run_id: Option<Uuid>, detail: &str) -> Result<(), StoreError> {
        self.write(&self.statements.desk_audit, &[&actor, &action, &run_id, &detail]).await.map(drop)
    }
}
