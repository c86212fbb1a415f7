//! PostgreSQL: one private server, a template of migrated databases, and a copy of it for each test.

use std::any::Any;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use cardgenius_embedded::{Locale, PostgresOptions, PrivatePostgres};
use cardgenius_pipeline::ports::RowForm;
use cardgenius_store::config::{CallLimits, DatabaseConfig, StoreConfig, TableNames, application_name};
use cardgenius_store::identifiers::Names;
use cardgenius_store::migrate::MigrateConfig;
use cardgenius_store::migrate::migrate;
use cardgenius_store::postgres::PostgresServer;
use chrono::{DateTime, Utc};
use futures_util::SinkExt;
use tokio::sync::OnceCell;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};
use uuid::Uuid;

use crate::backend::{Database, Session};

const CUSTOMER: &str = include_str!("../../../../../sql/postgres/customer/user_spending_data.sql");

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

/// A database with the customer's table, and a migrated one.
struct Templates {
    customers: String,
    alone: String,
}

static TEMPLATES: OnceCell<Templates> = OnceCell::const_new();

async fn templates() -> &'static Templates {
    TEMPLATES
        .get_or_init(async || {
            connect(&SERVER.url("postgres")).await.rows(&format!("CREATE ROLE {ROLE} LOGIN")).await;
            let customers = copy_of("template1").await;
            connect(&url(&customers)).await.rows(CUSTOMER).await;
            let alone = copy_of(&customers).await;
            let config = MigrateConfig {
                source: database(&alone),
                target: None,
                tables: TableNames::default(),
                limits: CallLimits::default(),
            };
            migrate(&config, &mut |_| {}).await.unwrap();
            Templates { customers, alone }
        })
        .await
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

/// A database on PostgreSQL.
pub struct Postgres {
    name: String,
}

impl Database for Postgres {
    type Server = PostgresServer;
    type Session = PostgresSession;

    const FORM: RowForm = RowForm::Binary;
    const FOR_SHARE: &'static str = "FOR SHARE";
    const ANALYZE: &'static str = "ANALYZE user_spending_data";
    const WHOAMI: &'static str = "session_user";
    const NUMBER: &'static str = "pg_backend_pid()";

    async fn empty() -> Self {
        // The role is made with the templates.
        templates().await;
        Self { name: copy_of("template1").await }
    }

    async fn customers() -> Self {
        Self { name: copy_of(&templates().await.customers).await }
    }

    async fn alone() -> Self {
        Self { name: copy_of(&templates().await.alone).await }
    }

    fn config(&self) -> DatabaseConfig {
        database(&self.name)
    }

    fn schema(&self) -> String {
        "public".into()
    }

    fn server(config: &StoreConfig, second_target: bool) -> PostgresServer {
        if second_target {
            return PostgresServer::target(config).unwrap().unwrap();
        }
        PostgresServer::source(config).unwrap()
    }

    async fn session(&self) -> PostgresSession {
        connect(&SERVER.url(&self.name)).await
    }

    async fn account(&self) -> String {
        ROLE.into()
    }

    fn ago(seconds: u32) -> String {
        format!("clock_timestamp() - make_interval(secs => {seconds})")
    }

    fn epoch(time: &str) -> String {
        format!("floor(extract(epoch FROM {time}))::bigint")
    }

    fn moment(time: DateTime<Utc>) -> String {
        format!("'{}'::timestamptz", time.to_rfc3339())
    }

    async fn tell_all_keys_apart(&self, _: &str) {
        // Every collation does, but those that are made not to.
    }

