//! What the contract asks of a kind of database: databases of its own, a store on them, and what the customer or a DBA could
//! do there behind the store's back. Any kind may be the source, and any the target.

use std::any::Any;
use std::future::Future;

use cardgenius_pipeline::ports::RowForm;
use cardgenius_store::config::{CallLimits, DatabaseConfig, StoreConfig, TableNames};
use cardgenius_store::migrate::{MigrateConfig, migrate};
use cardgenius_store::protocol::SqlStore;
use cardgenius_store::server::Server;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// One database of a kind. What a server says in its own words is asked for here; plain SQL that all of them understand
/// goes through a [`Session`].
pub trait Database: Sized + Send + Sync + 'static {
    /// The driver under test.
    type Server: Server;
    /// A session of a superuser's.
    type Session: Session;

    /// The form in which the table of recommendations takes rows, as `migrate` makes it.
    const FORM: RowForm;
    /// Appended to a SELECT: a lock that others may share.
    const FOR_SHARE: &'static str;
    /// Has the server gather statistics of the users.
    const ANALYZE: &'static str;
    /// Who asks, as an expression.
    const WHOAMI: &'static str;
    /// The number of the session that asks, as an expression.
    const NUMBER: &'static str;

    /// With nothing in it.
    fn empty() -> impl Future<Output = Self>;

    /// With the customer's table of users, without a user. Its keys are in an order that is not that of the bytes.
    fn customers() -> impl Future<Output = Self>;

    /// The same, migrated, with both tables in it.
    fn alone() -> impl Future<Output = Self>;

    /// Where the store signs in: with an account that owns its databases, and no more.
    fn config(&self) -> DatabaseConfig;

    /// The schema that the tables lie in.
    fn schema(&self) -> String;

    /// The driver, for the source or for a second target.
    fn server(config: &StoreConfig, second_target: bool) -> Self::Server;

    /// A session of the superuser's.
    fn session(&self) -> impl Future<Output = Self::Session>;

    /// What the switch's audit calls the store's account.
    fn account(&self) -> impl Future<Output = String>;

    /// An expression for the time so many seconds ago.
    fn ago(seconds: u32) -> String;

    /// An expression for the whole seconds since 1970 of another one.
    fn epoch(time: &str) -> String;

    /// A time as a literal.
    fn moment(time: DateTime<Utc>) -> String;

    /// From here on keys are told apart by each of their bytes, blanks at the end included.
    fn tell_all_keys_apart(&self, table: &str) -> impl Future<Output = ()>;

    /// From this key on, the server reads the users to claim by the index of those who are not completed, in its order,
    /// and stops when it has enough.
    fn assert_claims_go_by_the_index(&self, after_key: &str, when: &str) -> impl Future<Output = ()>;

    /// Loads of recommendations fail for users `LIKE` this, as if a trigger of the customer's refused them, saying
    /// `not this one`.
    fn refuse_by_trigger(&self, pattern: &str) -> impl Future<Output = ()>;

    /// Users `LIKE` this cannot get that status any more: a trigger of the customer's refuses it, saying `not this one`.
    fn refuse_status(&self, status: &str, pattern: &str) -> impl Future<Output = ()>;

    /// Recommendations take no user ids longer than this any more.
    fn shorten_user_ids(&self, characters: usize) -> impl Future<Output = ()>;

    /// Recommendations of users that `known_users` (made and filled here) does not list are refused.
    fn require_known_users(&self, known: &[&str]) -> impl Future<Output = ()>;

    /// Returns when a session in this database waits for a lock.
    fn somebody_waits(&self) -> impl Future<Output = ()>;

    /// Takes a slot of the table for as long as the session lasts, and says whether it was free.
    fn take_slot(source_table: &str, slot: u32) -> String;

    /// Returns when so many sessions in this database wait for a slot.
    fn waits_for_a_slot(&self, sessions: u32) -> impl Future<Output = ()>;

    /// A client of this instance that ran a statement in a transaction and went silent; in the middle of a load, if asked
    /// for. Lasts as long as what is returned.
    fn frozen(&self, instance_id: Uuid, statement: String, loads: bool) -> impl Future<Output = Box<dyn Any + Send>>;

    /// From now on, a commit here takes but is not answered...
    fn hold_answers(&self) -> impl Future<Output = ()>;

    /// ... this returns when one waits for its answer...
    fn an_answer_is_held(&self) -> impl Future<Output = ()>;

    /// ... and this ends the session of the next one that waits for its answer, and lets all later ones through.
    fn lose_an_answer(&self) -> impl Future<Output = ()>;

    /// From now on, a session that has written a claim ends in the middle of its commit, which does not take...
    fn break_commits(&self) -> impl Future<Output = ()>;

    /// ... until this.
    fn mend_commits(&self) -> impl Future<Output = ()>;

    /// A session that bears this instance's name and that the store's account may not end.
    fn session_that_cannot_be_ended(&self, instance_id: Uuid) -> impl Future<Output = Self::Session>;
}

