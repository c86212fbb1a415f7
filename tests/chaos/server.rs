//! Faults of the server: sessions terminated, stopped at once and started again, read-only, its disk full.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::time::sleep;

use crate::chance::Chance;
use crate::faults::Fault;
use crate::recovery::Strike;
use crate::scene::Scene;
use crate::session::{Session, passing};
use crate::words::{Words, same};

/// A server that needs this long to end or to begin is worth a word.
const SLOW: Duration = Duration::from_secs(10);

/// So many ($2) of the instances' sessions, drawn by $1: ended on PostgreSQL, elsewhere only numbered.
const TERMINATE: Words = Words {
    postgres: "SELECT pid FROM (
            SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'cardgenius/%' AND datname = current_database()
            ORDER BY md5((pid + $1::bigint)::text) LIMIT $2) AS drawn
        WHERE pg_terminate_backend(pid)",
    mariadb: "SELECT id FROM information_schema.processlist WHERE user = 'storm' ORDER BY md5(id + $1) LIMIT $2",
};

const KILL: Words = Words { postgres: "SELECT 1", mariadb: "KILL $1" };

const READ_ONLY: [Words; 2] = [
    Words { postgres: "ALTER SYSTEM SET default_transaction_read_only = on", mariadb: "SET GLOBAL read_only = ON" },
    RELOAD,
];
const READ_WRITE: [Words; 2] = [
    Words { postgres: "ALTER SYSTEM RESET default_transaction_read_only", mariadb: "SET GLOBAL read_only = OFF" },
    RELOAD,
];
const RELOAD: Words = Words { postgres: "SELECT pg_reload_conf()", mariadb: "SELECT 1" };

const DISK_FULL: Words = same("UPDATE chaos_disk_full SET yes = true");
const DISK_FREE: Words = same("UPDATE chaos_disk_full SET yes = false");

/// Ends so many of the instances' sessions; how many there were. None if a fault was in the way.
pub async fn end_sessions(session: &mut Session, salt: i64, most: i64) -> Option<usize> {
    let drawn = passing(session.column(TERMINATE, &[&salt.to_string(), &most.to_string()]).await)?;
    for number in &drawn {
        // One that has ended by itself meanwhile is no fault of anybody's.
        let _ = session.rows(KILL, &[number]).await;
    }
    Some(drawn.len())
}

/// Terminates one to all of the instances' sessions.
pub async fn terminate_backends(scene: &Scene, chance: &mut Chance) -> Option<Strike> {
    let (salt, most) = (chance.number(0..1_000_000), if chance.coin() { chance.number(1..6) } else { 100 });
    let begun = SystemTime::now();
    let ended = end_sessions(&mut scene.session().await, salt, most).await?;
    (ended > 0).then(|| Strike::of_everybody(Fault::TerminateBackends, begun))
}

/// Stops the server without letting it write anything, and starts it after a while.
pub async fn stop_and_start(scene: &Arc<Scene>, chance: &mut Chance) -> Strike {
    let down_for = chance.between(&scene.plan.lasting);
    let begun = SystemTime::now();
    let stopping = Instant::now();
    let there = scene.clone();
    // One that does not end in time has been killed: a fault like another, but worth telling.
    if let Err(error) = tokio::task::spawn_blocking(move || there.ground.stop_at_once()).await.unwrap() {
        println!("the server did not stop by itself: {error}");
    }
    let stopped = stopping.elapsed();
    sleep(down_for).await;
    let starting = Instant::now();
    let there = scene.clone();
    tokio::task::spawn_blocking(move || there.ground.start()).await.unwrap().unwrap();
    if stopped.max(starting.elapsed()) > SLOW {
        let told = scene.ground.log_tail();
        println!("the server took {stopped:?} to stop, and {:?} to start:\n{told}", starting.elapsed());
    }
    Strike::of_everybody(Fault::StopServer, begun)
}

/// Makes all transactions of all sessions read-only, those of sessions that exist too.
pub async fn read_only(scene: &Scene, chance: &mut Chance) -> Strike {
    let lasting = chance.between(&scene.plan.lasting);
    let begun = SystemTime::now();
    surely(scene, &READ_ONLY).await;
    sleep(lasting).await;
    surely(scene, &READ_WRITE).await;
    Strike::of_everybody(Fault::ReadOnly, begun)
}

/// Lets every load fail as on a full disk.
pub async fn disk_full(scene: &Scene, chance: &mut Chance) -> Strike {
    let lasting = chance.between(&scene.plan.lasting);
    let begun = SystemTime::now();
    surely(scene, &[DISK_FULL]).await;
    sleep(lasting).await;
    surely(scene, &[DISK_FREE]).await;
    Strike::of_everybody(Fault::DiskFull, begun)
}

/// Executes these, whatever else happens to the server meanwhile.
async fn surely(scene: &Scene, statements: &[Words]) {
    let mut left = statements;
    while let [next, rest @ ..] = left {
        if passing(scene.session().await.rows(*next, &[]).await).is_some() {
            left = rest;
        }
    }
}
