//! Where a storm takes place: the database and what the storm adds to it, the instances, and what was found to be wrong.

use std::sync::Mutex;

use cardgenius_testkit::Proxy;
use uuid::Uuid;

use crate::fleet::Fleet;
use crate::ground::Ground;
use crate::plan::{INSTANCES, Plan};
use crate::program::start;
use crate::session::Session;
use crate::words::{Words, same};

const INSTANCE: Words =
    same("SELECT instance_id FROM cardgenius_instances WHERE process_id = $1 ORDER BY started_at DESC LIMIT 1");

/// All that a fault can get hold of.
pub struct Scene {
    pub plan: Plan,
    pub ground: Ground,
    pub fleet: Fleet,
    /// Each before one slot of the fleet.
    pub proxies: Vec<Proxy>,
    /// What must not be, a paragraph each.
    pub findings: Mutex<Vec<String>>,
    /// The instance that is not killed while this weather lasts.
    pub spared: Mutex<usize>,
}

impl Scene {
    pub async fn set_up(plan: Plan) -> Self {
        let ground = Ground::made(plan.on, plan.users, plan.seed.cast_signed()).await;
        let mut proxies = Vec::new();
        for _ in 0..INSTANCES {
            proxies.push(ground.proxy().await);
        }
        let urls: Vec<String> = proxies.iter().map(|proxy| ground.url_through(proxy)).collect();
        let settings = plan.clone();
        let fleet = Fleet::launch(INSTANCES, move |place| {
            let arguments = ["--backfill", "--chunk-rows", &settings.chunk_rows.to_string()];
            settings.set(start(&arguments).variable("CARDGENIUS_SOURCE__URL", &urls[place]))
        });
        Self { plan, ground, fleet, proxies, findings: Mutex::default(), spared: Mutex::new(0) }
    }

    /// See [`Ground::session`].
    pub async fn session(&self) -> Session {
        self.ground.session().await
    }

    pub fn found(&self, what: String) {
        eprintln!("FOUND: {what}");
        self.findings.lock().unwrap().push(what);
    }

    /// The instance that this process registered, if it came that far.
    pub async fn instance_of(&self, pid: u32) -> Option<Uuid> {
        loop {
            if let Ok(rows) = self.session().await.column(INSTANCE, &[&pid.to_string()]).await {
                return rows.first().map(|id| id.parse().unwrap());
            }
        }
    }
}