/// A session with plain SQL. Whatever fails fails the test.
pub trait Session: Send + Sync + 'static {
    /// What came back, as text; none where nothing did.
    fn rows(&self, sql: &str) -> impl Future<Output = Vec<Vec<Option<String>>>> + Send;
}

/// The databases of a test: one, or one for the users and one for the recommendations.
pub trait Backend: Sized + Send + Sync + 'static {
    /// Where the users are.
    type Source: Database;
    /// Where the recommendations are.
    type Target: Database;

    /// Databases of its own, migrated, without users.
    fn fresh() -> impl Future<Output = Self>;

    fn source(&self) -> &Self::Source;

    /// The source too, where there is one database only.
    fn target(&self) -> &Self::Target;

    /// A store for this instance.
    fn store(&self, instance_id: Uuid, limits: CallLimits) -> StoreOf<Self>;

    /// A client of this instance that went silent in the middle of a load, holding its claim's row (and its fence).
    fn freeze_in_a_load(&self, instance_id: Uuid, claim_id: Uuid) -> impl Future<Output = Frozen>;
}

/// The port under test.
pub type StoreOf<B> =
    SqlStore<<<B as Backend>::Source as Database>::Server, <<B as Backend>::Target as Database>::Server>;

/// A backend with a second database for the recommendations.
pub trait WithSecondTarget: Backend {}

/// A client frozen in the middle of a load.
pub struct Frozen {
    /// Keeps its connections open, without ever going on.
    pub holding: Box<dyn Any + Send>,
}

/// Locks a claim's row.
pub fn locking_claim(claim_id: Uuid) -> String {
    format!("SELECT claim_id FROM cardgenius_claims WHERE claim_id = '{claim_id}' FOR UPDATE")
}

fn store_config(
    (source, target): (DatabaseConfig, Option<DatabaseConfig>),
    tables: TableNames,
    (instance_id, limits): (Uuid, CallLimits),
) -> StoreConfig {
    StoreConfig { source, target, tables, limits, sessions: 2, looks: 0, instance_id, host: "test".into() }
}

/// The driver alone, on a database that is the source.
pub fn source_server<D: Database>(database: &D, limits: CallLimits) -> D::Server {
    let tables = tables(database.schema(), database.schema());
    D::server(&store_config((database.config(), None), tables, (Uuid::new_v4(), limits)), false)
}

fn tables(source_schema: String, target_schema: String) -> TableNames {
    TableNames { source_schema, target_schema, ..TableNames::default() }
}

/// Users and recommendations in one database.
pub struct Alone<D> {
    database: D,
}

impl<D: Database> Backend for Alone<D> {
    type Source = D;
    type Target = D;

    async fn fresh() -> Self {
        Self { database: D::alone().await }
    }

    fn source(&self) -> &D {
        &self.database
    }

    fn target(&self) -> &D {
        &self.database
    }

    fn store(&self, instance_id: Uuid, limits: CallLimits) -> StoreOf<Self> {
        let tables = tables(self.database.schema(), self.database.schema());
        let config = store_config((self.database.config(), None), tables, (instance_id, limits));
        SqlStore::over(D::server(&config, false), None, &config)
    }

    async fn freeze_in_a_load(&self, instance_id: Uuid, claim_id: Uuid) -> Frozen {
        Frozen { holding: self.database.frozen(instance_id, locking_claim(claim_id), true).await }
    }
}

/// Users in one database, recommendations in another, perhaps of another kind.
pub struct Pair<S, T> {
    source: S,
    target: T,
}

impl<S: Database, T: Database> Backend for Pair<S, T> {
    type Source = S;
    type Target = T;

    async fn fresh() -> Self {
        let pair = Self { source: S::customers().await, target: T::empty().await };
        let config = MigrateConfig {
            source: pair.source.config(),
            target: Some(pair.target.config()),
            tables: tables(pair.source.schema(), pair.target.schema()),
            limits: CallLimits::default(),
        };
        migrate(&config, &mut |_| {}).await.unwrap();
        pair
    }

    fn source(&self) -> &S {
        &self.source
    }

    fn target(&self) -> &T {
        &self.target
    }

    fn store(&self, instance_id: Uuid, limits: CallLimits) -> StoreOf<Self> {
        let tables = tables(self.source.schema(), self.target.schema());
        let databases = (self.source.config(), Some(self.target.config()));
        let config = store_config(databases, tables, (instance_id, limits));
        SqlStore::over(S::server(&config, false), Some(T::server(&config, true)), &config)
    }

    async fn freeze_in_a_load(&self, instance_id: Uuid, claim_id: Uuid) -> Frozen {
        let source = self.source.frozen(instance_id, locking_claim(claim_id), false).await;
        let fence = format!("INSERT INTO cardgenius_fence (claim_id, part, loaded) VALUES ('{claim_id}', 1, true)");
        let target = self.target.frozen(instance_id, fence, true).await;
        Frozen { holding: Box::new((source, target)) }
    }
}

impl<S: Database, T: Database> WithSecondTarget for Pair<S, T> {}
