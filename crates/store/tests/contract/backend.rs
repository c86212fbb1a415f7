//! What the contract asks of a backend: databases of its own, a store on them, and what the customer or a DBA could do
//! there behind the store's back.

use std::future::Future;

use cardgenius_pipeline::ports::Store;
use cardgenius_store::config::CallLimits;
use uuid::Uuid;

/// A kind of database, and how many of them. What every server says in its own words is asked for here; plain SQL that
/// all of them understand goes through a [`Session`].
pub trait Backend: Sized + Send + Sync + 'static {
    /// The port under test.
    type Store: Store;
    /// A session of a superuser's.
    type Session: Session;

    /// A database (or a pair) of its own with the customer's tables, migrated, without users. Its keys are in an order
    /// that is not that of the bytes.
    fn fresh() -> impl Future<Output = Self>;

    /// A store for this instance.
    fn store(&self, instance_id: Uuid, limits: CallLimits) -> Self::Store;

    /// Beside the table of users.
    fn at_source(&self) -> impl Future<Output = Self::Session>;

    /// Beside the table of recommendations: the same database, or the second one.
    fn at_target(&self) -> impl Future<Output = Self::Session>;

    /// An expression for the time so many seconds ago.
    fn ago(seconds: u32) -> String;

    /// From this key on, the server reads the users to claim by the index of those who are not completed, in its order,
    /// and stops when it has enough.
    fn assert_claims_go_by_the_index(&self, after_key: &str, when: &str) -> impl Future<Output = ()>;

    /// Loads of recommendations fail for users `LIKE` this, as if a trigger of the customer's refused them, saying
    /// `not this one`.
    fn refuse_by_trigger(&self, pattern: &str) -> impl Future<Output = ()>;

    /// Recommendations take no user ids longer than this any more.
    fn shorten_user_ids(&self, characters: usize) -> impl Future<Output = ()>;

    /// Recommendations of users that `known_users` (made and filled here) does not list are refused: at the end of each
    /// statement, or not before the commit.
    fn require_known_users(&self, known: &[&str], at_commit: bool) -> impl Future<Output = ()>;

    /// Returns when a session in the source database waits for a lock.
    fn somebody_waits(&self) -> impl Future<Output = ()>;

    /// A client of this instance that went silent in the middle of a load, holding its claim's row (and its fence).
    fn freeze_in_a_load(&self, instance_id: Uuid, claim_id: Uuid) -> impl Future<Output = Frozen>;

    /// From now on, a commit at the source takes but is not answered...
    fn hold_answers(&self) -> impl Future<Output = ()>;

    /// ... this returns when one waits for its answer...
    fn an_answer_is_held(&self) -> impl Future<Output = ()>;

    /// ... and this ends the session of the next one that waits for its answer, and lets all later ones through.
    fn lose_an_answer(&self) -> impl Future<Output = ()>;

    /// From now on, a session that has written a claim ends in the middle of its commit, which does not take...
    fn break_commits(&self) -> impl Future<Output = ()>;

    /// ... until this.
    fn mend_commits(&self) -> impl Future<Output = ()>;

    /// A session that bears this instance's name and that the store's role may not end.
    fn session_that_cannot_be_ended(&self, instance_id: Uuid) -> impl Future<Output = Self::Session>;
}

/// A backend with a second database for the recommendations.
pub trait WithSecondTarget: Backend {}

/// A session with plain SQL. Whatever fails fails the test.
pub trait Session {
    /// What came back, as text; none where nothing did.
    fn rows(&self, sql: &str) -> impl Future<Output = Vec<Vec<Option<String>>>>;
}

/// A client frozen in the middle of a load.
pub struct Frozen {
    /// Keeps its connection open, without ever going on.
    pub holding: Box<dyn std::any::Any + Send>,
}
