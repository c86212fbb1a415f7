//! One test's databases, with what a customer or a DBA sees there, and instances that work on them.

use std::collections::BTreeMap;
use std::time::Duration;

use cardgenius_failure::error::DatabaseError;
use cardgenius_pipeline::compute::ComputedChunk;
use cardgenius_pipeline::ports::{Chunk, ClaimRequest, ClaimTotals, Claimed, Run, RunRequest, Store, Suspicion};
use cardgenius_store::config::CallLimits;
use chrono::NaiveDate;
use uuid::Uuid;

use crate::backend::{Backend, Database, Session, StoreOf};
use crate::chunks::{ByAmazon, compute_by};

/// Long enough to be alive until the test is over.
pub const LEASE: Duration = Duration::from_secs(600);

/// Over before the next statement.
pub const NO_LEASE: Duration = Duration::ZERO;

/// A lease's length that has been held for long by whoever holds one at all.
pub const HELD: Duration = Duration::ZERO;

/// The databases of one test.
pub struct World<B: Backend> {
    pub backend: B,
    pub source: <B::Source as Database>::Session,
    pub target: <B::Target as Database>::Session,
}

/// A user, as the customer sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRow {
    pub status: String,
    pub error: Option<String>,
    pub claim_id: Option<Uuid>,
    pub crashes: u32,
    pub settled_before: bool,
}

/// A claim, as its row says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimSeen {
    pub state: String,
    pub users: u64,
    pub totals: ClaimTotals,
    pub parts: u64,
    pub rows: u64,
}

impl<B: Backend> World<B> {
    pub async fn fresh() -> Self {
        let backend = B::fresh().await;
        let (source, target) = (backend.source().session().await, backend.target().session().await);
        Self { backend, source, target }
    }

    /// An instance that is alive.
    pub async fn instance(&self) -> Instance<B> {
        let instance = self.silent_instance();
        instance.store.register(LEASE).await.unwrap();
        instance
    }

    /// An instance that is dead, as far as the others can tell; it may still claim and finish.
    pub async fn dead_instance(&self) -> Instance<B> {
        let instance = self.silent_instance();
        instance.store.register(NO_LEASE).await.unwrap();
        instance
    }

    /// An instance that has said nothing yet.
    pub fn silent_instance(&self) -> Instance<B> {
        self.instance_with(Uuid::new_v4(), quick())
    }

    /// An instance of that id, with limits of its own.
    pub fn instance_with(&self, id: Uuid, limits: CallLimits) -> Instance<B> {
        Instance { id, store: self.backend.store(id, limits) }
    }

    /// Adds users with something to spend, `new`.
    pub async fn add_users(&self, ids: impl IntoIterator<Item = impl AsRef<str>>) {
        let values: Vec<String> = ids.into_iter().map(|id| format!("({}, 100)", quoted(id.as_ref()))).collect();
        for some in values.chunks(10_000) {
            let values = some.join(", ");
            self.run(&format!("INSERT INTO user_spending_data (user_id, avg_amazon_gmv) VALUES {values}")).await;
        }
    }

    /// An expression for the time so many seconds ago, at the source.
    pub fn ago(&self, seconds: u32) -> String {
        B::Source::ago(seconds)
    }

    /// `schema.table` of the users, as the runs name it.
    pub fn source_table(&self) -> String {
        format!("{}.user_spending_data", self.backend.source().schema())
    }

    /// Plain SQL beside the table of users.
    pub async fn run(&self, sql: &str) {
        self.source.rows(sql).await;
    }

    /// Sets something of one user.
    pub async fn set(&self, user_id: &str, what: &str) {
        self.run(&format!("UPDATE user_spending_data SET {what} WHERE user_id = {}", quoted(user_id))).await;
    }

    pub async fn user(&self, user_id: &str) -> UserRow {
        let sql = format!(
            "SELECT processing_status, processing_error, claim_id, crashes, \
             CASE WHEN processed_at IS NULL THEN 0 ELSE 1 END FROM user_spending_data WHERE user_id = {}",
            quoted(user_id)
        );
        let rows = self.source.rows(&sql).await;
        let [row] = &rows[..] else { panic!("{user_id} is there {} times", rows.len()) };
        UserRow {
            status: row[0].clone().unwrap(),
            error: row[1].clone(),
            claim_id: row[2].as_deref().map(|id| id.parse().unwrap()),
            crashes: row[3].as_deref().unwrap().parse().unwrap(),
            settled_before: row[4].as_deref() == Some("1"),
        }
    }

    /// How many users are in each status.
    pub async fn statuses(&self) -> BTreeMap<String, u64> {
        let sql = "SELECT processing_status, count(*) FROM user_spending_data GROUP BY processing_status";
        self.source.rows(sql).await.into_iter().map(|row| (text(&row, 0), number(&row, 1))).collect()
    }

    /// The one value of a query at the source.
    pub async fn value(&self, sql: &str) -> String {
        let rows = self.source.rows(sql).await;
        rows[0][0].clone().unwrap_or_default()
    }

    /// The net savings of a user's rows, by rank.
    pub async fn rows_of(&self, user_id: &str) -> Vec<String> {
        let user_id = quoted(user_id);
        let sql = format!("SELECT net_savings FROM card_recommendations WHERE user_id = {user_id} ORDER BY \"rank\"");
        self.target.rows(&sql).await.iter().map(|row| text(row, 0)).collect()
    }

    /// How many rows there are in all.
    pub async fn count_rows(&self) -> u64 {
        number(&self.target.rows("SELECT count(*) FROM card_recommendations").await[0], 0)
    }

