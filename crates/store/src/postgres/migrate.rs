//! The schema's versioned migrations on PostgreSQL: applied under a lock of their own, each DDL under a short lock timeout
//! and tried again, the index built concurrently; or printed, for the DBA who runs the SQL himself.

use std::time::Duration;

use cardgenius_pipeline::backoff::Backoff;
use cardgenius_pipeline::error::{ErrorKind, StoreError};
use tokio::time::Instant;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, IsolationLevel, Row, SimpleQueryMessage, Transaction};
use uuid::Uuid;

use super::sessions::{Sessions, within};
use crate::config::{CallLimits, DatabaseConfig, TableNames};
use crate::identifiers::{Names, unsettled_index};
use crate::migrate::{
    LOCK_ATTEMPTS, LOCK_TIMEOUT, OTHERS_POLL, OTHERS_TIMEOUT, Place, Report, STEP_TIMEOUT, always_locked,
    others_too_long, program, render,
};

use crate::migrate::{MigrateConfig, OLDEST_PROGRAM, SCHEMA_VERSION};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// In a transaction, under the lock timeout.
    Transaction,
    /// Adds our columns to the customer's table: skipped without a lock where they are.
    Columns,
    /// Outside any transaction.
    Index,
}

struct Step {
    name: &'static str,
    place: Place,
    kind: Kind,
    template: &'static str,
}

macro_rules! step {
    ($name:literal, $place:ident, $kind:ident) => {
        Step {
            name: $name,
            place: Place::$place,
            kind: Kind::$kind,
            template: include_str!(concat!("../../../../sql/postgres/migrations/", $name, ".sql")),
        }
    };
}

/// A view for people, with its comments.
macro_rules! view {
    ($name:literal, $file:literal) => {
        Step {
            name: $name,
            place: Place::Source,
            kind: Kind::Transaction,
            template: include_str!(concat!("../../../../sql/postgres/views/", $file, ".sql")),
        }
    };
}

const STEPS: [Step; 23] = [
    step!("0001_01_schema_version", Source, Transaction),
    step!("0001_02_catalogues", Source, Transaction),
    step!("0001_03_runs", Source, Transaction),
    step!("0001_04_instances", Source, Transaction),
    step!("0001_05_claims", Source, Transaction),
    step!("0001_06_schedule", Source, Transaction),
    step!("0001_07_control", Source, Transaction),
    step!("0001_08_audit", Source, Transaction),
    step!("0001_09_input_columns", Source, Columns),
    step!("0001_10_input_unsettled", Source, Index),
    step!("0001_11_output", Target, Transaction),
    step!("0001_12_fence", SecondTarget, Transaction),
    step!("0002_01_run_limits", Source, Transaction),
    step!("0002_02_fires", Source, Transaction),
    step!("0002_03_control", Source, Transaction),
    step!("0002_04_closed_claims", Source, Transaction),
    step!("0003_01_throttle", Source, Transaction),
    step!("0004_11_names_gone", Source, Transaction),
    view!("0003_11_view_status", "status"),
    view!("0003_12_view_progress", "progress"),
    view!("0003_13_view_stuck", "stuck"),
    view!("0003_14_view_recent_runs", "recent_runs"),
    view!("0003_15_view_slow_chunks", "slow_chunks"),
];

fn lock_timeout() -> String {
    format!("SET lock_timeout = '{}s';\n", LOCK_TIMEOUT.as_secs())
}

/// The SQL of the steps for a source that may be the target too, for `psql`.
pub(crate) fn print_source(tables: &TableNames, second_target: bool) -> Result<String, StoreError> {
    let names = Names::new(tables);
    let lock_timeout = lock_timeout();
    let mut script = format!(
        "-- CardGenius {}: schema version {SCHEMA_VERSION}. Every statement may be run again.\n\
         -- A lock that is not granted in time fails its statement: run the script again.\n\
         \\set ON_ERROR_STOP on\nSET client_min_messages = warning;\n{lock_timeout}",
        env!("CARGO_PKG_VERSION"),
    );
    for step in STEPS.iter().filter(|step| step.place.is_in_source(second_target)) {
        script.push_str(&printed(&names, step, &lock_timeout)?);
    }
    let version = render(&names, include_str!("sql/migrate_version.sql"))?
        .replace("$1", &SCHEMA_VERSION.to_string())
        .replace("$2", &format!("'{OLDEST_PROGRAM}'"))
        .replace("$3", "current_user");
    script.push_str(&format!("\n-- the version, last: from here on the daemon will start\n{};\n", version.trim_end()));
    Ok(script)
}

