//! The schema's versioned migrations on MySQL and MariaDB: applied under a lock of their own, each DDL under a short lock timeout
//! and tried again, our columns added in an instant, the index built beside the running work; or printed, for the DBA.
//!
//! DDL takes effect by itself here, one statement a step, so every step can be taken again.

mod look;
mod printed;
mod steps;

use std::time::Duration;

use cardgenius_failure::backoff::Backoff;
use cardgenius_failure::error::{DatabaseError, ErrorKind};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Params, Row, Value};
use tokio::time::Instant;
use uuid::Uuid;

pub(crate) use self::printed::{print_source, print_target};
pub(super) use self::steps::COLUMNS;
use self::steps::{Kind, STEPS, Step, adding_only, drop_trigger, not_instant, user_key_query, with_a_lock};
use super::codes::{code_of, store_error};
use super::connect::{Dial, within};
use super::inspect;
use crate::config::DatabaseConfig;
use crate::identifiers::{Names, unsettled_index};
use crate::migrate::{
    LOCK_ATTEMPTS, LOCK_TIMEOUT, MigrateConfig, OLDEST_PROGRAM, OTHERS_POLL, OTHERS_TIMEOUT, Place, Report,
    SCHEMA_VERSION, STEP_TIMEOUT, always_locked, others_too_long, program, render, waits_for,
};

/// A DDL that only failed at its end, when it was to be put in place, is not begun more often than this.
const LONG_ATTEMPTS: u32 = 3;

/// From when on an attempt counts as one of those.
const LONG: Duration = Duration::from_secs(60);

/// What the server calls an ALTER that it cannot do in an instant; the last is MySQL's, after many of them.
const NOT_INSTANT: [u16; 3] = [1845, 1846, 4092];

/// What the server calls an index whose columns are too long for the table's row format.
const TOO_LONG_FOR_FORMAT: [u16; 2] = [1709, 1071];

/// Triggers are for SUPER only, on a server with a binary log.
const NO_TRIGGERS: u16 = 1419;

/// The steps' templates.
#[cfg(test)]
pub(super) fn templates() -> impl Iterator<Item = &'static str> {
    STEPS.iter().map(|step| step.template)
}

/// Takes the steps of a source that may be the target too.
pub(crate) async fn migrate_source(config: &MigrateConfig, report: Report<'_>) -> Result<(), DatabaseError> {
    let second_target = config.target.is_some();
    let mut migration = Migration::connect(config, &config.source, second_target).await?;
    migration.lock(&config.tables.source_schema, report).await?;
    migration.check_input().await?;
    migration.look_at_columns().await?;
    migration.look_for_strangers(&config.tables.source_schema, true).await?;
    migration.steps(|place| place.is_in_source(second_target), report).await.map_err(look::in_words)
}

/// Takes the steps of a target that is another database.
pub(crate) async fn migrate_target(
    config: &MigrateConfig,
    target: &DatabaseConfig,
    report: Report<'_>,
) -> Result<(), DatabaseError> {
    let mut migration = Migration::connect(config, target, true).await?;
    migration.lock(&config.tables.target_schema, report).await?;
    migration.look_for_strangers(&config.tables.target_schema, false).await?;
    migration.steps(Place::is_in_second_target, report).await.map_err(look::in_words)
}

/// Writes the version into the source.
pub(crate) async fn write_version(config: &MigrateConfig) -> Result<(), DatabaseError> {
    let mut migration = Migration::connect(config, &config.source, config.target.is_some()).await?;
    let program = program();
    let version = vec![SCHEMA_VERSION.into(), OLDEST_PROGRAM.into(), program.as_str().into()];
    migration.query(include_str!("../sql/migrate_version.sql"), "writing the schema's version", version).await?;
    let detail = format!("{program}: schema version {SCHEMA_VERSION}");
    migration.query(include_str!("../sql/migrate_audit.sql"), "writing the audit", vec![detail.into()]).await?;
    Ok(())
}

/// The statement that sets what a migration wants beside what every session of ours has.
fn migration_settings() -> String {
    include_str!("../sql/migrate_session.sql").replace("$1", &LOCK_TIMEOUT.as_secs().to_string())
}

/// One session, which holds the lock and does the work: the lock goes with it.
struct Migration<'a> {
    session: Conn,
    config: &'a MigrateConfig,
    names: Names,
    second_target: bool,
}

impl<'a> Migration<'a> {
    async fn connect(
        config: &'a MigrateConfig,
        database: &DatabaseConfig,
        second_target: bool,
    ) -> Result<Self, DatabaseError> {
        let name = format!("cardgenius/migrate/{}", Uuid::new_v4());
        let session = Dial::new(database, &config.limits, &name)?.connect(config.limits.connect).await?;
        let mut migration = Self { session, config, names: Names::mysql(&config.tables), second_target };
        let call = migration.session.query_drop(migration_settings());
        within(config.limits.statement, "setting limits", call).await?;
        Ok(migration)
    }

