//! The inspection at the start, over the database or the two.

use std::time::Duration;

use cardgenius_failure::error::DatabaseError;
use cardgenius_pipeline::ports::Slots;
use uuid::Uuid;

use super::SqlStore;
use super::work::Work;
use crate::inspection::widths::narrower_target;
use crate::inspection::{Inspection, Intent, KeyColumn, Part, Refusal, coarser_target};
use crate::server::{Server, Session, SlotWanted};

impl<S: Server, T: Server> SqlStore<S, T> {
    /// Looks at the servers, the customer's two tables and our own, for what would go wrong with such a run; changes nothing.
    ///
    /// # Errors
    /// A database that cannot be reached, or gave no answer in time.
    pub async fn inspect(&self, intent: &Intent) -> Result<Inspection, DatabaseError> {
        let mut inspection = self.inspect_databases(intent).await?;
        self.look_for_renamed_tables(&mut inspection).await?;
        if inspection.refusals.is_empty() {
            inspection.warnings.extend(self.try_the_switch().await?);
        }
        Ok(inspection)
    }

    async fn inspect_databases(&self, intent: &Intent) -> Result<Inspection, DatabaseError> {
        let Some(target) = &self.target else {
            let seen = self.source.inspect(Part::Both, intent).await?;
            let mut inspection = seen.inspection;
            keys(seen.input_key.as_ref(), seen.output_key.as_ref(), &mut inspection);
            return Ok(inspection);
        };
        let source = self.source.inspect(Part::Source, intent).await?;
        let other = target.server().inspect(Part::Target, intent).await?;
        let mut inspection = source.inspection;
        inspection.refusals.extend(other.inspection.refusals);
        inspection.warnings.extend(other.inspection.warnings);
        keys(source.input_key.as_ref(), other.output_key.as_ref(), &mut inspection);
        if let Some(constraint) = other.waits_for_users
            && share_a_server(&self.source, target.server()).await?
        {
            inspection.refusals.push(waits_for_itself(&constraint));
        }
        Ok(inspection)
    }
}

/// Whether the target's keys can be what the source's are.
fn keys(source: Option<&KeyColumn>, target: Option<&KeyColumn>, found: &mut Inspection) {
    found.refusals.extend(coarser_target(source, target));
    found.warnings.extend(narrower_target(source, target));
}

/// Whether two sets of sessions are on one server: then one of them finds the lock taken that the other holds. Addresses, names and
/// numbers of servers do not tell: a server has many addresses, and a copy of a server has the same name and number.
async fn share_a_server<S: Server, T: Server>(source: &S, target: &T) -> Result<bool, DatabaseError> {
    let name = format!("one server? {}", Uuid::new_v4());
    let wanted = SlotWanted { of: &name, slots: Slots { count: 1, home: 0 }, within: Duration::ZERO };
    let (mut first, mut second) = (Work::on(source).await?, Work::on(target).await?);
    let outcome = async {
        let held = first.begin().await?.session().take_slot(wanted).await?;
        Ok(held && !second.begin().await?.session().take_slot(wanted).await?)
    }
    .await;
    first.done(&outcome).await;
    second.done(&outcome).await;
    outcome
}

fn waits_for_itself(constraint: &str) -> Refusal {
    Refusal::new(
        "waits-for-itself",
        format!(
            "source and target are one server with two accounts, and the foreign key {constraint} of the recommendations references the table of users: the target's transaction would wait for the users that the source's transaction holds locked, and neither would end; give source and target one account, so that one transaction serves both, or drop the foreign key"
        ),
    )
}