/// The SQL of the steps for a target that is another database, for `psql`.
pub(crate) fn print_target(tables: &TableNames) -> Result<String, StoreError> {
    let names = Names::new(tables);
    let mut script = lock_timeout();
    for step in STEPS.iter().filter(|step| step.place.is_in_second_target()) {
        script.push_str(&printed(&names, step, &lock_timeout())?);
    }
    Ok(script)
}

fn printed(names: &Names, step: &Step, lock_timeout: &str) -> Result<String, StoreError> {
    let (name, sql) = (step.name, render(names, step.template)?);
    Ok(match step.kind {
        Kind::Index => format!("\n-- {name}\nRESET lock_timeout;\n{sql}{lock_timeout}"),
        Kind::Transaction | Kind::Columns => format!("\n-- {name}\nBEGIN;\n{sql}COMMIT;\n"),
    })
}

/// Takes the steps of a source that may be the target too.
pub(crate) async fn migrate_source(config: &MigrateConfig, report: Report<'_>) -> Result<(), StoreError> {
    let second_target = config.target.is_some();
    steps(config, &config.source, |place| place.is_in_source(second_target), report).await
}

/// Takes the steps of a target that is another database.
pub(crate) async fn migrate_target(
    config: &MigrateConfig,
    target: &DatabaseConfig,
    report: Report<'_>,
) -> Result<(), StoreError> {
    steps(config, target, Place::is_in_second_target, report).await
}

/// Writes the version into the source.
pub(crate) async fn write_version(config: &MigrateConfig) -> Result<(), StoreError> {
    Migration::connect(&sessions(config, &config.source)?, config).await?.write_version().await
}

fn sessions(config: &MigrateConfig, database: &DatabaseConfig) -> Result<Sessions, StoreError> {
    Sessions::new(database, config.limits, &format!("cardgenius/migrate/{}", Uuid::new_v4()), 1)
}

/// Takes the steps that are wanted, under the lock of this database's migrations.
async fn steps(
    config: &MigrateConfig,
    database: &DatabaseConfig,
    wanted: impl Fn(Place) -> bool,
    report: Report<'_>,
) -> Result<(), StoreError> {
    let sessions = sessions(config, database)?;
    let mut guard = sessions.dial().connect_alone(config.limits.connect).await?.0;
    let lock = lock(&mut guard, config.limits, report).await?;
    let mut migration = Migration::connect(&sessions, config).await?;
    for step in STEPS.iter().filter(|step| wanted(step.place)) {
        migration.step(step, report).await?;
    }
    // The lock goes with its transaction.
    drop(lock);
    Ok(())
}

async fn lock<'a>(
    guard: &'a mut Client,
    limits: CallLimits,
    report: Report<'_>,
) -> Result<Transaction<'a>, StoreError> {
    // At READ COMMITTED nothing of it stays but the lock: a snapshot that stayed would hold up the index below.
    let begin = guard.build_transaction().isolation_level(IsolationLevel::ReadCommitted).start();
    let lock = begin.await.map_err(|error| super::sqlstate::store_error("locking the migrations", error))?;
    let unlimited = lock.simple_query(include_str!("sql/migrate_lock_session.sql"));
    within(limits.statement, "locking the migrations", unlimited).await?;
    wait_for_others(&lock, limits.statement, report).await?;
    Ok(lock)
}

/// Waits for somebody else's migration to end, by asking again and again: whoever waits within a statement holds a
/// snapshot, and the other one's index waits for all snapshots to go, so that neither would ever end.
async fn wait_for_others(lock: &Transaction<'_>, limit: Duration, report: Report<'_>) -> Result<(), StoreError> {
    let doing = "locking the migrations";
    let begun = Instant::now();
    let mut reported = false;
    loop {
        // In one plain message: an extended one's portal would keep a snapshot.
        let answer = within(limit, doing, lock.simple_query(include_str!("sql/migrate_lock.sql"))).await?;
        if answer.iter().any(|message| matches!(message, SimpleQueryMessage::Row(row) if row.get(0) == Some("t"))) {
            return Ok(());
        }
        if begun.elapsed() >= OTHERS_TIMEOUT {
            return Err(others_too_long());
        }
        if !std::mem::replace(&mut reported, true) {
            report("somebody else is migrating: waiting for that to end");
        }
        tokio::time::sleep(OTHERS_POLL).await;
    }
}

struct Migration<'a> {
    client: Client,
    config: &'a MigrateConfig,
    names: Names,
}

impl<'a> Migration<'a> {
    async fn connect(sessions: &Sessions, config: &'a MigrateConfig) -> Result<Self, StoreError> {
        let client = sessions.dial().connect_alone(config.limits.connect).await?.0;
        let migration = Self { client, config, names: Names::new(&config.tables) };
        let timeout = LOCK_TIMEOUT.as_millis().to_string();
        migration.query(include_str!("sql/migrate_session.sql"), "setting limits", &[&timeout]).await?;
        Ok(migration)
    }

