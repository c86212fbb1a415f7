//! How things stand.

use cardgenius_failure::error::DatabaseError;

use super::super::SqlStore;
use super::super::work::Work;
use crate::desk::{InstanceSeen, OpenRun, Overview, RunSeen, ScheduleSeen, Throttled};
use crate::server::Server;
use crate::statement::{Row, bind};

/// Runs that are shown.
const LAST_RUNS: i64 = 5;

impl<S: Server, T: Server> SqlStore<S, T> {
    /// How things stand. Cheap: users who are completed are not counted but estimated.
    ///
    /// # Errors
    /// The database could not be asked.
    pub async fn overview(&self) -> Result<Overview, DatabaseError> {
        let switch = self.switch().await?;
        let backlog = self.count_backlog().await?;
        let mut work = Work::on(&self.source).await?;
        let outcome = async {
            let (sql, table) = (self.source.sql(), &self.source_table);
            let mut transaction = work.begin().await?;
            let schema = transaction.one(&sql.desk_schema, &[]).await?;
            let run = transaction.maybe_one(&sql.desk_run, &bind![table]).await?;
            let instances = transaction.rows(&sql.desk_instances, &[]).await?;
            let last_runs = transaction.rows(&sql.desk_last_runs, &bind![table, LAST_RUNS]).await?;
            let schedules = transaction.rows(&sql.desk_schedules, &bind![table]).await?;
            transaction.commit().await?;
            Ok(Overview {
                taken_at: schema.get(0)?,
                source_table: table.clone(),
                schema_version: schema.get::<Option<i32>>(1)?.unwrap_or(0),
                backlog,
                switch,
                run: run.as_ref().map(open_run).transpose()?,
                instances: instances.iter().map(instance).collect::<Result<_, _>>()?,
                last_runs: last_runs.iter().map(run_seen).collect::<Result<_, _>>()?,
                schedules: schedules.iter().map(schedule).collect::<Result<_, _>>()?,
            })
        }
        .await;
        work.done(&outcome).await;
        outcome
    }
}

fn open_run(row: &Row) -> Result<OpenRun, DatabaseError> {
    let done = row.count(5)?;
    Ok(OpenRun {
        run_id: row.get(0)?,
        kind: row.get(1)?,
        opened_for: row.get(2)?,
        opened_at: row.get(3)?,
        total: row.count(4)?.max(done),
        done,
        failed: row.count(6)?,
        users_per_second: row.get(7)?,
        open_claims: row.count(8)?,
    })
}

fn instance(row: &Row) -> Result<InstanceSeen, DatabaseError> {
    Ok(InstanceSeen {
        instance_id: row.get(0)?,
        host: row.get(1)?,
        process_id: row.get(2)?,
        version: row.get(3)?,
        started_at: row.get(4)?,
        alive: row.get(5)?,
        lease_left_seconds: row.get(6)?,
        open_claims: row.count(7)?,
        users_held: row.count(8)?,
        throttled: match row.get(9)? {
            Some(share) => Some(Throttled { share, reason: row.get(10)?, since: row.get(11)? }),
            None => None,
        },
    })
}

fn run_seen(row: &Row) -> Result<RunSeen, DatabaseError> {
    Ok(RunSeen {
        run_id: row.get(0)?,
        kind: row.get(1)?,
        state: row.get(2)?,
        opened_for: row.get(3)?,
        opened_at: row.get(4)?,
        closed_at: row.get(5)?,
        seconds: row.get(6)?,
        completed: row.count(7)?,
        failed: row.count(8)?,
        reason: row.get(9)?,
    })
}

fn schedule(row: &Row) -> Result<ScheduleSeen, DatabaseError> {
    Ok(ScheduleSeen { name: row.get(0)?, last_fire: row.get(1)?, last_outcome: row.get(2)?, next_fire: row.get(3)? })
}
