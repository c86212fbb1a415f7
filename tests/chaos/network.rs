//! Faults of the network between an instance and the server, or between all of them and it.

use std::time::{Duration, SystemTime};

use cardgenius_testkit::proxy::{Fault as Break, Trigger};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::chance::Chance;
use crate::faults::Fault;
use crate::plan::INSTANCES;
use crate::recovery::Strike;
use crate::scene::Scene;

/// How long an armed fault waits for its moment.
const STRIKES_WITHIN: Duration = Duration::from_secs(2);

/// Breaks the network of one instance, or of all, for a while.
pub async fn break_for_a_while(scene: &Scene, chance: &mut Chance, fault: Fault) -> Option<Strike> {
    let how = match fault {
        Fault::Cut => Break::Cut,
        Fault::Reset => Break::Reset,
        Fault::Refuse => Break::Refuse,
        Fault::BlackHole => Break::BlackHole,
        Fault::Slow => Break::Slow { bytes_per_second: u32::try_from(chance.number(5_000..200_000)).ok()? },
        Fault::HalfOpen => Break::HalfOpen,
        Fault::Mute => Break::MuteServer,
        _ => return None,
    };
    let places: Vec<usize> =
        if chance.below(4) == 0 { (0..INSTANCES).collect() } else { vec![chance.below(INSTANCES)] };
    let lasting = chance.between(&scene.plan.lasting);
    let owners = instances(scene, &places).await;
    let begun = SystemTime::now();
    for place in &places {
        scene.proxies[*place].set(how);
    }
    sleep(lasting).await;
    for place in &places {
        scene.proxies[*place].heal();
    }
    let over = SystemTime::now();
    (!owners.is_empty()).then_some(Strike { fault, owners, begun, over, claimed_until: over })
}

/// Breaks one connection in the middle of a load, or around a COMMIT.
pub async fn break_at(scene: &Scene, chance: &mut Chance, fault: Fault) -> Option<Strike> {
    let trigger = match (fault, chance.coin()) {
        (Fault::InLoad, _) => Trigger::FirstCopyData { after_bytes: chance.below(30_000) },
        (_, true) => Trigger::CommitSent,
        (_, false) => Trigger::CommitForwarded,
    };
    let how = [Break::Cut, Break::Reset, Break::HalfOpen, Break::MuteServer][chance.below(4)];
    let place = chance.below(INSTANCES);
    let proxy = &scene.proxies[place];
    proxy.arm(trigger, how);
    let struck = timeout(STRIKES_WITHIN, proxy.struck()).await.is_ok();
    let begun = SystemTime::now();
    proxy.heal();
    let owners = instances(scene, &[place]).await;
    (struck && !owners.is_empty()).then_some(Strike { fault, owners, begun, over: begun, claimed_until: begun })
}

/// Those that live in these places now.
async fn instances(scene: &Scene, places: &[usize]) -> Vec<Uuid> {
    let mut found = Vec::new();
    for place in places {
        if let Some(pid) = scene.fleet.slots[*place].pid() {
            found.extend(scene.instance_of(pid).await);
        }
    }
    found
}