    async fn assert_claims_go_by_the_index(&self, after_key: &str, when: &str) {
        let sql = include_str!("../../src/postgres/sql/claim_users.sql");
        let sql = Names::new(&TableNames::default()).render(sql).unwrap();
        let session = self.session().await;
        session.rows("BEGIN").await;
        session.rows(include_str!("../../src/postgres/sql/claim_plan.sql")).await;
        session.rows(&format!("PREPARE claim (uuid, text, smallint, smallint, bigint, text, text[]) AS {sql}")).await;
        // The server may plan for these values, or once for all.
        for mode in ["force_custom_plan", "force_generic_plan"] {
            session.rows(&format!("SET LOCAL plan_cache_mode = {mode}")).await;
            let explain =
                format!("EXPLAIN EXECUTE claim ('{}', '{after_key}', 0, 2, 10000, 'CK0150000', '{{}}')", Uuid::nil());
            let plan: Vec<String> = session.rows(&explain).await.iter().map(|row| row[0].clone().unwrap()).collect();
            let plan = plan.join("\n");
            let by_index =
                plan.contains("Index Scan using cardgenius_unsettled_user_spending_data on user_spending_data");
            let by_place = plan.contains("Tid Scan on user_spending_data");
            let otherwise = ["Seq Scan", "Bitmap", "Sort", "Hash Join", "Merge Join", "_pkey"];
            let otherwise = otherwise.iter().any(|way| plan.contains(way));
            let condition = plan.lines().find(|line| line.contains("Index Cond: ((ROW(processing_status, "));
            let from_the_furthest = condition.is_some_and(|condition| condition.contains("GREATEST("));
            assert!(by_index && by_place && from_the_furthest && !otherwise, "{when}, {mode}:\n{plan}");
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
        self.session().await.rows(&script).await;
    }

    async fn refuse_status(&self, status: &str, pattern: &str) {
        self.meet_status((status, pattern), "RAISE 'not this one'", "TRIGGER {name} BEFORE").await;
    }

    async fn shorten_user_ids(&self, characters: usize) {
        let sql = format!("ALTER TABLE card_recommendations ALTER COLUMN user_id TYPE varchar({characters})");
        self.session().await.rows(&sql).await;
    }

    async fn require_known_users(&self, known: &[&str]) {
        self.require(known, "").await;
    }

    async fn somebody_waits(&self) {
        until(&self.session().await, "wait_event_type = 'Lock'").await;
    }

    fn take_slot(source_table: &str, slot: u32) -> String {
        format!("SELECT pg_try_advisory_lock(hashtextextended('cardgenius slot {source_table}', {slot}))")
    }

    async fn waits_for_a_slot(&self, sessions: u32) {
        let waiting =
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = current_database()";
        until(&self.session().await, &format!("({waiting}) >= {sessions}")).await;
    }

    async fn frozen(&self, instance_id: Uuid, statement: String, loads: bool) -> Box<dyn Any + Send> {
        let mut config: tokio_postgres::Config = url(&self.name).parse().unwrap();
        config.application_name(application_name(instance_id));
        let (client, connection) = config.connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(&format!("BEGIN; {statement}")).await.unwrap();
        if !loads {
            return Box::new(client);
        }
        let copy = "COPY card_recommendations (user_id, rank, card_name) FROM STDIN";
        let mut sink = Box::pin(client.copy_in::<_, Bytes>(copy).await.unwrap());
        sink.send(Bytes::from_static(b"U0\t1\tHalf a")).await.unwrap();
        Box::new((sink, client))
    }

    async fn hold_answers(&self) {
        let sql = format!("ALTER DATABASE {} SET synchronous_commit = 'on'", self.name);
        self.session().await.rows(&sql).await;
    }

    async fn an_answer_is_held(&self) {
        let session = connect(&SERVER.url("postgres")).await;
        until(&session, &format!("wait_event = 'SyncRep' AND datname = '{}'", self.name)).await;
    }

    async fn lose_an_answer(&self) {
        self.an_answer_is_held().await;
        let session = connect(&SERVER.url("postgres")).await;
        session.rows(&format!("ALTER DATABASE {} RESET synchronous_commit", self.name)).await;
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = ";
        session.rows(&format!("{sql} '{}'", self.name)).await;
    }

    async fn break_commits(&self) {
        let script = "CREATE FUNCTION break_off() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                          PERFORM pg_terminate_backend(pg_backend_pid());
                          RETURN NULL;
                      END $$;
                      CREATE CONSTRAINT TRIGGER break_off AFTER INSERT OR UPDATE ON cardgenius_claims
                      DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION break_off()";
        self.session().await.rows(script).await;
    }

    async fn mend_commits(&self) {
        self.session().await.rows("DROP TRIGGER break_off ON cardgenius_claims").await;
    }

    async fn session_that_cannot_be_ended(&self, instance_id: Uuid) -> PostgresSession {
        let session = self.session().await;
        session.rows(&format!("SET application_name = '{}'", application_name(instance_id))).await;
        session
    }
}

impl Postgres {
    /// As [`Database::require_known_users`], but a user that is not known is refused at the commit, and not before.
    pub async fn require_known_users_at_the_commit(&self, known: &[&str]) {
        self.require(known, "DEFERRABLE INITIALLY DEFERRED").await;
    }

    /// From now on the tenth recommendation of users `LIKE` this is dropped, and nothing said.
    pub async fn drop_rows(&self, pattern: &str) {
        let script = format!(
            "CREATE FUNCTION drop_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 IF NEW.user_id LIKE '{pattern}' AND NEW.rank = 10 THEN RETURN NULL; END IF;
                 RETURN NEW;
             END $$;
             CREATE TRIGGER drop_row BEFORE INSERT ON card_recommendations FOR EACH ROW EXECUTE FUNCTION drop_row()"
        );
        self.session().await.rows(&script).await;
    }

    /// As [`Database::refuse_status`], but the update does nothing, and says nothing.
    pub async fn swallow_status(&self, status: &str, pattern: &str) {
        self.meet_status((status, pattern), "RETURN NULL", "TRIGGER {name} BEFORE").await;
    }

    /// As [`Database::refuse_status`], but not before the commit.
    pub async fn refuse_status_at_the_commit(&self, status: &str, pattern: &str) {
        self.meet_status((status, pattern), "RAISE 'not this one'", "CONSTRAINT TRIGGER {name} AFTER").await;
    }

    /// Runs a line of PL/pgSQL where a user gets a status.
    async fn meet_status(&self, (status, pattern): (&str, &str), line: &str, kind: &str) {
        let (name, deferred) =
            (format!("meet_{status}"), if kind.contains("AFTER") { "DEFERRABLE INITIALLY DEFERRED" } else { "" });
        let script = format!(
            "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 IF NEW.user_id LIKE '{pattern}' AND NEW.processing_status = '{status}' THEN {line}; END IF;
                 RETURN NEW;
             END $$;
             CREATE {} UPDATE ON user_spending_data {deferred} FOR EACH ROW EXECUTE FUNCTION {name}()",
            kind.replace("{name}", &name)
        );
        self.session().await.rows(&script).await;
    }

    async fn require(&self, known: &[&str], when: &str) {
        let values: Vec<String> = known.iter().map(|id| format!("('{id}')")).collect();
        let script = format!(
            "CREATE TABLE known_users (user_id varchar(50) PRIMARY KEY);
             INSERT INTO known_users VALUES {};
             GRANT SELECT ON known_users TO {ROLE};
             ALTER TABLE card_recommendations ADD CONSTRAINT known FOREIGN KEY (user_id) REFERENCES known_users {when}",
            values.join(", "),
        );
        self.session().await.rows(&script).await;
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
