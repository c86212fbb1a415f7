//! The inspection at the start: what would go wrong later is refused now, by name, with what to do about it
//! (database.md, "What is refused at the start, by name").

mod columns;
mod facts;
mod gather;
pub(super) mod needs;
mod others;
mod questions;
mod rights;
mod rules;
#[cfg(test)]
mod sound;
mod texts;
mod warnings;

pub(super) use self::rules::refused_by;

use std::time::Duration;

use cardgenius_failure::error::{DatabaseError, ErrorKind};

use self::facts::{Facts, Relation};
use self::gather::{Wanted, gather};
use self::needs::Role;
use self::questions::Questions;
use super::PostgresServer;
use super::strangers::{self, Asked};
use crate::inspection::{Inspected, Inspection, Intent, KeyColumn, Part, Refusal};
use crate::protocol::work::{Work, read};
use crate::server::Server;
use crate::statement::{Row, Statement};

/// For a look through the whole table of users, which only a table without a key costs.
const SCAN_LIMIT: Duration = Duration::from_secs(20);

impl PostgresServer {
    /// Looks at the server, the customer's tables and our own, and changes nothing.
    pub(super) async fn look_inside_out(&self, part: Part, intent: &Intent) -> Result<Inspected, DatabaseError> {
        let questions = strangers::names_for_question(&self.tables, Asked::AtWork, part.has_target())
            .and_then(|names| Questions::render(&names))
            .map_err(|error| DatabaseError::caused(ErrorKind::Bug, "preparing the inspection", error))?;
        let facts = match self.facts(&questions, part).await? {
            Ok(facts) => facts,
            Err(refusal) => {
                let inspection = Inspection { refusals: vec![refusal], warnings: Vec::new() };
                return Ok(Inspected { inspection, ..Inspected::default() });
            }
        };
        let mut inspection =
            Inspection { refusals: rules::refusals(&facts, &self.tables), warnings: warnings::warnings(&facts) };
        others::judge(&facts, intent, &mut inspection);
        texts::narrow_columns(&facts.output, intent, &mut inspection);
        self.look_at_encoding(&questions, (&facts, intent), &mut inspection).await?;
        Ok(Inspected {
            inspection,
            input_key: key_of(&facts.input),
            output_key: key_of(&facts.output),
            // None waits here: a foreign key's check takes a lock that goes with the one that we hold.
            waits_for_users: None,
        })
    }

