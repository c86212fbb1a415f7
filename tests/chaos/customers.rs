//! The customer who never rests: sets settled users to `new`, so that a storm has something to rage at.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::chance::Chance;
use crate::plan::Plan;
use crate::scene::{passing, session};

/// Between two looks at how much is left to do.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Parts of the table that are set to `new` by a statement each, and how many before the next look.
const SLICES: i64 = 10;
const FED_AT_ONCE: usize = 4;

const UNSETTLED: &str = "SELECT count(*) FROM user_spending_data WHERE processing_status IN ('new', 'pending')";

/// Never those that failed: nobody may, and whoever did is to be found.
const ANEW: &str = "UPDATE user_spending_data SET processing_status = 'new' WHERE user_id IN (
        SELECT user_id FROM user_spending_data WHERE processing_status = 'completed' AND user_id >= $1
        ORDER BY user_id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED)";

/// Sets users to `new` until it is told to end.
pub struct Feeder {
    over: Arc<AtomicBool>,
    feeding: JoinHandle<()>,
}

impl Feeder {
    /// `steadily`: the work never runs out. Otherwise sometimes it does, so that runs end and others begin.
    pub fn start(url: String, plan: &Plan, part: &str, steadily: bool) -> Self {
        let over = Arc::<AtomicBool>::default();
        let chance = Chance::of(plan.seed, &format!("feeder {part}"));
        let feeding = tokio::spawn(feed(url, plan.users, chance, (steadily, over.clone())));
        Self { over, feeding }
    }

    pub async fn end(self) {
        self.over.store(true, Ordering::Relaxed);
        self.feeding.await.unwrap();
    }
}

async fn feed(url: String, users: i64, mut chance: Chance, (steadily, over): (bool, Arc<AtomicBool>)) {
    let mut client = session(&url).await;
    let mut below = 1;
    while !over.load(Ordering::Relaxed) {
        let fed = async {
            let unsettled: i64 = client.query_one(UNSETTLED, &[]).await?.get(0);
            if unsettled >= below {
                sleep(LOOK_EVERY).await;
                return Ok(());
            }
            // In slices: what one statement changes nobody sees before its end.
            for _ in 0..FED_AT_ONCE {
                let from = format!("CK{:07}", chance.number(1..users));
                client.execute(ANEW, &[&from, &(users / SLICES)]).await?;
            }
            below = if steadily || chance.below(4) > 0 { users / 2 } else { 1 };
            Ok::<(), tokio_postgres::Error>(())
        };
        if passing(fed.await).is_none() && client.is_closed() {
            client = session(&url).await;
        }
    }
}
