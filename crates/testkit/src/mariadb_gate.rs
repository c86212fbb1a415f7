//! The gate at which bulk loads wait, on MariaDB: it holds a run at a known place until the test lets it go on.

use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use crate::mariadb::MariadbDatabase;
use crate::sql;
use crate::waiting::until;

/// The gate of one database. Its connection holds it closed: it opens when this value is dropped.
pub struct MariadbGate {
    conn: Conn,
}

impl MariadbGate {
    /// Puts up a gate, closed. Loads wait at it as soon as they come to a user from `from_key` on, a plain key; the empty text is
    /// before all keys.
    ///
    /// # Panics
    /// The database refuses it.
    pub async fn closed_from(database: &MariadbDatabase<'_>, from_key: &str) -> Self {
        assert!(from_key.bytes().all(|byte| byte.is_ascii_alphanumeric()), "a plain key");
        let mut gate = Self { conn: database.connect().await };
        let trigger = sql::MARIADB_GATE_TRIGGER.replace("{{from_key}}", &format!("'{from_key}'"));
        // Closed first: no load comes through in between.
        assert_eq!(gate.ask(sql::MARIADB_GATE_CLOSE).await, 1, "somebody holds it");
        gate.conn.query_drop(database.tables.render_mysql(&trigger)).await.unwrap();
        gate
    }

    /// Lets everybody pass.
    ///
    /// # Panics
    /// It was not closed.
    pub async fn open(mut self) {
        assert_eq!(self.ask(sql::MARIADB_GATE_OPEN).await, 1, "the gate was not closed");
    }

    /// Waits until so many loads wait at it.
    pub async fn reached_by(&mut self, loads: i64) {
        let look = async || (self.ask(sql::MARIADB_GATE_COUNT).await >= loads).then_some(());
        until(&format!("{loads} loads at the gate"), look).await;
    }

    async fn ask(&mut self, question: &str) -> i64 {
        self.conn.query_first(question).await.unwrap().unwrap()
    }
}