    /// What the rules judge; or what kept us from looking at all.
    async fn facts(&self, questions: &Questions, part: Part) -> Result<Result<Facts, Refusal>, DatabaseError> {
        let tables = &self.tables;
        let (input, output) =
            ((&tables.source_schema, &*tables.source_table), (&tables.target_schema, &*tables.target_table));
        let mut wanted = Vec::new();
        if part.has_source() {
            wanted.push(input);
            wanted.extend(needs::OWN_TABLES.map(|(table, _)| (&tables.source_schema, table)));
        }
        if part.has_target() {
            wanted.push(output);
        }
        if part == Part::Target {
            wanted.push((&tables.target_schema, needs::FENCE.0));
        }
        let (database, relations) = match self.look(questions, part, &wanted).await? {
            Ok(seen) => seen,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let mut facts = Facts { part, database, ..Facts::default() };
        let mut relations = relations.into_iter();
        if part.has_source() {
            facts.input = relations.next().unwrap_or_default();
            facts.own = relations.by_ref().take(needs::OWN_TABLES.len()).collect();
        }
        if part.has_target() {
            facts.output = relations.next().unwrap_or_default();
        }
        facts.fence = relations.next();
        self.look_inside(questions, &mut facts).await?;
        Ok(Ok(facts))
    }

    /// Looks at one database. Some of what we refuse does not let us look at all.
    async fn look(
        &self,
        questions: &Questions,
        part: Part,
        tables: &[(&String, &str)],
    ) -> Result<Result<(facts::Database, Vec<Relation>), Refusal>, DatabaseError> {
        let called = part.called();
        let wanted: Vec<Wanted> =
            tables.iter().map(|(schema, name)| Wanted { schema: (*schema).clone(), name: (*name).into() }).collect();
        match gather(self, questions, called, &wanted).await {
            Ok((database, _)) if database.version < facts::OLDEST_SERVER => Ok(Err(rules::old_server(&database))),
            Ok(seen) => Ok(Ok(seen)),
            Err(error) => match rules::refused_by(&error, called, self.sessions.shown()) {
                Some(refusal) => Ok(Err(refusal)),
                None => Err(error),
            },
        }
    }

    /// Looks at what the tables hold, as far as this role may.
    async fn look_inside(&self, questions: &Questions, facts: &mut Facts) -> Result<(), DatabaseError> {
        if rules::version_is_readable(facts) {
            let rows = read(self, &questions.version, &[]).await?;
            facts.schema_version =
                rows.first().map(|row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?))).transpose()?;
        }
        if rules::users_may_lack_ids(&facts.input) {
            let found = self.scan(&questions.null_users).await?;
            facts.users.without_id = found.map(|row| row.get(0)).transpose()?.unwrap_or(false);
        }
        if rules::users_may_be_twice(&facts.input) {
            facts.users.duplicate = self.scan(&questions.duplicate_users).await?.map(|row| row.get(0)).transpose()?;
        }
        Ok(())
    }

    /// One row at most, or none where the time does not suffice: the missing key is refused anyway.
    async fn scan(&self, statement: &Statement) -> Result<Option<Row>, DatabaseError> {
        let mut work = Work::on(self).await?;
        let outcome = async {
            let mut transaction = work.begin().await?;
            let limits = self.limits();
            transaction.session().set_limits(limits.statement.min(SCAN_LIMIT), limits.lock).await?;
            transaction.maybe_one(statement, &[]).await
        }
        .await;
        work.done(&outcome).await;
        match outcome {
            Err(error) if error.kind() == ErrorKind::Timeout => Ok(None),
            other => other,
        }
    }
}

/// What of the table of users keeps a migration's steps from being taken, or from being of use, in the words of the inspection;
/// the rows are those of `inspect_columns.sql` and `inspect_indexes.sql`.
pub(super) fn unfit_for_migration(
    (schema, table): (&str, &str),
    columns: &[Row],
    indexes: &[Row],
) -> Result<Vec<String>, DatabaseError> {
    let input = Relation {
        schema: schema.to_owned(),
        name: table.to_owned(),
        columns: columns.iter().map(gather::column).collect::<Result<_, _>>()?,
        indexes: indexes.iter().map(gather::index).collect::<Result<_, _>>()?,
        ..Relation::default()
    };
    // Without any column there is no table, and the steps say so.
    if input.columns.is_empty() {
        return Ok(Vec::new());
    }
    let shown = input.shown();
    let fault = |(name, role): (&str, Role)| match input.column(name) {
        None => Some(format!("{shown} lacks the column {name}: add it, or correct source.table")),
        Some(column) => {
            role.objection(column).map(|objection| format!("{shown}.{name} is {}: it {objection}", column.shown_type))
        }
    };
    let mut faults: Vec<String> =
        [("user_id", Role::Key), ("processing_status", Role::Status)].into_iter().filter_map(fault).collect();
    faults.extend(rules::missing_input_key(&input).map(|refusal| refusal.message));
    Ok(faults)
}

/// How a table's `user_id` compares, if it is there.
fn key_of(relation: &Relation) -> Option<KeyColumn> {
    let column = relation.column("user_id")?;
    let loose = (column.of_type == "citext").then(|| "citext".to_owned());
    Some(KeyColumn {
        table: relation.shown(),
        shown_type: column.shown_type.clone(),
        characters: (column.modifier >= facts::HEADER).then(|| i64::from(column.modifier - facts::HEADER)),
        ignores_blanks: column.of_type == "bpchar",
        loose: loose.or_else(|| column.loose_collation.clone()),
    })
}
