//! What our own tables still know by a name that the customer has changed, and whether the switch can be turned: looks of `check`.

use cardgenius_failure::error::{DatabaseError, ErrorKind};
use uuid::Uuid;

use super::SqlStore;
use super::work::{Work, read};
use crate::inspection::{Inspection, Refusal};
use crate::server::Server;
use crate::statement::{Row, bind};

/// Turns of the switch that its triggers write down.
const TURNS: i64 = 3;

/// A name under which our own tables know a table of users that is not there.
struct Gone {
    name: String,
    /// Of another schema than ours: our own tables came here with a renamed schema or a restored copy.
    elsewhere: bool,
    paused: bool,
    open_claims: i64,
    /// The table that we are told of has a switch of its own.
    has_own_switch: bool,
}

impl<S: Server, T: Server> SqlStore<S, T> {
    /// Adds what is wrong with names that were changed.
    pub(super) async fn look_for_renamed_tables(&self, inspection: &mut Inspection) -> Result<(), DatabaseError> {
        let rows = match read(&self.source, &self.source.sql().names_gone, &[]).await {
            // What is refused by name says more than this look's error: a table or a right is missing, the server takes no writes.
            Err(_) if !inspection.refusals.is_empty() => return Ok(()),
            Err(error) if is_refused_elsewhere(error.kind()) => return Ok(()),
            rows => rows?,
        };
        for row in &rows {
            match gone(row)?.told(&self.source_table) {
                (true, message) => inspection.refusals.push(Refusal::new("renamed-table", message)),
                (false, message) => inspection.warnings.push(message),
            }
        }
        Ok(())
    }

    /// Turns a switch of no table, in a transaction that is rolled back: a trigger whose definer is gone, or that is not there,
    /// shows before an emergency does.
    pub(super) async fn try_the_switch(&self) -> Result<Option<String>, DatabaseError> {
        let mut work = Work::on(&self.source).await?;
        let outcome = async {
            let (sql, probe) = (self.source.sql(), format!("cardgenius check {}", Uuid::new_v4()));
            let mut transaction = work.begin().await?;
            let mut stood = Vec::new();
            for turn in [&sql.switch_probe, &sql.switch_probe_back, &sql.switch_probe_again] {
                transaction.execute(turn, &bind![&probe]).await?;
                stood.push(transaction.one(&sql.desk_switch, &bind![&probe]).await?.get::<bool>(0)?);
            }
            let turns: i64 = transaction.one(&sql.switch_probe_seen, &bind![&probe]).await?.get(0)?;
            transaction.roll_back().await?;
            Ok((stood == [true, false, true], turns))
        }
        .await;
        work.done(&outcome).await;
        let advice = "run `cardgenius migrate`, which makes the triggers of cardgenius_control anew; the account that migrates must stay";
        match outcome {
            Ok((true, TURNS)) => Ok(None),
            Ok((false, _)) => Ok(Some(
                "the switch does not stay as it is turned, so that a pause is none: look at the triggers of cardgenius_control, one of which changes the row".to_owned(),
            )),
            Ok(_) => Ok(Some(format!("a turn of the switch is not written to the audit as it should be: {advice}"))),
            Err(error) if passes(error.kind()) => Ok(None),
            Err(error) if is_of_the_schema(error.kind()) => Ok(Some(format!(
                "the switch cannot be turned, so that `cardgenius pause` and an UPDATE of cardgenius_control will fail ({error}): {advice}"
            ))),
            Err(error) => Err(error),
        }
    }
}

/// Whether the inspection of the tables refuses by name what such an error comes from.
const fn is_refused_elsewhere(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::SchemaMismatch | ErrorKind::StaleSession | ErrorKind::Refused)
}

const fn passes(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Contention | ErrorKind::Timeout | ErrorKind::ReadOnly)
}

const fn is_of_the_schema(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::SchemaMismatch
            | ErrorKind::StaleSession
            | ErrorKind::Bug
            | ErrorKind::Constraint
            | ErrorKind::DataRejected
            | ErrorKind::UniqueViolation
    )
}

fn gone(row: &Row) -> Result<Gone, DatabaseError> {
    Ok(Gone {
        name: row.get(0)?,
        elsewhere: row.get(1)?,
        paused: row.get(2)?,
        open_claims: row.get(3)?,
        has_own_switch: row.get(4)?,
    })
}

impl Gone {
    /// Whether it is a refusal, and what to say.
    fn told(&self, present: &str) -> (bool, String) {
        let mut holds = Vec::new();
        holds.extend(self.paused.then(|| "a switch that is paused".to_owned()));
        holds.extend((self.open_claims > 0).then(|| format!("{} open claims", self.open_claims)));
        let holds = if holds.is_empty() { String::new() } else { format!(" (with {})", holds.join(" and ")) };
        let name = &self.name;
        if self.elsewhere && !self.has_own_switch {
            let message = format!(
                "our own tables know the table of users as {name}{holds}, and it is {present} now: a schema was renamed, or restored under another name; run `cardgenius migrate`, which carries over what belongs to it"
            );
            return (true, message);
        }
        let message = format!(
            "our own tables hold what belongs to {name}{holds}, a table that is not here, or that this account may not see: if it was renamed, run `cardgenius migrate`, which carries over what belongs to it to a table without a run of its own; if it is gone for good, remove the row of cardgenius_control with source_table = '{}'",
            name.replace('\'', "''")
        );
        (false, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shop(elsewhere: bool, has_own_switch: bool) -> Gone {
        Gone { name: "shop.us'ers".into(), elsewhere, paused: true, open_claims: 3, has_own_switch }
    }

    #[test]
    fn a_renamed_schema_is_refused_until_it_is_migrated_and_a_table_that_is_gone_is_told() {
        let (refused, message) = shop(true, false).told("copy.users");
        assert!(refused && message.contains("a switch that is paused and 3 open claims"), "{message}");
        for gone in [shop(true, true), shop(false, false), shop(false, true)] {
            let (refused, message) = gone.told("copy.users");
            assert!(!refused && message.contains("source_table = 'shop.us''ers'"), "{message}");
        }
    }
}