    /// Waits for another migration of these tables to end.
    async fn lock(&mut self, schema: &str, report: Report<'_>) -> Result<(), DatabaseError> {
        let begun = Instant::now();
        let mut reported = false;
        loop {
            let lock = include_str!("../sql/migrate_lock.sql");
            let rows = self.query(lock, "locking the migrations", vec![schema.into()]).await?;
            if rows.first().and_then(|row| row.get::<Option<i64>, _>(0)).flatten() == Some(1) {
                return Ok(());
            }
            let too_long = begun.elapsed() >= OTHERS_TIMEOUT;
            if too_long || !std::mem::replace(&mut reported, true) {
                let sql = include_str!("../sql/migrate_lock_holder.sql");
                let holder = self.texts(sql, "locking the migrations", vec![schema.into()]).await?;
                let holder = holder.first().map_or("let go by now", String::as_str);
                if too_long {
                    return Err(others_too_long(holder));
                }
                report(&waits_for(holder));
            }
            tokio::time::sleep(OTHERS_POLL).await;
        }
    }

    /// The rows of a statement whose parameters are in their order, each used once.
    async fn query(&mut self, template: &str, doing: &str, values: Vec<Value>) -> Result<Vec<Row>, DatabaseError> {
        let mut template = template.to_owned();
        for number in 1..=values.len() {
            template = template.replace(&format!("${number}"), "?");
        }
        let sql = render(&self.names, &template)?;
        let parameters = if values.is_empty() { Params::Empty } else { Params::Positional(values) };
        within(self.config.limits.statement, doing, self.session.exec(sql, parameters)).await
    }

    /// The texts in the first column.
    async fn texts(&mut self, template: &str, doing: &str, values: Vec<Value>) -> Result<Vec<String>, DatabaseError> {
        let rows = self.query(template, doing, values).await?;
        Ok(rows.iter().filter_map(|row| row.get::<Option<String>, _>(0).flatten()).collect())
    }

    fn input(&self) -> Vec<Value> {
        let tables = &self.config.tables;
        vec![tables.source_schema.as_str().into(), tables.source_table.as_str().into()]
    }

    async fn check_input(&mut self) -> Result<(), DatabaseError> {
        let values = self.input();
        let rows =
            self.query(include_str!("../sql/migrate_input.sql"), "looking at the table of users", values).await?;
        let tables = &self.config.tables;
        let shown = format!("{}.{}", tables.source_schema, tables.source_table);
        let refused = |reason: String| Err(DatabaseError::new(ErrorKind::Refused, reason));
        let Some(row) = rows.first() else {
            return refused(format!(
                "there is no table {shown} on this server, or this account may not see it: set source.schema (the database) and source.table to the table of users"
            ));
        };
        let text = |column: usize| row.get::<Option<String>, _>(column).flatten().unwrap_or_default();
        if !matches!(text(0).as_str(), "BASE TABLE" | "SYSTEM VERSIONED") {
            return refused(format!(
                "{shown} is not a table: set source.schema and source.table to the table of users itself"
            ));
        }
        if !text(1).eq_ignore_ascii_case("InnoDB") {
            return refused(format!(
                "{shown} has the engine {}, which knows no transactions: ALTER TABLE ... ENGINE = InnoDB makes it one that does",
                text(1)
            ));
        }
        let (values, doing) = (self.input(), "looking at the table of users");
        let columns = self.texts(include_str!("../sql/migrate_foreign_columns.sql"), doing, values).await?;
        if !columns.is_empty() {
            return refused(inspect::foreign_columns(&shown, &columns));
        }
        Ok(())
    }

    async fn steps(&mut self, wanted: impl Fn(Place) -> bool, report: Report<'_>) -> Result<(), DatabaseError> {
        for step in STEPS.iter().filter(|step| wanted(step.place)) {
            self.step(step, report).await?;
        }
        Ok(())
    }

    async fn step(&mut self, step: &Step, report: Report<'_>) -> Result<(), DatabaseError> {
        match step.kind {
            Kind::Plain => {}
            Kind::Columns => return self.columns(step, report).await,
            Kind::Index => {
                let mut values = self.input();
                values.push(unsettled_index(&self.config.tables).into());
                let doing = "looking for the index";
                if !self.texts(include_str!("../sql/migrate_index.sql"), doing, values).await?.is_empty() {
                    report(&format!("{}: the index is there", step.name));
                    return Ok(());
                }
                report(&format!("{}: building the index beside the running work, which may take a while", step.name));
                let sql = render(&self.names, step.template)?;
                return self
                    .ddl(step, &sql, report)
                    .await
                    .map_err(|refusal| refusal.of_the_customers_table(step, &sql));
            }
            Kind::Output => {
                let query = user_key_query(self.second_target);
                let key = self.texts(query, "looking how keys compare", Vec::new()).await?;
                self.names = self.names.clone().with("user_key", key.first().cloned().unwrap_or_default());
            }
            Kind::Trigger(name) => {
                let chosen = render(&self.names, include_str!("../sql/migrate_use.sql"))?;
                let call = self.session.query_drop(chosen);
                within(self.config.limits.statement, "choosing the database", call).await?;
                let drop = drop_trigger(&self.names, name)?;
                self.ddl(step, &drop, report).await.map_err(Refusal::into_error)?;
            }
        }
        report(step.name);
        let sql = render(&self.names, step.template)?;
        self.ddl(step, &sql, report).await.map_err(Refusal::into_error)
    }

