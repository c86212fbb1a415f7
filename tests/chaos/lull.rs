//! After each weather: everybody is completed before long, and then the audit and the oracle find nothing wrong.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::judge::judge;
use crate::scene::Scene;
use crate::server::end_sessions;
use crate::session::Session;
use crate::words::{Words, same};

const LEFT: Words = same(
    "SELECT (SELECT count(*) FROM user_spending_data WHERE processing_status <> 'completed')
    + (SELECT count(*) FROM cardgenius_claims WHERE state = 'open')",
);

const UNFINISHED: Words = same(
    "SELECT concat_ws(' ', 'user', u.user_id, 'is', u.processing_status, u.processing_error, 'attempts', u.attempts, 'crashes',
        u.crashes, 'claim', c.claim_id, 'of', c.owner, c.state, c.claimed_at)
    FROM user_spending_data AS u LEFT JOIN cardgenius_claims AS c ON c.claim_id = u.claim_id
    WHERE u.processing_status <> 'completed' ORDER BY u.user_id LIMIT 20",
);

const JAM: Words = Words {
    postgres: "SELECT format('%s %s, transaction since %s, %s, waits for %s %s, blocked by %s: %s', application_name,
            pid, xact_start, state, wait_event_type, wait_event, pg_blocking_pids(pid), left(query, 90))
        FROM pg_stat_activity WHERE application_name LIKE 'cardgenius/%' AND datname = current_database()",
    mariadb: "SELECT concat_ws(' ', p.id, p.command, p.time, p.state, t.trx_started, t.trx_state, left(p.info, 90))
        FROM information_schema.processlist AS p
        LEFT JOIN information_schema.innodb_trx AS t ON t.trx_mysql_thread_id = p.id
        WHERE p.user = 'storm'",
};

const LOST: Words = same("SELECT count(*) FROM user_spending_data WHERE processing_status <> 'completed'");

/// Users with other than ten rows, and statuses that went a way that they must not, such as one settled twice.
const DOUBLE: Words = same(
    "SELECT (SELECT count(*) FROM (SELECT user_id FROM card_recommendations GROUP BY user_id HAVING count(*) <> 10) AS wrong)
    + (SELECT count(*) FROM chaos_illegal)",
);

/// Users for whom the last run's date holds.
const OF_THE_LAST_DATE: Words = same(
    "SELECT count(*) FROM user_spending_data AS u
    JOIN cardgenius_claims AS c ON c.claim_id = u.claim_id JOIN cardgenius_runs AS r ON r.run_id = c.run_id
    WHERE r.as_of = (SELECT as_of FROM cardgenius_runs ORDER BY opened_at DESC LIMIT 1)",
);

const EVERYBODY_ANEW: Words =
    same("UPDATE user_spending_data SET processing_status = 'new' WHERE processing_status = 'completed'");

/// A server that is stopped at once replays all that was written since: not more than one weather's.
const CHECKPOINT: Words = Words { postgres: "CHECKPOINT", mariadb: "SELECT 1" };

/// What a round came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    /// From the storm's end until everybody was completed.
    pub settled_s: f64,
    pub lost: i64,
    pub double: i64,
}

/// Waits for the end of all work, and audits.
pub async fn audit_after(scene: &Arc<Scene>, part: usize) -> Outcome {
    let (mut session, begun) = (scene.session().await, Instant::now());
    settled(scene, &mut session).await;
    let settled_s = begun.elapsed().as_secs_f64();
    let lost = session.number(LOST, &[]).await.unwrap();
    let double = session.number(DOUBLE, &[]).await.unwrap();
    if lost > 0 {
        let jam = session.column(JAM, &[]).await.unwrap();
        scene.found(format!("sessions at that time:\n  {}", jam.join("\n  ")));
        let lines = session.column(UNFINISHED, &[]).await.unwrap();
        scene.found(format!("{lost} users are not completed, among them:\n  {}", lines.join("\n  ")));
        // Whoever is in the way of the last of them goes, so that what comes next has a fair start.
        end_sessions(&mut session, 0, 1_000).await;
        settled(scene, &mut session).await;
    }
    if session.number(OF_THE_LAST_DATE, &[]).await.unwrap() == 0 {
        println!("it has become midnight where the runs are dated: everybody is done anew, for the oracle");
        session.rows(EVERYBODY_ANEW, &[]).await.unwrap();
        settled(scene, &mut session).await;
    }
    let there = scene.clone();
    if let Err(error) = tokio::spawn(async move { judge(&there, part).await }).await {
        let reason = error.into_panic();
        let text = reason.downcast_ref::<String>().cloned().unwrap_or_else(|| "see above".to_owned());
        scene.found(format!("the audit: {text}"));
    }
    session.rows(CHECKPOINT, &[]).await.unwrap();
    Outcome { settled_s, lost, double }
}

/// Waits until everybody is completed and no claim is open, for as long as patience lasts.
async fn settled(scene: &Scene, session: &mut Session) {
    let begun = Instant::now();
    while begun.elapsed() < scene.plan.patience {
        if session.number(LEFT, &[]).await.unwrap() == 0 {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    scene.found(format!("after {:?} it is not all done", scene.plan.patience));
}
