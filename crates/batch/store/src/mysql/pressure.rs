//! How the server bears it: whoever waits for us, the disk, and the DBA's own question. Short statements on the server's own
//! views; nothing is changed. How far replicas are behind only they know: where that matters, the DBA's question asks it.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cardgenius_failure::error::{DatabaseError, ErrorKind};
use cardgenius_pipeline::pressure::{Pressure, Reading, Sign};
use mysql_async::{Row as DriverRow, Value as DriverValue};
use tokio::sync::OnceCell;

use super::MysqlServer;
use super::inspect::Version;
use super::session::MysqlSession;
use crate::config::application_name;
use crate::free_disk::free_bytes;
use crate::protocol::work::{Transaction, Work};
use crate::server::{PressureLook, Session};
use crate::statement::{Row, Statement, bind};

/// For each statement of a look.
const STATEMENT_WITHIN: Duration = Duration::from_secs(1);

/// What is known of a server from earlier looks.
#[derive(Default)]
pub(super) struct Sight {
    /// The folder of its data, if it is on this machine.
    place: OnceCell<Option<PathBuf>>,
    /// What it refused to show, with its words: not asked again.
    refused: Mutex<Vec<(Part, String)>>,
}

/// A part of a look: one statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Blocked,
    Place,
}

impl Part {
    const ALL: [Self; 2] = [Self::Blocked, Self::Place];

    const fn seen(self) -> &'static str {
        match self {
            Self::Blocked => "sessions that wait for ours",
            Self::Place => "the free disk",
        }
    }
}

impl MysqlServer {
    /// One look at the server. What it refuses to show it is not asked for again.
    pub(super) async fn look_for_pressure(&self, look: PressureLook<'_>) -> Result<Pressure, DatabaseError> {
        loop {
            match self.look_once(look).await {
                Ok(pressure) => return Ok(pressure),
                Err((Some(part), error)) if error.kind() == ErrorKind::SchemaMismatch => {
                    self.refused().push((part, error.to_string()));
                }
                Err((_, error)) => return Err(error),
            }
        }
    }

    async fn look_once(&self, look: PressureLook<'_>) -> Result<Pressure, (Option<Part>, DatabaseError)> {
        let mut work = Work::on(self).await.map_err(|error| (None, error))?;
        let mut pressure = Pressure::default();
        let mut asking = None;
        let outcome = async {
            let mut transaction = work.begin().await?;
            transaction.session().prepare_to_count(STATEMENT_WITHIN).await?;
            for part in Part::ALL {
                let refused = self.refused().iter().find(|(known, _)| *known == part).map(|(_, why)| why.clone());
                if let Some(why) = refused {
                    pressure.unseen.push(format!("{}{}: {why}", part.seen(), look.called));
                    continue;
                }
                asking = Some(part);
                match part {
                    Part::Blocked => pressure.readings.push(self.blocked(look, &mut transaction).await?),
                    Part::Place => self.find_place(&mut transaction).await?,
                }
            }
            asking = None;
            Ok(())
        }
        .await;
        work.done(&outcome).await;
        match outcome {
            Ok(()) => {
                pressure.unseen.push(format!(
                    "the lag of replicas{}, which only they know: a query of your own can ask it (throttle.stop_query)",
                    look.called
                ));
                self.add_free_disk(look.called, &mut pressure).await;
                Ok(pressure)
            }
            Err(error) => Err((asking, error)),
        }
    }

    /// Also where nobody waits: so that a wait that is over is seen to be over.
    async fn blocked(
        &self,
        look: PressureLook<'_>,
        transaction: &mut Transaction<'_, MysqlSession>,
    ) -> Result<Reading, DatabaseError> {
        let own = &self.shared.own;
        let ours = application_name(look.instance_id);
        let mut any = vec![ours.clone()];
        let tables = &self.shared.tables;
        if look.tables.contains(&(&tables.source_schema, &tables.source_table)) {
            for row in transaction.rows(&own.pressure_instances, &[]).await? {
                any.push(application_name(row.get(0)?));
            }
        }
        let any = serde_json::to_string(&any)
            .map_err(|error| DatabaseError::caused(ErrorKind::Bug, own.pressure_blocked_mysql.doing, error))?;
        let is_mariadb = Version(transaction.session().pooled.server_version()).is_mariadb();
        let statement = if is_mariadb { &own.pressure_blocked_mariadb } else { &own.pressure_blocked_mysql };
        let row = transaction.maybe_one(statement, &bind![&ours, &any]).await?;
        let (session, waited): (i64, Option<f64>) = match &row {
            Some(row) => (row.get(0)?, row.get(1)?),
            None => (0, None),
        };
        let shown = format!("session {session}{}", look.called);
        Ok(reading(Sign::Blocked, waited.unwrap_or(0.0).max(0.0), shown))
    }

    /// Asked once: it does not move while the server runs.
    async fn find_place(&self, transaction: &mut Transaction<'_, MysqlSession>) -> Result<(), DatabaseError> {
        if self.sight.place.initialized() {
            return Ok(());
        }
        let row: Row = transaction.one(&self.shared.own.pressure_place, &[]).await?;
        let (here, folder): (bool, Option<String>) = (row.get(0)?, row.get(1)?);
        // Set by another look meanwhile: to the same.
        let _ = self.sight.place.set(folder.filter(|_| here).map(PathBuf::from));
        Ok(())
    }

    async fn add_free_disk(&self, called: &str, found: &mut Pressure) {
        let place = self.sight.place.get().cloned().flatten();
        let free = match &place {
            Some(folder) => free_bytes(folder.clone(), None).await,
            None => None,
        };
        match (place, free) {
            (Some(folder), Some(bytes)) => {
                found.readings.push(reading(Sign::FreeDisk, bytes as f64, format!("{}{called}", folder.display())));
            }
            _ if self.refused().iter().any(|(part, _)| *part == Part::Place) => {}
            _ => found.unseen.push(format!("{}{called}: the server is on another machine", Part::Place.seen())),
        }
    }

    /// Asks it in a transaction that may change nothing.
    pub(super) async fn ask_stop_query(&self, query: &str) -> Result<Result<bool, String>, DatabaseError> {
        let mut work = Work::on(self).await?;
        let outcome = async {
            let mut transaction = work.begin().await?;
            transaction.session().begin_read_only().await?;
            transaction.session().prepare_to_count(STATEMENT_WITHIN).await?;
            let question = Statement { sql: query.to_owned(), doing: "asking it", marks: Vec::new() };
            transaction.session().driver_rows(&question, &[]).await
        }
        .await;
        work.done(&outcome).await;
        Ok(answer(&outcome?))
    }

    fn refused(&self) -> MutexGuard<'_, Vec<(Part, String)>> {
        self.sight.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn reading(sign: Sign, value: f64, shown: String) -> Reading {
    Reading { sign, value, capacity: None, name: String::new(), shown }
}

/// What an answer to the DBA's question says, or why it is none. A truth is a whole number here.
fn answer(rows: &[DriverRow]) -> Result<bool, String> {
    let [row] = rows else { return Err(format!("it must return one row, and returned {}", rows.len())) };
    if row.len() != 1 {
        return Err(format!("it must return one column, and returned {}", row.len()));
    }
    match row.as_ref(0) {
        Some(DriverValue::Int(0) | DriverValue::UInt(0)) => Ok(false),
        Some(DriverValue::Int(1) | DriverValue::UInt(1)) => Ok(true),
        Some(DriverValue::NULL) | None => Err("it must return true or false, and returned NULL".to_owned()),
        Some(_) => Err("it must return true or false, as a comparison does, and returned something else".to_owned()),
    }
}
