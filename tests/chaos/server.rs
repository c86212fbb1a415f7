//! Faults of the server: sessions terminated, stopped at once and started again, read-only, its disk full.

use std::time::{Duration, Instant, SystemTime};

use tokio::time::sleep;

use crate::chance::Chance;
use crate::faults::Fault;
use crate::recovery::Strike;
use crate::scene::{Scene, passing};

/// A server that needs this long to end or to begin is worth a word.
const SLOW: Duration = Duration::from_secs(10);

const TERMINATE: &str = "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM (
        SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'cardgenius/%' AND datname = current_database()
        ORDER BY md5((pid + $1::bigint)::text) LIMIT $2) AS drawn";

const READ_ONLY: &str = "ALTER SYSTEM SET default_transaction_read_only = on";
const READ_WRITE: &str = "ALTER SYSTEM RESET default_transaction_read_only";
const RELOAD: &str = "SELECT pg_reload_conf()";

const DISK_FULL: &str = "UPDATE chaos_disk_full SET yes = true";
const DISK_FREE: &str = "UPDATE chaos_disk_full SET yes = false";

/// Terminates one to all of the instances' sessions.
pub async fn terminate_backends(scene: &Scene, chance: &mut Chance) -> Option<Strike> {
    let (salt, most) = (chance.number(0..1_000_000), if chance.coin() { chance.number(1..6) } else { 100 });
    let begun = SystemTime::now();
    let answer = scene.session().await.query_one(TERMINATE, &[&salt, &most]).await;
    let terminated: i64 = passing(answer)?.get(0);
    (terminated > 0).then(|| Strike::of_everybody(Fault::TerminateBackends, begun))
}

/// Stops the server without letting it write anything, and starts it after a while.
pub async fn stop_and_start(scene: &Scene, chance: &mut Chance) -> Strike {
    let down_for = chance.between(&scene.plan.lasting);
    let server = scene.database.server;
    let begun = SystemTime::now();
    let stopping = Instant::now();
    // One that does not end in time has been killed: a fault like another, but worth telling.
    if let Err(error) = tokio::task::spawn_blocking(|| server.stop_immediate()).await.unwrap() {
        println!("the server did not stop by itself: {error}");
    }
    let stopped = stopping.elapsed();
    sleep(down_for).await;
    let starting = Instant::now();
    tokio::task::spawn_blocking(|| server.start()).await.unwrap().unwrap();
    if stopped.max(starting.elapsed()) > SLOW {
        let log = server.log_tail(200);
        let told: String = log.lines().filter(|line| line.contains("LOG:")).map(|line| format!("  {line}\n")).collect();
        println!("the server took {stopped:?} to stop, and {:?} to start:\n{told}", starting.elapsed());
    }
    Strike::of_everybody(Fault::StopServer, begun)
}

/// Makes all transactions of all sessions read-only, those of sessions that exist too.
pub async fn read_only(scene: &Scene, chance: &mut Chance) -> Strike {
    let lasting = chance.between(&scene.plan.lasting);
    let begun = SystemTime::now();
    surely(scene, &[READ_ONLY, RELOAD]).await;
    sleep(lasting).await;
    surely(scene, &[READ_WRITE, RELOAD]).await;
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
async fn surely(scene: &Scene, statements: &[&str]) {
    let mut left = statements;
    while let [next, rest @ ..] = left {
        if passing(scene.session().await.batch_execute(next).await).is_some() {
            left = rest;
        }
    }
}
