//! How the servers bear it: standbys, slots, the archiver, whoever waits for us, the disk, upkeep on our tables, and the
//! DBA's own question. Short statements on the server's own views, in one transaction; nothing is changed.
//!
//! The database with the users is looked at, and a second one with the recommendations too: both take what we write.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use cardgenius_pipeline::error::{ErrorKind, StoreError};
use cardgenius_pipeline::pressure::{Pressure, Reading, Sign};
use cardgenius_pipeline::throttle::Headroom;
use tokio::sync::OnceCell;
use tokio_postgres::Row;

use super::PostgresStore;
use super::free_disk::free_bytes;
use super::sessions::Sessions;
use super::transaction::{Parameters, Statement, Transaction};
use crate::config::{APPLICATION_PREFIX, application_name};
use crate::identifiers::quote;

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

/// A server to be looked at.
struct Server<'a> {
    sessions: &'a Sessions,
    sight: &'a Sight,
    /// Empty where there is only one: nobody needs to be told which.
    called: &'static str,
    /// Our tables there, quoted.
    tables: Vec<String>,
}

impl PostgresStore {
    pub(super) async fn look_for_pressure(&self, stop_query: Option<&str>) -> Result<Pressure, StoreError> {
        let tables = &self.tables;
        let input = format!("{}.{}", quote(&tables.source_schema), quote(&tables.source_table));
        let output = format!("{}.{}", quote(&tables.target_schema), quote(&tables.target_table));
        let sessions = &self.source;
        let mut pressure = match &self.target {
            None => {
                let server = Server { sessions, sight: &self.sight, called: "", tables: vec![input, output] };
                self.look_at(&server).await?
            }
            Some(target) => {
                let source = Server { sessions, sight: &self.sight, called: " of the source", tables: vec![input] };
                let (sessions, sight) = (target.sessions(), target.sight());
                let target = Server { sessions, sight, called: " of the target", tables: vec![output] };
                let (mut seen, other) = tokio::try_join!(self.look_at(&source), self.look_at(&target))?;
                seen.readings.extend(other.readings);
                seen.unseen.extend(other.unseen);
                seen
            }
        };
        if let Some(query) = stop_query {
            pressure.readings.push(stop_reading(self.ask_whether_to_stop(query).await?));
        }
        Ok(pressure)
    }

    /// One look at one server. What it refuses to show it is not asked for again.
    async fn look_at(&self, server: &Server<'_>) -> Result<Pressure, StoreError> {
        loop {
            match self.look_once(server).await {
                Ok(pressure) => return Ok(pressure),
                Err((Some(part), error)) if error.kind() == ErrorKind::SchemaMismatch => {
                    server.refused().push((part, error.to_string()));
                }
                Err((_, error)) => return Err(error),
            }
        }
    }

    async fn look_once(&self, server: &Server<'_>) -> Result<Pressure, (Option<Part>, StoreError)> {
        let mut session = server.sessions.session().await.map_err(|error| (None, error))?;
        let mut pressure = Pressure::default();
        let mut asking = None;
        let outcome = async {
            let mut transaction = session.begin().await?;
            transaction.set_limits(STATEMENT_WITHIN, LOCK_WITHIN).await?;
            for part in Part::ALL {
                let refused = server.refused().iter().find(|(known, _)| *known == part).map(|(_, why)| why.clone());
                if let Some(why) = refused {
                    pressure.unseen.push(format!("{}{}: {why}", part.seen(), server.called));
                    continue;
                }
                asking = Some(part);
                self.ask(part, server, &transaction, &mut pressure).await?;
            }
            asking = None;
            Ok(())
        }
        .await;
        session.done(&outcome);
        match outcome {
            Ok(()) => {
                self.add_free_disk(server, &mut pressure).await;
                Ok(pressure)
            }
            Err(error) => Err((asking, error)),
        }
    }

    async fn ask(
        &self,
        part: Part,
        server: &Server<'_>,
        transaction: &Transaction<'_>,
        found: &mut Pressure,
    ) -> Result<(), StoreError> {
        let (sql, called) = (&self.statements, server.called);
        match part {
            Part::Standbys => {
                let rows = transaction.rows(&sql.pressure_standbys, &[]).await?;
                let hidden = rows.iter().filter(|row| row.get(1)).count();
                if hidden > 0 {
                    found.unseen.push(format!(
                        "{}{called}, of which there are {hidden}: GRANT pg_read_all_stats TO the role that it signs in as would show it",
                        part.seen()
                    ));
                }
                let seen = rows.iter().filter(|row| !row.get::<_, bool>(1));
                found.readings.extend(seen.flat_map(|row| standby(row, called)));
            }
            Part::Slots => {
                let rows = transaction.rows(&sql.pressure_slots, &[]).await?;
                found.readings.extend(rows.iter().map(|row| slot(row, called)));
            }
            Part::Archive => {
                let row = transaction.maybe_one(&sql.pressure_archive, &[]).await?;
                found.readings.extend(row.map(|row| archive(&row, called)));
            }
            Part::Blocked => {
                let (ours, any) = (application_name(self.instance_id), format!("{APPLICATION_PREFIX}%"));
                let row = transaction.maybe_one(&sql.pressure_blocked, &[&ours, &any]).await?;
                found.readings.push(blocked(row.as_ref(), called));
            }
            Part::Upkeep => {
                let row = transaction.maybe_one(&sql.pressure_upkeep, &[&server.tables]).await?;
                found.readings.extend(row.map(|row| upkeep(&row)));
            }
            Part::Place => server.find_place(transaction, &sql.pressure_place).await?,
        }
        Ok(())
    }

