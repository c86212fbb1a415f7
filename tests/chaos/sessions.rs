//! Other people's sessions: a DBA's locks in the opposite order, rows held locked, an old snapshot, a busy customer.

use std::time::{Duration, SystemTime};

use tokio::time::sleep;
use tokio_postgres::{Client, Error};

use crate::chance::Chance;
use crate::faults::Fault;
use crate::recovery::Strike;
use crate::scene::Scene;

const LOCK: &str = "SELECT FROM user_spending_data WHERE user_id = ANY ($1) ORDER BY user_id DESC FOR UPDATE";

const HOLD_PENDING: &str = "SELECT FROM user_spending_data WHERE user_id IN (
        SELECT user_id FROM user_spending_data WHERE processing_status <> 'completed' AND user_id >= $1
        ORDER BY user_id LIMIT $2)
    ORDER BY user_id FOR UPDATE SKIP LOCKED";

const CHANGE: &str = "UPDATE user_spending_data SET processing_status = 'new', avg_amazon_gmv = $2::bigint / 100.0,
        avg_grocery_gmv = $3::bigint / 100.0
    WHERE user_id = ANY ($1)";
const DELETE: &str = "DELETE FROM user_spending_data WHERE user_id = ANY ($1) RETURNING user_id";
const INSERT: &str = "INSERT INTO user_spending_data (user_id, avg_amazon_gmv, avg_myntra_gmv, avg_grocery_gmv)
    SELECT user_id, $2::bigint / 100.0, NULL, $3::bigint / 100.0 FROM unnest($1::text[]) AS user_id
    ON CONFLICT (user_id) DO NOTHING";

/// Some keys of the table's users.
fn some_users(scene: &Scene, chance: &mut Chance, most: i64) -> Vec<String> {
    let count = chance.number(1..most + 1);
    (0..count).map(|_| format!("CK{:07}", chance.number(1..scene.plan.users + 1))).collect()
}

async fn begin(scene: &Scene, isolation: &str) -> Result<Client, Error> {
    let client = scene.session().await;
    client.batch_execute(&format!("BEGIN ISOLATION LEVEL {isolation}")).await?;
    Ok(client)
}

/// Locks users from the last to the first, in small batches that cross those of a claim or a finish.
pub async fn lock_descending(scene: &Scene, chance: &mut Chance) -> Result<Strike, Error> {
    let batches = chance.below(8) + 2;
    let each = chance.milliseconds(100..2_000) / u32::try_from(batches).unwrap_or(1);
    let mut users = some_users(scene, chance, 40);
    users.sort();
    users.reverse();
    let begun = SystemTime::now();
    let client = begin(scene, "READ COMMITTED").await?;
    for batch in users.chunks(users.len().div_ceil(batches)) {
        client.query(LOCK, &[&batch]).await?;
        sleep(each).await;
    }
    client.batch_execute("ROLLBACK").await?;
    Ok(Strike::of_everybody(Fault::LockDescending, begun))
}

/// Holds rows locked that are about to be claimed or settled.
pub async fn hold_rows(scene: &Scene, chance: &mut Chance) -> Result<Strike, Error> {
    let (from, most, lasting) =
        (some_users(scene, chance, 1), chance.number(1..200), chance.between(&scene.plan.lasting));
    let begun = SystemTime::now();
    let client = begin(scene, "READ COMMITTED").await?;
    client.query(HOLD_PENDING, &[&from[0], &most]).await?;
    sleep(lasting).await;
    client.batch_execute("ROLLBACK").await?;
    Ok(Strike::of_everybody(Fault::HoldRows, begun))
}

/// Holds a snapshot open, so that nothing that has died since can be cleaned up.
pub async fn old_snapshot(scene: &Scene, chance: &mut Chance) -> Result<Strike, Error> {
    let lasting = chance.between(&scene.plan.lasting) * 2;
    let seen = "SELECT count(*), md5(string_agg(user_id || rank || net_savings, ',' ORDER BY user_id, rank))
        FROM card_recommendations WHERE user_id < 'CK0000300'";
    let begun = SystemTime::now();
    let client = begin(scene, "REPEATABLE READ").await?;
    let text = |row: &tokio_postgres::Row| (row.get::<_, i64>(0), row.get::<_, Option<String>>(1));
    let before = text(&client.query_one(seen, &[]).await?);
    sleep(lasting).await;
    let after = text(&client.query_one(seen, &[]).await?);
    if before != after {
        scene.found(format!("an old snapshot changed: {before:?} became {after:?}"));
    }
    client.batch_execute("COMMIT").await?;
    Ok(Strike::of_everybody(Fault::OldSnapshot, begun))
}

/// Sets users to `new` with other amounts, deletes some, and puts some back or anew.
pub async fn customer(scene: &Scene, chance: &mut Chance) -> Result<Strike, Error> {
    let (changed, deleted) = (some_users(scene, chance, 50), some_users(scene, chance, 5));
    let inserted = some_users(scene, chance, 5);
    let amounts = [(); 4].map(|()| chance.number(0..2_000_000));
    let hesitation = chance.milliseconds(0..200);
    let begun = SystemTime::now();
    let client = begin(scene, "READ COMMITTED").await?;
    client.execute(CHANGE, &[&changed, &amounts[0], &amounts[1]]).await?;
    client.query(DELETE, &[&deleted]).await?;
    sleep(hesitation).await;
    client.execute(INSERT, &[&inserted, &amounts[2], &amounts[3]]).await?;
    client.batch_execute("COMMIT").await?;
    // Whoever was deleted comes back, for the table must not run dry: at once, when nobody has cleaned up yet.
    sleep(Duration::from_millis(20)).await;
    client.execute(INSERT, &[&deleted, &amounts[1], &amounts[0]]).await?;
    Ok(Strike::of_everybody(Fault::Customer, begun))
}
