//! The audit: what must hold in the databases after a run, and at any moment in between (database.md, "Invariants").

use tokio_postgres::Client;

use crate::sql;
use crate::tables::Tables;

/// Users by their status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All of them.
    pub users: i64,
    /// Waiting.
    pub new: i64,
    /// Held by a claim.
    pub pending: i64,
    /// With ten rows.
    pub completed: i64,
    /// With a reason.
    pub failed: i64,
}

impl Counts {
    /// All of so many users are completed.
    #[must_use]
    pub const fn all_completed(users: i64) -> Self {
        Self { users, new: 0, pending: 0, completed: users, failed: 0 }
    }
}

/// Audits users and recommendations, which may lie in two databases; gives the users by status.
///
/// # Panics
/// Anything is violated: all of it is named.
pub async fn audit(source: &Client, target: &Client, tables: &Tables) -> Counts {
    let found = violations(source, target, tables).await;
    assert!(found.is_empty(), "{} violation(s):\n  {}", found.len(), found.join("\n  "));
    let row = source.query_one(&tables.render(sql::AUDIT_COUNTS), &[]).await.unwrap();
    let counts =
        Counts { users: row.get(0), new: row.get(1), pending: row.get(2), completed: row.get(3), failed: row.get(4) };
    assert_eq!(counts.users, counts.new + counts.pending + counts.completed + counts.failed, "a status of its own");
    counts
}

/// What is violated, a line each.
///
/// # Panics
/// The databases cannot be asked.
pub async fn violations(source: &Client, target: &Client, tables: &Tables) -> Vec<String> {
    let mut found = Vec::new();
    for statement in sql::AUDIT_SOURCE {
        let rows = source.query(&tables.render(statement), &[]).await.unwrap();
        found.extend(rows.iter().map(|row| row.get::<_, String>(0)));
    }
    let completed: Vec<String> = source.query_one(&tables.render(sql::AUDIT_COMPLETED), &[]).await.unwrap().get(0);
    for statement in sql::AUDIT_TARGET {
        let rows = target.query(&tables.render(statement), &[&completed]).await.unwrap();
        found.extend(rows.iter().map(|row| row.get::<_, String>(0)));
    }
    found
}
