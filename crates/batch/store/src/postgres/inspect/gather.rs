//! Asking a database for the facts, in few round trips, all of them in one transaction that changes nothing.

use cardgenius_failure::error::{DatabaseError, ErrorKind};

use super::facts::{Column, Database, ForeignCode, Index, OLDEST_SERVER, OpenSchema, Relation, Replication, Trigger};
use super::others;
use super::questions::Questions;
use crate::identifiers::quote;
use crate::postgres::PostgresServer;
use crate::postgres::session::PostgresSession;
use crate::protocol::work::{Transaction, Work};
use crate::server::{Session, SessionNumber};
use crate::statement::{Row, Statement, bind};

/// A table to look for.
pub(super) struct Wanted {
    pub(super) schema: String,
    pub(super) name: String,
}

/// Looks at one database, and at these tables in it. Where the server is too old nothing but the server is looked at.
pub(super) async fn gather(
    server: &PostgresServer,
    questions: &Questions,
    called: &'static str,
    wanted: &[Wanted],
) -> Result<(Database, Vec<Relation>), DatabaseError> {
    let (mut first, mut second) = (Work::on(server).await?, Work::on(server).await?);
    let outcome = async {
        let (one, other) = (backend(&mut first).await?, backend(&mut second).await?);
        // While the second is in a transaction, a pooler must serve the first from another process: does that one know
        // the statements that the first has prepared?
        let held = second.begin().await?;
        let mut transaction = first.begin().await?;
        held.roll_back().await?;
        let mut database = server_of(&mut transaction, questions, called).await?;
        database.backends = [one, other, number(&mut transaction)];
        if database.version < OLDEST_SERVER {
            return Ok((database, Vec::new()));
        }
        let mut look = Look { transaction: &mut transaction, wanted };
        database.replication = look.replication(&questions.replication).await?;
        database.strangers = look.strangers(&questions.strangers).await?;
        database.stranger_rights = look.strangers(&questions.stranger_rights).await?;
        database.open_schemas = look.open_schemas(&questions.open_schemas).await?;
        Ok((database, look.relations(questions).await?))
    }
    .await;
    first.done(&outcome).await;
    second.done(&outcome).await;
    outcome
}

/// The server's process that serves a transaction of this session; the transaction has ended when this returns, so that
/// a pooler in transaction mode has the process free for the next.
async fn backend(work: &mut Work<PostgresSession>) -> Result<SessionNumber, DatabaseError> {
    let mut transaction = work.begin().await?;
    let backend = number(&mut transaction);
    transaction.roll_back().await?;
    Ok(backend)
}

fn number(transaction: &mut Transaction<'_, PostgresSession>) -> SessionNumber {
    transaction.session().number().unwrap_or(0)
}

async fn server_of(
    transaction: &mut Transaction<'_, PostgresSession>,
    questions: &Questions,
    called: &'static str,
) -> Result<Database, DatabaseError> {
    let row = transaction.one(&questions.server, &[]).await?;
    Ok(Database {
        called,
        version: row.get(0)?,
        version_shown: row.get(1)?,
        standby: row.get(2)?,
        read_only: row.get(3)?,
        role: row.get(4)?,
        autovacuum: row.get(5)?,
        encoding: row.get(6)?,
        replication: Vec::new(),
        strangers: Vec::new(),
        stranger_rights: Vec::new(),
        open_schemas: Vec::new(),
        backends: [0; 3],
    })
}

/// A look at the tables of one database.
struct Look<'a, 'b> {
    transaction: &'a mut Transaction<'b, PostgresSession>,
    wanted: &'a [Wanted],
}

impl Look<'_, '_> {
    async fn rows(&mut self, statement: &Statement) -> Result<Vec<Row>, DatabaseError> {
        let schemas: Vec<&str> = self.wanted.iter().map(|table| &*table.schema).collect();
        let names: Vec<&str> = self.wanted.iter().map(|table| &*table.name).collect();
        self.transaction.rows(statement, &bind![&schemas, &names]).await
    }

    async fn replication(&mut self, statement: &Statement) -> Result<Vec<Replication>, DatabaseError> {
        let rows = self.rows(statement).await?;
        rows.iter().map(|row| Ok(Replication { kind: row.get(0)?, name: row.get(1)?, active: row.get(3)? })).collect()
    }

    async fn strangers(&mut self, statement: &Statement) -> Result<Vec<String>, DatabaseError> {
        let rows = self.transaction.rows(statement, &[]).await?;
        rows.iter().map(|row| row.get(0)).collect()
    }

    async fn open_schemas(&mut self, statement: &Statement) -> Result<Vec<OpenSchema>, DatabaseError> {
        let rows = self.transaction.rows(statement, &[]).await?;
        rows.iter()
            .map(|row| {
                let names = |column| row.get::<Option<Vec<String>>>(column).map(Option::unwrap_or_default);
                Ok(OpenSchema { name: row.get(0)?, creators: names(1)?, owners: names(2)? })
            })
            .collect()
    }

