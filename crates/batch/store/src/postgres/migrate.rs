//! The schema's versioned migrations on PostgreSQL: applied under a lock of their own, each DDL under a short lock timeout
//! and tried again, the index built concurrently; or printed, for the DBA who runs the SQL himself.

mod look;

use std::time::Duration;

use cardgenius_failure::backoff::Backoff;
use cardgenius_failure::error::{DatabaseError, ErrorKind};
use tokio::time::Instant;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, IsolationLevel, Row, SimpleQueryMessage, Transaction};
use uuid::Uuid;

use super::sessions::{Sessions, within};
use super::strangers::{self, Asked};
use crate::config::{DatabaseConfig, TableNames};
use crate::identifiers::{Names, unsettled_index};
use crate::migrate::{
    LOCK_ATTEMPTS, LOCK_TIMEOUT, OTHERS_POLL, OTHERS_TIMEOUT, Place, Report, STEP_TIMEOUT, always_locked,
    others_too_long, program, render, waits_for,
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
            template: include_str!(concat!("../../../../../sql/postgres/migrations/", $name, ".sql")),
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
            template: include_str!(concat!("../../../../../sql/postgres/views/", $file, ".sql")),
        }
    };
}

const STEPS: [Step; 25] = [
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
    step!("0004_31_closed_to_public", Source, Transaction),
    step!("0004_31_closed_to_public", SecondTarget, Transaction),
];

fn lock_timeout() -> String {
    format!("SET lock_timeout = '{}s';\n", LOCK_TIMEOUT.as_secs())
}

/// The SQL of the steps for a source that may be the target too, for `psql`.
pub(crate) fn print_source(tables: &TableNames, second_target: bool) -> Result<String, DatabaseError> {
    let names = Names::new(tables);
    let lock_timeout = lock_timeout();
    let mut script = format!(
        "-- CardGenius {}: schema version {SCHEMA_VERSION}. Every statement may be run again.\n\
         -- A lock that is not granted in time fails its statement: run the script again.\n\
         \\set ON_ERROR_STOP on\n{session}{lock_timeout}",
        env!("CARGO_PKG_VERSION"),
        session = include_str!("sql/printed_session.psql"),
    );
    script.push_str(&printed_look(tables, !second_target)?);
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
pub(crate) fn print_target(tables: &TableNames) -> Result<String, DatabaseError> {
    let names = Names::new(tables);
    let mut script = format!("{}{}", include_str!("sql/printed_session.psql"), lock_timeout());
    script.push_str(&printed_look(tables, true)?);
    for step in STEPS.iter().filter(|step| step.place.is_in_second_target()) {
        script.push_str(&printed(&names, step, &lock_timeout())?);
    }
    Ok(script)
}

/// What refuses, before the first step, whatever bears a name of ours and is a stranger's.
fn printed_look(tables: &TableNames, output_is_here: bool) -> Result<String, DatabaseError> {
    let names = strangers::names_for_question(tables, Asked::ByMigration, output_is_here)
        .map_err(|error| DatabaseError::caused(ErrorKind::Bug, "printing the migrations", error))?;
    let question = render(&names, strangers::QUESTION)?;
    let names = names.with("strangers", question);
    render(&names, include_str!("sql/printed_look.psql"))
}

fn printed(names: &Names, step: &Step, lock_timeout: &str) -> Result<String, DatabaseError> {
    let (name, sql) = (step.name, render(names, step.template)?);
    Ok(match step.kind {
        Kind::Index => format!("\n-- {name}\nRESET lock_timeout;\n{sql}{lock_timeout}"),
        Kind::Transaction | Kind::Columns => format!("\n-- {name}\nBEGIN;\n{sql}COMMIT;\n"),
    })
}

/// Takes the steps of a source that may be the target too.
pub(crate) async fn migrate_source(config: &MigrateConfig, report: Report<'_>) -> Result<(), DatabaseError> {
    let second_target = config.target.is_some();
    steps(config, &config.source, |place| place.is_in_source(second_target), report).await
}

/// Takes the steps of a target that is another database.
pub(crate) async fn migrate_target(
    config: &MigrateConfig,
    target: &DatabaseConfig,
    report: Report<'_>,
) -> Result<(), DatabaseError> {
    steps(config, target, Place::is_in_second_target, report).await
}

/// Writes the version into the source.
pub(crate) async fn write_version(config: &MigrateConfig) -> Result<(), DatabaseError> {
    let sessions = sessions(config, &config.source)?;
    Migration::connect(&sessions, config, config.target.is_none()).await?.write_version().await
}

fn sessions(config: &MigrateConfig, database: &DatabaseConfig) -> Result<Sessions, DatabaseError> {
    Sessions::new(database, config.limits, &format!("cardgenius/migrate/{}", Uuid::new_v4()), &config.tables, 1)
}

/// Takes the steps that are wanted, under the lock of this database's migrations.
async fn steps(
    config: &MigrateConfig,
    database: &DatabaseConfig,
    wanted: impl Fn(Place) -> bool,
    report: Report<'_>,
) -> Result<(), DatabaseError> {
    let sessions = sessions(config, database)?;
    take(&sessions, config, wanted, report).await.map_err(|error| look::in_words(error, sessions.shown()))
}

async fn take(
    sessions: &Sessions,
    config: &MigrateConfig,
    wanted: impl Fn(Place) -> bool,
    report: Report<'_>,
) -> Result<(), DatabaseError> {
    let mut guard = sessions.dial().connect_alone(config.limits.connect).await?.0;
    let lock = lock(&mut guard, sessions, report).await?;
    let mut migration = Migration::connect(sessions, config, wanted(Place::Target)).await?;
    migration.look_first(wanted(Place::Source)).await?;
    for step in STEPS.iter().filter(|step| wanted(step.place)) {
        // Before each: what is created in an open schema may be there first.
        migration.refuse_strangers().await?;
        migration.step(step, report).await?;
    }
    // The lock goes with its transaction.
    drop(lock);
    Ok(())
}

/// A transaction that finds names, and is planned, as every transaction of ours.
async fn begin<'a>(
    client: &'a mut Client,
    sessions: &Sessions,
    limit: Duration,
    doing: &str,
) -> Result<Transaction<'a>, DatabaseError> {
    let settings = sessions.dial().path().settings();
    let call = async {
        let transaction = client.build_transaction().isolation_level(IsolationLevel::ReadCommitted).start().await?;
        transaction.batch_execute(&settings).await?;
        Ok(transaction)
    };
    within(limit, doing, call).await
}