    pub async fn claim_seen(&self, claim_id: Uuid) -> Option<ClaimSeen> {
        let sql = format!(
            "SELECT state, users, completed, failed, superseded, returned, left_locked, parts, rows_loaded \
             FROM cardgenius_claims WHERE claim_id = '{claim_id}'"
        );
        let rows = self.source.rows(&sql).await;
        let row = rows.first()?;
        Some(ClaimSeen {
            state: text(row, 0),
            users: number(row, 1),
            totals: ClaimTotals {
                completed: number(row, 2),
                failed: number(row, 3),
                superseded: number(row, 4),
                returned: number(row, 5),
                left: number(row, 6),
            },
            parts: number(row, 7),
            rows: number(row, 8),
        })
    }

    /// A session of the customer's that holds these users' rows locked until it is told to [`let_go`](Self::let_go).
    pub async fn lock(&self, user_ids: &[&str]) -> <B::Source as Database>::Session {
        let session = self.backend.source().session().await;
        session.rows("BEGIN").await;
        // One by one, or a server might go through the whole of a small table, and hold what it has looked at.
        for user_id in user_ids {
            let user_id = quoted(user_id);
            let sql = format!("SELECT user_id FROM user_spending_data WHERE user_id = {user_id} FOR UPDATE");
            assert_eq!(session.rows(&sql).await.len(), 1);
        }
        session
    }

    /// Ends what [`lock`](Self::lock) began.
    pub async fn let_go(session: <B::Source as Database>::Session) {
        session.rows("COMMIT").await;
    }

    /// Whoever is completed has ten rows, and nobody has another number of them; closed claims add up.
    pub async fn assert_adds_up(&self) {
        let completed = "SELECT user_id FROM user_spending_data WHERE processing_status = 'completed' ORDER BY user_id";
        let completed: Vec<String> = self.source.rows(completed).await.iter().map(|row| text(row, 0)).collect();
        let counts = "SELECT user_id, count(*) FROM card_recommendations GROUP BY user_id";
        let counts: BTreeMap<String, u64> =
            self.target.rows(counts).await.iter().map(|row| (text(row, 0), number(row, 1))).collect();
        assert!(counts.values().all(|count| *count == 10), "{counts:?}");
        for user_id in completed {
            assert!(counts.contains_key(&user_id), "{user_id} is completed and has no rows");
        }
        let sql = "SELECT count(*) FROM cardgenius_claims WHERE rows_loaded <> 10 * completed OR (state <> 'open' AND \
                   users <> completed + failed + superseded + returned + left_locked)";
        assert_eq!(self.value(sql).await, "0");
    }
}

/// An instance of the program, as far as its store goes.
pub struct Instance<B: Backend> {
    pub id: Uuid,
    pub store: StoreOf<B>,
}

impl<B: Backend> Instance<B> {
    /// Joins or opens a run.
    pub async fn run(&self) -> Run {
        self.store.open_or_join(&run_request()).await.unwrap()
    }

    /// Claims up to `rows` users from the front.
    pub async fn claim(&self, run: &Run, rows: usize) -> Chunk {
        match self.store.claim(&request(run, rows)).await.unwrap().claimed {
            Claimed::Chunk(chunk) => chunk,
            other => panic!("claimed {other:?}"),
        }
    }

    /// Computes a chunk.
    pub async fn compute(&self, chunk: Chunk) -> ComputedChunk {
        compute_by(&self.store, ByAmazon, chunk).await
    }

    /// Finishes a chunk where there are sessions enough.
    pub async fn finish(&self, chunk: &ComputedChunk) -> Result<ClaimTotals, DatabaseError> {
        self.store.finish(chunk, None).await.map(|finished| finished.totals)
    }

    /// Claims and computes.
    pub async fn claim_and_compute(&self, run: &Run, rows: usize) -> ComputedChunk {
        self.compute(self.claim(run, rows).await).await
    }
}

/// What asks for the next users from the front.
pub fn request(run: &Run, rows: usize) -> ClaimRequest {
    ClaimRequest {
        claim_id: Uuid::new_v4(),
        run_id: run.run_id,
        rows,
        after_key: None,
        passed_by: Vec::new(),
        after_claim: None,
        suspicion: Suspicion::None,
        in_turn: false,
    }
}

pub fn run_request() -> RunRequest {
    RunRequest {
        kind: "backfill".into(),
        trigger: "test".into(),
        scheduled_for: None,
        max_users: None,
        as_of: NaiveDate::from_ymd_opt(2026, 4, 1).unwrap(),
        catalogue_hash: "0".repeat(64),
        catalogue_text: "the catalogue".into(),
        abandon_after: Duration::from_secs(24 * 3600),
    }
}

/// Limits that do not keep a test waiting for what the customer holds locked.
pub fn quick() -> CallLimits {
    CallLimits { lock: Duration::from_millis(50), ..CallLimits::default() }
}

/// Limits of an instance that waits for locks as long as a test takes.
pub fn patient() -> CallLimits {
    CallLimits { lock: Duration::from_secs(60), ..CallLimits::default() }
}

/// As a literal. Test names hold no backslash.
pub fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

/// A column as text.
pub fn text(row: &[Option<String>], column: usize) -> String {
    row[column].clone().unwrap()
}

/// A column as a number.
pub fn number(row: &[Option<String>], column: usize) -> u64 {
    row[column].as_deref().unwrap().parse().unwrap()
}

/// `U00`, `U01`, and so on.
pub fn users(count: usize) -> Vec<String> {
    let digits = count.saturating_sub(1).to_string().len();
    (0..count).map(|number| format!("U{number:0digits$}")).collect()
}
