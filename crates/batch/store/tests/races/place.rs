//! Where races are run: a database with three users and an open run, and two steppers before it.

use std::sync::LazyLock;

use cardgenius_embedded::PostgresOptions;
use cardgenius_pipeline::compute::ComputedChunk;
use cardgenius_pipeline::ports::{Claimed, Run, Store};
use cardgenius_store::config::{CallLimits, DatabaseConfig, StoreConfig, TableNames};
use cardgenius_store::migrate::MigrateConfig;
use cardgenius_store::migrate::migrate;
use cardgenius_store::postgres::PostgresStore;
use cardgenius_testkit::{Database, Lines, Stepper, TestServer, violations};
use tokio::sync::{OnceCell, Semaphore, SemaphorePermit};
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use crate::chunks::{ByAmazon, compute_by};
use crate::explorer::{Party, Trace, start, step_through};
use crate::schedules::Plan;
use crate::world::{patient, request, run_request};

const CUSTOMER: &str = include_str!("../../../../../sql/postgres/customer/user_spending_data.sql");

/// What a schedule changed is undone. Nobody is registered.
const RESET: &str = "
    DELETE FROM card_recommendations;
    DELETE FROM cardgenius_claims;
    DELETE FROM cardgenius_instances;
    UPDATE cardgenius_runs SET state = 'open', closed_by = NULL, closed_at = NULL, users_left = NULL, reason = NULL;
    DELETE FROM user_spending_data;
    INSERT INTO user_spending_data (user_id, avg_amazon_gmv) VALUES ('U0', 100), ('U1', 100), ('U2', 100);";

static SERVER: LazyLock<TestServer> = LazyLock::new(|| {
    let options = PostgresOptions::for_tests().loopback_tcp().setting("autovacuum", "off");
    TestServer::launch(options.setting("max_connections", "200"))
});

/// So many races are run at once; each keeps a processor and a half busy.
static PLACES: Semaphore = Semaphore::const_new(2);

static MIGRATED: OnceCell<Database<'static>> = OnceCell::const_new();

async fn migrated() -> &'static Database<'static> {
    MIGRATED
        .get_or_init(async || {
            let database = SERVER.empty();
            database.psql(CUSTOMER);
            let config = MigrateConfig {
                source: DatabaseConfig { url: database.url(), ..DatabaseConfig::default() },
                target: None,
                tables: TableNames::default(),
                limits: CallLimits::default(),
            };
            migrate(&config, &mut |_| {}).await.unwrap();
            database
        })
        .await
}

/// A database, two steppers, and a session past them.
pub struct Place {
    pub database: Database<'static>,
    pub direct: Client,
    pub steppers: [Stepper; 2],
    pub run: Run,
    _permit: SemaphorePermit<'static>,
}

impl Place {
    pub async fn fresh() -> Self {
        let permit = PLACES.acquire().await.unwrap();
        let database = SERVER.copy_of(migrated().await);
        let direct = database.connect().await;
        let steppers = [Stepper::before(SERVER.address()).await, Stepper::before(SERVER.address()).await];
        let opener = store(database.url(), Uuid::new_v4());
        let run = opener.open_or_join(&run_request()).await.unwrap();
        Self { database, direct, steppers, run, _permit: permit }
    }

    /// A store behind one of the steppers.
    pub fn store(&self, party: usize, instance_id: Uuid) -> PostgresStore {
        store(self.steppers[party].url(&self.database), instance_id)
    }

    /// A session of the test's own behind one of the steppers.
    pub async fn client(&self, party: usize) -> Client {
        let url = self.steppers[party].url(&self.database);
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// Three new users, the run open, no claim; requests pass.
    pub async fn reset(&self) {
        self.pass_freely();
        self.direct.batch_execute(RESET).await.unwrap();
    }

    /// From now on requests wait.
    pub fn hold(&self) {
        for stepper in &self.steppers {
            stepper.hold();
        }
    }

    /// Requests pass.
    pub fn pass_freely(&self) {
        for stepper in &self.steppers {
            stepper.pass_freely();
        }
    }

    /// Two calls, each behind its own stepper, as the plan says; what they came to. Then requests pass again.
    pub async fn race<A: Send + 'static, B: Send + 'static>(
        &self,
        plan: &mut Plan,
        first: impl Future<Output = A> + Send + 'static,
        second: impl Future<Output = B> + Send + 'static,
    ) -> (Trace, A, B) {
        self.hold();
        let ((first, first_done), (second, second_done)) = (start(first), start(second));
        let [one, other] = &self.steppers;
        let parties = [
            Party { stepper: one, lines: Lines::All, done: first_done },
            Party { stepper: other, lines: Lines::All, done: second_done },
        ];
        let trace = step_through(&self.direct, &parties, plan).await;
        let (first, second) = (first.await.unwrap(), second.await.unwrap());
        self.pass_freely();
        (trace, first, second)
    }

    /// All three users, claimed and computed.
    pub async fn chunk_of(&self, store: &PostgresStore) -> ComputedChunk {
        match store.claim(&request(&self.run, 3)).await.unwrap().claimed {
            Claimed::Chunk(chunk) => compute_by(store, ByAmazon, chunk).await,
            other => panic!("{other:?}"),
        }
    }

    /// The one value of a query, as text.
    pub async fn value(&self, sql: &str) -> String {
        let sql = format!("SELECT ({sql})::text");
        self.direct.query_one(&sql, &[]).await.unwrap().get::<_, Option<String>>(0).unwrap_or_default()
    }

    /// The claim's state, the users' statuses and crashes, and how many rows there are.
    pub async fn state(&self) -> String {
        let claim = self.value("SELECT string_agg(state, '+') FROM cardgenius_claims").await;
        let users = "SELECT string_agg(DISTINCT processing_status || '/' || crashes, '+') FROM user_spending_data";
        let users = self.value(users).await;
        format!("{claim}, {users}, {} rows", self.value("SELECT count(*) FROM card_recommendations").await)
    }

    /// The audit's findings.
    pub async fn violations(&self) -> Vec<String> {
        violations(&self.direct, &self.direct, &self.database.tables).await
    }
}

fn store(url: String, instance_id: Uuid) -> PostgresStore {
    let config = StoreConfig {
        source: DatabaseConfig { url, ..DatabaseConfig::default() },
        target: None,
        tables: TableNames::default(),
        // Whoever waits for a lock waits as long as the other one is not let go on.
        limits: patient(),
        sessions: 2,
        looks: 0,
        instance_id,
        host: "test".into(),
    };
    PostgresStore::new(&config).unwrap()
}
