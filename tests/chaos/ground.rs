//! The database over which a storm rages, of either kind: the traps that are laid in it, and what can be done to its server.

use std::sync::LazyLock;
use std::time::Duration;

use cardgenius_embedded::{EmbeddedError, MariadbOptions};
use cardgenius_testkit::{Database, MariadbDatabase, MariadbServer, Proxy, Side, populate};
use mysql_async::OptsBuilder;
use tokio::time::{Instant, sleep};

use crate::place::{SERVER, migrated};
use crate::program::start;
use crate::session::{Broken, Session};

/// Between two attempts to reach a server that is down.
const RECONNECT_EVERY: Duration = Duration::from_millis(50);

/// After this long the storm hangs, and had better say so.
const PATIENCE: Duration = Duration::from_secs(120);

/// Who the instances are on MariaDB: the superuser may write on a server that is read-only.
const ACCOUNT: &str = "storm";

static MARIADB: LazyLock<MariadbServer> = LazyLock::new(|| {
    let options = MariadbOptions::for_tests().loopback_tcp().setting("max_connections", "200");
    let server = MariadbServer::launch(options);
    server.mariadb.run_sql("", &format!("CREATE USER {ACCOUNT}")).unwrap();
    server
});

/// The kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Postgres,
    Mariadb,
}

impl Kind {
    /// As the storm's test is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgresql",
            Self::Mariadb => "mariadb",
        }
    }
}

/// Every change of a status that the states of a user do not allow is written down, by whomever it was made; and the
/// table of recommendations refuses all rows while the switch is on.
const POSTGRES_TRAPS: &str = "
    CREATE TABLE chaos_illegal (noticed_at timestamptz NOT NULL DEFAULT clock_timestamp(), story text NOT NULL);
    CREATE FUNCTION chaos_illegal() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO chaos_illegal (story) VALUES (format('user %s: %s (claim %s) became %s (claim %s) by %s', NEW.user_id,
            OLD.processing_status, OLD.claim_id, NEW.processing_status, NEW.claim_id, current_setting('application_name')));
        RETURN NULL;
    END $$;
    CREATE TRIGGER chaos_illegal AFTER UPDATE ON {{input}} FOR EACH ROW WHEN ((
        NEW.processing_status = 'new'
        OR (OLD.processing_status = 'new' AND NEW.processing_status = 'pending')
        OR (OLD.processing_status = 'pending' AND NEW.processing_status IN ('pending', 'completed', 'failed')
            AND NEW.claim_id = OLD.claim_id)
        OR (OLD.processing_status = NEW.processing_status AND OLD.claim_id IS NOT DISTINCT FROM NEW.claim_id)
        ) IS NOT TRUE) EXECUTE FUNCTION chaos_illegal();
    CREATE TABLE chaos_disk_full (yes boolean NOT NULL);
    INSERT INTO chaos_disk_full VALUES (false);
    CREATE FUNCTION chaos_disk_full() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF (SELECT yes FROM chaos_disk_full) THEN
            RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER chaos_disk_full BEFORE INSERT ON {{output}} FOR EACH STATEMENT EXECUTE FUNCTION chaos_disk_full();";

/// The same, for the server's own client.
const MARIADB_TRAPS: &str = "
    CREATE TABLE chaos_illegal (noticed_at DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)), story TEXT NOT NULL);
    CREATE TRIGGER chaos_illegal AFTER UPDATE ON {{input}} FOR EACH ROW
    INSERT INTO chaos_illegal (story)
    SELECT concat_ws(' ', 'user', NEW.user_id, OLD.processing_status, OLD.claim_id, 'became', NEW.processing_status, NEW.claim_id,
        'by', USER())
    FROM DUAL
    WHERE NOT coalesce(
        NEW.processing_status = 'new'
        OR (OLD.processing_status = 'new' AND NEW.processing_status = 'pending')
        OR (OLD.processing_status = 'pending' AND NEW.processing_status IN ('pending', 'completed', 'failed')
            AND NEW.claim_id = OLD.claim_id)
        OR (OLD.processing_status = NEW.processing_status AND OLD.claim_id <=> NEW.claim_id), FALSE);
    CREATE TABLE chaos_disk_full (yes BOOLEAN NOT NULL);
    INSERT INTO chaos_disk_full VALUES (FALSE);
    DELIMITER //
    CREATE TRIGGER chaos_disk_full BEFORE INSERT ON {{output}} FOR EACH ROW
    IF (SELECT yes FROM chaos_disk_full) THEN
        SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1114, MESSAGE_TEXT = 'The table is full';
    END IF //
    DELIMITER ;";

