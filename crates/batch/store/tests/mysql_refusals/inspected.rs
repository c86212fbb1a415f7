//! A database as an inspection sees it.

use cardgenius_store::config::{CallLimits, DatabaseConfig, StoreConfig, TableNames};
use cardgenius_store::inspection::{Inspection, Intent};
use cardgenius_store::mysql::{MysqlServer, MysqlStore};
use uuid::Uuid;

use crate::place::Place;
use crate::protocol::Ground;

/// A place, and who looks at it.
pub struct Inspected<'a> {
    pub place: Place<'a>,
    /// Names where they are not the place's own.
    pub tables: TableNames,
    /// What the run intends that is inspected for.
    pub intent: Intent,
}

impl<'a> Inspected<'a> {
    pub fn of(place: Place<'a>) -> Self {
        Self { tables: place.tables.clone(), intent: Intent::default(), place }
    }

    /// The ordinary case.
    pub async fn sound() -> Self {
        Self::of(Place::migrated().await)
    }

    /// The customer's table as this script makes it, and whatever `migrate` adds.
    pub async fn made_by(script: &str) -> Self {
        let place = Place::empty();
        place.run(script);
        place.migrate().await.unwrap();
        Self::of(place)
    }

    pub fn run(&self, script: &str) -> String {
        self.place.run(script)
    }

    pub fn config(&self) -> StoreConfig {
        StoreConfig {
            source: DatabaseConfig { url: self.place.config().source.url, ..DatabaseConfig::default() },
            target: None,
            tables: self.tables.clone(),
            limits: CallLimits::default(),
            sessions: 2,
            looks: 0,
            instance_id: Uuid::new_v4(),
            host: "test".into(),
        }
    }

    pub async fn inspect(&self) -> Inspection {
        MysqlStore::new(&self.config()).unwrap().inspect(&self.intent).await.unwrap()
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

    /// Runs the statement that a message ends with.
    pub fn run_advice(&self, message: &str) {
        let statement = message.rsplit(": ").next().unwrap();
        assert!(statement.ends_with(';'), "{message}");
        self.run(statement);
    }
}

impl Ground for Inspected<'_> {
    type Source = MysqlServer;
    type Target = MysqlServer;

    fn store(&self) -> MysqlStore {
        MysqlStore::new(&self.config()).unwrap()
    }

    fn change(&self, script: &str) {
        self.run(script);
    }

    fn loaded(&self) -> (u64, u64) {
        let counts = self.run("SELECT COUNT(*), COUNT(DISTINCT user_id) FROM card_recommendations");
        let (rows, users) = counts.trim().split_once('\t').unwrap();
        (rows.parse().unwrap(), users.parse().unwrap())
    }
}