    /// In the order asked for.
    async fn relations(&mut self, questions: &Questions) -> Result<Vec<Relation>, DatabaseError> {
        let rows = self.rows(&questions.relations).await?;
        let mut relations =
            self.wanted.iter().zip(&rows).map(|(wanted, row)| relation(wanted, row)).collect::<Result<Vec<_>, _>>()?;
        self.each(&questions.columns, &mut relations, |relation, row| {
            relation.columns.push(column(row)?);
            Ok(())
        })
        .await?;
        self.each(&questions.indexes, &mut relations, |relation, row| {
            relation.indexes.push(index(row)?);
            Ok(())
        })
        .await?;
        self.each(&questions.triggers, &mut relations, |relation, row| {
            relation.triggers.push(trigger(row)?);
            Ok(())
        })
        .await?;
        self.each(&questions.sequences, &mut relations, |relation, row| {
            let sequence = format!("{}.{}", quote(&row.get::<String>(2)?), quote(&row.get::<String>(3)?));
            relation.closed_sequences.push((row.get(1)?, sequence));
            Ok(())
        })
        .await?;
        self.each(&questions.foreign_code, &mut relations, |relation, row| {
            relation.foreign_code.push(ForeignCode { what: row.get(1)?, owner: row.get(2)? });
            Ok(())
        })
        .await?;
        self.others(questions, &mut relations).await?;
        Ok(relations)
    }

    /// What hangs on the tables.
    async fn others(&mut self, questions: &Questions, relations: &mut [Relation]) -> Result<(), DatabaseError> {
        self.each(&questions.references, relations, |relation, row| {
            relation.others.references.push(others::reference(row)?);
            Ok(())
        })
        .await?;
        self.each(&questions.children, relations, |relation, row| {
            relation.others.children.push((row.get(1)?, row.get(2)?));
            Ok(())
        })
        .await?;
        self.each(&questions.rewrites, relations, |relation, row| {
            relation.others.rewrites.push(others::rewrite(row)?);
            Ok(())
        })
        .await?;
        self.each(&questions.partitions, relations, |relation, row| {
            relation.others.uncovered = !row.get::<bool>(2)?;
            Ok(())
        })
        .await?;
        self.each(&questions.publications, relations, |relation, row| {
            relation.others.publications.push(others::publication(row)?);
            Ok(())
        })
        .await
    }

    /// Adds what each row says to the table that its first column names by place, from 1.
    async fn each(
        &mut self,
        statement: &Statement,
        relations: &mut [Relation],
        add: impl Fn(&mut Relation, &Row) -> Result<(), DatabaseError>,
    ) -> Result<(), DatabaseError> {
        for row in self.rows(statement).await? {
            let place = usize::try_from(row.get::<i64>(0)? - 1).ok();
            let relation = place.and_then(|place| relations.get_mut(place));
            let relation = relation.ok_or_else(|| DatabaseError::new(ErrorKind::Bug, statement.doing))?;
            add(relation, &row)?;
        }
        Ok(())
    }
}

fn relation(wanted: &Wanted, row: &Row) -> Result<Relation, DatabaseError> {
    Ok(Relation {
        schema: wanted.schema.clone(),
        name: wanted.name.clone(),
        schema_exists: row.get(0)?,
        schema_usage: row.get(1)?,
        kind: row.get(2)?,
        persistence: row.get::<Option<String>>(3)?.unwrap_or_default(),
        options: row.get(4)?,
        row_security: row.get(5)?,
        rights: row.get(6)?,
        ..Relation::default()
    })
}

pub(super) fn column(row: &Row) -> Result<Column, DatabaseError> {
    Ok(Column {
        name: row.get(1)?,
        of_type: row.get(2)?,
        modifier: row.get(3)?,
        shown_type: row.get(4)?,
        labels: row.get(5)?,
        not_null: row.get(6)?,
        has_default: row.get(7)?,
        identity: row.get(8)?,
        generated: row.get(9)?,
        loose_collation: row.get(10)?,
        rights: row.get(11)?,
        is_domain: row.get(12)?,
    })
}

pub(super) fn index(row: &Row) -> Result<Index, DatabaseError> {
    Ok(Index { name: row.get(1)?, columns: row.get(2)?, valid: row.get(3)?, key: row.get(4)? })
}

fn trigger(row: &Row) -> Result<Trigger, DatabaseError> {
    Ok(Trigger {
        name: row.get(1)?,
        on_insert: row.get(2)?,
        on_delete: row.get(3)?,
        on_update: row.get(4)?,
        of_columns: row.get(5)?,
    })
}
