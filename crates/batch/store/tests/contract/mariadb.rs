//! MariaDB: one private server, and databases on it that the store reaches through a proxy, which can hold an answer back.

use std::any::Any;
use std::net::SocketAddr;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use cardgenius_embedded::{MariadbOptions, PrivateMariadb, Vendor};
use cardgenius_pipeline::ports::RowForm;
use cardgenius_store::config::{CallLimits, DatabaseConfig, StoreConfig, TableNames, application_name};
use cardgenius_store::migrate::{MigrateConfig, migrate};
use cardgenius_store::mysql::MysqlServer;
use cardgenius_testkit::{Fault, Proxy, Trigger};
use chrono::{DateTime, Utc};
use futures_util::{StreamExt, stream};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder, Row, Value};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::backend::{Database, Session};

const CUSTOMER: &str = include_str!("../../../../../sql/mysql/customer/user_spending_data.sql");

/// Whose rights the store has: all in its databases, and nothing elsewhere.
const ACCOUNT: &str = "daemon";

static SERVER: LazyLock<PrivateMariadb> = LazyLock::new(|| {
    let options = MariadbOptions::for_tests().loopback_tcp().setting("max_connections", "500");
    let server = PrivateMariadb::launch(options).unwrap();
    server.run_sql("", &format!("CREATE USER {ACCOUNT}")).unwrap();
    server
});

/// A database on MariaDB.
pub struct Mariadb {
    name: String,
    proxy: Proxy,
}

/// The server shows what its transactions wait for as it was when somebody looked last, unless nobody has looked for a tenth of
/// a second ("InnoDB INFORMATION_SCHEMA Buffering", MySQL manual): all tests look one after the other.
static LOOKING: Mutex<()> = Mutex::const_new(());

const LOOK_EVERY: Duration = Duration::from_millis(150);

/// A session of the superuser's, in standard SQL as far as the server has it; it locks the rows that it finds, and no others.
pub struct MariadbSession {
    conn: Mutex<Conn>,
}

impl Session for MariadbSession {
    async fn rows(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        let mut conn = self.conn.lock().await;
        let failed = |error: &mysql_async::Error| format!("{error}: {}", sql.chars().take(500).collect::<String>());
        let mut result = conn.query_iter(sql).await.unwrap_or_else(|error| panic!("{}", failed(&error)));
        let mut rows: Vec<Vec<Option<String>>> = Vec::new();
        while !result.is_empty() {
            let some: Vec<Row> = result.collect().await.unwrap_or_else(|error| panic!("{}", failed(&error)));
            rows.extend(some.into_iter().map(|row| row.unwrap().into_iter().map(text).collect()));
        }
        rows
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(String::from_utf8(bytes).unwrap()),
        other => Some(other.as_sql(true)),
    }
}

fn superuser(database: &str) -> OptsBuilder {
    OptsBuilder::default()
        .socket(Some(SERVER.socket().display().to_string()))
        .user(Some(SERVER.superuser_name()))
        .db_name(Some(database))
        .setup(vec![
            "SET SESSION sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES,NO_BACKSLASH_ESCAPES'), time_zone = '+00:00'",
        ])
}

/// The name that MariaDB has for a collation, or that of the same on MySQL, where that is the server.
fn collation(on_mariadb: &'static str, on_mysql: &'static str) -> &'static str {
    match SERVER.version().vendor {
        Vendor::MariaDb => on_mariadb,
        Vendor::MySql => on_mysql,
    }
}

impl Mariadb {
    async fn conn(&self) -> Conn {
        Conn::new(superuser(&self.name)).await.unwrap()
    }

    /// How `user_id` is declared in a table of this database.
    async fn declared_key(&self, table: &str) -> String {
        let sql = format!(
            "SELECT concat(' CHARACTER SET ', character_set_name, ' COLLATE ', collation_name, ' NOT NULL')
             FROM information_schema.columns
             WHERE table_schema = '{}' AND table_name = '{table}' AND column_name = 'user_id'",
            self.name
        );
        self.session().await.rows(&sql).await[0][0].clone().unwrap()
    }