    async fn add_free_disk(&self, server: &Server<'_>, found: &mut Pressure) {
        let place = server.sight.place.get().cloned().flatten();
        let free = match &place {
            Some(folder) => free_bytes(folder.clone()).await,
            None => None,
        };
        match (place, free) {
            (Some(folder), Some(bytes)) => {
                let shown = format!("{}{}", folder.display(), server.called);
                found.readings.push(reading(Sign::FreeDisk, bytes as f64, "", shown));
            }
            _ if server.refused().iter().any(|(part, _)| *part == Part::Place) => {}
            _ => found.unseen.push(format!(
                "{}{}: the server is on another machine, or its role may not know the folder (pg_read_all_settings)",
                Part::Place.seen(),
                server.called
            )),
        }
    }

    /// Whether the DBA's question can be asked: none if it can, else what is wrong with it.
    ///
    /// # Errors
    /// The database could not be asked.
    pub async fn try_stop_query(&self, query: &str) -> Result<Option<String>, StoreError> {
        Ok(self.ask_whether_to_stop(query).await?.err())
    }

    /// True: stop. What is wrong with the question is told apart from a database that does not answer.
    async fn ask_whether_to_stop(&self, query: &str) -> Result<Result<bool, String>, StoreError> {
        let mut session = self.source.session().await?;
        let outcome = async {
            let mut transaction = session.begin().await?;
            transaction.set_limits(STATEMENT_WITHIN, LOCK_WITHIN).await?;
            transaction.one(&self.statements.stop_query_session, &[]).await?;
            let question = Statement { sql: query.to_owned(), doing: "asking it" };
            transaction.rows(&question, &[]).await
        }
        .await;
        session.done(&outcome);
        match outcome {
            Ok(rows) => Ok(answer(&rows)),
            Err(error) => match error.kind() {
                ErrorKind::ConnectionLost
                | ErrorKind::Unreachable
                | ErrorKind::ServerShuttingDown
                | ErrorKind::ResourceLimit
                | ErrorKind::Authentication => Err(error),
                _ => Ok(Err(error.to_string())),
            },
        }
    }

    /// Writes down how fast this instance may go.
    pub(super) async fn write_headroom(&self, headroom: &Headroom) -> Result<(), StoreError> {
        let share = (headroom.share < 1.0).then_some(headroom.share.max(0.0));
        let reason = headroom.reason.as_deref();
        let parameters: Parameters<'_> = &[&self.instance_id, &share, &reason];
        self.write(&self.statements.instance_throttle, parameters).await.map(drop)
    }
}

impl Server<'_> {
    fn refused(&self) -> std::sync::MutexGuard<'_, Vec<(Part, String)>> {
        self.sight.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asked once: it does not move while the server runs, and another one is another place in the same role.
    async fn find_place(&self, transaction: &Transaction<'_>, statement: &Statement) -> Result<(), StoreError> {
        if self.sight.place.initialized() {
            return Ok(());
        }
        let row = transaction.one(statement, &[]).await?;
        let folder: Option<String> = row.get(1);
        // Set by another look meanwhile: to the same.
        let _ = self.sight.place.set(folder.filter(|_| row.get(0)).map(PathBuf::from));
        Ok(())
    }
}

fn reading(sign: Sign, value: f64, name: &str, shown: String) -> Reading {
    Reading { sign, value, capacity: None, name: name.to_owned(), shown }
}

fn standby(row: &Row, called: &str) -> [Reading; 2] {
    let name: &str = row.get(0);
    let one = |sign, column| {
        let value: Option<f64> = row.get(column);
        reading(sign, value.unwrap_or(0.0), name, format!("standby {name}{called}"))
    };
    [one(Sign::ReplicaLag, 3), one(Sign::ReplicaBehind, 2)]
}

fn slot(row: &Row, called: &str) -> Reading {
    let (name, active, kept, left): (&str, bool, f64, Option<f64>) = (row.get(0), row.get(1), row.get(2), row.get(3));
    let unread = if active { "" } else { ", which nobody reads" };
    let capacity = left.map(|left| kept + left.max(0.0));
    Reading { capacity, ..reading(Sign::SlotWal, kept, name, format!("slot {name}{called}{unread}")) }
}

fn archive(row: &Row, called: &str) -> Reading {
    let failing = if row.get(0) { ", which fails" } else { "" };
    reading(Sign::ArchiveBehind, row.get(1), "", format!("the archiver{called}{failing}"))
}

/// Also where nobody waits: so that a wait that is over is seen to be over.
fn blocked(row: Option<&Row>, called: &str) -> Reading {
    let waited = row.and_then(|row| row.get::<_, Option<f64>>(1)).unwrap_or(0.0);
    let process: i32 = row.map_or(0, |row| row.get(0));
    reading(Sign::Blocked, waited.max(0.0), "", format!("process {process}{called}"))
}

fn upkeep(row: &Row) -> Reading {
    let (table, auto): (&str, bool) = (row.get(0), row.get(1));
    let what = if auto { "an autovacuum" } else { "a vacuum, an ANALYZE or the building of an index" };
    reading(Sign::Upkeep, 1.0, "", format!("{what} is at work on {table}"))
}

/// A query that fails is taken for a stop: what whoever wrote it wants is not known.
fn stop_reading(answer: Result<bool, String>) -> Reading {
    let (stops, shown) = match answer {
        Ok(stops) => (stops, "says stop".to_owned()),
        Err(fault) => (true, format!("is taken for a stop, since it failed: {fault}")),
    };
    reading(Sign::StopQuery, f64::from(u8::from(stops)), "", shown)
}

/// What an answer to the DBA's question says, or why it is none.
fn answer(rows: &[Row]) -> Result<bool, String> {
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
