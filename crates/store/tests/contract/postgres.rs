//! PostgreSQL: one private server, a template of migrated databases, and a copy of it for each test.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use cardgenius_embedded::{Locale, PostgresOptions, PrivatePostgres};
use cardgenius_store::config::{CallLimits, DatabaseConfig, StoreConfig, TableNames, application_name};
use cardgenius_store::identifiers::Names;
use cardgenius_store::migrate::MigrateConfig;
use cardgenius_store::migrate::migrate;
use cardgenius_store::postgres::PostgresStore;
use futures_util::SinkExt;
use tokio::sync::OnceCell;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};
use uuid::Uuid;

use crate::backend::{Backend, Frozen, Session, WithSecondTarget};

const CUSTOMER: &str = include_str!("../../../../sql/postgres/customer/user_spending_data.sql");

/// Whose rights the store has: it owns its databases, and no more.
const ROLE: &str = "daemon";

/// Keys are ordered by a language's rules. Nobody analyses tables behind a test's back. A commit can be made to wait for
/// a standby that never comes: it has taken, and the answer can be lost.
static SERVER: LazyLock<PrivatePostgres> = LazyLock::new(|| {
    let options = PostgresOptions::for_tests()
        .locale(Locale::Icu("en-US".into()))
        .setting("autovacuum", "off")
        .setting("max_connections", "300")
        .setting("synchronous_standby_names", "nobody")
        .setting("synchronous_commit", "local");
    PrivatePostgres::launch(options).unwrap()
});

/// A migrated database, and a migrated pair: source and target.
struct Templates {
    alone: String,
    source: String,
    target: String,
}

static TEMPLATES: OnceCell<Templates> = OnceCell::const_new();

async fn templates() -> &'static Templates {
    TEMPLATES
        .get_or_init(async || {
            connect(&SERVER.url("postgres")).await.rows(&format!("CREATE ROLE {ROLE} LOGIN")).await;
            let templates = Templates { alone: fresh().await, source: fresh().await, target: fresh().await };
            for source in [&templates.alone, &templates.source] {
                connect(&url(source)).await.rows(CUSTOMER).await;
            }
            let config = |source: &str, target: Option<&str>| MigrateConfig {
                source: database(source),
                target: target.map(database),
                tables: TableNames::default(),
                limits: CallLimits::default(),
            };
            migrate(&config(&templates.alone, None), &mut |_| {}).await.unwrap();
            migrate(&config(&templates.source, Some(&templates.target)), &mut |_| {}).await.unwrap();
            templates
        })
        .await
}

/// An empty database; its name.
async fn fresh() -> String {
    copy_of("template1").await
}

async fn copy_of(template: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("db_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let sql = format!("CREATE DATABASE {name} TEMPLATE {template} OWNER {ROLE}");
    connect(&SERVER.url("postgres")).await.rows(&sql).await;
    name
}

fn url(name: &str) -> String {
    SERVER.url_as(ROLE, None, name)
}

fn database(name: &str) -> DatabaseConfig {
    DatabaseConfig { url: url(name), ..DatabaseConfig::default() }
}

async fn connect(url: &str) -> PostgresSession {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    PostgresSession { client }
}

/// A session of the superuser's.
pub struct PostgresSession {
    client: Client,
}

impl Session for PostgresSession {
    async fn rows(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        let messages = self.client.simple_query(sql).await.unwrap_or_else(|error| {
            let shown: String = sql.chars().take(500).collect();
            panic!("{}: {shown}", error.as_db_error().map_or(error.to_string(), ToString::to_string))
        });
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        rows.map(|row| (0..row.len()).map(|column| row.get(column).map(str::to_owned)).collect()).collect()
    }
}

/// Users and recommendations in one database.
pub struct OneDatabase {
    name: String,
}

/// Users in one database, recommendations in another.
pub struct TwoDatabases {
    source: String,
    target: String,
}

/// What differs between the two: which databases there are.
pub trait Place: Send + Sync + 'static {
    fn make() -> impl Future<Output = Self>;
    fn source(&self) -> &str;
    fn second_target(&self) -> Option<&str>;
}

