//! The inspection at the start, over the database or the two.

use cardgenius_pipeline::error::StoreError;

use super::SqlStore;
use crate::inspection::{Inspection, Part, coarser_target};
use crate::server::Server;

impl<S: Server, T: Server> SqlStore<S, T> {
    /// Looks at the servers, the customer's two tables and our own, and changes nothing.
    ///
    /// # Errors
    /// A database that cannot be reached, or gave no answer in time.
    pub async fn inspect(&self) -> Result<Inspection, StoreError> {
        let mut inspection = self.inspect_databases().await?;
        self.look_for_renamed_tables(&mut inspection).await?;
        if inspection.refusals.is_empty() {
            inspection.warnings.extend(self.try_the_switch().await?);
        }
        Ok(inspection)
    }

    async fn inspect_databases(&self) -> Result<Inspection, StoreError> {
        let Some(target) = &self.target else {
            let seen = self.source.inspect(Part::Both).await?;
            let mut inspection = seen.inspection;
            inspection.refusals.extend(coarser_target(seen.input_key.as_ref(), seen.output_key.as_ref()));
            return Ok(inspection);
        };
        let source = self.source.inspect(Part::Source).await?;
        let other = target.server().inspect(Part::Target).await?;
        let mut inspection = source.inspection;
        inspection.refusals.extend(other.inspection.refusals);
        inspection.warnings.extend(other.inspection.warnings);
        inspection.refusals.extend(coarser_target(source.input_key.as_ref(), other.output_key.as_ref()));
        Ok(inspection)
    }
}
