//! A storm from its first weather to its last.

use std::sync::Arc;
use std::time::Instant;

use crate::customers::Feeder;
use crate::lull::{Outcome, audit_after};
use crate::plan::{Plan, Weather};
use crate::reading::Reading;
use crate::recovery::Strike;
use crate::report::Report;
use crate::scene::Scene;
use crate::watch::Watch;
use crate::weather::blow;

/// The promise, with the default settings.
const PROMISED_S: f64 = 45.0;

pub async fn rage(plan: Plan) {
    println!("a storm: {}", plan.command());
    let scene = Arc::new(Scene::set_up(plan).await);
    let reader = Reading::start(scene.clone());
    let watch = Watch::start(scene.clone());
    let mut report = Report::default();
    for (part, weather) in scene.plan.weathers.iter().enumerate() {
        round(&scene, weather, part, &mut report).await;
    }
    let looks = watch.end().await;
    println!("{} starts of an instance; a watch looked {looks} times", scene.fleet.starts());
    println!("\n{}", report.markdown(&scene.plan));
    let reads = reader.end().await;
    scene.assert_nothing_found();
    println!("a reader read the whole table {reads} times and saw nobody with other than 0 or 10 rows");
}

async fn round(scene: &Arc<Scene>, weather: &Weather, part: usize, report: &mut Report) {
    let begun = Instant::now();
    let name = weather.name();
    let steadily = scene.plan.minutes.is_some() && weather.faults.iter().any(|fault| fault.waits_for_leases());
    let feeder = Feeder::start(scene.clone(), &part.to_string(), steadily);
    let strikes = blow(scene, weather, part).await;
    feeder.end().await;
    let blown_s = begun.elapsed().as_secs_f64();
    let outcome = audit_after(scene, part).await;
    let Outcome { settled_s, lost, double } = outcome;
    println!(
        "{blown_s:.0} s of {name}: {} strikes; settled after {settled_s:.1} s: {lost} lost, {double} double",
        strikes.len()
    );
    enter(scene, weather, &strikes, (outcome, report)).await;
    for wrong in std::mem::take(&mut *scene.fleet.wrong_ends.lock().unwrap()) {
        scene.found(wrong);
    }
}

/// Puts a round into the report.
async fn enter(scene: &Scene, weather: &Weather, strikes: &[Strike], (outcome, report): (Outcome, &mut Report)) {
    let mut session = scene.session().await;
    let name_of =
        |fault: crate::faults::Fault| if weather.is_mixed() { weather.name() } else { fault.name().to_owned() };
    let mut names: Vec<String> = weather.faults.iter().map(|fault| name_of(*fault)).collect();
    names.dedup();
    for name in names {
        let tally = report.tally(&name);
        tally.lost += outcome.lost;
        tally.double += outcome.double;
    }
    for strike in strikes {
        let recovery = strike.recovery_s(&mut session).await;
        let tally = report.tally(&name_of(strike.fault));
        tally.strikes += 1;
        tally.recoveries_s.extend(recovery);
        let promised = scene.plan.minutes.is_some() && !weather.is_mixed() && strike.fault.is_promised();
        if let Some(seconds) = recovery.filter(|seconds| promised && *seconds >= PROMISED_S) {
            scene.found(format!("recovery took {seconds:.1} s, {PROMISED_S} s are promised: {strike:?}"));
        }
    }
}

impl Scene {
    /// Nothing was wrong; otherwise all the evidence.
    fn assert_nothing_found(&self) {
        let findings = self.findings.lock().unwrap();
        assert!(
            findings.is_empty(),
            "{}\n\nthe storm ({}) found:\n\n{}\n",
            self.fleet.logs(200),
            self.plan.command(),
            findings.join("\n\n")
        );
    }
}
