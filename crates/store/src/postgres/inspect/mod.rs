//! The inspection at the start: what would go wrong later is refused now, by name, with what to do about it
//! (database.md, "What is refused at the start, by name").

mod columns;
mod facts;
mod gather;
pub(super) mod needs;
mod questions;
mod rights;
mod rules;
#[cfg(test)]
mod sound;
mod warnings;

use std::time::Duration;

use cardgenius_pipeline::error::{ErrorKind, StoreError};

use self::facts::{Facts, Relation};
use self::gather::{Wanted, gather};
use self::questions::Questions;
pub use self::rules::READ_ONLY_SERVER;
use super::PostgresStore;
use super::sessions::Sessions;
use super::transaction::Statement;
use crate::identifiers::Names;

/// For a look through the whole table of users, which only a table without a key costs.
const SCAN_LIMIT: Duration = Duration::from_secs(20);

/// What an inspection found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inspection {
    /// What keeps a run from starting; none on sound databases.
    pub refusals: Vec<Refusal>,
    /// What an operator should know and may well intend.
    pub warnings: Vec<String>,
}

/// Something that we refuse to work with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Short, stable, kebab-case: `missing-right`.
    pub name: &'static str,
    /// What is wrong, with which thing, and what to do; of several lines where it ends with statements to run.
    pub message: String,
}

impl Refusal {
    fn new(name: &'static str, message: impl Into<String>) -> Self {
        Self { name, message: message.into() }
    }
}

impl PostgresStore {
    /// Looks at the servers, the customer's two tables and our own, and changes nothing.
    ///
    /// # Errors
    /// A database that cannot be reached, or gave no answer in time.
    pub async fn inspect(&self) -> Result<Inspection, StoreError> {
        match self.facts().await? {
            Ok(facts) => {
                Ok(Inspection { refusals: rules::refusals(&facts, &self.tables), warnings: warnings::warnings(&facts) })
            }
            Err(refusal) => Ok(Inspection { refusals: vec![refusal], warnings: Vec::new() }),
        }
    }

    /// What the rules judge; or what kept us from looking at all.
    async fn facts(&self) -> Result<Result<Facts, Refusal>, StoreError> {
        let questions = Questions::render(&Names::new(&self.tables))
            .map_err(|error| StoreError::caused(ErrorKind::Bug, "preparing the inspection", error))?;
        let second = self.target.as_ref().map(super::target::PostgresTarget::sessions);
        let (tables, called) = (&self.tables, if second.is_some() { "the source database" } else { "the database" });
        let (input, output) =
            ((&tables.source_schema, &*tables.source_table), (&tables.target_schema, &*tables.target_table));
        let mut at_source = vec![input];
        at_source.extend(needs::OWN_TABLES.map(|(table, _)| (&tables.source_schema, table)));
        if second.is_none() {
            at_source.push(output);
        }
        let mut facts = Facts::default();
        let mut relations = match look(&self.source, &questions, called, &at_source).await? {
            Ok((database, relations)) => {
                facts.source = database;
                relations
            }
            Err(refusal) => return Ok(Err(refusal)),
        };
        if let Some(sessions) = second {
            let fence = (&tables.target_schema, needs::FENCE.0);
            match look(sessions, &questions, "the target database", &[output, fence]).await? {
                Ok((database, mut seen)) => {
                    facts.target = Some(database);
                    facts.fence = seen.pop();
                    relations.append(&mut seen);
                }
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
        facts.output = relations.pop().unwrap_or_default();
        let mut relations = relations.into_iter();
        facts.input = relations.next().unwrap_or_default();
        facts.own = relations.collect();
        self.look_inside(&questions, &mut facts).await?;
        Ok(Ok(facts))
    }

    /// Looks at what the tables hold, as far as this role may.
    async fn look_inside(&self, questions: &Questions, facts: &mut Facts) -> Result<(), StoreError> {
        if rules::version_is_readable(facts) {
            let mut session = self.source.session().await?;
            let outcome = async { session.begin().await?.maybe_one(&questions.version, &[]).await }.await;
            session.done(&outcome);
            facts.schema_version = outcome?.map(|row| (row.get(0), row.get(1)));
        }
        if rules::users_may_lack_ids(&facts.input) {
            let found = self.scan(&questions.null_users).await?;
            facts.users.without_id = found.is_some_and(|row| row.get(0));
        }
        if rules::users_may_be_twice(&facts.input) {
            facts.users.duplicate = self.scan(&questions.duplicate_users).await?.map(|row| row.get(0));
        }
        Ok(())
    }

    /// One row at most, or none where the time does not suffice: the missing key is refused anyway.
    async fn scan(&self, statement: &Statement) -> Result<Option<tokio_postgres::Row>, StoreError> {
        let mut session = self.source.session().await?;
        let outcome = async {
            let mut transaction = session.begin().await?;
            let limits = self.source.limits();
            transaction.set_limits(limits.statement.min(SCAN_LIMIT), limits.lock).await?;
            transaction.maybe_one(statement, &[]).await
        }
        .await;
        session.done(&outcome);
        match outcome {
            Err(error) if error.kind() == ErrorKind::Timeout => Ok(None),
            other => other,
        }
    }
}

/// Why the version of our schema does not serve this program; none if it does.
pub(super) fn schema_fault(version: Option<i32>, oldest: Option<&str>) -> Option<String> {
    rules::version_fault(version, oldest).map(|(_, fault)| fault)
}

type Seen = (facts::Database, Vec<Relation>);

/// Looks at one database. Some of what we refuse does not let us look at all.
async fn look(
    sessions: &Sessions,
    questions: &Questions,
    called: &'static str,
    tables: &[(&String, &str)],
) -> Result<Result<Seen, Refusal>, StoreError> {
    let wanted: Vec<Wanted> =
        tables.iter().map(|(schema, name)| Wanted { schema: (*schema).clone(), name: (*name).into() }).collect();
    match gather(sessions, questions, called, &wanted).await {
        Ok((database, _)) if database.version < facts::OLDEST_SERVER => Ok(Err(rules::old_server(&database))),
        Ok(seen) => Ok(Ok(seen)),
        Err(error) => match rules::refused_by(&error, called, sessions.shown()) {
            Some(refusal) => Ok(Err(refusal)),
            None => Err(error),
        },
    }
}
