//! What a store can be told, with defaults that are right for production.

use std::path::PathBuf;
use std::time::Duration;

use uuid::Uuid;

/// How to reach one database. `Debug` shows no secret.
#[derive(Clone, Default)]
pub struct DatabaseConfig {
    /// `postgres://user@host:port/database?sslmode=verify-full`; may hold a password.
    pub url: String,
    /// Password, instead of one in the URL.
    pub password: Option<String>,
    /// File that holds the password, read again at each connection; comes before the other two.
    pub password_file: Option<PathBuf>,
}

impl std::fmt::Debug for DatabaseConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DatabaseConfig").field("password_file", &self.password_file).finish_non_exhaustive()
    }
}

/// The customer's tables and columns, by the names that they have there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableNames {
    /// Schema of the table of users; our own tables live there too.
    pub source_schema: String,
    /// The table of users.
    pub source_table: String,
    /// Schema of the table of recommendations.
    pub target_schema: String,
    /// The table of recommendations.
    pub target_table: String,
    /// Optional column with the monthly income.
    pub monthly_income: Option<String>,
    /// Optional column with the credit score.
    pub credit_score: Option<String>,
}

impl Default for TableNames {
    fn default() -> Self {
        Self {
            source_schema: "public".into(),
            source_table: "user_spending_data".into(),
            target_schema: "public".into(),
            target_table: "card_recommendations".into(),
            monthly_income: None,
            credit_score: None,
        }
    }
}

/// Limits of time on every call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallLimits {
    /// To make a connection.
    pub connect: Duration,
    /// To get a session out of the pool.
    pub acquire: Duration,
    /// One statement.
    pub statement: Duration,
    /// Waiting for a lock; short, so that nobody queues behind us.
    pub lock: Duration,
    /// Waiting for a slot in which to finish, where there are more instances than sessions that load; then without one. Longer
    /// than a few chunks take, and shorter than a lease: one that hangs in its slot is in nobody's way for long.
    pub slot: Duration,
    /// The bulk load of one chunk.
    pub load: Duration,
    /// The renewal of a lease.
    pub renewal: Duration,
}

impl CallLimits {
    /// See [`CallLimits::slot`].
    pub const SLOT: Duration = Duration::from_secs(10);

    /// How long to wait for a slot: well within what a statement may take, or the server would end it as one that hangs.
    pub(crate) fn slot_wait(&self) -> Duration {
        self.slot.min(self.statement / 2)
    }

    /// How long to wait for the turn to claim. A claim takes a small part of what a finish does, and nobody is slower without its turn
    /// than after waiting so long for it.
    pub(crate) fn claim_turn_wait(&self) -> Duration {
        self.slot_wait() / 5
    }
}

impl Default for CallLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            acquire: Duration::from_secs(30),
            statement: Duration::from_secs(60),
            lock: Duration::from_millis(500),
            slot: Self::SLOT,
            load: Duration::from_secs(120),
            renewal: Duration::from_secs(5),
        }
    }
}

/// All that a store needs to know.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// The database with the table of users.
    pub source: DatabaseConfig,
    /// The database with the table of recommendations, where it is another one.
    pub target: Option<DatabaseConfig>,
    /// Names.
    pub tables: TableNames,
    /// Limits.
    pub limits: CallLimits,
    /// Sessions that load and finish at once.
    pub sessions: usize,
    /// Sessions for looking, beside the work: a daemon asks what is due, and answers those who watch it.
    pub looks: usize,
    /// This start of this instance; part of the `application_name` of every session.
    pub instance_id: Uuid,
    /// Host name, for people.
    pub host: String,
}

impl StoreConfig {
    /// Sessions on the source at most: those that finish, one that claims, one that sweeps and looks, one for the lease,
    /// and those of a daemon that only look.
    #[must_use]
    pub const fn source_connections(&self) -> usize {
        self.sessions + 3 + self.looks
    }

    /// Sessions on a second target at most: those that load, one that sweeps, and those that only look; none without one.
    #[must_use]
    pub const fn target_connections(&self) -> usize {
        if self.target.is_some() { self.sessions + 1 + self.looks } else { 0 }
    }
}

/// What the `application_name` of every instance's sessions begins with.
pub const APPLICATION_PREFIX: &str = "cardgenius/";

/// The `application_name` of an instance's sessions: how whoever sweeps it finds them.
#[must_use]
pub fn application_name(instance_id: Uuid) -> String {
    format!("{APPLICATION_PREFIX}{instance_id}")
}