const MYSQL_CUSTOMER: &str = include_str!("../../sql/mysql/customer/user_spending_data.sql");

/// A database with the customer's tables, migrated.
pub enum Ground {
    Postgres(Database<'static>),
    Mariadb(MariadbDatabase<'static>),
}

impl Ground {
    /// With so many made-up users, and traps.
    pub async fn made(kind: Kind, users: i64, seed: i64) -> Self {
        let database = migrated();
        populate(&database.connect().await, &database.tables, users, seed).await;
        let ground = match kind {
            Kind::Postgres => Self::Postgres(database),
            Kind::Mariadb => Self::Mariadb(on_mariadb(&database)),
        };
        let traps = if kind == Kind::Postgres { POSTGRES_TRAPS } else { MARIADB_TRAPS };
        let _ = ground.side().ask(traps);
        ground
    }

    /// The same for the testkit.
    pub fn side(&self) -> Side<'static> {
        match self {
            Self::Postgres(database) => Side::Postgres(database.clone()),
            Self::Mariadb(database) => Side::Mariadb(database.clone()),
        }
    }

    pub async fn proxy(&self) -> Proxy {
        match self {
            Self::Postgres(_) => Proxy::before(SERVER.address()).await,
            Self::Mariadb(_) => Proxy::before_mariadb(MARIADB.address()).await,
        }
    }

    /// For an instance, through a proxy.
    pub fn url_through(&self, proxy: &Proxy) -> String {
        match self {
            Self::Postgres(database) => proxy.url(database),
            Self::Mariadb(database) => {
                let superuser = format!("//{}@", database.server.superuser_name());
                let url = proxy.mariadb_url(database);
                assert!(url.contains(&superuser), "nobody signs in in {url}");
                url.replacen(&superuser, &format!("//{ACCOUNT}@"), 1)
            }
        }
    }

    /// A session of the test's own, over the socket. Waits for a server that is down; writes on one that is read-only.
    ///
    /// # Panics
    /// The server never comes back.
    pub async fn session(&self) -> Session {
        let begun = Instant::now();
        loop {
            if let Ok(session) = self.try_session().await {
                return session;
            }
            assert!(begun.elapsed() < PATIENCE, "the server never came back");
            sleep(RECONNECT_EVERY).await;
        }
    }

    async fn try_session(&self) -> Result<Session, Broken> {
        match self {
            Self::Postgres(database) => Session::postgres(&database.url()).await,
            Self::Mariadb(database) => {
                let socket = Some(database.server.socket().display().to_string());
                let who = OptsBuilder::default().socket(socket).user(Some(database.server.superuser_name()));
                Session::mariadb(who.db_name(Some(&database.name))).await
            }
        }
    }

    /// Stops the server without letting it write anything.
    pub fn stop_at_once(&self) -> Result<(), EmbeddedError> {
        match self {
            Self::Postgres(database) => database.server.stop_immediate(),
            Self::Mariadb(database) => database.server.kill(),
        }
    }

    pub fn start(&self) -> Result<(), EmbeddedError> {
        match self {
            Self::Postgres(database) => database.server.start().map(drop),
            Self::Mariadb(database) => database.server.start(),
        }
    }

    /// What the server said last.
    pub fn log_tail(&self) -> String {
        match self {
            Self::Postgres(database) => {
                let log = database.server.log_tail(200);
                log.lines().filter(|line| line.contains("LOG:")).map(|line| format!("  {line}\n")).collect()
            }
            Self::Mariadb(database) => database.server.log_tail(20),
        }
    }
}

/// The users of a database on PostgreSQL, in one on MariaDB.
fn on_mariadb(users: &Database<'_>) -> MariadbDatabase<'static> {
    let database = MARIADB.empty();
    let _ = database.sql(MYSQL_CUSTOMER);
    start(&["migrate"]).variable("CARDGENIUS_SOURCE__URL", &database.url()).run().ended(0);
    let _ = database.sql(&format!("GRANT ALL ON `{}`.* TO {ACCOUNT}", database.name));
    Side::Mariadb(database.clone()).populate_from(users);
    database
}
