//! `cardgenius status`: how things stand.

use std::fmt::Write;

use cardgenius_pipeline::throttle::Headroom;
use cardgenius_text::Shown;

use super::{desk, output};
use crate::config::Config;
use crate::exit::Exit;
use crate::status::{InstanceStatus, PastRun, RunStatus, ScheduleStatus, Status, status};
use crate::watch::{clock, grouped};

/// Characters of a reason that fit a line.
const REASON_CHARS: usize = 40;

/// Prints it, as JSON if asked.
#[must_use]
pub fn run(config: &Config, json: bool) -> Exit {
    desk::at_the_desk(config, async |store| {
        let status = status(&store, &config.run).await?;
        if !json {
            return Ok(output::print(&text(&status)));
        }
        Ok(match serde_json::to_string_pretty(&status) {
            Ok(text) => output::print_json(&text),
            Err(error) => super::refuse(error),
        })
    })
}

fn text(status: &Status) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name:<11}{}", Shown(value));
    };
    line("table", &format!("{} (schema version {})", status.source_table, status.schema_version));
    line("time", &shown(&status.taken_at));
    if let Some(fault) = &status.clock_fault {
        line("", fault);
    }
    line("users", &users(status));
    line("claiming", &claiming(status));
    for (place, held) in status.instances.iter().filter_map(throttled).enumerate() {
        line(if place == 0 { "throttle" } else { "" }, &held);
    }
    match &status.run {
        Some(run) => {
            line("run", &format!("{} {}", run.kind, run.run_id));
            line("", &format!("opened {} for {}", shown(&run.opened_at), run.opened_for));
            line("progress", &progress(run));
            line("", &speed(run));
        }
        None => line("run", "none is open"),
    }
    for part in [instances(&status.instances), schedules(&status.schedules), last_runs(&status.last_runs)] {
        text.push('\n');
        text.push_str(&part);
        text.push('\n');
    }
    text
}

fn users(status: &Status) -> String {
    let Some(backlog) = &status.backlog else {
        return "too many to be counted just now: see the metrics, or count them by hand".to_owned();
    };
    let completed = backlog.completed_estimate.map_or_else(
        || "completed not estimated before the first ANALYZE".to_owned(),
        |users| format!("about {} completed", grouped(users)),
    );
    let [new, pending, failed] = [backlog.new, backlog.pending, backlog.failed].map(grouped);
    format!("{new} new, {pending} pending, {failed} failed, {completed}")
}

fn claiming(status: &Status) -> String {
    let control = &status.control;
    if !control.paused {
        return status.waiting.clone().unwrap_or_else(|| "on".to_owned());
    }
    format!(
        "PAUSED since {} by {}: {}",
        control.changed_at.as_deref().map_or_else(|| "?".to_owned(), shown),
        control.changed_by.as_deref().unwrap_or("?"),
        control.reason.as_deref().unwrap_or("no reason given")
    )
}

/// What an instance's throttle holds back, with the words of its log.
fn throttled(instance: &InstanceStatus) -> Option<String> {
    let throttle = instance.throttle.as_ref().filter(|_| instance.alive)?;
    let told = Headroom { share: throttle.share, reason: throttle.reason.as_deref().map(Into::into) }.told()?;
    let since = throttle.since.as_deref().map_or_else(|| "?".to_owned(), shown);
    Some(format!("{} since {since} {told}", short(&instance.instance_id)))
}

fn short(instance_id: &str) -> String {
    instance_id.chars().take(8).collect()
}

fn progress(run: &RunStatus) -> String {
    let percent = 100.0 * run.done as f64 / run.total.max(1) as f64;
    format!("{percent:.1} %: {} of {} users, {} failed", grouped(run.done), grouped(run.total), grouped(run.failed))
}

fn speed(run: &RunStatus) -> String {
    let eta = run.eta_seconds.map_or_else(|| "unknown".to_owned(), |eta| clock(std::time::Duration::from_secs(eta)));
    let rate = grouped(run.users_per_second as u64);
    format!("{rate} users/s over the last minute, ETA {eta}, {} chunks in flight", run.open_claims)
}

fn instances(instances: &[InstanceStatus]) -> String {
    if instances.is_empty() {
        return "no instance is alive".to_owned();
    }
    let rows = instances.iter().map(|instance| {
        let lease = instance.lease_left_seconds;
        let lease = if instance.alive { format!("{lease:.0} s left") } else { format!("expired {:.0} s ago", -lease) };
        vec![
            short(&instance.instance_id),
            instance.host.clone(),
            instance.process_id.to_string(),
            instance.version.clone(),
            lease,
            instance.open_claims.to_string(),
            grouped(instance.users_held),
        ]
    });
    output::table(&["INSTANCE", "HOST", "PID", "VERSION", "LEASE", "CLAIMS", "USERS HELD"], rows)
}

fn schedules(schedules: &[ScheduleStatus]) -> String {
    if schedules.is_empty() {
        return "no schedule has been written down: none is on, or no daemon has started yet".to_owned();
    }
    let rows = schedules.iter().map(|schedule| {
        let time = |time: &Option<String>| time.as_deref().map_or_else(|| "-".to_owned(), shown);
        let outcome = schedule.last_outcome.clone().unwrap_or_else(|| "-".to_owned());
        vec![schedule.name.clone(), time(&schedule.next_fire), time(&schedule.last_fire), outcome]
    });
    output::table(&["SCHEDULE", "NEXT FIRE", "LAST FIRE", "OUTCOME"], rows)
}

fn last_runs(runs: &[PastRun]) -> String {
    if runs.is_empty() {
        return "there was no run yet".to_owned();
    }
    let rows = runs.iter().map(|run| {
        vec![
            run.kind.clone(),
            run.state.clone(),
            shown(&run.opened_at),
            clock(std::time::Duration::from_secs_f64(run.seconds.max(0.0))),
            grouped(run.completed),
            grouped(run.failed),
            run.reason.as_deref().map_or_else(String::new, shortened),
        ]
    });
    output::table(&["LAST RUNS", "STATE", "OPENED", "TOOK", "COMPLETED", "FAILED", "REASON"], rows)
}

/// `2026-11-21T13:05:11Z` as people write it.
fn shown(instant: &str) -> String {
    instant.replace('T', " ").replace('Z', " UTC")
}

fn shortened(reason: &str) -> String {
    // Before it is cut, so that what is cut is counted as it is seen.
    let reason = Shown(reason.replace('\n', " ")).to_string();
    if reason.chars().count() <= REASON_CHARS {
        return reason;
    }
    reason.chars().take(REASON_CHARS - 1).chain(['…']).collect()
}
