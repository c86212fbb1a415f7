//! How things stand.

use cardgenius_pipeline::error::StoreError;
use tokio_postgres::Row;

use crate::desk::{InstanceSeen, OpenRun, Overview, RunSeen, ScheduleSeen, Throttled};
use crate::postgres::PostgresStore;
use crate::postgres::transaction::unsigned;

/// Runs that are shown.
const LAST_RUNS: i64 = 5;

impl PostgresStore {
    /// How things stand. Cheap: users who are completed are not counted but estimated.
    ///
    /// # Errors
    /// The database could not be asked.
    pub async fn overview(&self) -> Result<Overview, StoreError> {
        let switch = self.switch().await?;
        let backlog = self.count_backlog().await?;
        let mut session = self.source.session().await?;
        let outcome = async {
            let (sql, table) = (&self.statements, &self.source_table);
            let transaction = session.begin().await?;
            let schema = transaction.one(&sql.desk_schema, &[]).await?;
            let run = transaction.maybe_one(&sql.desk_run, &[table]).await?;
            let instances = transaction.rows(&sql.desk_instances, &[]).await?;
            let last_runs = transaction.rows(&sql.desk_last_runs, &[table, &LAST_RUNS]).await?;
            let schedules = transaction.rows(&sql.desk_schedules, &[table]).await?;
            transaction.commit().await?;
            Ok(Overview {
                taken_at: schema.get(0),
                source_table: table.clone(),
                schema_version: schema.get::<_, Option<i32>>(1).unwrap_or(0),
                backlog,
                switch,
                run: run.as_ref().map(open_run),
                instances: instances.iter().map(instance).collect(),
                last_runs: last_runs.iter().map(run_seen).collect(),
                schedules: schedules.iter().map(schedule).collect(),
            })
        }
        .await;
        session.done(&outcome);
        outcome
    }
}

fn open_run(row: &Row) -> OpenRun {
    let done = unsigned(row, 5);
    OpenRun {
        run_id: row.get(0),
        kind: row.get(1),
        opened_for: row.get(2),
        opened_at: row.get(3),
        total: unsigned(row, 4).max(done),
        done,
        failed: unsigned(row, 6),
        users_per_second: row.get(7),
        open_claims: unsigned(row, 8),
    }
}

fn instance(row: &Row) -> InstanceSeen {
    InstanceSeen {
        instance_id: row.get(0),
        host: row.get(1),
        process_id: row.get(2),
        version: row.get(3),
        started_at: row.get(4),
        alive: row.get(5),
        lease_left_seconds: row.get(6),
        open_claims: unsigned(row, 7),
        users_held: unsigned(row, 8),
        throttled: row.get::<_, Option<f64>>(9).map(|share| Throttled {
            share,
            reason: row.get(10),
            since: row.get(11),
        }),
    }
}

fn run_seen(row: &Row) -> RunSeen {
    RunSeen {
        run_id: row.get(0),
        kind: row.get(1),
        state: row.get(2),
        opened_for: row.get(3),
        opened_at: row.get(4),
        closed_at: row.get(5),
        seconds: row.get(6),
        completed: unsigned(row, 7),
        failed: unsigned(row, 8),
        reason: row.get(9),
    }
}

fn schedule(row: &Row) -> ScheduleSeen {
    ScheduleSeen { name: row.get(0), last_fire: row.get(1), last_outcome: row.get(2), next_fire: row.get(3) }
}