impl Place for OneDatabase {
    async fn make() -> Self {
        Self { name: copy_of(&templates().await.alone).await }
    }

    fn source(&self) -> &str {
        &self.name
    }

    fn second_target(&self) -> Option<&str> {
        None
    }
}

impl Place for TwoDatabases {
    async fn make() -> Self {
        let templates = templates().await;
        Self { source: copy_of(&templates.source).await, target: copy_of(&templates.target).await }
    }

    fn source(&self) -> &str {
        &self.source
    }

    fn second_target(&self) -> Option<&str> {
        Some(&self.target)
    }
}

impl WithSecondTarget for TwoDatabases {}

impl<P: Place> Backend for P {
    type Store = PostgresStore;
    type Session = PostgresSession;

    async fn fresh() -> Self {
        P::make().await
    }

    fn store(&self, instance_id: Uuid, limits: CallLimits) -> PostgresStore {
        let config = StoreConfig {
            source: database(self.source()),
            target: self.second_target().map(database),
            tables: TableNames::default(),
            limits,
            sessions: 2,
            looks: 0,
            instance_id,
            host: "test".into(),
        };
        PostgresStore::new(&config).unwrap()
    }

    async fn at_source(&self) -> PostgresSession {
        connect(&SERVER.url(self.source())).await
    }

    async fn at_target(&self) -> PostgresSession {
        connect(&SERVER.url(self.second_target().unwrap_or(self.source()))).await
    }

    fn ago(seconds: u32) -> String {
        format!("clock_timestamp() - make_interval(secs => {seconds})")
    }

    async fn assert_claims_go_by_the_index(&self, after_key: &str, when: &str) {
        let sql = include_str!("../../src/postgres/sql/claim_users.sql");
        let sql = Names::new(&TableNames::default()).render(sql).unwrap();
        let session = self.at_source().await;
        session.rows("BEGIN").await;
        session.rows(include_str!("../../src/postgres/sql/claim_plan.sql")).await;
        session.rows(&format!("PREPARE claim (uuid, text, smallint, smallint, bigint) AS {sql}")).await;
        // The server may plan for these values, or once for all.
        for mode in ["force_custom_plan", "force_generic_plan"] {
            session.rows(&format!("SET LOCAL plan_cache_mode = {mode}")).await;
            let explain = format!("EXPLAIN EXECUTE claim ('{}', '{after_key}', 0, 2, 10000)", Uuid::nil());
            let plan: Vec<String> = session.rows(&explain).await.iter().map(|row| row[0].clone().unwrap()).collect();
            let plan = plan.join("\n");
            let by_index =
                plan.contains("Index Scan using cardgenius_unsettled_user_spending_data on user_spending_data");
            let by_place = plan.contains("Tid Scan on user_spending_data");
            let otherwise = ["Seq Scan", "Bitmap", "Sort", "Hash Join", "Merge Join", "_pkey"];
            let otherwise = otherwise.iter().any(|way| plan.contains(way));
            assert!(by_index && by_place && !otherwise, "{when}, {mode}:\n{plan}");
        }
    }

    async fn refuse_by_trigger(&self, pattern: &str) {
        let script = format!(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 IF NEW.user_id LIKE '{pattern}' THEN RAISE 'not this one'; END IF;
                 RETURN NEW;
             END $$;
             CREATE TRIGGER refuse BEFORE INSERT ON card_recommendations FOR EACH ROW EXECUTE FUNCTION refuse()"
        );
        self.at_target().await.rows(&script).await;
    }

    async fn shorten_user_ids(&self, characters: usize) {
        let sql = format!("ALTER TABLE card_recommendations ALTER COLUMN user_id TYPE varchar({characters})");
        self.at_target().await.rows(&sql).await;
    }

