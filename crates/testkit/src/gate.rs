//! A gate at which bulk loads wait: it holds a run at a known place until the test lets it go on.
//!
//! A trigger on the table of recommendations, fired after each load, waits while the gate is closed, with the rows
//! written and not committed. It waits without a lock request, so that no lock timeout ends it.

use tokio_postgres::Client;

use crate::sql;
use crate::tables::Tables;
use crate::waiting::until;

/// The gate of one database. Its connection holds it closed: it opens when this value is dropped.
pub struct Gate {
    client: Client,
    tables: Tables,
}

impl Gate {
    /// Puts up a gate, closed. Loads that hold a user from `from_key` on wait at it; the empty text is before all keys.
    ///
    /// # Panics
    /// The database refuses it.
    pub async fn closed_from(client: Client, tables: &Tables, from_key: &str) -> Self {
        let gate = Self { client, tables: tables.clone() };
        for statement in [sql::GATE_TABLE, sql::GATE_FUNCTION, sql::GATE_TRIGGER] {
            gate.client.batch_execute(&tables.render(statement)).await.unwrap();
        }
        gate.client.execute(sql::GATE_FROM, &[&from_key]).await.unwrap();
        gate.close().await;
        gate
    }

    /// Closes it; waits until nobody is in the middle of passing.
    ///
    /// # Panics
    /// The connection is gone.
    pub async fn close(&self) {
        self.client.query_one(sql::GATE_CLOSE, &[]).await.unwrap();
    }

    /// Lets everybody pass.
    ///
    /// # Panics
    /// It was not closed.
    pub async fn open(&self) {
        let opened: bool = self.client.query_one(sql::GATE_OPEN, &[]).await.unwrap().get(0);
        assert!(opened, "the gate was not closed");
    }

    /// Moves it: those who wait with users before `from_key` alone go on.
    ///
    /// # Panics
    /// The connection is gone.
    pub async fn move_to(&self, from_key: &str) {
        self.client.execute(sql::GATE_MOVE, &[&from_key]).await.unwrap();
    }

    /// How many loads wait.
    pub async fn waiting(&self) -> i64 {
        self.client.query_one(sql::GATE_COUNT, &[]).await.unwrap().get(0)
    }

    /// Waits until so many loads wait at it.
    pub async fn reached_by(&self, loads: i64) {
        until(&format!("{loads} loads at the gate"), async || (self.waiting().await >= loads).then_some(())).await;
    }

    /// The tables that it stands at.
    #[must_use]
    pub const fn tables(&self) -> &Tables {
        &self.tables
    }
}
