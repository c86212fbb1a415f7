//! The schema's versioned migrations on whatever source and target are, each family by SQL of its own: applied, or printed
//! for the DBA who runs the SQL himself.
//!
//! Every step may be run again. Not a migration library's: those run each file in one transaction, without a lock timeout.

use std::time::Duration;

use cardgenius_failure::error::{DatabaseError, ErrorKind};

use crate::config::{CallLimits, DatabaseConfig, TableNames};
use crate::family::Family;
use crate::identifiers::{Names, UnknownName};
use crate::{mysql, postgres};

/// The version that this program applies and needs.
pub const SCHEMA_VERSION: i32 = 4;

/// The oldest program that this version of the schema still serves, so that a rolling upgrade kills nobody.
pub const OLDEST_PROGRAM: &str = "0.1.0";

/// A lock on a customer's table is not waited for longer: whoever comes after would wait behind us.
pub(crate) const LOCK_TIMEOUT: Duration = Duration::from_secs(2);

/// Times that a lock is tried for before giving up: with the waits in between, some five minutes.
pub(crate) const LOCK_ATTEMPTS: u32 = 60;

/// For another migration to end.
pub(crate) const OTHERS_TIMEOUT: Duration = Duration::from_secs(3600);

/// Between two looks whether it has ended.
pub(crate) const OTHERS_POLL: Duration = Duration::from_millis(200);

/// For an index to be built over hundreds of millions of users.
pub(crate) const STEP_TIMEOUT: Duration = Duration::from_secs(24 * 3600);

/// What comes last in a printed script, where there are two databases.
const TARGET_HEADING: &str = "\n-- ===== from here on in the TARGET database =====\n";

/// Who is told what is being done.
pub type Report<'a> = &'a mut (dyn FnMut(&str) + Send);

/// Where a step belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Source,
    Target,
    /// Only where the target is another database.
    SecondTarget,
}

impl Place {
    /// Whether the step is for the source, which may be the target too.
    pub(crate) const fn is_in_source(self, second_target: bool) -> bool {
        matches!(self, Self::Source) || (matches!(self, Self::Target) && !second_target)
    }

    /// Whether the step is for a target that is another database.
    pub(crate) const fn is_in_second_target(self) -> bool {
        !matches!(self, Self::Source)
    }
}

/// What to migrate.
#[derive(Clone, Debug)]
pub struct MigrateConfig {
    /// The source, with a role that may create tables there.
    pub source: DatabaseConfig,
    /// The target, where it is another database.
    pub target: Option<DatabaseConfig>,
    /// Names.
    pub tables: TableNames,
    /// Limits of connecting.
    pub limits: CallLimits,
}

/// The SQL of all steps, for the family's own client; may be run again at any time. With a second target database its part
/// comes last, under a heading of its own.
///
/// # Errors
/// Only a template of ours that is wrong.
pub fn print(tables: &TableNames, source: Family, second_target: Option<Family>) -> Result<String, DatabaseError> {
    let mut script = match source {
        Family::Postgres => postgres::migrate::print_source(tables, second_target.is_some())?,
        Family::Mysql => mysql::migrate::print_source(tables, second_target.is_some())?,
    };
    if let Some(target) = second_target {
        script.push_str(TARGET_HEADING);
        script.push_str(&match target {
            Family::Postgres => postgres::migrate::print_target(tables)?,
            Family::Mysql => mysql::migrate::print_target(tables)?,
        });
    }
    Ok(script)
}

/// Brings the schema to [`SCHEMA_VERSION`], telling `report` what it does. The version is written when all is there.
///
/// # Errors
/// What kept it from it; whatever was done until then stays, and the next call goes on from there.
pub async fn migrate(config: &MigrateConfig, report: Report<'_>) -> Result<(), DatabaseError> {
    let source = Family::of_url(&config.source.url);
    match source {
        Family::Postgres => postgres::migrate::migrate_source(config, report).await?,
        Family::Mysql => mysql::migrate::migrate_source(config, report).await?,
    }
    if let Some(target) = &config.target {
        match Family::of_url(&target.url) {
            Family::Postgres => postgres::migrate::migrate_target(config, target, report).await?,
            Family::Mysql => mysql::migrate::migrate_target(config, target, report).await?,
        }
    }
    match source {
        Family::Postgres => postgres::migrate::write_version(config).await?,
        Family::Mysql => mysql::migrate::write_version(config).await?,
    }
    report(&format!("schema version {SCHEMA_VERSION} is in force, and serves programs from {OLDEST_PROGRAM} on"));
    Ok(())
}

pub(crate) fn render(names: &Names, template: &str) -> Result<String, DatabaseError> {
    let bug = |error: UnknownName| DatabaseError::caused(ErrorKind::Bug, "preparing the migrations", error);
    names.render(template).map_err(bug)
}

/// What is told once to an operator whose migration has to wait for another session.
pub(crate) fn waits_for(holder: &str) -> String {
    format!("another session holds the lock of the migrations ({holder}): waiting for that to end")
}

/// The lock of the migrations was not to be had.
pub(crate) fn others_too_long(holder: &str) -> DatabaseError {
    let doing = format!(
        "another session has held the lock of the migrations for {OTHERS_TIMEOUT:?} ({holder}): if it migrates, wait for its end; if not, end it; then migrate again"
    );
    DatabaseError::new(ErrorKind::Contention, doing)
}

/// A lock was never to be had; `look` is where its holder can be found.
pub(crate) fn always_locked(step: &str, look: &str) -> DatabaseError {
    let doing = format!(
        "{step}: the table was locked by somebody at each of {LOCK_ATTEMPTS} attempts; see {look} for who holds it, and migrate again"
    );
    DatabaseError::new(ErrorKind::Contention, doing)
}

/// What the version is written down as applied by.
pub(crate) fn program() -> String {
    format!("cardgenius {}", env!("CARGO_PKG_VERSION"))
}
