//! How the servers bear it: standbys, slots, the archiver, whoever waits for us, the disk, upkeep on our tables, and the
//! DBA's own question. Short statements on the server's own views, in one transaction; nothing is changed.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use cardgenius_failure::error::{DatabaseError, ErrorKind};
use cardgenius_pipeline::pressure::{Pressure, Reading, Sign};
use tokio::sync::OnceCell;
use tokio_postgres::Row as DriverRow;

use super::PostgresServer;
use super::session::PostgresSession;
use crate::config::{APPLICATION_PREFIX, application_name};
use crate::free_disk::free_bytes;
use crate::identifiers::quote;
use crate::protocol::work::{Transaction, Work};
use crate::server::PressureLook;
use crate::statement::{Row, Statement, bind};

/// For each statement of a look.
const STATEMENT_WITHIN: Duration = Duration::from_secs(1);

/// No look waits for a lock: those at the catalogue come at once, or a DBA is at work.
const LOCK_WITHIN: Duration = Duration::from_millis(100);

/// What is known of a server from earlier looks.
#[derive(Default)]
pub(super) struct Sight {
    /// The folder of its data, if this role may know it and it is on this machine.
    place: OnceCell<Option<PathBuf>>,
    /// What it refused to show, with its words: not asked again.
    refused: Mutex<Vec<(Part, String)>>,
}

/// A part of a look: one statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Standbys,
    Slots,
    Archive,
    Blocked,
    Upkeep,
    Place,
}

impl Part {
    const ALL: [Self; 6] = [Self::Standbys, Self::Slots, Self::Archive, Self::Blocked, Self::Upkeep, Self::Place];

    const fn seen(self) -> &'static str {
        match self {
            Self::Standbys => "the lag of standbys",
            Self::Slots => "replication slots",
            Self::Archive => "the archiver",
            Self::Blocked => "sessions that wait for ours",
            Self::Upkeep => "vacuums of the tables",
            Self::Place => "the free disk",
        }
    }
}

impl PostgresServer {
    /// One look at one server. What it refuses to show it is not asked for again.
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
            transaction.session().set_limits(STATEMENT_WITHIN, LOCK_WITHIN).await?;
            for part in Part::ALL {
                let refused = self.refused().iter().find(|(known, _)| *known == part).map(|(_, why)| why.clone());
                if let Some(why) = refused {
                    pressure.unseen.push(format!("{}{}: {why}", part.seen(), look.called));
                    continue;
                }
                asking = Some(part);
                self.ask(part, look, &mut transaction, &mut pressure).await?;
            }
            asking = None;
            Ok(())
        }
        .await;
        work.done(&outcome).await;
        match outcome {
            Ok(()) => {
                self.add_free_disk(look.called, &mut pressure).await;
                Ok(pressure)
            }
            Err(error) => Err((asking, error)),
        }
    }

    async fn ask(
        &self,
        part: Part,
        look: PressureLook<'_>,
        transaction: &mut Transaction<'_, PostgresSession>,
        found: &mut Pressure,
    ) -> Result<(), DatabaseError> {
        let (sql, called) = (&*self.own, look.called);
        match part {
            Part::Standbys => {
                let rows = transaction.rows(&sql.pressure_standbys, &[]).await?;
                let mut hidden = 0;
                for row in &rows {
                    if row.get(1)? {
                        hidden += 1;
                    } else {
                        found.readings.extend(standby(row, called)?);
                    }
                }
                if hidden > 0 {
                    found.unseen.push(format!(
                        "{}{called}, of which there are {hidden}: GRANT pg_read_all_stats TO the role that it signs in as would show it",
                        part.seen()
                    ));
                }
            }
            Part::Slots => {
                for row in transaction.rows(&sql.pressure_slots, &[]).await? {
                    found.readings.push(slot(&row, called)?);
                }
            }
            Part::Archive => {
                if let Some(row) = transaction.maybe_one(&sql.pressure_archive, &[]).await? {
                    found.readings.push(archive(&row, called)?);
                }
            }
            Part::Blocked => {
                let (ours, any) = (application_name(look.instance_id), format!("{APPLICATION_PREFIX}%"));
                let row = transaction.maybe_one(&sql.pressure_blocked, &bind![&ours, &any]).await?;
                found.readings.push(blocked(row.as_ref(), called)?);
            }
            Part::Upkeep => {
                let tables: Vec<String> =
                    look.tables.iter().map(|(schema, table)| format!("{}.{}", quote(schema), quote(table))).collect();
                if let Some(row) = transaction.maybe_one(&sql.pressure_upkeep, &bind![&tables]).await? {
                    found.readings.push(upkeep(&row)?);
                }
            }
            Part::Place => self.find_place(transaction).await?,
        }
        Ok(())
    }

    async fn add_free_disk(&self, called: &str, found: &mut Pressure) {
        let place = self.sight.place.get().cloned().flatten();
        let free = match &place {
            Some(folder) => free_bytes(folder.clone(), Some("pg_wal")).await,
            None => None,
        };
        match (place, free) {
            (Some(folder), Some(bytes)) => {
                let shown = format!("{}{called}", folder.display());
                found.readings.push(reading(Sign::FreeDisk, bytes as f64, "", shown));
            }
            _ if self.refused().iter().any(|(part, _)| *part == Part::Place) => {}
            _ => found.unseen.push(format!(
                "{}{called}: the server is on another machine, or its role may not know the folder (pg_read_all_settings)",
                Part::Place.seen(),
            )),
        }
    }

    /// Asks it in a transaction that may change nothing.
    pub(super) async fn ask_stop_query(&self, query: &str) -> Result<Result<bool, String>, DatabaseError> {
        let mut work = Work::on(self).await?;
        let outcome = async {
            let mut transaction = work.begin().await?;
            transaction.session().set_limits(STATEMENT_WITHIN, LOCK_WITHIN).await?;
            transaction.rows(&self.own.stop_query_session, &[]).await?;
            let question = Statement { sql: query.to_owned(), doing: "asking it", marks: Vec::new() };
            transaction.session().driver_rows(&question, &[]).await
        }
        .await;
        work.done(&outcome).await;
        Ok(answer(&outcome?))
    }

    fn refused(&self) -> std::sync::MutexGuard<'_, Vec<(Part, String)>> {
        self.sight.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asked once: it does not move while the server runs, and another one is another place in the same role.
    async fn find_place(&self, transaction: &mut Transaction<'_, PostgresSession>) -> Result<(), DatabaseError> {
        if self.sight.place.initialized() {
            return Ok(());
        }
        let row = transaction.one(&self.own.pressure_place, &[]).await?;
        let (here, folder): (bool, Option<String>) = (row.get(0)?, row.get(1)?);
        // Set by another look meanwhile: to the same.
        let _ = self.sight.place.set(folder.filter(|_| here).map(PathBuf::from));
        Ok(())
    }
}

