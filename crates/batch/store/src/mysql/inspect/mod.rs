//! The inspection at the start: what would go wrong later is refused now, by name, with what to do about it
//! (database.md, "What is refused at the start, by name").

mod columns;
mod facts;
pub(super) mod forms;
mod gather;
mod needs;
mod others;
mod rights;
mod rules;
pub(in crate::mysql) use self::rules::foreign_columns;
mod texts;
mod version;
mod warnings;

pub(super) use self::version::Version;

use cardgenius_failure::error::{DatabaseError, ErrorKind};

use self::facts::{Facts, Table};
use self::forms::Asked;
use self::needs::Role;
use super::MysqlServer;
use super::keys::indexes_of;
use crate::identifiers::unsettled_index;
use crate::inspection::{Inspected, Inspection, Intent, KeyColumn, Part, Refusal, references};
use crate::protocol::work::{Work, read};
use crate::server::{Server, Session};
use crate::sign_in_words::CANNOT_CONNECT;
use crate::statement::Row;

/// The refusal of a server that is older than those that we support.
const OLD_SERVER: &str = "old-server";

impl MysqlServer {
    /// Looks at the server, the customer's tables and our own, and changes nothing.
    pub(super) async fn look_inside_out(&self, part: Part, intent: &Intent) -> Result<Inspected, DatabaseError> {
        let facts = match self.facts(part).await {
            Ok(facts) => facts,
            // Said when the connection was made: an old server does not understand what our sessions begin with.
            Err(error) if error.kind() == ErrorKind::Refused && !error.to_string().starts_with(CANNOT_CONNECT) => {
                let refusals = vec![Refusal::new(OLD_SERVER, format!("{}: {error}", part.called()))];
                return Ok(Inspected {
                    inspection: Inspection { refusals, ..Inspection::default() },
                    ..Inspected::default()
                });
            }
            Err(error) => return Err(error),
        };
        let tables = &self.shared.tables;
        let mut inspection = Inspection {
            refusals: rules::refusals(&facts, tables),
            warnings: warnings::warnings(&facts, &unsettled_index(tables)),
        };
        let output = &facts.output;
        texts::narrow_columns(output, intent, &mut inspection);
        references::judge(&output.shown(), &output.references, intent.allow_cascade, &mut inspection);
        Ok(Inspected {
            inspection,
            input_key: key_of(&facts.input),
            output_key: key_of(&facts.output),
            waits_for_users: others::reference_to_users(&facts.output, tables),
        })
    }

    async fn facts(&self, part: Part) -> Result<Facts, DatabaseError> {
        let mut facts = self.gather(part).await?;
        if rules::version_is_readable(&facts) {
            let row = read(self, &self.sql().schema_in_force, &[]).await?;
            facts.schema_version =
                row.first().map(|row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?))).transpose()?;
        }
        let own = &self.shared.own;
        if rules::users_may_lack_ids(&facts.input) {
            let rows = self.look_through(&own.inspect_null_users).await?;
            facts.without_id = rows.first().map(|row| row.get(0)).transpose()?.unwrap_or(false);
        }
        if rules::users_may_be_twice(&facts.input) {
            let rows = self.look_through(&own.inspect_duplicate_users).await?;
            facts.duplicate = rows.first().map(|row| row.get(0)).transpose()?;
        }
        Ok(facts)
    }

    /// A look through the whole table of users, which only a table without a key costs; nothing where the time does not
    /// suffice: the missing key is refused anyway.
    async fn look_through(
        &self,
        statement: &crate::statement::Statement,
    ) -> Result<Vec<crate::statement::Row>, DatabaseError> {
        let mut work = Work::on(self).await?;
        let outcome = async {
            let mut transaction = work.begin().await?;
            let limit = self.limits().statement.min(std::time::Duration::from_secs(20));
            transaction.session().prepare_to_count(limit).await?;
            transaction.rows(statement, &[]).await
        }
        .await;
        work.done(&outcome).await;
        match outcome {
            Err(error) if error.kind() == ErrorKind::Timeout => Ok(Vec::new()),
            other => other,
        }
    }
}

