//! The customer who never rests: sets settled users to `new`, so that a storm has something to rage at.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::chance::Chance;
use crate::scene::Scene;
use crate::session::{Broken, Session, passing};
use crate::words::{Words, list, same, text};

/// Between two looks at how much is left to do.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Parts of the table that are set to `new` by a statement each, and how many before the next look.
const SLICES: i64 = 10;
const FED_AT_ONCE: usize = 4;

const UNSETTLED: Words = same("SELECT count(*) FROM user_spending_data WHERE processing_status IN ('new', 'pending')");

const BEGIN: Words = same("START TRANSACTION");
const COMMIT: Words = same("COMMIT");
const ROLL_BACK: Words = same("ROLLBACK");

/// From a key ($1) on, so many ($2). Never those that failed: nobody may, and whoever did is to be found.
const SOME: Words = same(
    "SELECT user_id FROM user_spending_data WHERE processing_status = 'completed' AND user_id >= $1
    ORDER BY user_id LIMIT $2 FOR UPDATE SKIP LOCKED",
);

const ANEW: Words = same("UPDATE user_spending_data SET processing_status = 'new' WHERE user_id IN $1");

/// Sets users to `new` until it is told to end.
pub struct Feeder {
    over: Arc<AtomicBool>,
    feeding: JoinHandle<()>,
}

impl Feeder {
    /// `steadily`: the work never runs out. Otherwise sometimes it does, so that runs end and others begin.
    pub fn start(scene: Arc<Scene>, part: &str, steadily: bool) -> Self {
        let over = Arc::<AtomicBool>::default();
        let chance = Chance::of(scene.plan.seed, &format!("feeder {part}"));
        let feeding = tokio::spawn(feed(scene, chance, (steadily, over.clone())));
        Self { over, feeding }
    }

    pub async fn end(self) {
        self.over.store(true, Ordering::Relaxed);
        self.feeding.await.unwrap();
    }
}

async fn feed(scene: Arc<Scene>, mut chance: Chance, (steadily, over): (bool, Arc<AtomicBool>)) {
    let users = scene.plan.users;
    let mut session = scene.session().await;
    let mut below = 1;
    while !over.load(Ordering::Relaxed) {
        let fed = async {
            if session.number(UNSETTLED, &[]).await? >= below {
                sleep(LOOK_EVERY).await;
                return Ok(());
            }
            // In slices: what one statement changes nobody sees before its end.
            for _ in 0..FED_AT_ONCE {
                let from = format!("CK{:07}", chance.number(1..users));
                set_new(&mut session, &from, users / SLICES).await?;
            }
            below = if steadily || chance.below(4) > 0 { users / 2 } else { 1 };
            Ok::<(), Broken>(())
        };
        if passing(fed.await).is_none() {
            let rolled_back = passing(session.rows(ROLL_BACK, &[]).await);
            if rolled_back.is_none() || session.is_closed() {
                session = scene.session().await;
            }
        }
    }
}

async fn set_new(session: &mut Session, from: &str, most: i64) -> Result<(), Broken> {
    session.rows(BEGIN, &[]).await?;
    let users = session.column(SOME, &[&text(from), &most.to_string()]).await?;
    if !users.is_empty() {
        session.rows(ANEW, &[&list(&users)]).await?;
    }
    session.rows(COMMIT, &[]).await.map(drop)
}
