//! Other people's sessions: a DBA's locks in the opposite order, rows held locked, an old snapshot, a busy customer.

use std::time::{Duration, SystemTime};

use tokio::time::sleep;

use crate::chance::Chance;
use crate::faults::Fault;
use crate::recovery::Strike;
use crate::scene::Scene;
use crate::session::{Broken, Session};
use crate::words::{Words, list, same, text};

const LOCK: Words = same("SELECT user_id FROM user_spending_data WHERE user_id IN $1 ORDER BY user_id DESC FOR UPDATE");

/// From a key ($1) on, so many ($2).
const HOLD_PENDING: Words = same(
    "SELECT user_id FROM user_spending_data WHERE user_id IN (
        SELECT user_id FROM (
            SELECT user_id FROM user_spending_data WHERE processing_status <> 'completed' AND user_id >= $1
            ORDER BY user_id LIMIT $2) AS held)
    ORDER BY user_id FOR UPDATE SKIP LOCKED",
);

/// Amounts are in paise.
const CHANGE: Words = same(
    "UPDATE user_spending_data SET processing_status = 'new', avg_amazon_gmv = $2 / 100.0, avg_grocery_gmv = $3 / 100.0
    WHERE user_id IN $1",
);

const DELETE: Words = same("DELETE FROM user_spending_data WHERE user_id IN $1");

/// Users ($1: rows of values), unless they are there.
const INSERT: Words = Words {
    postgres: "INSERT INTO user_spending_data (user_id, avg_amazon_gmv, avg_myntra_gmv, avg_grocery_gmv) VALUES $1
        ON CONFLICT (user_id) DO NOTHING",
    mariadb: "INSERT IGNORE INTO user_spending_data (user_id, avg_amazon_gmv, avg_myntra_gmv, avg_grocery_gmv) VALUES $1",
};

const SNAPSHOT: Words = Words {
    postgres: "SELECT count(*), md5(string_agg(user_id || rank || net_savings, ',' ORDER BY user_id, rank))
        FROM card_recommendations WHERE user_id < 'CK0000300'",
    mariadb: "SELECT count(*), md5(group_concat(user_id, `rank`, net_savings ORDER BY user_id, `rank`))
        FROM card_recommendations WHERE user_id < 'CK0000300'",
};

const BEGIN: Words =
    Words { postgres: "BEGIN ISOLATION LEVEL $1", mariadb: "SET TRANSACTION ISOLATION LEVEL $1; START TRANSACTION" };

const ROLL_BACK: Words = same("ROLLBACK");
const COMMIT: Words = same("COMMIT");

/// Some keys of the table's users.
fn some_users(scene: &Scene, chance: &mut Chance, most: i64) -> Vec<String> {
    let count = chance.number(1..most + 1);
    (0..count).map(|_| format!("CK{:07}", chance.number(1..scene.plan.users + 1))).collect()
}

async fn begin(scene: &Scene, isolation: &str) -> Result<Session, Broken> {
    let mut session = scene.session().await;
    session.rows(BEGIN, &[isolation]).await?;
    Ok(session)
}

/// Locks users from the last to the first, in small batches that cross those of a claim or a finish.
pub async fn lock_descending(scene: &Scene, chance: &mut Chance) -> Result<Strike, Broken> {
    let batches = chance.below(8) + 2;
    let each = chance.milliseconds(100..2_000) / u32::try_from(batches).unwrap_or(1);
    let mut users = some_users(scene, chance, 40);
    users.sort();
    users.reverse();
    let begun = SystemTime::now();
    let mut session = begin(scene, "READ COMMITTED").await?;
    for batch in users.chunks(users.len().div_ceil(batches)) {
        session.rows(LOCK, &[&list(batch)]).await?;
        sleep(each).await;
    }
    session.rows(ROLL_BACK, &[]).await?;
    Ok(Strike::of_everybody(Fault::LockDescending, begun))
}

/// Holds rows locked that are about to be claimed or settled.
pub async fn hold_rows(scene: &Scene, chance: &mut Chance) -> Result<Strike, Broken> {
    let (from, most, lasting) =
        (some_users(scene, chance, 1), chance.number(1..200), chance.between(&scene.plan.lasting));
    let begun = SystemTime::now();
    let mut session = begin(scene, "READ COMMITTED").await?;
    session.rows(HOLD_PENDING, &[&text(&from[0]), &most.to_string()]).await?;
    sleep(lasting).await;
    session.rows(ROLL_BACK, &[]).await?;
    Ok(Strike::of_everybody(Fault::HoldRows, begun))
}

/// Holds a snapshot open, so that nothing that has died since can be cleaned up.
pub async fn old_snapshot(scene: &Scene, chance: &mut Chance) -> Result<Strike, Broken> {
    let lasting = chance.between(&scene.plan.lasting) * 2;
    let begun = SystemTime::now();
    let mut session = begin(scene, "REPEATABLE READ").await?;
    let before = session.rows(SNAPSHOT, &[]).await?;
    sleep(lasting).await;
    let after = session.rows(SNAPSHOT, &[]).await?;
    if before != after {
        scene.found(format!("an old snapshot changed: {before:?} became {after:?}"));
    }
    session.rows(COMMIT, &[]).await?;
    Ok(Strike::of_everybody(Fault::OldSnapshot, begun))
}

/// New users of these keys, with these amounts in paise.
fn values(users: &[String], (amazon, grocery): (i64, i64)) -> String {
    let rows: Vec<String> =
        users.iter().map(|user| format!("({}, {amazon} / 100.0, NULL, {grocery} / 100.0)", text(user))).collect();
    rows.join(", ")
}

/// Sets users to `new` with other amounts, deletes some, and puts some back or anew.
pub async fn customer(scene: &Scene, chance: &mut Chance) -> Result<Strike, Broken> {
    let (changed, deleted) = (some_users(scene, chance, 50), some_users(scene, chance, 5));
    let inserted = some_users(scene, chance, 5);
    let amounts = [(); 4].map(|()| chance.number(0..2_000_000));
    let hesitation = chance.milliseconds(0..200);
    let begun = SystemTime::now();
    let mut session = begin(scene, "READ COMMITTED").await?;
    session.rows(CHANGE, &[&list(&changed), &amounts[0].to_string(), &amounts[1].to_string()]).await?;
    session.rows(DELETE, &[&list(&deleted)]).await?;
    sleep(hesitation).await;
    session.rows(INSERT, &[&values(&inserted, (amounts[2], amounts[3]))]).await?;
    session.rows(COMMIT, &[]).await?;
    // Whoever was deleted comes back, for the table must not run dry: at once, when nobody has cleaned up yet.
    sleep(Duration::from_millis(20)).await;
    session.rows(INSERT, &[&values(&deleted, (amounts[1], amounts[0]))]).await?;
    Ok(Strike::of_everybody(Fault::Customer, begun))
}
