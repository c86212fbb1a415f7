//! The switch that pauses every instance.

use cardgenius_failure::error::{DatabaseError, ErrorKind};

use super::super::SqlStore;
use super::super::work::{Work, read};
use crate::desk::Switch;
use crate::server::Server;
use crate::statement::bind;

impl<S: Server, T: Server> SqlStore<S, T> {
    /// How the switch stands.
    ///
    /// # Errors
    /// The database could not be asked.
    pub async fn switch(&self) -> Result<Switch, DatabaseError> {
        let rows = read(&self.source, &self.source.sql().desk_switch, &bind![&self.source_table]).await?;
        let Some(row) = rows.first() else {
            return Ok(Switch { paused: false, reason: None, changed_by: None, changed_at: None });
        };
        Ok(Switch {
            paused: row.get(0)?,
            reason: row.get(1)?,
            changed_by: Some(row.get(2)?),
            changed_at: Some(row.get(3)?),
        })
    }

    /// Turns it; from the next claim on, on every instance. `actor` is who asks, by the name that he has on his machine:
    /// the database's role is put before it. The database writes the audit.
    ///
    /// # Errors
    /// The database could not be asked.
    pub async fn set_switch(&self, paused: bool, reason: Option<&str>, actor: &str) -> Result<(), DatabaseError> {
        let mut work = Work::on(&self.source).await?;
        let outcome = async {
            let (sql, table) = (self.source.sql(), &self.source_table);
            let mut transaction = work.begin().await?;
            transaction.execute(&sql.desk_switch_set, &bind![table, paused, reason, actor]).await?;
            // A trigger on the table may have turned it back: an operator must not rely on a pause that is none.
            let stands: bool = transaction.one(&sql.desk_switch, &bind![table]).await?.get(0)?;
            if stands != paused {
                let words = "the switch does not stay as it was turned: look at the triggers of cardgenius_control, one of which changes the row";
                return Err(DatabaseError::new(ErrorKind::Constraint, words));
            }
            transaction.commit().await
        }
        .await;
        work.done(&outcome).await;
        outcome
    }
}
