//! Whether the databases can be worked with just now: a short look that changes nothing.

use cardgenius_pipeline::error::StoreError;
use tokio_postgres::Row;

use super::PostgresStore;
use super::inspect::schema_fault;
use crate::schedule::Readiness;

impl PostgresStore {
    /// Looks at the source, and at the target where it is another database.
    ///
    /// # Errors
    /// One of them gives no answer.
    pub async fn ready(&self) -> Result<(Readiness, Option<Readiness>), StoreError> {
        let source = self.source.read_one(&self.statements.server_ready, &[]).await?;
        let version = self.source.read_one(&self.statements.schema_in_force, &[]).await?;
        let schema_fault = schema_fault(version.get(0), version.get(1));
        let target = match &self.target {
            Some(target) => {
                Some(readiness(&target.sessions().read_one(&self.statements.server_ready, &[]).await?, None))
            }
            None => None,
        };
        Ok((readiness(&source, schema_fault), target))
    }
}

fn readiness(row: &Row, schema_fault: Option<String>) -> Readiness {
    Readiness { is_standby: row.get(0), is_read_only: row.get(1), schema_fault }
}
