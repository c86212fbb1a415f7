//! What must hold at every moment of a storm, looked at again and again.

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
    while !over.load(Ordering::Relaxed) {
        sleep(LOOK_EVERY).await;
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