    async fn query(
        &self,
        template: &str,
        doing: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, StoreError> {
        let sql = render(&self.names, template)?;
        within(self.config.limits.statement, doing, self.client.query(&sql, parameters)).await
    }

    async fn step(&mut self, step: &Step, report: Report<'_>) -> Result<(), StoreError> {
        match step.kind {
            Kind::Transaction => {}
            Kind::Columns if self.input().await?.columns == 4 => {
                report(&format!("{}: the columns are there", step.name));
                return Ok(());
            }
            Kind::Columns => {}
            Kind::Index => return self.index(step, report).await,
        }
        report(step.name);
        let sql = render(&self.names, step.template)?;
        let backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(5));
        for attempt in 0..LOCK_ATTEMPTS {
            match self.in_transaction(step, &sql).await {
                Err(error) if error.kind() == ErrorKind::Contention => {
                    report(&format!("{}: {}; waiting, then trying again", step.name, error.cause()));
                    tokio::time::sleep(backoff.ceiling(attempt)).await;
                }
                outcome => return outcome,
            }
        }
        Err(always_locked(step.name, "pg_locks"))
    }

    async fn in_transaction(&mut self, step: &Step, sql: &str) -> Result<(), StoreError> {
        let call = async {
            let transaction = self.client.transaction().await?;
            transaction.batch_execute(sql).await?;
            transaction.commit().await
        };
        within(STEP_TIMEOUT, &format!("migration {}", step.name), call).await
    }

    async fn input(&self) -> Result<InputState, StoreError> {
        let tables = &self.config.tables;
        let index = unsettled_index(tables);
        let rows = self
            .query(
                include_str!("sql/migrate_input_state.sql"),
                "looking at the table of users",
                &[&tables.source_schema, &tables.source_table, &index],
            )
            .await?;
        let shown = format!("{}.{}", tables.source_schema, tables.source_table);
        let row = rows.first().ok_or_else(|| {
            StoreError::new(
                ErrorKind::Refused,
                format!("there is no table {shown} in this database: set source.schema and source.table to the table of users"),
            )
        })?;
        match row.get::<_, &str>(0) {
            kind @ ("r" | "p") => Ok(InputState { partitioned: kind == "p", columns: row.get(1), index: row.get(2) }),
            _ => Err(StoreError::new(
                ErrorKind::Refused,
                format!("{shown} is not a table: set source.schema and source.table to the table of users itself"),
            )),
        }
    }

    async fn index(&mut self, step: &Step, report: Report<'_>) -> Result<(), StoreError> {
        let state = self.input().await?;
        if state.index == Some(true) {
            report(&format!("{}: the index is there", step.name));
            return Ok(());
        }
        if state.partitioned {
            // PostgreSQL builds no index concurrently over partitions, and a plain one would block every write meanwhile.
            return Err(StoreError::new(
                ErrorKind::Refused,
                format!(
                    "the table of users is partitioned: create {index} ON ONLY it, then the same index CONCURRENTLY on each partition, attach those (ALTER INDEX ... ATTACH PARTITION), and migrate again; its columns: {columns}",
                    index = unsettled_index(&self.config.tables),
                    columns = "(processing_status, user_id) WHERE processing_status <> 'completed'"
                ),
            ));
        }
        report(&format!("{}: building the index beside the running work, which may take a while", step.name));
        // It waits for old transactions without blocking anybody: a lock timeout would only make it fail.
        let no_timeout = "0".to_owned();
        self.query(include_str!("sql/migrate_session.sql"), "setting limits", &[&no_timeout]).await?;
        if state.index == Some(false) {
            let drop = render(&self.names, include_str!("sql/migrate_drop_invalid.sql"))?;
            within(STEP_TIMEOUT, "dropping an index left half-built", self.client.batch_execute(&drop)).await?;
        }
        let sql = render(&self.names, step.template)?;
        within(STEP_TIMEOUT, "building the index", self.client.batch_execute(&sql)).await?;
        let timeout = LOCK_TIMEOUT.as_millis().to_string();
        self.query(include_str!("sql/migrate_session.sql"), "setting limits", &[&timeout]).await?;
        Ok(())
    }

    async fn write_version(&self) -> Result<(), StoreError> {
        let program = program();
        self.query(
            include_str!("sql/migrate_version.sql"),
            "writing the schema's version",
            &[&SCHEMA_VERSION, &OLDEST_PROGRAM, &program],
        )
        .await?;
        let detail = format!("{program}: schema version {SCHEMA_VERSION}");
        self.query(include_str!("sql/migrate_audit.sql"), "writing the audit", &[&detail]).await?;
        Ok(())
    }
}

struct InputState {
    partitioned: bool,
    columns: i64,
    /// None: no such index; false: half-built.
    index: Option<bool>,
}
