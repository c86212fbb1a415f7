//! One weather: its faults strike again and again for its time, each at its own pace.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::chance::Chance;
use crate::faults::Fault;
use crate::plan::{INSTANCES, Weather};
use crate::recovery::Strike;
use crate::scene::Scene;

/// From one kill to the next.
const KILLS_APART: std::ops::Range<Duration> = Duration::from_millis(200)..Duration::from_millis(3_000);

/// What is beyond any strike's own length.
const SLOW: Duration = Duration::from_secs(5);

/// Lets it blow; returns when all that was struck has been let go again.
pub async fn blow(scene: &Arc<Scene>, weather: &Weather, part: usize) -> Vec<Strike> {
    let until = Instant::now() + weather.time;
    *scene.spared.lock().unwrap() = Chance::of(scene.plan.seed, &format!("spared {part}")).below(INSTANCES);
    let mut gusts = JoinSet::new();
    let alone = weather.faults.len() == 1;
    for fault in weather.faults.iter().copied() {
        // Each freeze waits for a lease; of three, two can be frozen at a time.
        let at_once = if alone && fault == Fault::Freeze { 2 } else { 1 };
        for gust in 0..at_once {
            let chance = Chance::of(scene.plan.seed, &format!("{part} {fault:?} {gust}"));
            gusts.spawn(strike_until(scene.clone(), fault, chance, until));
        }
    }
    gusts.join_all().await.into_iter().flatten().collect()
}

async fn strike_until(scene: Arc<Scene>, fault: Fault, mut chance: Chance, until: Instant) -> Vec<Strike> {
    let mut strikes = Vec::new();
    let is_kill = matches!(fault, Fault::Kill | Fault::KillAny);
    loop {
        sleep(chance.between(if is_kill { &KILLS_APART } else { &scene.plan.pause })).await;
        if Instant::now() >= until && !strikes.is_empty() {
            return strikes;
        }
        // Where there was nothing to strike the time is over at some point all the same.
        if Instant::now() >= until + scene.plan.lease {
            return strikes;
        }
        let begun = Instant::now();
        strikes.extend(fault.strike(&scene, &mut chance).await);
        let slow = scene.plan.lasting.end * 2 + scene.plan.lease + scene.plan.sweep + SLOW;
        if begun.elapsed() > slow {
            println!("{:.0} s until this was over: {}", begun.elapsed().as_secs_f64(), fault.name());
        }
    }
}
