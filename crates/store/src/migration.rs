//! What a migration is told, whatever the database.

use crate::config::{CallLimits, DatabaseConfig, TableNames};

/// The version that this program applies and needs.
pub const SCHEMA_VERSION: i32 = 3;

/// The oldest program that this version of the schema still serves, so that a rolling upgrade kills nobody.
pub const OLDEST_PROGRAM: &str = "0.1.0";

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