    /// Returns when the question counts something.
    async fn until(&self, question: &str) {
        let session = self.session().await;
        let looking = async {
            loop {
                let _looking = LOOKING.lock().await;
                tokio::time::sleep(LOOK_EVERY).await;
                if session.rows(question).await[0][0].as_deref() != Some("0") {
                    return;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(60), looking).await.unwrap_or_else(|_| panic!("never: {question}"));
    }
}

impl Database for Mariadb {
    type Server = MysqlServer;
    type Session = MariadbSession;

    const FORM: RowForm = RowForm::Text;
    const FOR_SHARE: &'static str = "LOCK IN SHARE MODE";
    const ANALYZE: &'static str = "ANALYZE TABLE user_spending_data";
    const WHOAMI: &'static str = "user()";
    const NUMBER: &'static str = "connection_id()";

    async fn empty() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("db_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        SERVER.create_database(&name).unwrap();
        SERVER.run_sql("", &format!("GRANT ALL ON `{}`.* TO {ACCOUNT}", name.replace('_', "\\_"))).unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], SERVER.port().unwrap()));
        Self { name, proxy: Proxy::before_mariadb(address).await }
    }

    async fn customers() -> Self {
        let database = Self::empty().await;
        // In a language's order; every two texts are two, blanks at the end included.
        let collation = collation("utf8mb4_uca1400_nopad_as_cs", "utf8mb4_0900_as_cs");
        let key = format!("user_id VARCHAR(50) CHARACTER SET utf8mb4 COLLATE {collation}");
        let script = CUSTOMER.replace("user_id VARCHAR(50)", &key);
        assert_ne!(script, CUSTOMER);
        database.session().await.rows(&script).await;
        database
    }

    async fn alone() -> Self {
        let database = Self::customers().await;
        let config = MigrateConfig {
            source: database.config(),
            target: None,
            tables: TableNames {
                source_schema: database.schema(),
                target_schema: database.schema(),
                ..TableNames::default()
            },
            limits: CallLimits::default(),
        };
        migrate(&config, &mut |_| {}).await.unwrap();
        database
    }

    fn config(&self) -> DatabaseConfig {
        // The proxy reads what passes.
        let url = format!("mysql://{ACCOUNT}@{}/{}?ssl-mode=DISABLED", self.proxy.address(), self.name);
        DatabaseConfig { url, ..DatabaseConfig::default() }
    }

    fn schema(&self) -> String {
        self.name.clone()
    }

    fn server(config: &StoreConfig, second_target: bool) -> MysqlServer {
        if second_target {
            return MysqlServer::target(config).unwrap().unwrap();
        }
        MysqlServer::source(config).unwrap()
    }

    async fn session(&self) -> MariadbSession {
        MariadbSession { conn: Mutex::new(self.conn().await) }
    }

    async fn account(&self) -> String {
        let address = self.proxy.address();
        let opts = OptsBuilder::default()
            .ip_or_hostname(address.ip().to_string())
            .tcp_port(address.port())
            .prefer_socket(false)
            .user(Some(ACCOUNT));
        Conn::new(opts).await.unwrap().query_first("SELECT USER()").await.unwrap().unwrap()
    }

    fn ago(seconds: u32) -> String {
        format!("(UTC_TIMESTAMP(6) - INTERVAL {seconds} SECOND)")
    }

    fn epoch(time: &str) -> String {
        format!("TIMESTAMPDIFF(SECOND, '1970-01-01', {time})")
    }

    fn moment(time: DateTime<Utc>) -> String {
        format!("TIMESTAMP'{}'", time.format("%Y-%m-%d %H:%M:%S%.6f"))
    }

    async fn tell_all_keys_apart(&self, table: &str) {
        let collation = collation("utf8mb4_nopad_bin", "utf8mb4_0900_bin");
        let key = format!("user_id VARCHAR(50) CHARACTER SET utf8mb4 COLLATE {collation} NOT NULL");
        self.session().await.rows(&format!("ALTER TABLE {table} MODIFY {key}")).await;
    }

    async fn assert_claims_go_by_the_index(&self, after_key: &str, when: &str) {
        let session = self.session().await;
        let own = |file: &str| {
            file.replace("{{input}}", "user_spending_data")
                .replace("{{unsettled}}", "cardgenius_unsettled_user_spending_data")
                .replace("{{input_key}}", "\"PRIMARY\"")
                .replace("{{monthly_income}}", "NULL")
                .replace("{{credit_score}}", "NULL")
        };
        let candidates = own(include_str!("../../src/mysql/sql/claim_candidates.sql"))
            .replace("$1", &format!("'{after_key}'"))
            .replace("$2", "0")
            .replace("$3", "2")
            .replace("$4", "10000")
            .replace("$5", "'CK0150000'");
        let plan = session.rows(&format!("EXPLAIN {candidates}")).await;
        // Its first three rows are the branches.
        for row in &plan[..3] {
            let shown = format!("{row:?}");
            let by_index = row[5].as_deref() == Some("cardgenius_unsettled_user_spending_data")
                || row[6].as_deref() == Some("cardgenius_unsettled_user_spending_data");
            assert!(by_index && shown.contains("Using index"), "{when}: {shown}");
        }
        for row in &plan[..2] {
            assert!(!format!("{row:?}").contains("filesort"), "{when}: {row:?}");
        }
        let keys: Vec<String> = (0..2_048).map(|number| format!("'CK{number:07}'")).collect();
        let locks = own(include_str!("../../src/mysql/sql/claim_lock_users.sql"))
            .replace("$1", &keys.join(", "))
            .replace("$2", "0")
            .replace("$3", "2");
        let plan = session.rows(&format!("EXPLAIN {locks}")).await;
        assert!(plan.len() == 1 && plan[0].contains(&Some("PRIMARY".into())), "{when}: {plan:?}");
        assert!(plan[0].contains(&Some("range".into())), "{when}: {plan:?}");
    }

    async fn refuse_by_trigger(&self, pattern: &str) {
        let script = format!(
            "CREATE TRIGGER refuse BEFORE INSERT ON card_recommendations FOR EACH ROW BEGIN
                 IF NEW.user_id LIKE '{pattern}' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not this one'; END IF;
             END"
        );
        self.session().await.rows(&script).await;
    }

    async fn refuse_status(&self, status: &str, pattern: &str) {
        let script = format!(
            "CREATE TRIGGER refuse_{status} BEFORE UPDATE ON user_spending_data FOR EACH ROW BEGIN
                 IF NEW.user_id LIKE '{pattern}' AND NEW.processing_status = '{status}' THEN
                     SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not this one';
                 END IF;
             END"
        );
        self.session().await.rows(&script).await;
    }

    async fn shorten_user_ids(&self, characters: usize) {
        let declared = self.declared_key("card_recommendations").await;
        let sql = format!("ALTER TABLE card_recommendations MODIFY user_id VARCHAR({characters}){declared}");
        self.session().await.rows(&sql).await;
    }

    async fn require_known_users(&self, known: &[&str]) {
        let declared = self.declared_key("card_recommendations").await;
        let values: Vec<String> = known.iter().map(|id| format!("('{id}')")).collect();
        let script = format!(
            "CREATE TABLE known_users (user_id VARCHAR(50){declared} PRIMARY KEY);
             INSERT INTO known_users VALUES {};
             ALTER TABLE card_recommendations ADD CONSTRAINT known FOREIGN KEY (user_id) REFERENCES known_users (user_id)",
            values.join(", ")
        );
        self.session().await.rows(&script).await;
    }

    async fn somebody_waits(&self) {
        self.until(&format!(
            "SELECT count(*) FROM information_schema.innodb_trx AS t
             JOIN information_schema.processlist AS p ON p.id = t.trx_mysql_thread_id
             WHERE t.trx_state = 'LOCK WAIT' AND p.db = '{}'",
            self.name
        ))
        .await;
    }

    fn take_slot(source_table: &str, slot: u32) -> String {
        format!("SELECT GET_LOCK(CONCAT('cardgenius/slot/', LEFT(SHA2('{source_table}', 256), 40), '/{slot}'), 0)")
    }

    async fn waits_for_a_slot(&self, sessions: u32) {
        self.until(&format!(
            "SELECT count(*) >= {sessions} FROM information_schema.processlist
             WHERE db = '{}' AND state = 'User lock'",
            self.name
        ))
        .await;
    }

    async fn frozen(&self, instance_id: Uuid, statement: String, loads: bool) -> Box<dyn Any + Send> {
        let opts = OptsBuilder::default()
            .socket(Some(SERVER.socket().display().to_string()))
            .user(Some(ACCOUNT))
            .db_name(Some(&self.name));
        let mut conn = Conn::new(opts).await.unwrap();
        let slot = if loads { 63 } else { 61 };
        let name = format!("SELECT GET_LOCK('{}/{slot}', 0)", application_name(instance_id));
        assert_eq!(conn.query_first::<u8, _>(name).await.unwrap(), Some(1));
        conn.query_drop("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED").await.unwrap();
        conn.query_drop("START TRANSACTION").await.unwrap();
        conn.query_drop(statement).await.unwrap();
        if !loads {
            return Box::new(conn);
        }
        let half = stream::iter([Ok(Bytes::from_static(b"U0\t1\tHalf a"))]).chain(stream::pending());
        conn.set_infile_handler(async move { Ok(half.boxed()) });
        let session = conn.id();
        let load = "LOAD DATA LOCAL INFILE 'half' INTO TABLE card_recommendations (user_id, `rank`, card_name)";
        let loading = tokio::spawn(async move {
            let _ = conn.query_drop(load).await;
        });
        self.until(&format!(
            "SELECT count(*) FROM information_schema.processlist WHERE id = {session} AND state = 'Reading from net'"
        ))
        .await;
        Box::new(loading)
    }

    async fn hold_answers(&self) {
        self.proxy.arm(Trigger::CommitForwarded, Fault::BlackHole);
    }

    async fn an_answer_is_held(&self) {
        self.proxy.struck().await;
    }

    async fn lose_an_answer(&self) {
        self.proxy.struck().await;
        self.proxy.set(Fault::Cut);
        while self.proxy.connections() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.proxy.heal();
    }

    async fn break_commits(&self) {
        self.proxy.arm(Trigger::CommitSent, Fault::Cut);
    }

    async fn mend_commits(&self) {
        self.proxy.heal();
    }

    async fn session_that_cannot_be_ended(&self, instance_id: Uuid) -> MariadbSession {
        let session = self.session().await;
        session.rows(&format!("SELECT GET_LOCK('{}/62', 0)", application_name(instance_id))).await;
        session
    }
}
