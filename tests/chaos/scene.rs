//! Where a storm takes place: the database and what the storm adds to it, the instances, and what was found to be wrong.

use std::sync::Mutex;
use std::time::Duration;

use cardgenius_testkit::{Database, Proxy};
use tokio::time::{Instant, sleep};
use tokio_postgres::{Client, Error, NoTls};
use uuid::Uuid;

use crate::fleet::Fleet;
use crate::place::SERVER;
use crate::plan::{INSTANCES, Plan};
use crate::program::start;

/// Between two attempts to reach a server that is down.
const RECONNECT_EVERY: Duration = Duration::from_millis(50);

/// After this long the storm hangs, and had better say so.
const PATIENCE: Duration = Duration::from_secs(120);

/// Every change of a status that the states of a user do not allow is written down, by whomever it was made; and the
/// table of recommendations refuses all rows while the switch is on.
const TRAPS: &str = "
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

const INSTANCE: &str = "SELECT instance_id FROM cardgenius_instances WHERE process_id = $1
    ORDER BY started_at DESC LIMIT 1";

/// All that a fault can get hold of.
pub struct Scene {
    pub plan: Plan,
    pub database: Database<'static>,
    pub fleet: Fleet,
    /// Each before one slot of the fleet.
    pub proxies: Vec<Proxy>,
    /// What must not be, a paragraph each.
    pub findings: Mutex<Vec<String>>,
    /// The instance that is not killed while this weather lasts.
    pub spared: Mutex<usize>,
}

impl Scene {
    pub async fn set_up(plan: Plan, database: Database<'static>) -> Self {
        database.psql(TRAPS);
        let mut proxies = Vec::new();
        for _ in 0..INSTANCES {
            proxies.push(Proxy::before(SERVER.address()).await);
        }
        let urls: Vec<String> = proxies.iter().map(|proxy| proxy.url(&database)).collect();
        let settings = plan.clone();
        let fleet = Fleet::launch(INSTANCES, move |place| {
            let arguments = ["--backfill", "--chunk-rows", &settings.chunk_rows.to_string()];
            settings.set(start(&arguments).variable("CARDGENIUS_SOURCE__URL", &urls[place]))
        });
        Self { plan, database, fleet, proxies, findings: Mutex::default(), spared: Mutex::new(0) }
    }

    /// A session of the test's own, over the socket. Waits for a server that is down; writes on one that is read-only.
    pub async fn session(&self) -> Client {
        session(&self.database.url()).await
    }

    pub fn found(&self, what: String) {
        eprintln!("FOUND: {what}");
        self.findings.lock().unwrap().push(what);
    }

    /// The instance that this process registered, if it came that far.
    pub async fn instance_of(&self, pid: u32) -> Option<Uuid> {
        let process_id = i32::try_from(pid).unwrap();
        loop {
            if let Ok(row) = self.session().await.query_opt(INSTANCE, &[&process_id]).await {
                return row.map(|row| row.get(0));
            }
        }
    }
}

/// See [`Scene::session`].
///
/// # Panics
/// The server never comes back.
pub async fn session(url: &str) -> Client {
    let begun = Instant::now();
    loop {
        if let Ok(client) = connect(url).await {
            return client;
        }
        assert!(begun.elapsed() < PATIENCE, "the server never came back");
        sleep(RECONNECT_EVERY).await;
    }
}

async fn connect(url: &str) -> Result<Client, Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(async move {
        let _ = connection.await;
    });
    client.batch_execute("SET default_transaction_read_only = off; SET application_name = 'storm'").await?;
    Ok(client)
}

/// What was answered; none if a fault of the storm was in the way.
///
/// # Panics
/// It is no fault of the storm but one of the test's: a statement that the server does not understand.
pub fn passing<T>(answer: Result<T, Error>) -> Option<T> {
    let error = match answer {
        Ok(answer) => return Some(answer),
        Err(error) => error,
    };
    let is_ours = match error.code() {
        Some(code) => ["22", "23", "42", "0A", "3F"].iter().any(|class| code.code().starts_with(class)),
        None => error.to_string().contains("parameter"),
    };
    assert!(!is_ours, "{error:?}");
    None
}
