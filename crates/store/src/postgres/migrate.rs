//! The schema's versioned migrations: applied under a lock of their own, each DDL under a short lock timeout and tried
//! again, the index built concurrently; or printed, for the DBA who runs the SQL himself.
//!
//! Every step may be run again. Not a migration library's: those run each file in one transaction, without a lock timeout.

use std::time::Duration;

use cardgenius_pipeline::backoff::Backoff;
use cardgenius_pipeline::error::{ErrorKind, StoreError};
use tokio::time::Instant;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, IsolationLevel, Row, SimpleQueryMessage};
use uuid::Uuid;

use super::sessions::{Sessions, within};
use crate::config::TableNames;
use crate::identifiers::{Names, unsettled_index};
pub use crate::migration::{MigrateConfig, OLDEST_PROGRAM, SCHEMA_VERSION};

/// A lock on a customer's table is not waited for longer: whoever comes after would wait behind us.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);

/// Times that a lock is tried for before giving up: with the waits in between, some five minutes.
const LOCK_ATTEMPTS: u32 = 60;

/// For somebody else's migration to end.
const OTHERS_TIMEOUT: Duration = Duration::from_secs(3600);

/// Between two looks whether it has ended.
const OTHERS_POLL: Duration = Duration::from_millis(200);

/// For an index to be built over hundreds of millions of users.
const STEP_TIMEOUT: Duration = Duration::from_secs(24 * 3600);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Source,
    Target,
    /// Only where the target is another database.
    SecondTarget,
}

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

const STEPS: [Step; 22] = [
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
    view!("0003_11_view_status", "status"),
    view!("0003_12_view_progress", "progress"),
    view!("0003_13_view_stuck", "stuck"),
    view!("0003_14_view_recent_runs", "recent_runs"),
    view!("0003_15_view_slow_chunks", "slow_chunks"),
];

/// The SQL of all steps, for `psql`; may be run again at any time. With a second target database its part comes last,
/// under a heading of its own.
///
/// # Errors
/// Only a template of ours that is wrong.
pub fn print(tables: &TableNames, second_target: bool) -> Result<String, StoreError> {
    let names = Names::new(tables);
    let lock_timeout = format!("SET lock_timeout = '{}s';\n", LOCK_TIMEOUT.as_secs());
    let mut script = format!(
        "-- CardGenius {}: schema version {SCHEMA_VERSION}. Every statement may be run again.\n\
         -- A lock that is not granted in time fails its statement: run the script again.\n\
         \\set ON_ERROR_STOP on\nSET client_min_messages = warning;\n{lock_timeout}",
        env!("CARGO_PKG_VERSION"),
    );
    let here =
        |step: &&Step| if second_target { step.place == Place::Source } else { step.place != Place::SecondTarget };
    for step in STEPS.iter().filter(here) {
        script.push_str(&printed(&names, step, &lock_timeout)?);
    }
    let version = render(&names, include_str!("sql/migrate_version.sql"))?
        .replace("$1", &SCHEMA_VERSION.to_string())
        .replace("$2", &format!("'{OLDEST_PROGRAM}'"))
        .replace("$3", "current_user");
    script.push_str(&format!("\n-- the version, last: from here on the daemon will start\n{};\n", version.trim_end()));
    if second_target {
        script.push_str(&format!("\n-- ===== from here on in the TARGET database =====\n{lock_timeout}"));
        for step in STEPS.iter().filter(|step| step.place != Place::Source) {
            script.push_str(&printed(&names, step, &lock_timeout)?);
        }
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

fn render(names: &Names, template: &str) -> Result<String, StoreError> {
    names.render(template).map_err(|error| StoreError::caused(ErrorKind::Bug, "preparing the migrations", error))
}

/// Brings the schema to [`SCHEMA_VERSION`], telling `report` what it does.
///
/// # Errors
/// What kept it from it; whatever was done until then stays, and the next call goes on from there.
pub async fn migrate(config: &MigrateConfig, report: &mut (dyn FnMut(&str) + Send)) -> Result<(), StoreError> {
    let name = format!("cardgenius/migrate/{}", Uuid::new_v4());
    let source = Sessions::new(&config.source, config.limits, &name, 1)?;
    let mut guard = source.dial().connect_alone(config.limits.connect).await?.0;
    // At READ COMMITTED nothing of it stays but the lock: a snapshot that stayed would hold up the index below.
    let begin = guard.build_transaction().isolation_level(IsolationLevel::ReadCommitted).start();
    let lock = begin.await.map_err(|error| super::sqlstate::store_error("locking the migrations", error))?;
    let unlimited = lock.simple_query(include_str!("sql/migrate_lock_session.sql"));
    within(config.limits.statement, "locking the migrations", unlimited).await?;
    wait_for_others(&lock, config.limits.statement, report).await?;
    let names = Names::new(&config.tables);
    let mut migration = Migration::connect(&source, config, names).await?;
    let second = match &config.target {
        Some(target) => Some(Sessions::new(target, config.limits, &name, 1)?),
        None => None,
    };
    for step in STEPS.iter().filter(|step| step.place == Place::Source || second.is_none()) {
        if step.place != Place::SecondTarget {
            migration.step(step, report).await?;
        }
    }
    if let Some(target) = &second {
        let mut there = Migration::connect(target, config, Names::new(&config.tables)).await?;
        for step in STEPS.iter().filter(|step| step.place != Place::Source) {
            there.step(step, report).await?;
        }
    }
    migration.write_version().await?;
    report(&format!("schema version {SCHEMA_VERSION} is in force, and serves programs from {OLDEST_PROGRAM} on"));
    // The lock goes with its transaction.
    drop(lock);
    Ok(())
}

/// Waits for somebody else's migration to end, by asking again and again: whoever waits within a statement holds a
/// snapshot, and the other one's index waits for all snapshots to go, so that neither would ever end.
async fn wait_for_others(
    lock: &tokio_postgres::Transaction<'_>,
    limit: Duration,
    report: &mut (dyn FnMut(&str) + Send),
) -> Result<(), StoreError> {
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
            let doing =
                format!("somebody else has been migrating for {OTHERS_TIMEOUT:?}; migrate again when that is over");
            return Err(StoreError::new(ErrorKind::Contention, doing));
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
    async fn connect(sessions: &Sessions, config: &'a MigrateConfig, names: Names) -> Result<Self, StoreError> {
        let client = sessions.dial().connect_alone(config.limits.connect).await?.0;
        let migration = Self { client, config, names };
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

    async fn step(&mut self, step: &Step, report: &mut (dyn FnMut(&str) + Send)) -> Result<(), StoreError> {
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
        Err(StoreError::new(
            ErrorKind::Contention,
            format!(
                "{}: the table was locked by somebody at each of {LOCK_ATTEMPTS} attempts; see pg_locks for who holds it, and migrate again",
                step.name
            ),
        ))
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

    async fn index(&mut self, step: &Step, report: &mut (dyn FnMut(&str) + Send)) -> Result<(), StoreError> {
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
        let program = format!("cardgenius {}", env!("CARGO_PKG_VERSION"));
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