async fn lock<'a>(
    guard: &'a mut Client,
    sessions: &Sessions,
    report: Report<'_>,
) -> Result<Transaction<'a>, DatabaseError> {
    let limit = sessions.limits().statement;
    // At READ COMMITTED nothing of it stays but the lock: a snapshot that stayed would hold up the index below.
    let lock = begin(guard, sessions, limit, "locking the migrations").await?;
    let unlimited = lock.simple_query(include_str!("sql/migrate_lock_session.sql"));
    within(limit, "locking the migrations", unlimited).await?;
    wait_for_others(&lock, limit, report).await?;
    Ok(lock)
}

/// Waits for another migration to end, by asking again and again: a session that waits within a statement holds a
/// snapshot, and the other one's index waits for all snapshots to go, so that neither would ever end.
async fn wait_for_others(lock: &Transaction<'_>, limit: Duration, report: Report<'_>) -> Result<(), DatabaseError> {
    let doing = "locking the migrations";
    let begun = Instant::now();
    let mut reported = false;
    loop {
        // In one plain message: an extended one's portal would keep a snapshot.
        let answer = within(limit, doing, lock.simple_query(include_str!("sql/migrate_lock.sql"))).await?;
        if first(&answer) == "t" {
            return Ok(());
        }
        let too_long = begun.elapsed() >= OTHERS_TIMEOUT;
        if too_long || !std::mem::replace(&mut reported, true) {
            let holder = within(limit, doing, lock.simple_query(include_str!("sql/migrate_lock_holder.sql"))).await?;
            if too_long {
                return Err(others_too_long(first(&holder)));
            }
            report(&waits_for(first(&holder)));
        }
        tokio::time::sleep(OTHERS_POLL).await;
    }
}

/// The first field of an answer's first row; unknown where there is none.
fn first(answer: &[SimpleQueryMessage]) -> &str {
    let rows = answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    rows.unwrap_or("unknown")
}

struct Migration<'a> {
    client: Client,
    sessions: Sessions,
    config: &'a MigrateConfig,
    names: Names,
}

