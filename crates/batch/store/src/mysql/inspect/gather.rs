//! Asking the database for the facts.

use cardgenius_failure::error::{DatabaseError, ErrorKind};

use super::facts::{Column, Facts, ServerFacts, Table};
use super::needs::{FENCE, OWN_TABLES};
use super::others;
use crate::identifiers::Names;
use crate::inspection::Part;
use crate::mysql::MysqlServer;
use crate::mysql::keys::indexes_of;
use crate::mysql::marks::marked;
use crate::mysql::session::MysqlSession;
use crate::protocol::work::{Transaction, Work};
use crate::statement::{Row, Statement, bind};

/// In which a table is asked after.
type Asking<'a> = Transaction<'a, MysqlSession>;

impl MysqlServer {
    /// All that is there; nothing is changed.
    pub(super) async fn gather(&self, part: Part) -> Result<Facts, DatabaseError> {
        let mut work = Work::on(self).await?;
        let outcome = async {
            let mut transaction = work.begin().await?;
            let mut facts = Facts { part, server: self.server_facts(&mut transaction).await?, ..Facts::default() };
            let names = self.shared.tables.clone();
            if part.has_source() {
                let own = OWN_TABLES.map(|(table, _)| table);
                let wanted: Vec<&str> = std::iter::once(&*names.source_table).chain(own).collect();
                let mut tables = self.tables(&mut transaction, &names.source_schema, &wanted).await?.into_iter();
                facts.input = tables.next().unwrap_or_default();
                facts.own = tables.collect();
                facts.strange = self.strange(&mut transaction, &names.source_schema).await?;
                let table = bind![&names.source_schema, &names.source_table];
                let columns = transaction.rows(&self.shared.own.migrate_foreign_columns, &table).await?;
                let fulltext = transaction.maybe_one(&self.shared.own.inspect_fulltext, &table).await?;
                facts.fulltext = fulltext.map(|row| row.get(0)).transpose()?;
                facts.foreign_columns = columns.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?;
            }
            if part.has_target() {
                let mut wanted = vec![&*names.target_table];
                wanted.extend((part == Part::Target).then_some(FENCE.0));
                let mut tables = self.tables(&mut transaction, &names.target_schema, &wanted).await?.into_iter();
                facts.output = tables.next().unwrap_or_default();
                facts.fence = tables.next();
                if part == Part::Target {
                    facts.strange.extend(self.strange(&mut transaction, &names.target_schema).await?);
                }
            }
            Ok(facts)
        }
        .await;
        work.done(&outcome).await;
        outcome
    }

    /// What bears a name of ours in a schema and is not ours, in words.
    async fn strange(&self, transaction: &mut Asking<'_>, schema: &str) -> Result<Vec<String>, DatabaseError> {
        let rows = transaction.rows(&self.shared.own.strangers, &bind![schema, schema, schema]).await?;
        rows.iter().map(|row| row.get(0)).collect()
    }

    async fn server_facts(&self, transaction: &mut Asking<'_>) -> Result<ServerFacts, DatabaseError> {
        let own = &self.shared.own;
        let row = transaction.one(&own.inspect_server, &[]).await?;
        let settings = transaction.rows(&own.inspect_settings, &[]).await?;
        let settings = settings.iter().map(|row| Ok((row.get::<String>(0)?.to_ascii_lowercase(), row.get(1)?)));
        Ok(ServerFacts { account: row.get(0)?, settings: settings.collect::<Result<_, DatabaseError>>()? })
    }

