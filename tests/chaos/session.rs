//! A session of the storm's own in a database of either kind; what it is told and says is text.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error as MysqlError, OptsBuilder, Row as MysqlRow, Value};
use tokio_postgres::{Client, Error as PostgresError, NoTls, SimpleQueryMessage};

use crate::words::{Words, with};

/// Classes of SQLSTATE that no fault of a storm accounts for: a statement that the server does not understand.
const OURS: [&str; 5] = ["22", "23", "42", "0A", "3F"];

/// A session.
pub enum Session {
    Postgres(Client),
    Mariadb { conn: Box<Conn>, lost: bool },
}

/// A call that came to nothing.
#[derive(Debug)]
pub struct Broken {
    is_ours: bool,
    text: String,
}

/// What was answered; none if a fault of the storm was in the way.
///
/// # Panics
/// It is no fault of the storm but one of the test's.
pub fn passing<T>(answer: Result<T, Broken>) -> Option<T> {
    match answer {
        Ok(answer) => Some(answer),
        Err(error) => {
            assert!(!error.is_ours, "{}", error.text);
            None
        }
    }
}

impl From<PostgresError> for Broken {
    fn from(error: PostgresError) -> Self {
        let is_ours = error.code().is_some_and(|code| OURS.contains(&&code.code()[..2]));
        Self { is_ours, text: format!("{error:?}") }
    }
}

impl From<MysqlError> for Broken {
    fn from(error: MysqlError) -> Self {
        let is_ours = matches!(&error, MysqlError::Server(error) if OURS.contains(&&error.state[..2]));
        Self { is_ours, text: error.to_string() }
    }
}

impl Session {
    /// On PostgreSQL; it may write on a server that is read-only.
    pub async fn postgres(url: &str) -> Result<Self, Broken> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(async move {
            let _ = connection.await;
        });
        let settings = "SET default_transaction_read_only = off; SET application_name = 'storm'; SET TimeZone = 'UTC'";
        client.batch_execute(settings).await?;
        Ok(Self::Postgres(client))
    }

    /// On MariaDB, likewise.
    pub async fn mariadb(options: OptsBuilder) -> Result<Self, Broken> {
        let mut conn = Conn::new(options).await?;
        conn.query_drop("SET SESSION time_zone = '+00:00'").await?;
        Ok(Self::Mariadb { conn: Box::new(conn), lost: false })
    }

    pub fn is_closed(&self) -> bool {
        match self {
            Self::Postgres(client) => client.is_closed(),
            Self::Mariadb { lost, .. } => *lost,
        }
    }

    /// The rows of an answer; what is NULL is empty.
    pub async fn rows(&mut self, words: Words, literals: &[&str]) -> Result<Vec<Vec<String>>, Broken> {
        match self {
            Self::Postgres(client) => Ok(postgres_rows(client, &with(words.postgres, literals)).await?),
            Self::Mariadb { conn, lost } => {
                let answer = mariadb_rows(conn, &with(words.mariadb, literals)).await;
                *lost |= matches!(answer, Err(MysqlError::Io(_) | MysqlError::Driver(_)));
                Ok(answer?)
            }
        }
    }

    /// The first column.
    pub async fn column(&mut self, words: Words, literals: &[&str]) -> Result<Vec<String>, Broken> {
        let rows = self.rows(words, literals).await?;
        Ok(rows.into_iter().filter_map(|row| row.into_iter().next()).collect())
    }

    /// The first field of the first row; empty if there is none.
    pub async fn one(&mut self, words: Words, literals: &[&str]) -> Result<String, Broken> {
        Ok(self.column(words, literals).await?.into_iter().next().unwrap_or_default())
    }

    /// The same, as a number.
    pub async fn number(&mut self, words: Words, literals: &[&str]) -> Result<i64, Broken> {
        let answer = self.one(words, literals).await?;
        Ok(answer.parse().unwrap_or_else(|_| panic!("{answer:?} is no number: {words:?}")))
    }
}

async fn postgres_rows(client: &Client, sql: &str) -> Result<Vec<Vec<String>>, PostgresError> {
    let messages = client.simple_query(sql).await?;
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => {
            Some((0..row.len()).map(|column| row.get(column).unwrap_or_default().to_owned()).collect())
        }
        _ => None,
    });
    Ok(rows.collect())
}

async fn mariadb_rows(conn: &mut Conn, sql: &str) -> Result<Vec<Vec<String>>, MysqlError> {
    let mut result = conn.query_iter(sql).await?;
    let mut rows = Vec::new();
    // One result a statement.
    while !result.is_empty() {
        let some: Vec<MysqlRow> = result.collect().await?;
        rows.extend(some.into_iter().map(|row| row.unwrap().into_iter().map(text_of).collect()));
    }
    Ok(rows)
}

fn text_of(value: Value) -> String {
    match value {
        Value::NULL => String::new(),
        Value::Bytes(bytes) => String::from_utf8(bytes).unwrap(),
        other => other.as_sql(true),
    }
}
