//! One private server for all tests, and a database for each: the customer's tables, migrated.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use cardgenius_embedded::{PostgresOptions, PrivatePostgres};
use cardgenius_failure::error::DatabaseError;
use cardgenius_store::config::{CallLimits, DatabaseConfig, StoreConfig, TableNames};
use cardgenius_store::inspection::{Inspection, Intent};
use cardgenius_store::migrate::{MigrateConfig, Report, migrate};
use cardgenius_store::postgres::{PostgresServer, PostgresStore};
use uuid::Uuid;

use crate::protocol::Ground;

/// The customer's table, before we come.
pub const CUSTOMER: &str = include_str!("../../../../../sql/postgres/customer/user_spending_data.sql");

pub static SERVER: LazyLock<PrivatePostgres> =
    LazyLock::new(|| PrivatePostgres::launch(PostgresOptions::for_tests().setting("wal_level", "logical")).unwrap());

/// A name that no other test has.
pub fn fresh(prefix: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{prefix}_{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A database of its own, and whose tables and role a store is to use there.
pub struct Database {
    pub name: String,
    pub role: String,
    pub tables: TableNames,
    /// What the run intends that is inspected for.
    pub intent: Intent,
    /// The second database, with the recommendations.
    pub second: Option<Box<Database>>,
}

impl Database {
    /// Nothing in it.
    pub fn empty() -> Self {
        let name = fresh("db");
        SERVER.create_database(&name).unwrap();
        let role = SERVER.superuser_name().to_owned();
        Self { name, role, tables: TableNames::default(), intent: Intent::default(), second: None }
    }

    /// The customer's table as this script makes it, and whatever `migrate` adds.
    pub async fn made_by(script: &str) -> Self {
        let database = Self::empty();
        database.run(script);
        database.migrate().await;
        database
    }

    /// The ordinary case.
    pub async fn sound() -> Self {
        Self::made_by(CUSTOMER).await
    }

    /// The ordinary case with the recommendations in a second database.
    pub async fn sound_pair() -> Self {
        let mut source = Self::empty();
        source.run(CUSTOMER);
        source.second = Some(Box::new(Self::empty()));
        source.migrate().await;
        source
    }

    /// Runs a script as the superuser, who owns everything; what it wrote.
    pub fn run(&self, script: &str) -> String {
        SERVER.psql(&self.name, script).unwrap()
    }

    pub fn target(&self) -> &Self {
        self.second.as_deref().unwrap()
    }

    pub fn config(&self) -> StoreConfig {
        let database =
            |of: &Self| DatabaseConfig { url: SERVER.url_as(&of.role, None, &of.name), ..DatabaseConfig::default() };
        StoreConfig {
            source: database(self),
            target: self.second.as_deref().map(database),
            tables: self.tables.clone(),
            limits: CallLimits::default(),
            sessions: 2,
            looks: 0,
            instance_id: Uuid::new_v4(),
            host: "test".into(),
        }
    }

    pub async fn migrate(&self) {
        let mut steps = Vec::new();
        let outcome = self.migrate_telling(&mut |step: &str| steps.push(step.to_owned())).await;
        outcome.unwrap_or_else(|error| panic!("{error}, after {steps:#?}"));
    }

    pub async fn try_migrate(&self) -> Result<(), DatabaseError> {
        self.migrate_telling(&mut |_| ()).await
    }

    /// Migrates as the owner of everything.
    pub async fn migrate_telling(&self, report: Report<'_>) -> Result<(), DatabaseError> {
        self.migrate_as(SERVER.superuser_name(), report).await
    }

    pub async fn migrate_as(&self, role: &str, report: Report<'_>) -> Result<(), DatabaseError> {
        let database =
            |of: &Self| DatabaseConfig { url: SERVER.url_as(role, None, &of.name), ..DatabaseConfig::default() };
        let config = MigrateConfig {
            source: database(self),
            target: self.second.as_deref().map(database),
            tables: self.tables.clone(),
            limits: CallLimits::default(),
        };
        migrate(&config, report).await
    }

    pub fn store(&self) -> PostgresStore {
        PostgresStore::new(&self.config()).unwrap()
    }

    pub async fn inspect(&self) -> Inspection {
        self.try_inspect().await.unwrap()
    }

    pub async fn try_inspect(&self) -> Result<Inspection, DatabaseError> {
        self.store().inspect(&self.intent).await
    }

    /// Neither a refusal nor a warning.
    pub async fn assert_sound(&self) {
        assert_eq!(self.inspect().await, Inspection::default());
    }

    /// The only refusal, which must have this name; what it says.
    pub async fn refused(&self, name: &str) -> String {
        match &self.inspect().await.refusals[..] {
            [refusal] if refusal.name == name => refusal.message.clone(),
            other => panic!("expected one {name}, found {other:#?}"),
        }
    }

    /// The only warning; what it says.
    pub async fn warned(&self) -> String {
        let inspection = self.inspect().await;
        assert_eq!(inspection.refusals, []);
        match &inspection.warnings[..] {
            [warning] => warning.clone(),
            other => panic!("expected one warning, found {other:#?}"),
        }
    }

    /// Refused with this name among others, perhaps; what each says.
    pub async fn all_refused(&self, name: &str) -> Vec<String> {
        let inspection = self.inspect().await;
        assert!(inspection.refusals.iter().all(|refusal| refusal.name == name), "{inspection:#?}");
        inspection.refusals.into_iter().map(|refusal| refusal.message).collect()
    }

    /// Runs the statement that a message ends with.
    pub fn run_advice(&self, message: &str) {
        let statement = message.rsplit(": ").next().unwrap();
        assert!(statement.ends_with(';'), "{message}");
        self.run(statement);
    }

    /// A role that may log in and has no right at all, not even those that every role has by default.
    pub fn with_bare_role(mut self) -> Self {
        self.role = fresh("role \"x\"");
        let quoted = self.role.replace('"', "\"\"");
        self.run(&format!("CREATE ROLE \"{quoted}\" LOGIN"));
        for of in std::iter::once(&self.name).chain(self.second.as_ref().map(|second| &second.name)) {
            SERVER.psql(of, "REVOKE ALL ON SCHEMA public FROM PUBLIC").unwrap();
        }
        if let Some(second) = &mut self.second {
            second.role.clone_from(&self.role);
        }
        self
    }
}

impl Ground for Database {
    type Source = PostgresServer;
    type Target = PostgresServer;

    fn store(&self) -> PostgresStore {
        Self::store(self)
    }

    fn change(&self, script: &str) {
        self.run(script);
    }

    fn loaded(&self) -> (u64, u64) {
        let target = self.second.as_deref().unwrap_or(self);
        let counts = target.run("SELECT count(*), pg_catalog.count(DISTINCT user_id) FROM card_recommendations");
        let (rows, users) = counts.split_once('|').unwrap();
        (rows.parse().unwrap(), users.parse().unwrap())
    }
}

/// The statements that a message ends with, a line each.
pub fn grants(message: &str) -> Vec<&str> {
    let grants: Vec<&str> = message.lines().skip(1).collect();
    assert!(!grants.is_empty() && grants.iter().all(|grant| grant.starts_with("GRANT ")), "{message}");
    grants
}
