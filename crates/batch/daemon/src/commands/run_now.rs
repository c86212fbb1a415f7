//! `cardgenius run-now`: opens a run, for the instances that are up to take.

use cardgenius_pipeline::ports::{Run, RunRequest, Store};
use cardgenius_store::desk::Switch;
use cardgenius_text::Shown;
use serde_json::json;

use super::{desk, output, refuse};
use crate::config::Config;
use crate::exit::Exit;
use crate::run_request::{Asked, run_request};
use crate::watch::grouped;

/// Opens a run of kind `manual`, of so many users at most, unless one is open.
#[must_use]
pub fn run(config: &Config, max_users: Option<u64>, json: bool) -> Exit {
    let actor = desk::actor();
    let undated = match run_request(config, Asked { kind: "manual", trigger: actor.clone(), max_users }) {
        Ok(undated) => undated,
        Err(refused) => return refuse(refused),
    };
    desk::at_the_desk(config, async |store| {
        let request = undated.now(&store, config).await?;
        let run = store.open_or_join(&request).await?;
        let seen = store.overview().await?;
        if run.opened_here {
            store.audit(&actor, "open", Some(run.run_id), "run-now").await?;
        }
        let alive = seen.instances.iter().filter(|instance| instance.alive).count();
        let value = json!({
            "opened": run.opened_here, "run_id": run.run_id.to_string(), "kind": run.kind, "users": run.backlog,
            "catalogue_hash": run.catalogue_hash, "configured_catalogue_hash": request.catalogue_hash,
            "paused": seen.switch.paused, "instances_alive": alive,
        });
        Ok(output::say(json, &told(config, (&run, &request), &seen.switch, alive), &value))
    })
}

/// What was opened, with which catalogue, and who will take it, a line each.
fn told(config: &Config, (run, request): (&Run, &RunRequest), switch: &Switch, alive: usize) -> String {
    let (kind, run_id, users) = (&run.kind, run.run_id, grouped(run.backlog));
    let mut lines = vec![if run.opened_here {
        format!("opened=true: {kind} run {run_id} for {users} users")
    } else {
        format!("opened=false: the {kind} run {run_id} is open already, since it is one at a time")
    }];
    let short = |hash: &str| hash.chars().take(12).collect::<String>();
    let path =
        config.catalog.path.as_ref().map_or_else(|| "the built-in one".to_owned(), |path| path.display().to_string());
    lines.push(format!("catalogue {}: {path}", short(&request.catalogue_hash)));
    if run.catalogue_hash != request.catalogue_hash {
        lines.push(format!("the open run has another catalogue, {}, and keeps it", short(&run.catalogue_hash)));
    }
    if switch.paused {
        let why = switch.reason.as_deref().unwrap_or("no reason given");
        lines.push(format!("all claiming is paused ({why}): it goes on with cardgenius resume"));
    }
    lines.push(match alive {
        0 => "no instance is alive to take it: start one with cardgenius run, or cardgenius --backfill for this once"
            .to_owned(),
        1 => "1 live instance takes it within seconds: see cardgenius status".to_owned(),
        alive => format!("{alive} live instances take it within seconds: see cardgenius status"),
    });
    lines.iter().map(|line| Shown(line).to_string()).collect::<Vec<_>>().join("\n")
}
