//! Whether what is there after a weather is right: the audit, and a sample of the users for the oracle.

use std::collections::HashSet;

use cardgenius_testkit::{Database, MariadbDatabase, Side, Tables, audit, audit_sides};

use crate::comparison::{assert_as_the_oracle_says, assert_in_two_databases};
use crate::ground::Ground;
use crate::place::{backfill, migrated};
use crate::scene::Scene;
use crate::words::with;

/// A sample of those that the last run's date holds for, as tables of their own for the oracle.
const SAMPLE: &str = "CREATE OR REPLACE VIEW chaos_sampled_users AS
        SELECT u.* FROM user_spending_data AS u
        JOIN cardgenius_claims AS c ON c.claim_id = u.claim_id JOIN cardgenius_runs AS r ON r.run_id = c.run_id
        WHERE u.user_id IN (SELECT user_id FROM chaos_sample)
            AND r.as_of = (SELECT as_of FROM cardgenius_runs ORDER BY opened_at DESC LIMIT 1);
    CREATE OR REPLACE VIEW chaos_sampled_rows AS
        SELECT * FROM card_recommendations WHERE user_id IN (SELECT user_id FROM chaos_sample);
    TRUNCATE chaos_sample";

/// A sample of users as values for an INSERT: drawn by a text ($1), so many ($2), of those that this date ($3) holds for.
const MARIADB_SAMPLE: &str = "SELECT concat('(', concat_ws(', ', quote(u.user_id), coalesce(u.avg_amazon_gmv, 'NULL'),
        coalesce(u.avg_flipkart_gmv, 'NULL'), coalesce(u.avg_myntra_gmv, 'NULL'), coalesce(u.avg_ajio_gmv, 'NULL'),
        coalesce(u.avg_grocery_gmv, 'NULL'), coalesce(u.avg_confirmed_gmv, 'NULL')), ')')
    FROM user_spending_data AS u
    JOIN cardgenius_claims AS c ON c.claim_id = u.claim_id JOIN cardgenius_runs AS r ON r.run_id = c.run_id
    WHERE r.as_of = '$3'
    ORDER BY md5(concat(u.user_id, '$1')) LIMIT $2";

const TAKE_OVER: &str =
    "INSERT INTO user_spending_data (user_id, avg_amazon_gmv, avg_flipkart_gmv, avg_myntra_gmv, avg_ajio_gmv,
    avg_grocery_gmv, avg_confirmed_gmv) VALUES";

/// Judges it.
///
/// # Panics
/// It is not.
pub async fn judge(scene: &Scene, part: usize) {
    let salt = format!("{} {part}", scene.plan.seed);
    match &scene.ground {
        Ground::Postgres(database) => on_postgres(database, &salt, scene.plan.sample).await,
        Ground::Mariadb(database) => on_mariadb(database, &salt, scene.plan.sample).await,
    }
}

async fn on_postgres(database: &Database<'_>, salt: &str, sample: i64) {
    let client = database.connect().await;
    audit(&client, &client, &database.tables).await;
    client.batch_execute("CREATE TABLE IF NOT EXISTS chaos_sample (user_id varchar(50) PRIMARY KEY)").await.unwrap();
    client.batch_execute(SAMPLE).await.unwrap();
    let draw =
        "INSERT INTO chaos_sample SELECT user_id FROM user_spending_data ORDER BY md5(user_id || $1::text) LIMIT $2";
    client.execute(draw, &[&salt, &sample]).await.unwrap();
    let tables = database.tables.clone();
    let sampled = Tables { input: "chaos_sampled_users".into(), output: "chaos_sampled_rows".into(), ..tables };
    assert_in_two_databases(&client, &client, &sampled, 1).await;
}

/// The same users get the same rows on PostgreSQL, today, where the oracle judges them.
async fn on_mariadb(database: &MariadbDatabase<'static>, salt: &str, sample: i64) {
    let side = Side::Mariadb(database.clone());
    let _ = audit_sides(&side, &side);
    let judged = migrated();
    // A run of nobody: for its date.
    backfill(&judged, 1_000).run().ended(0);
    let today = judged.psql("SELECT max(as_of) FROM {{runs}}");
    let users = database.sql(&with(MARIADB_SAMPLE, &[salt, &sample.to_string(), &today]));
    let users: Vec<&str> = users.lines().collect();
    assert!(!users.is_empty(), "nobody was completed today");
    judged.psql(&format!("{TAKE_OVER} {}", users.join(", ")));
    backfill(&judged, 1_000).run().ended(0);
    assert_as_the_oracle_says(&judged, 1).await;
    let keys: HashSet<&str> = users.iter().filter_map(|user| user.split('\'').nth(1)).collect();
    let mut rows = side.recommendations();
    rows.retain(|row| row.split('|').next().is_some_and(|key| keys.contains(key)));
    assert!(rows == Side::Postgres(judged).recommendations(), "other rows than on PostgreSQL");
}