fn reading(sign: Sign, value: f64, name: &str, shown: String) -> Reading {
    Reading { sign, value, capacity: None, name: name.to_owned(), shown }
}

fn standby(row: &Row, called: &str) -> Result<[Reading; 2], DatabaseError> {
    let name: String = row.get(0)?;
    let (lag, behind): (Option<f64>, Option<f64>) = (row.get(3)?, row.get(2)?);
    let one = |sign, value: Option<f64>| reading(sign, value.unwrap_or(0.0), &name, format!("standby {name}{called}"));
    Ok([one(Sign::ReplicaLag, lag), one(Sign::ReplicaBehind, behind)])
}

fn slot(row: &Row, called: &str) -> Result<Reading, DatabaseError> {
    let (name, active): (String, bool) = (row.get(0)?, row.get(1)?);
    let (kept, left): (f64, Option<f64>) = (row.get(2)?, row.get(3)?);
    let unread = if active { "" } else { ", which nobody reads" };
    let capacity = left.map(|left| kept + left.max(0.0));
    Ok(Reading { capacity, ..reading(Sign::SlotWal, kept, &name, format!("slot {name}{called}{unread}")) })
}

fn archive(row: &Row, called: &str) -> Result<Reading, DatabaseError> {
    let failing = if row.get(0)? { ", which fails" } else { "" };
    Ok(reading(Sign::ArchiveBehind, row.get(1)?, "", format!("the archiver{called}{failing}")))
}

/// Also where nobody waits: so that a wait that is over is seen to be over.
fn blocked(row: Option<&Row>, called: &str) -> Result<Reading, DatabaseError> {
    let (process, waited): (i32, Option<f64>) = match row {
        Some(row) => (row.get(0)?, row.get(1)?),
        None => (0, None),
    };
    Ok(reading(Sign::Blocked, waited.unwrap_or(0.0).max(0.0), "", format!("process {process}{called}")))
}

fn upkeep(row: &Row) -> Result<Reading, DatabaseError> {
    let (table, auto): (String, bool) = (row.get(0)?, row.get(1)?);
    let what = if auto { "an autovacuum" } else { "a vacuum, an ANALYZE or the building of an index" };
    Ok(reading(Sign::Upkeep, 1.0, "", format!("{what} is at work on {table}")))
}

/// What an answer to the DBA's question says, or why it is none.
fn answer(rows: &[DriverRow]) -> Result<bool, String> {
    let [row] = rows else { return Err(format!("it must return one row, and returned {}", rows.len())) };
    if row.len() != 1 {
        return Err(format!("it must return one column, and returned {}", row.len()));
    }
    match row.try_get::<_, Option<bool>>(0) {
        Ok(Some(stops)) => Ok(stops),
        Ok(None) => Err("it must return true or false, and returned NULL".to_owned()),
        Err(_) => Err(format!("it must return a boolean, and returned {}", row.columns()[0].type_().name())),
    }
}
