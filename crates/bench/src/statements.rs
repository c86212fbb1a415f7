//! The benchmark's statements, one a file; and those of the customer and the program that it needs.

pub const USERS_TABLE: &str = include_str!("../../../sql/postgres/customer/user_spending_data.sql");

pub const DATABASE_COPY: &str = include_str!("sql/database_copy.sql");
pub const DATABASE_COPY_BEFORE_15: &str = include_str!("sql/database_copy_before_15.sql");
pub const DATABASE_DROP: &str = include_str!("sql/database_drop.sql");
pub const CHECKPOINT: &str = include_str!("sql/checkpoint.sql");
pub const VACUUM_USERS: &str = include_str!("sql/vacuum_users.sql");
pub const VACUUM_ROWS: &str = include_str!("sql/vacuum_rows.sql");
pub const LOG_STATEMENTS: &str = include_str!("sql/log_statements.sql");
pub const LOG_USAGE: &str = include_str!("sql/log_usage.sql");
pub const SNAPSHOT: &str = include_str!("sql/snapshot.sql");
pub const CLOCK: &str = include_str!("sql/clock.sql");
pub const WAL_FILL: &str = include_str!("sql/wal_fill.sql");
pub const WAL_BYTES: &str = include_str!("sql/wal_bytes.sql");
pub const SETTINGS: &str = include_str!("sql/settings.sql");

pub const USERS_COPY_IN: &str = include_str!("sql/users_copy_in.sql");
pub const USERS_AMONG: &str = include_str!("sql/users_among.sql");
pub const USERS_ALL_NEW: &str = include_str!("sql/users_all_new.sql");
pub const USERS_NEW: &str = include_str!("sql/users_new.sql");

pub const FLOOR_PLAN: &str = include_str!("sql/floor_plan.sql");
pub const FLOOR_CLAIM_PLAIN: &str = include_str!("sql/floor_claim_plain.sql");
pub const FLOOR_CLAIM_LOWERED: &str = include_str!("sql/floor_claim_lowered.sql");
pub const FLOOR_DELETE: &str = include_str!("sql/floor_delete.sql");
pub const FLOOR_COPY_TEXT: &str = include_str!("sql/floor_copy_text.sql");
pub const FLOOR_COPY_BINARY: &str = include_str!("sql/floor_copy_binary.sql");
pub const FLOOR_COMPLETE: &str = include_str!("sql/floor_complete.sql");

pub const OUTPUT_BYTES: &str = include_str!("sql/output_bytes.sql");
pub const CLAIMS_IN_ORDER: &str = include_str!("sql/claims_in_order.sql");
pub const CLAIMS_BY_OWNER: &str = include_str!("sql/claims_by_owner.sql");

pub const AUDIT_PLAN: &str = include_str!("sql/audit_plan.sql");
pub const AUDIT_STATUSES: &str = include_str!("sql/audit_statuses.sql");
pub const AUDIT_ROWS: &str = include_str!("sql/audit_rows.sql");
pub const AUDIT_RANKS: &str = include_str!("sql/audit_ranks.sql");
pub const AUDIT_WITHOUT_ROWS: &str = include_str!("sql/audit_without_rows.sql");
pub const AUDIT_CLAIMS: &str = include_str!("sql/audit_claims.sql");
pub const AUDIT_RUN: &str = include_str!("sql/audit_run.sql");
pub const SPOIL: &str = include_str!("sql/spoil.sql");
