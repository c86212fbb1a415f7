//! Faults of processes: killed, or frozen for longer than their lease.

use std::time::{Duration, SystemTime};

use nix::sys::signal::Signal;
use tokio::time::sleep;
use uuid::Uuid;

use crate::chance::Chance;
use crate::faults::Fault;
use crate::plan::INSTANCES;
use crate::recovery::Strike;
use crate::scene::Scene;
use crate::session::passing;
use crate::words::{Words, same, text, time};

/// How long a thawed instance may take to notice what it has lost.
const NOTICES_WITHIN: Duration = Duration::from_secs(90);

/// How often it is tried to freeze an instance while it holds claims.
const ATTEMPTS: u32 = 40;
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(50);

const HELD_CLAIMS: Words = same("SELECT count(*) FROM cardgenius_claims WHERE owner = $1 AND state = 'open'");

const LOST_CLAIMS: Words = same(
    "SELECT claim_id FROM cardgenius_claims WHERE owner = $1 AND state = 'swept' AND claimed_at <= $2 AND closed_at > $2",
);

/// Kills one, at once.
pub async fn kill(scene: &Scene, chance: &mut Chance, sparing: bool) -> Option<Strike> {
    let mut place = chance.below(INSTANCES);
    if sparing && place == *scene.spared.lock().unwrap() {
        place = (place + 1) % INSTANCES;
    }
    let slot = &scene.fleet.slots[place];
    let pid = slot.pid()?;
    let begun = SystemTime::now();
    if !slot.signal(pid, Signal::SIGKILL) {
        return None;
    }
    let instance = scene.instance_of(pid).await?;
    let fault = if sparing { Fault::Kill } else { Fault::KillAny };
    Some(Strike::death(fault, instance, begun))
}

/// Freezes one until the others have swept it, and lets it go on: it must notice, and write nothing of what it held.
pub async fn freeze(scene: &Scene, chance: &mut Chance) -> Option<Strike> {
    let mut place = chance.below(INSTANCES);
    if place == *scene.spared.lock().unwrap() {
        place = (place + 1) % INSTANCES;
    }
    let pid = scene.fleet.slots[place].pid()?;
    let instance = scene.instance_of(pid).await?;
    let begun = catch_holding(scene, place, (pid, instance)).await?;
    sleep(scene.plan.lease + scene.plan.sweep + chance.milliseconds(500..4_000)).await;
    if scene.fleet.slots[place].signal(pid, Signal::SIGCONT) {
        notices_what_it_lost(scene, place, (pid, instance, begun)).await;
    }
    Some(Strike { fault: Fault::Freeze, owners: vec![instance], begun, over: begun, claimed_until: begun })
}

/// Freezes it at a moment at which it holds claims, if there is one before long; when that was.
async fn catch_holding(scene: &Scene, place: usize, (pid, instance): (u32, Uuid)) -> Option<SystemTime> {
    let slot = &scene.fleet.slots[place];
    for attempt in 1..=ATTEMPTS {
        let begun = SystemTime::now();
        if !slot.signal(pid, Signal::SIGSTOP) {
            return None;
        }
        let held = passing(scene.session().await.number(HELD_CLAIMS, &[&text(instance)]).await);
        if attempt == ATTEMPTS || held.is_some_and(|claims| claims > 0) {
            return Some(begun);
        }
        slot.signal(pid, Signal::SIGCONT);
        sleep(BETWEEN_ATTEMPTS).await;
    }
    None
}

/// Of each claim that was swept while it was frozen it must say so, unless it dies first.
async fn notices_what_it_lost(scene: &Scene, place: usize, (pid, instance, frozen): (u32, Uuid, SystemTime)) {
    let slot = &scene.fleet.slots[place];
    let thawed = tokio::time::Instant::now();
    let mut unnoticed: Vec<String> = vec!["not asked yet".to_owned()];
    while !unnoticed.is_empty() && slot.pid() == Some(pid) && thawed.elapsed() < NOTICES_WITHIN {
        sleep(Duration::from_millis(50)).await;
        let lost = scene.session().await.column(LOST_CLAIMS, &[&text(instance), &time(frozen)]).await;
        let Some(lost) = passing(lost) else { continue };
        unnoticed = lost.into_iter().filter(|claim| !slot.log.says_let_go(claim)).collect();
    }
    if !unnoticed.is_empty() && slot.pid() == Some(pid) {
        let log = slot.log.tail(100);
        scene.found(format!("a thawed instance never said that it had lost {unnoticed:?}:\n{log}"));
    }
}
