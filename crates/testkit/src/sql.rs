//! The statements, one a file.

pub(crate) const COPY_DATABASE: &str = include_str!("sql/copy_database.sql");
pub(crate) const POPULATE: &str = include_str!("sql/populate.sql");

pub(crate) const GATE_TABLE: &str = include_str!("sql/gate_table.sql");
pub(crate) const GATE_FUNCTION: &str = include_str!("sql/gate_function.sql");
pub(crate) const GATE_TRIGGER: &str = include_str!("sql/gate_trigger.sql");
pub(crate) const GATE_FROM: &str = include_str!("sql/gate_from.sql");
pub(crate) const GATE_MOVE: &str = include_str!("sql/gate_move.sql");
pub(crate) const GATE_CLOSE: &str = include_str!("sql/gate_close.sql");
pub(crate) const GATE_OPEN: &str = include_str!("sql/gate_open.sql");
pub(crate) const GATE_COUNT: &str = include_str!("sql/gate_count.sql");

pub(crate) const MARIADB_GATE_TRIGGER: &str = include_str!("sql/mariadb_gate_trigger.sql");
pub(crate) const MARIADB_GATE_CLOSE: &str = include_str!("sql/mariadb_gate_close.sql");
pub(crate) const MARIADB_GATE_OPEN: &str = include_str!("sql/mariadb_gate_open.sql");
pub(crate) const MARIADB_GATE_COUNT: &str = include_str!("sql/mariadb_gate_count.sql");

pub(crate) const READER_PARTIAL: &str = include_str!("sql/reader_partial.sql");

pub(crate) const SIDE_USERS: &str = include_str!("sql/side_users.sql");
pub(crate) const SIDE_CLAIMS: &str = include_str!("sql/side_claims.sql");
pub(crate) const SIDE_ROWS: &str = include_str!("sql/side_rows.sql");
pub(crate) const SIDE_RANKS: &str = include_str!("sql/side_ranks.sql");
pub(crate) const SIDE_VALUES: &str = include_str!("sql/side_values.sql");
pub(crate) const SIDE_INSERT: &str = include_str!("sql/side_insert.sql");

pub(crate) const STANDBY_PAUSE: &str = include_str!("sql/standby_pause.sql");
pub(crate) const STANDBY_RESUME: &str = include_str!("sql/standby_resume.sql");

pub(crate) const AUDIT_COUNTS: &str = include_str!("sql/audit_counts.sql");
pub(crate) const AUDIT_COMPLETED: &str = include_str!("sql/audit_completed.sql");

/// Statements on the source that return a line for each violation.
pub(crate) const AUDIT_SOURCE: [&str; 6] = [
    include_str!("sql/audit_bounds.sql"),
    include_str!("sql/audit_pending.sql"),
    include_str!("sql/audit_unsettled.sql"),
    include_str!("sql/audit_claims.sql"),
    include_str!("sql/audit_closed_runs.sql"),
    include_str!("sql/audit_links.sql"),
];

/// Statements on the target that do; $1 is the keys of the completed users.
pub(crate) const AUDIT_TARGET: [&str; 2] =
    [include_str!("sql/audit_ten_rows.sql"), include_str!("sql/audit_partial_rows.sql")];
