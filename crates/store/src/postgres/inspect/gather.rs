//! Asking a database for the facts, in few round trips, all of them in one transaction that changes nothing.

use cardgenius_pipeline::error::{ErrorKind, StoreError};
use tokio_postgres::Row;

use super::facts::{Column, Database, Index, OLDEST_SERVER, Relation, Replication, Trigger};
use super::questions::Questions;
use crate::identifiers::quote;
use crate::postgres::sessions::{Session, Sessions};
use crate::postgres::transaction::{Parameters, Statement, Transaction};

/// A table to look for.
pub(super) struct Wanted {
    pub(super) schema: String,
    pub(super) name: String,
}

/// Looks at one database, and at these tables in it. Where the server is too old nothing but the server is looked at.
pub(super) async fn gather(
    sessions: &Sessions,
    questions: &Questions,
    called: &'static str,
    wanted: &[Wanted],
) -> Result<(Database, Vec<Relation>), StoreError> {
    let (mut first, mut second) = (sessions.session().await?, sessions.session().await?);
    let outcome = async {
        let (one, other) = (backend(&mut first).await?, backend(&mut second).await?);
        // While the second is in a transaction, a pooler must serve the first from another process: does that one know
        // the statements that the first has prepared?
        let held = second.begin().await?;
        let transaction = first.begin().await?;
        held.roll_back().await?;
        let mut database = server(&transaction, questions, called).await?;
        database.backends = [one, other, transaction.backend()];
        if database.version < OLDEST_SERVER {
            return Ok((database, Vec::new()));
        }
        let look = Look { transaction: &transaction, wanted };
        database.replication = look.replication(&questions.replication).await?;
        Ok((database, look.relations(questions).await?))
    }
    .await;
    first.done(&outcome);
    second.done(&outcome);
    outcome
}

/// The server's process that serves a transaction of this session; the transaction has ended when this returns, so that
/// a pooler in transaction mode has the process free for the next.
async fn backend(session: &mut Session) -> Result<i32, StoreError> {
    let transaction = session.begin().await?;
    let backend = transaction.backend();
    transaction.roll_back().await?;
    Ok(backend)
}

async fn server(
    transaction: &Transaction<'_>,
    questions: &Questions,
    called: &'static str,
) -> Result<Database, StoreError> {
    let row = transaction.one(&questions.server, &[]).await?;
    Ok(Database {
        called,
        version: row.get(0),
        version_shown: row.get(1),
        standby: row.get(2),
        read_only: row.get(3),
        role: row.get(4),
        autovacuum: row.get(5),
        replication: Vec::new(),
        backends: [0; 3],
    })
}

/// A look at the tables of one database.
struct Look<'a> {
    transaction: &'a Transaction<'a>,
    wanted: &'a [Wanted],
}

impl Look<'_> {
    async fn rows(&self, statement: &Statement) -> Result<Vec<Row>, StoreError> {
        let schemas: Vec<&str> = self.wanted.iter().map(|table| &*table.schema).collect();
        let names: Vec<&str> = self.wanted.iter().map(|table| &*table.name).collect();
        let parameters: Parameters<'_> = &[&schemas, &names];
        self.transaction.rows(statement, parameters).await
    }

    async fn replication(&self, statement: &Statement) -> Result<Vec<Replication>, StoreError> {
        let rows = self.rows(statement).await?;
        Ok(rows.iter().map(|row| Replication { kind: row.get(0), name: row.get(1), active: row.get(3) }).collect())
    }

    /// In the order asked for.
    async fn relations(&self, questions: &Questions) -> Result<Vec<Relation>, StoreError> {
        let rows = self.rows(&questions.relations).await?;
        let mut relations: Vec<Relation> =
            self.wanted.iter().zip(&rows).map(|(wanted, row)| relation(wanted, row)).collect();
        self.each(&questions.columns, &mut relations, |relation, row| relation.columns.push(column(row))).await?;
        self.each(&questions.indexes, &mut relations, |relation, row| relation.indexes.push(index(row))).await?;
        self.each(&questions.triggers, &mut relations, |relation, row| relation.triggers.push(trigger(row))).await?;
        self.each(&questions.sequences, &mut relations, |relation, row| {
            let sequence = format!("{}.{}", quote(row.get(2)), quote(row.get(3)));
            relation.closed_sequences.push((row.get(1), sequence));
        })
        .await?;
        Ok(relations)
    }

    /// Adds what each row says to the table that its first column names by place, from 1.
    async fn each(
        &self,
        statement: &Statement,
        relations: &mut [Relation],
        add: impl Fn(&mut Relation, &Row),
    ) -> Result<(), StoreError> {
        for row in self.rows(statement).await? {
            let place = usize::try_from(row.get::<_, i64>(0) - 1).ok();
            let relation = place.and_then(|place| relations.get_mut(place));
            let relation = relation.ok_or_else(|| StoreError::new(ErrorKind::Bug, statement.doing))?;
            add(relation, &row);
        }
        Ok(())
    }
}

fn relation(wanted: &Wanted, row: &Row) -> Relation {
    Relation {
        schema: wanted.schema.clone(),
        name: wanted.name.clone(),
        schema_exists: row.get(0),
        schema_usage: row.get(1),
        kind: row.get(2),
        persistence: row.get::<_, Option<String>>(3).unwrap_or_default(),
        options: row.get(4),
        row_security: row.get(5),
        rights: row.get(6),
        ..Relation::default()
    }
}

fn column(row: &Row) -> Column {
    Column {
        name: row.get(1),
        of_type: row.get(2),
        modifier: row.get(3),
        shown_type: row.get(4),
        labels: row.get(5),
        not_null: row.get(6),
        has_default: row.get(7),
        identity: row.get(8),
        generated: row.get(9),
        loose_collation: row.get(10),
        rights: row.get(11),
    }
}

fn index(row: &Row) -> Index {
    Index { name: row.get(1), columns: row.get(2), valid: row.get(3), key: row.get(4) }
}

fn trigger(row: &Row) -> Trigger {
    Trigger {
        name: row.get(1),
        on_insert: row.get(2),
        on_delete: row.get(3),
        on_update: row.get(4),
        of_columns: row.get(5),
    }
}