    async fn require_known_users(&self, known: &[&str], at_commit: bool) {
        let values: Vec<String> = known.iter().map(|id| format!("('{id}')")).collect();
        let script = format!(
            "CREATE TABLE known_users (user_id varchar(50) PRIMARY KEY);
             INSERT INTO known_users VALUES {};
             GRANT SELECT ON known_users TO {ROLE};
             ALTER TABLE card_recommendations ADD CONSTRAINT known FOREIGN KEY (user_id) REFERENCES known_users {}",
            values.join(", "),
            if at_commit { "DEFERRABLE INITIALLY DEFERRED" } else { "" }
        );
        self.at_target().await.rows(&script).await;
    }

    async fn somebody_waits(&self) {
        until(&self.at_source().await, "wait_event_type = 'Lock'").await;
    }

    async fn freeze_in_a_load(&self, instance_id: Uuid, claim_id: Uuid) -> Frozen {
        let frozen = |name: &str| {
            let mut config: tokio_postgres::Config = url(name).parse().unwrap();
            config.application_name(application_name(instance_id));
            async move {
                let (client, connection) = config.connect(NoTls).await.unwrap();
                tokio::spawn(connection);
                client
            }
        };
        let source = frozen(self.source()).await;
        let claim = format!("BEGIN; SELECT claim_id FROM cardgenius_claims WHERE claim_id = '{claim_id}' FOR UPDATE");
        source.batch_execute(&claim).await.unwrap();
        let mut holding: Vec<Client> = Vec::new();
        let loading = match self.second_target() {
            None => source,
            Some(target) => {
                holding.push(source);
                let client = frozen(target).await;
                let fence = format!("BEGIN; INSERT INTO cardgenius_fence VALUES ('{claim_id}', 1, true)");
                client.batch_execute(&fence).await.unwrap();
                client
            }
        };
        let copy = "COPY card_recommendations (user_id, rank, card_name) FROM STDIN";
        let mut sink = Box::pin(loading.copy_in::<_, Bytes>(copy).await.unwrap());
        sink.send(Bytes::from_static(b"U0\t1\tHalf a")).await.unwrap();
        holding.push(loading);
        Frozen { holding: Box::new((sink, holding)) }
    }

    async fn hold_answers(&self) {
        let sql = format!("ALTER DATABASE {} SET synchronous_commit = 'on'", self.source());
        self.at_source().await.rows(&sql).await;
    }

    async fn an_answer_is_held(&self) {
        let session = connect(&SERVER.url("postgres")).await;
        until(&session, &format!("wait_event = 'SyncRep' AND datname = '{}'", self.source())).await;
    }

    async fn lose_an_answer(&self) {
        self.an_answer_is_held().await;
        let session = connect(&SERVER.url("postgres")).await;
        session.rows(&format!("ALTER DATABASE {} RESET synchronous_commit", self.source())).await;
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = ";
        session.rows(&format!("{sql} '{}'", self.source())).await;
    }

    async fn break_commits(&self) {
        let script = "CREATE FUNCTION break_off() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                          PERFORM pg_terminate_backend(pg_backend_pid());
                          RETURN NULL;
                      END $$;
                      CREATE CONSTRAINT TRIGGER break_off AFTER INSERT OR UPDATE ON cardgenius_claims
                      DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION break_off()";
        self.at_source().await.rows(script).await;
    }

    async fn mend_commits(&self) {
        self.at_source().await.rows("DROP TRIGGER break_off ON cardgenius_claims").await;
    }

    async fn session_that_cannot_be_ended(&self, instance_id: Uuid) -> PostgresSession {
        let session = self.at_source().await;
        session.rows(&format!("SET application_name = '{}'", application_name(instance_id))).await;
        session
    }
}

/// Returns when the server shows a session of which this is true; looks every few milliseconds.
async fn until(session: &PostgresSession, condition: &str) {
    let sql = format!("SELECT count(*) FROM pg_stat_activity WHERE {condition}");
    let looking = async {
        while session.rows(&sql).await[0][0].as_deref() == Some("0") {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), looking).await.unwrap_or_else(|_| panic!("never: {condition}"));
}
