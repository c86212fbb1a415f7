//! `cardgenius run-now`: opens a run, for the instances that are up to take.

use cardgenius_pipeline::ports::Store;

use super::{desk, output, refuse};
use crate::config::Config;
use crate::exit::Exit;
use crate::run_request::{Asked, run_request};
use crate::watch::grouped;

/// Opens a run of kind `manual`, of so many users at most, unless one is open.
#[must_use]
pub fn run(config: &Config, max_users: Option<u64>) -> Exit {
    let actor = desk::actor();
    let request = match run_request(config, Asked { kind: "manual", trigger: actor.clone(), max_users }) {
        Ok(request) => request,
        Err(refused) => return refuse(refused),
    };
    desk::at_the_desk(config, async |store| {
        let run = store.open_or_join(&request).await?;
        let seen = store.overview().await?;
        let (kind, run_id, users) = (&run.kind, run.run_id, grouped(run.backlog));
        if run.opened_here {
            store.audit(&actor, "open", Some(run_id), "run-now").await?;
            output::print(&format!("opened=true: {kind} run {run_id} for {users} users"));
        } else {
            output::print(&format!("opened=false: the {kind} run {run_id} is open already, since it is one at a time"));
        }
        if seen.switch.paused {
            let why = seen.switch.reason.as_deref().unwrap_or("no reason given");
            output::print(&format!("all claiming is paused ({why}): it goes on with cardgenius resume"));
        }
        Ok(output::print(&match seen.instances.iter().filter(|instance| instance.alive).count() {
            0 => {
                "no instance is alive to take it: start one with cardgenius run, or cardgenius --backfill for this once"
                    .to_owned()
            }
            1 => "1 live instance takes it within seconds: see cardgenius status".to_owned(),
            alive => format!("{alive} live instances take it within seconds: see cardgenius status"),
        }))
    })
}
