//! Whether the databases can be worked with just now: a short look that changes nothing.

use cardgenius_failure::error::DatabaseError;

use super::SqlStore;
use super::work::read_one;
use crate::inspection::version_fault;
use crate::schedule::Readiness;
use crate::server::Server;
use crate::statement::Row;

impl<S: Server, T: Server> SqlStore<S, T> {
    /// Looks at the source, and at the target where it is another database.
    ///
    /// # Errors
    /// One of them gives no answer.
    pub async fn ready(&self) -> Result<(Readiness, Option<Readiness>), DatabaseError> {
        let sql = self.source.sql();
        let source = read_one(&self.source, &sql.server_ready, &[]).await?;
        let version = read_one(&self.source, &sql.schema_in_force, &[]).await?;
        let oldest: Option<String> = version.get(1)?;
        let schema_fault = version_fault(version.get(0)?, oldest.as_deref()).map(|(_, fault)| fault);
        let target = match &self.target {
            Some(target) => {
                let server = target.server();
                Some(readiness(&read_one(server, &server.sql().server_ready, &[]).await?, None)?)
            }
            None => None,
        };
        Ok((readiness(&source, schema_fault)?, target))
    }
}

fn readiness(row: &Row, schema_fault: Option<String>) -> Result<Readiness, DatabaseError> {
    Ok(Readiness { is_standby: row.get(0)?, is_read_only: row.get(1)?, schema_fault })
}
