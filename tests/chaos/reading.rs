//! A reader in a loop: what an application of the customer's sees of the recommendations while everything goes wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::JoinHandle;

use crate::scene::Scene;
use crate::session::passing;
use crate::words::{Words, same};

/// A line a user who is seen with other rows than those of the ranks 1 to 10.
const PARTIAL: Words = same(
    "SELECT concat_ws(' ', o.user_id, count(*), min(o.rank), max(o.rank), count(DISTINCT o.rank))
    FROM card_recommendations AS o GROUP BY o.user_id
    HAVING count(*) <> 10 OR min(o.rank) <> 1 OR max(o.rank) <> 10 OR count(DISTINCT o.rank) <> 10",
);

/// Reads all recommendations again and again.
pub struct Reading {
    over: Arc<AtomicBool>,
    reading: JoinHandle<u64>,
}

impl Reading {
    pub fn start(scene: Arc<Scene>) -> Self {
        let over = Arc::<AtomicBool>::default();
        let reading = tokio::spawn(read(scene, over.clone()));
        Self { over, reading }
    }

    /// How often it looked.
    pub async fn end(self) -> u64 {
        self.over.store(true, Ordering::Relaxed);
        self.reading.await.unwrap()
    }
}

async fn read(scene: Arc<Scene>, over: Arc<AtomicBool>) -> u64 {
    let mut session = scene.session().await;
    let mut looks = 0;
    while !over.load(Ordering::Relaxed) {
        match passing(session.column(PARTIAL, &[]).await) {
            Some(users) => {
                looks += 1;
                if !users.is_empty() {
                    scene.found(format!("a reader saw users in the middle:\n  {}", users.join("\n  ")));
                }
            }
            None if session.is_closed() => session = scene.session().await,
            None => {}
        }
    }
    looks
}