    /// In the order asked for.
    async fn tables(
        &self,
        transaction: &mut Asking<'_>,
        schema: &str,
        wanted: &[&str],
    ) -> Result<Vec<Table>, DatabaseError> {
        let own = self.shared.own.clone();
        let mut answers = Vec::new();
        for statement in [
            &own.inspect_tables,
            &own.inspect_columns,
            &own.inspect_keys,
            &own.inspect_triggers,
            &own.inspect_references,
            &own.inspect_referenced,
        ] {
            answers.push(transaction.rows(statement, &bind![schema, wanted]).await?);
        }
        let mut tables = Vec::new();
        for name in wanted {
            let mut table = table_of(schema, name, &answers)?;
            table.may_delete = table.is_table() && may_delete(transaction, &table).await?;
            tables.push(table);
        }
        Ok(tables)
    }
}

/// Whether the server would let a DELETE through: it says so when it prepares one.
async fn may_delete(transaction: &mut Asking<'_>, table: &Table) -> Result<bool, DatabaseError> {
    let names = Names::mysql(&crate::config::TableNames::default()).with("probed", table.quoted());
    let probe = marked(&names, include_str!("../sql/inspect_may_delete.sql"), "looking for rights")
        .map_err(|error| DatabaseError::caused(ErrorKind::Bug, "looking for rights", error))?;
    match transaction.session().try_to_prepare(&probe).await {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::SchemaMismatch => Ok(false),
        Err(error) => Err(error),
    }
}

/// Rows of the answers that speak of a table, whose name is their first column. A server may have names in lower case only.
fn of_table<'a>(rows: &'a [Row], name: &'a str) -> impl Iterator<Item = &'a Row> {
    rows.iter().filter(move |row| row.get::<String>(0).is_ok_and(|table| table.eq_ignore_ascii_case(name)))
}

fn table_of(schema: &str, name: &str, answers: &[Vec<Row>]) -> Result<Table, DatabaseError> {
    let [tables, columns, keys, triggers, references, referenced] = answers else { return Ok(Table::default()) };
    Ok(Table {
        indexes: indexes_of(keys, name)?,
        triggers: of_table(triggers, name)
            .map(|row| Ok((row.get(1)?, row.get(2)?)))
            .collect::<Result<_, DatabaseError>>()?,
        references: of_table(references, name).map(others::reference).collect::<Result<_, _>>()?,
        referenced: of_table(referenced, name).map(others::referenced).collect::<Result<_, _>>()?,
        ..outline_of(schema, name, &[tables, columns])?
    })
}

/// What it is, and its columns.
pub(super) fn outline_of<R: AsRef<[Row]>>(
    schema: &str,
    name: &str,
    [tables, columns]: &[R; 2],
) -> Result<Table, DatabaseError> {
    let seen = of_table(tables.as_ref(), name).next();
    Ok(Table {
        schema: schema.to_owned(),
        name: name.to_owned(),
        kind: seen.map(|row| row.get(1)).transpose()?,
        engine: seen.map(|row| row.get::<Option<String>>(2)).transpose()?.flatten(),
        columns: of_table(columns.as_ref(), name).map(column).collect::<Result<_, _>>()?,
        ..Table::default()
    })
}

pub(super) fn column(row: &Row) -> Result<Column, DatabaseError> {
    Ok(Column {
        name: row.get(1)?,
        data_type: row.get(2)?,
        column_type: row.get(3)?,
        nullable: row.get(4)?,
        has_default: row.get(5)?,
        extra: row.get::<Option<String>>(6)?.unwrap_or_default(),
        characters: row.get(7)?,
        precision: row.get(8)?,
        scale: row.get(9)?,
        collation: row.get(10)?,
        privileges: row.get::<Option<String>>(11)?.unwrap_or_default(),
    })
}

impl MysqlSession {
    /// Has the server judge a statement, and does not run it.
    async fn try_to_prepare(&mut self, statement: &Statement) -> Result<(), DatabaseError> {
        use mysql_async::prelude::Queryable;
        let limit = self.shared.sessions.limits().statement;
        let prepared = crate::mysql::connect::within(limit, statement.doing, self.pooled.prep(&statement.sql)).await?;
        crate::mysql::connect::within(limit, statement.doing, self.pooled.close(prepared)).await
    }
}
