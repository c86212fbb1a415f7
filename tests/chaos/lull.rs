//! After each weather: everybody is completed before long, and then the audit and the oracle find nothing wrong.

use std::time::Duration;

use cardgenius_testkit::{Tables, audit};
use tokio::time::{Instant, sleep};
use tokio_postgres::Client;

use crate::comparison::assert_in_two_databases;
use crate::scene::Scene;

const LEFT: &str = "SELECT (SELECT count(*) FROM user_spending_data WHERE processing_status <> 'completed')
    + (SELECT count(*) FROM cardgenius_claims WHERE state = 'open')";

const UNFINISHED: &str =
    "SELECT format('user %s is %s (%s), attempts %s, crashes %s, claim %s of %s: %s, since %s', u.user_id,
        u.processing_status, u.processing_error, u.attempts, u.crashes, c.claim_id, c.owner, c.state, c.claimed_at)
    FROM user_spending_data AS u LEFT JOIN cardgenius_claims AS c ON c.claim_id = u.claim_id
    WHERE u.processing_status <> 'completed' ORDER BY u.user_id LIMIT 20";

const UNJAM: &str =
    "SELECT format('%s %s, transaction since %s, %s, waits for %s %s, blocked by %s: %s', application_name,
        pid, xact_start, state, wait_event_type, wait_event, pg_blocking_pids(pid), left(query, 90)),
        pg_terminate_backend(pid)
    FROM pg_stat_activity WHERE application_name LIKE 'cardgenius/%' AND datname = current_database()";

const LOST: &str = "SELECT count(*) FROM user_spending_data WHERE processing_status <> 'completed'";

/// Users with other than ten rows, and statuses that went a way that they must not, such as one settled twice.
const DOUBLE: &str =
    "SELECT (SELECT count(*) FROM (SELECT FROM card_recommendations GROUP BY user_id HAVING count(*) <> 10) AS wrong)
    + (SELECT count(*) FROM chaos_illegal)";

/// A sample of those that the last run's date holds for, as tables of their own for the oracle.
const SAMPLE: &str = "CREATE OR REPLACE VIEW chaos_sampled_users AS
        SELECT u.* FROM user_spending_data AS u
        JOIN cardgenius_claims AS c ON c.claim_id = u.claim_id JOIN cardgenius_runs AS r ON r.run_id = c.run_id
        WHERE u.user_id IN (SELECT user_id FROM chaos_sample)
            AND r.as_of = (SELECT as_of FROM cardgenius_runs ORDER BY opened_at DESC LIMIT 1);
    CREATE OR REPLACE VIEW chaos_sampled_rows AS
        SELECT * FROM card_recommendations WHERE user_id IN (SELECT user_id FROM chaos_sample);
    TRUNCATE chaos_sample";

/// What a round came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    /// From the storm's end until everybody was completed.
    pub settled_s: f64,
    pub lost: i64,
    pub double: i64,
}

/// Waits for the end of all work, and audits.
pub async fn audit_after(scene: &Scene, part: usize) -> Outcome {
    let (client, begun) = (scene.session().await, Instant::now());
    settled(scene, &client).await;
    let settled_s = begun.elapsed().as_secs_f64();
    let lost: i64 = client.query_one(LOST, &[]).await.unwrap().get(0);
    let double: i64 = client.query_one(DOUBLE, &[]).await.unwrap().get(0);
    if lost > 0 {
        // Whoever is in the way of the last of them goes, so that what comes next has a fair start.
        let jam: Vec<String> = client.query(UNJAM, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
        scene.found(format!("sessions at that time:\n  {}", jam.join("\n  ")));
        let lines: Vec<String> = client.query(UNFINISHED, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
        scene.found(format!("{lost} users are not completed, among them:\n  {}", lines.join("\n  ")));
    }
    if lost > 0 {
        settled(scene, &client).await;
    }
    let tables = scene.database.tables.clone();
    let judged = tokio::spawn(judge(scene.session().await, tables, (scene.plan.seed, part, scene.plan.sample)));
    if let Err(error) = judged.await {
        let reason = error.into_panic();
        let text = reason.downcast_ref::<String>().cloned().unwrap_or_else(|| "see above".to_owned());
        scene.found(format!("the audit: {text}"));
    }
    // A server that is stopped at once replays all that was written since: not more than one weather's.
    client.batch_execute("CHECKPOINT").await.unwrap();
    Outcome { settled_s, lost, double }
}

/// Waits until everybody is completed and no claim is open, for as long as patience lasts.
async fn settled(scene: &Scene, client: &Client) {
    let begun = Instant::now();
    while begun.elapsed() < scene.plan.patience {
        let left: i64 = client.query_one(LEFT, &[]).await.unwrap().get(0);
        if left == 0 {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    scene.found(format!("after {:?} it is not all done", scene.plan.patience));
}

async fn judge(client: Client, tables: Tables, (seed, part, sample): (u64, usize, i64)) {
    audit(&client, &client, &tables).await;
    client.batch_execute("CREATE TABLE IF NOT EXISTS chaos_sample (user_id varchar(50) PRIMARY KEY)").await.unwrap();
    client.batch_execute(SAMPLE).await.unwrap();
    let salt = format!("{seed} {part}");
    let draw =
        "INSERT INTO chaos_sample SELECT user_id FROM user_spending_data ORDER BY md5(user_id || $1::text) LIMIT $2";
    client.execute(draw, &[&salt, &sample]).await.unwrap();
    let sampled = Tables { input: "chaos_sampled_users".into(), output: "chaos_sampled_rows".into(), ..tables };
    assert_in_two_databases(&client, &client, &sampled, 1).await;
}
