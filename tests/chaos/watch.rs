//! What must hold at every moment of a storm, looked at again and again.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::scene::Scene;
use crate::session::passing;
use crate::words::{Words, same};

const LOOK_EVERY: Duration = Duration::from_millis(200);

/// No claim has more users pending than it still has to settle, and nobody's status went a forbidden way.
const VIOLATIONS: Words = same(
    "SELECT concat('claim ', c.claim_id, ' of ', c.users, ' users has settled ',
        c.completed + c.failed + c.superseded + c.returned, ' and holds ', held.users)
    FROM cardgenius_claims AS c
    JOIN (SELECT claim_id, count(*) AS users FROM user_spending_data WHERE processing_status = 'pending' GROUP BY claim_id)
        AS held ON held.claim_id = c.claim_id
    WHERE c.state = 'open' AND held.users > c.users - c.completed - c.failed - c.superseded - c.returned
    UNION ALL SELECT concat(noticed_at, ': ', story) FROM chaos_illegal",
);

/// Sessions of the instances that others have waited for, for longer than any lease ($1, seconds): worth telling.
const IN_THE_WAY: Words = Words {
    postgres: "SELECT a.pid, format('in the way for %s: %s %s, %s, waits for %s: %s', clock_timestamp() - a.xact_start,
            a.application_name, a.pid, a.state, a.wait_event, left(a.query, 100))
        FROM pg_stat_activity AS a
        WHERE a.application_name LIKE 'cardgenius/%' AND a.xact_start < clock_timestamp() - make_interval(secs => $1)
            AND EXISTS (SELECT FROM pg_stat_activity AS b WHERE a.pid = ANY (pg_blocking_pids(b.pid)))",
    mariadb: "SELECT t.trx_mysql_thread_id, concat_ws(' ', 'in the way since', t.trx_started, t.trx_state, t.trx_query)
        FROM information_schema.innodb_lock_waits AS w
        JOIN information_schema.innodb_trx AS t ON t.trx_id = w.blocking_trx_id
        JOIN information_schema.processlist AS p ON p.id = t.trx_mysql_thread_id
        WHERE p.user = 'storm' AND t.trx_started < now() - INTERVAL $1 SECOND",
};

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
    let mut session = scene.session().await;
    let mut looks = 0;
    let mut told = false;
    let mut in_the_way = HashSet::new();
    let long = (scene.plan.lease * 3).as_secs().to_string();
    while !over.load(Ordering::Relaxed) {
        sleep(LOOK_EVERY).await;
        for row in passing(session.rows(IN_THE_WAY, &[&long]).await).unwrap_or_default() {
            if in_the_way.insert(row[0].clone()) {
                println!("{}", row[1]);
            }
        }
        match passing(session.column(VIOLATIONS, &[]).await) {
            Some(lines) if lines.is_empty() || told => looks += 1,
            Some(lines) => {
                told = true;
                let (times, some) = (lines.len(), lines[..lines.len().min(20)].join("\n  "));
                scene.found(format!("in the middle of the storm, {times} times:\n  {some}"));
            }
            None if session.is_closed() => session = scene.session().await,
            None => {}
        }
    }
    looks
}