    async fn columns(&mut self, step: &Step, report: Report<'_>) -> Result<(), DatabaseError> {
        let values = self.input();
        let doing = "looking for our columns";
        let there = self.texts(include_str!("../sql/migrate_columns.sql"), doing, values).await?;
        let is_missing = |column: &str| !there.iter().any(|name| name.eq_ignore_ascii_case(column));
        if !COLUMNS.into_iter().any(is_missing) {
            report(&format!("{}: the columns are there", step.name));
            return Ok(());
        }
        report(step.name);
        let sql = adding_only(&render(&self.names, step.template)?, is_missing);
        match self.ddl(step, &sql, report).await {
            Err(refusal) if refusal.code.is_some_and(|code| NOT_INSTANT.contains(&code)) => {
                let error = refusal.error.cause();
                report(&format!(
                    "{}: not in an instant ({error}): building the table anew beside the running work, which may take a while",
                    step.name
                ));
                let sql = not_instant(&sql);
                self.ddl(step, &sql, report).await.map_err(|refusal| refusal.of_the_customers_table(step, &sql))
            }
            outcome => outcome.map_err(|refusal| refusal.of_the_customers_table(step, &sql)),
        }
    }

    /// Runs a statement that may have to wait for a lock, again and again.
    async fn ddl(&mut self, step: &Step, sql: &str, report: Report<'_>) -> Result<(), Refusal> {
        let doing = format!("migration {}", step.name);
        let backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(5));
        let mut long_attempts = 0;
        for attempt in 0..LOCK_ATTEMPTS {
            let begun = Instant::now();
            let error = match tokio::time::timeout(STEP_TIMEOUT, self.session.query_drop(sql)).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(error)) => error,
                Err(_) => {
                    let error =
                        DatabaseError::new(ErrorKind::Timeout, format!("{doing}: no answer within {STEP_TIMEOUT:?}"));
                    return Err(Refusal { code: None, error });
                }
            };
            let code = code_of(&error);
            let error = store_error(&doing, error);
            if error.kind() != ErrorKind::Contention {
                return Err(Refusal { code, error });
            }
            long_attempts += u32::from(begun.elapsed() >= LONG);
            if long_attempts >= LONG_ATTEMPTS {
                break;
            }
            report(&format!("{}: {}; waiting, then trying again", step.name, error.cause()));
            tokio::time::sleep(backoff.ceiling(attempt)).await;
        }
        let error = always_locked(step.name, "information_schema.INNODB_TRX and SHOW PROCESSLIST");
        Err(Refusal { code: None, error })
    }
}

/// A statement that failed, with the server's code.
struct Refusal {
    code: Option<u16>,
    error: DatabaseError,
}

impl Refusal {
    /// Of a statement on the customer's table, which an operator can give in another way.
    fn of_the_customers_table(self, step: &Step, sql: &str) -> DatabaseError {
        let cause = self.error.cause();
        match self.code {
            Some(code) if NOT_INSTANT.contains(&code) => DatabaseError::new(
                ErrorKind::Refused,
                format!(
                    "{}: the server cannot do this beside the running work ({cause}). In a quiet hour run the statement below, which keeps writers waiting until it is done; then migrate again, which goes on from there: {}",
                    step.name,
                    with_a_lock(sql)
                ),
            ),
            Some(code) if TOO_LONG_FOR_FORMAT.contains(&code) => DatabaseError::new(
                ErrorKind::Refused,
                format!(
                    "{}: {cause}; the table of users has a row format for short keys only: ALTER TABLE ... ROW_FORMAT = DYNAMIC in a quiet hour, then migrate again",
                    step.name
                ),
            ),
            _ => self.into_error(),
        }
    }

    fn into_error(self) -> DatabaseError {
        if self.code != Some(NO_TRIGGERS) {
            return self.error;
        }
        DatabaseError::new(
            ErrorKind::Refused,
            "the server writes a binary log, and lets nobody but an administrator make the triggers of cardgenius_control: set log_bin_trust_function_creators = 1 while you migrate, or let an administrator run what cardgenius migrate --print prints",
        )
    }
}
