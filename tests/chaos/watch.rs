//! What must hold at every moment of a storm, looked at again and again.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::scene::{Scene, passing, session};

const LOOK_EVERY: Duration = Duration::from_millis(200);

/// No claim has more users pending than it still has to settle, and nobody's status went a forbidden way.
const VIOLATIONS: &str = "SELECT format('claim %s of %s users has settled %s and holds %s', c.claim_id, c.users,
        c.completed + c.failed + c.superseded + c.returned, held.users)
    FROM cardgenius_claims AS c
    JOIN (SELECT claim_id, count(*) AS users FROM user_spending_data WHERE processing_status = 'pending' GROUP BY claim_id)
        AS held ON held.claim_id = c.claim_id
    WHERE c.state = 'open' AND held.users > c.users - c.completed - c.failed - c.superseded - c.returned
    UNION ALL SELECT format('%s: %s', noticed_at, story) FROM chaos_illegal";

/// Sessions of the instances that others have waited for, for longer than any lease: worth telling.
const IN_THE_WAY: &str =
    "SELECT a.pid, format('in the way for %s: %s %s, %s, waits for %s: %s', clock_timestamp() - a.xact_start,
        a.application_name, a.pid, a.state, a.wait_event, left(a.query, 100))
    FROM pg_stat_activity AS a
    WHERE a.application_name LIKE 'cardgenius/%' AND a.xact_start < clock_timestamp() - make_interval(secs => $1)
        AND EXISTS (SELECT FROM pg_stat_activity AS b WHERE a.pid = ANY (pg_blocking_pids(b.pid)))";

/// A watch over one storm.
pub struct Watch {
    over: Arc<AtomicBool>,
    watching: JoinHandle<u64>,
}

impl Watch {
    pub fn start(scene: Arc<Scene>) -> Self {
        let over = Arc::<AtomicBool>::default();
        let watching = tokio::spawn(watch(scene, over.clone()));
        Self { over, watching }
    }

    /// How often it looked.
    pub async fn end(self) -> u64 {
        self.over.store(true, Ordering::Relaxed);
        self.watching.await.unwrap()
    }
}

async fn watch(scene: Arc<Scene>, over: Arc<AtomicBool>) -> u64 {
    let url = scene.database.url();
    let mut client = session(&url).await;
    let mut looks = 0;
    let mut told = false;
    let mut in_the_way = HashSet::new();
    let long = (scene.plan.lease * 3).as_secs_f64();
    while !over.load(Ordering::Relaxed) {
        sleep(LOOK_EVERY).await;
        for row in passing(client.query(IN_THE_WAY, &[&long]).await).unwrap_or_default() {
            if in_the_way.insert(row.get::<_, i32>(0)) {
                println!("{}", row.get::<_, String>(1));
            }
        }
        match client.query(VIOLATIONS, &[]).await {
            Ok(rows) if rows.is_empty() || told => looks += 1,
            Ok(rows) => {
                told = true;
                let lines: Vec<String> = rows.iter().take(20).map(|row| row.get(0)).collect();
                scene.found(format!("in the middle of the storm, {} times:\n  {}", rows.len(), lines.join("\n  ")));
            }
            Err(error) => {
                passing::<()>(Err(error));
                if client.is_closed() {
                    client = session(&url).await;
                }
            }
        }
    }
    looks
}