impl<'a> Migration<'a> {
    async fn connect(
        sessions: &Sessions,
        config: &'a MigrateConfig,
        output_is_here: bool,
    ) -> Result<Self, DatabaseError> {
        let client = sessions.dial().connect_alone(config.limits.connect).await?.0;
        let names = strangers::names_for_question(&config.tables, Asked::ByMigration, output_is_here)
            .map_err(|error| DatabaseError::caused(ErrorKind::Bug, "preparing the migrations", error))?;
        let migration = Self { client, sessions: sessions.clone(), config, names };
        migration.limit_locks(LOCK_TIMEOUT).await?;
        Ok(migration)
    }

    /// Sets the session's limits: none on a statement's time, and this one on the wait for a lock, unless it is zero.
    async fn limit_locks(&self, limit: Duration) -> Result<(), DatabaseError> {
        let limit = limit.as_millis().to_string();
        let values: [&(dyn ToSql + Sync); 1] = [&limit];
        let call = self.client.execute(include_str!("sql/migrate_session.sql"), &values);
        within(self.config.limits.statement, "setting limits", call).await.map(drop)
    }

    /// One statement in a transaction of its own; its rows.
    async fn query(
        &mut self,
        template: &str,
        doing: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, DatabaseError> {
        let (sql, limit) = (render(&self.names, template)?, self.config.limits.statement);
        let transaction = begin(&mut self.client, &self.sessions, limit, doing).await?;
        let call = async {
            let rows = transaction.query(&sql, parameters).await?;
            transaction.commit().await?;
            Ok(rows)
        };
        within(limit, doing, call).await
    }

    async fn step(&mut self, step: &Step, report: Report<'_>) -> Result<(), DatabaseError> {
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

    /// What bears a name of ours and is a stranger's would be taken over by the next CREATE IF NOT EXISTS.
    async fn refuse_strangers(&mut self) -> Result<(), DatabaseError> {
        let rows = self.query(strangers::QUESTION, "looking for what strangers have made", &[]).await?;
        let faults: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
        if faults.is_empty() {
            return Ok(());
        }
        let shown = self.sessions.shown();
        Err(DatabaseError::new(
            ErrorKind::Refused,
            format!("nothing more is migrated in the database at {shown}: {}", faults.join("; ")),
        ))
    }

    async fn in_transaction(&mut self, step: &Step, sql: &str) -> Result<(), DatabaseError> {
        let doing = format!("migration {}", step.name);
        let transaction = begin(&mut self.client, &self.sessions, self.config.limits.statement, &doing).await?;
        let call = async {
            transaction.batch_execute(sql).await?;
            transaction.commit().await
        };
        within(STEP_TIMEOUT, &doing, call).await
    }

    async fn input(&mut self) -> Result<InputState, DatabaseError> {
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
            DatabaseError::new(
                ErrorKind::Refused,
                format!("there is no table {shown} in this database: set source.schema and source.table to the table of users"),
            )
        })?;
        match row.get::<_, &str>(0) {
            kind @ ("r" | "p") => Ok(InputState { partitioned: kind == "p", columns: row.get(1), index: row.get(2) }),
            _ => Err(DatabaseError::new(
                ErrorKind::Refused,
                format!("{shown} is not a table: set source.schema and source.table to the table of users itself"),
            )),
        }
    }

    async fn index(&mut self, step: &Step, report: Report<'_>) -> Result<(), DatabaseError> {
        let state = self.input().await?;
        if state.index == Some(true) {
            report(&format!("{}: the index is there", step.name));
            return Ok(());
        }
        if state.partitioned {
            // PostgreSQL builds no index concurrently over partitions, and a plain one would block every write meanwhile.
            return Err(DatabaseError::new(
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
        self.limit_locks(Duration::ZERO).await?;
        if state.index == Some(false) {
            let drop = render(&self.names, include_str!("sql/migrate_drop_invalid.sql"))?;
            within(STEP_TIMEOUT, "dropping an index left half-built", self.client.batch_execute(&drop)).await?;
        }
        let sql = render(&self.names, step.template)?;
        within(STEP_TIMEOUT, "building the index", self.client.batch_execute(&sql)).await?;
        self.limit_locks(LOCK_TIMEOUT).await
    }

    async fn write_version(&mut self) -> Result<(), DatabaseError> {
        self.refuse_strangers().await?;
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
