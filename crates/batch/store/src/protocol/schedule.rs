//! Schedules: of several instances one deals with each time that is due, under the lock of the schedule's row.

use std::time::Duration;

use cardgenius_failure::error::{DatabaseError, ErrorKind};
use cardgenius_pipeline::ports::RunRequest;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::SqlStore;
use super::work::{Transaction, Work, read};
use crate::schedule::{Decision, Fired, KnownSchedule, LockedSchedule, Look, Tended};
use crate::server::Server;
use crate::statement::bind;

/// What became of a time, as the table of fires has it.
const OPENED: &str = "opened";
const COVERED: &str = "covered";
const MISSED: &str = "missed";

/// A schedule to be tended.
pub struct Tending<'a> {
    /// Its name.
    pub name: &'a str,
    /// What is due, by the schedule's row.
    pub decide: &'a (dyn Fn(&LockedSchedule) -> Decision + Send + Sync),
    /// The run to open; none while there is nothing to compute with.
    pub request: Option<&'a RunRequest>,
    /// The row is brought up to date at least so often, though nothing was due.
    pub refresh: TimeDelta,
    /// A run without a live instance for so long covers nothing: it is closed as abandoned.
    pub abandon_after: Duration,
}

/// A row of the table of fires.
struct Fire<'a> {
    name: &'a str,
    time: DateTime<Utc>,
    outcome: &'static str,
    run_id: Option<Uuid>,
}

impl<S: Server, T: Server> SqlStore<S, T> {
    /// What there is to do, in one statement.
    ///
    /// # Errors
    /// The database could not be asked.
    pub async fn look(&self) -> Result<Look, DatabaseError> {
        let rows = read(&self.source, &self.source.sql().daemon_look, &bind![&self.source_table]).await?;
        let first = rows.first().ok_or_else(|| DatabaseError::new(ErrorKind::Bug, "a look at nothing has one row"))?;
        let mut schedules = Vec::new();
        for row in &rows {
            if let Some(name) = row.get(2)? {
                schedules.push(KnownSchedule { name, decided_until: row.get(3)?, next_fire: row.get(4)? });
            }
        }
        Ok(Look { now: first.get(0)?, open_run: first.get(1)?, schedules })
    }

    /// Deals with a schedule's times: opens the run that is due, or records which one covers it; records those that were
    /// missed; writes down the next. One instance at a time, and every time once.
    ///
    /// # Errors
    /// The database could not be asked, or somebody else is opening a run this moment: then look again.
    pub async fn tend(&self, tending: &Tending<'_>) -> Result<Tended, DatabaseError> {
        if tending.request.is_some() {
            // As in open_or_join_run: whoever was left locked shall not miss this run.
            while self.heal_orphans().await?.users > 0 {}
        }
        let mut work = Work::on(&self.source).await?;
        let outcome = async {
            let mut transaction = work.begin().await?;
            let tended = self.tend_in(&mut transaction, tending).await?;
            transaction.commit().await?;
            Ok(tended)
        }
        .await;
        work.done(&outcome).await;
        outcome
    }

    async fn tend_in(
        &self,
        transaction: &mut Transaction<'_, S::Session>,
        tending: &Tending<'_>,
    ) -> Result<Tended, DatabaseError> {
        let (sql, name) = (self.source.sql(), tending.name);
        transaction.execute(&sql.schedule_add, &bind![&self.source_table, name]).await?;
        let locked = transaction.one(&sql.schedule_lock, &bind![&self.source_table, name]).await?;
        let (decided_until, now): (DateTime<Utc>, DateTime<Utc>) = (locked.get(0)?, locked.get(1)?);
        let since = decided_until.min(now);
        let settled = transaction.rows(&sql.fires_settled, &bind![&self.source_table, name, since]).await?;
        let locked = LockedSchedule {
            decided_until,
            now,
            settled: settled.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?,
        };
        let Decision { due, missed, next } = (tending.decide)(&locked);
        for time in &missed {
            self.record_fire(transaction, Fire { name, time: *time, outcome: MISSED, run_id: None }).await?;
        }
        let fired = match due {
            Some(time) => Some((time, self.fire(transaction, tending, time).await?)),
            None => None,
        };
        // A time that waits is due again at the next look, and those before it are not missed a second time.
        let waiting = matches!(fired, Some((_, Fired::Waiting)));
        let decided_until = match due {
            Some(_) if waiting => missed.last().copied().unwrap_or(decided_until),
            // Another instance's configuration may have a time in between that it has not looked for yet.
            None if missed.is_empty() && decided_until <= now && now - decided_until < tending.refresh => decided_until,
            _ => now,
        };
        let last_fire = due.filter(|_| !waiting);
        transaction
            .execute(&sql.schedule_decide, &bind![&self.source_table, name, decided_until, last_fire, next])
            .await?;
        Ok(Tended { fired, missed })
    }

    async fn fire(
        &self,
        transaction: &mut Transaction<'_, S::Session>,
        tending: &Tending<'_>,
        time: DateTime<Utc>,
    ) -> Result<Fired, DatabaseError> {
        let open = self.find_open(transaction, tending.abandon_after).await?;
        let (outcome, run) = match (open, tending.request) {
            (Some(run), _) => (COVERED, run),
            (None, None) => return Ok(Fired::Waiting),
            (None, Some(request)) => {
                let request = RunRequest { scheduled_for: Some(time), ..request.clone() };
                let run = self.open_new(transaction, &request).await?.ok_or_else(|| {
                    DatabaseError::new(ErrorKind::Contention, "somebody opened and closed a run this moment")
                })?;
                (if run.opened_here { OPENED } else { COVERED }, run)
            }
        };
        self.record_fire(transaction, Fire { name: tending.name, time, outcome, run_id: Some(run.run_id) }).await?;
        Ok(if run.opened_here { Fired::Opened(run) } else { Fired::Covered(run) })
    }

    async fn record_fire(
        &self,
        transaction: &mut Transaction<'_, S::Session>,
        fire: Fire<'_>,
    ) -> Result<(), DatabaseError> {
        let Fire { name, time, outcome, run_id } = fire;
        let values = bind![&self.source_table, name, time, outcome, run_id, self.instance_id];
        transaction.execute(&self.source.sql().fire_record, &values).await?;
        Ok(())
    }
}