/// What of the table of users keeps a migration's steps from being taken, or from being of use, in the words of the inspection;
/// the rows are those of `inspect_columns.sql` and `inspect_keys.sql`.
pub(super) fn unfit_for_migration(
    (schema, table): (&str, &str),
    columns: &[Row],
    keys: &[Row],
) -> Result<Vec<String>, DatabaseError> {
    let input = Table {
        schema: schema.to_owned(),
        name: table.to_owned(),
        columns: columns.iter().map(gather::column).collect::<Result<_, _>>()?,
        indexes: indexes_of(keys, table)?,
        ..Table::default()
    };
    let shown = input.shown();
    let fault = |(name, role): (&str, Role)| match input.column(name) {
        None => Some(format!("{shown} lacks the column {name}: add it, or correct source.table")),
        Some(column) => {
            role.objection(column).map(|objection| format!("{shown}.{name} is {}: it {objection}", column.column_type))
        }
    };
    let mut faults: Vec<String> =
        [("user_id", Role::Key), ("processing_status", Role::Status)].into_iter().filter_map(fault).collect();
    faults.extend(rules::missing_input_key(&input).map(|refusal| refusal.message));
    Ok(faults)
}

/// What bears names of our tables, or stands where the recommendations shall stand, and has another form; the answers are those of
/// `inspect_tables.sql` and `inspect_columns.sql`.
pub(super) fn of_other_forms(
    schema: &str,
    names: &[&str],
    answers: &[Vec<Row>; 2],
) -> Result<Vec<String>, DatabaseError> {
    let mut faults = Vec::new();
    for name in names {
        faults.extend(forms::faults(&gather::outline_of(schema, name, answers)?, Asked::BeforeTheFirstStep));
    }
    Ok(faults)
}

/// What stands where the table of recommendations shall stand, and is none; the rows are those of `inspect_tables.sql`.
pub(super) fn in_the_outputs_place(
    schema: &str,
    name: &str,
    tables: Vec<Row>,
) -> Result<Option<String>, DatabaseError> {
    let table = gather::outline_of(schema, name, &[tables, Vec::new()])?;
    let kind = table.kind.as_deref().filter(|_| !table.is_table()).map(str::to_lowercase);
    Ok(kind.map(|kind| {
        format!(
            "{} is a {kind}, where the table of recommendations shall stand: rename it, or correct target.table",
            table.shown()
        )
    }))
}

/// How a table's `user_id` compares, if it is there.
fn key_of(table: &Table) -> Option<KeyColumn> {
    let column = table.column("user_id")?;
    let collation = column.collation.as_deref().unwrap_or("binary");
    let exact = collation == "binary" || collation.ends_with("_bin");
    Some(KeyColumn {
        table: table.shown(),
        shown_type: format!("{} COLLATE {collation}", column.column_type),
        // TEXT counts bytes, and holds more than any key.
        characters: column.characters.filter(|_| column.data_type.ends_with("char")),
        ignores_blanks: pads(collation),
        loose: (!exact).then(|| collation.to_owned()),
    })
}

/// Whether a collation holds texts with and without blanks at the end for equal (PAD SPACE): all but those that say
/// otherwise in their names ("Collation Pad Attributes", MySQL manual; "NOPAD collations", MariaDB).
fn pads(collation: &str) -> bool {
    !(collation == "binary" || collation.contains("_nopad_") || collation.contains("_0900_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collation_pads_unless_its_name_says_otherwise() {
        for collation in ["utf8mb4_bin", "utf8mb4_general_ci", "latin1_swedish_ci", "utf8mb4_uca1400_ai_ci"] {
            assert!(pads(collation), "{collation}");
        }
        for collation in ["binary", "utf8mb4_nopad_bin", "utf8mb4_0900_bin", "utf8mb4_uca1400_nopad_ai_ci"] {
            assert!(!pads(collation), "{collation}");
        }
    }
}
