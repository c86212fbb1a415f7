//! `cardgenius requeue`: sets users back to `new`, in small steps, so that the next run does them once more.

use std::time::{Duration, Instant};

use crate::any_store::AnyStore;
use cardgenius_failure::error::{DatabaseError, ErrorKind};
use cardgenius_store::desk::{Backlog, OpenRun, Requeue, Requeued};
use cardgenius_store::protocol::RequeueCursor;
use cardgenius_text::Shown;
use serde_json::json;

use super::{desk, output};
use crate::cli::RequeueOptions;
use crate::config::Config;
use crate::exit::Exit;
use crate::watch::grouped;

/// After each step, as long as it took is left to others, but not longer than this.
const LONGEST_REST: Duration = Duration::from_secs(1);

/// Attempts at one step before giving up.
const ATTEMPTS: u32 = 10;

/// Requeues whom the command line names.
#[must_use]
pub fn run(config: &Config, options: &RequeueOptions) -> Exit {
    let what = options.what();
    let shown = shown(&what);
    desk::at_the_desk(config, async |store| {
        let many = store.overview().await?.backlog.map_or_else(String::new, |backlog| many(&what, &backlog));
        if let Err(exit) =
            desk::confirm(&format!("Set {shown}{many} back to new, to be computed once more?"), options.yes)
        {
            return Ok(exit);
        }
        let actor = desk::actor();
        store.audit(&actor, "requeue", None, &format!("{shown}: begun")).await?;
        let (mut sum, mut cursor) = (Requeued::default(), RequeueCursor::default());
        let walked = walk(&store, &what, (&mut sum, &mut cursor)).await;
        let users = grouped(sum.users);
        let end = if walked.is_ok() { "done" } else { "broken off" };
        // Also after a fault, if the database can be told at all.
        let audited = store.audit(&actor, "requeue", None, &format!("{shown}: {end}, {users} users")).await;
        walked
            .inspect_err(|_| output::complain(&format!("broken off after {users} users: say it again for the rest")))?;
        audited?;
        let run = store.overview().await?.run;
        let others = match &what {
            Requeue::Users(named) => (named.len() as u64).saturating_sub(sum.users + sum.locked + sum.refused),
            _ => 0,
        };
        let value = json!({
            "users": sum.users, "locked": sum.locked, "refused": sum.refused, "passed_over": others, "open_run": run.as_ref().map(|run| run.run_id.to_string()),
        });
        if let Some((user, words)) = &cursor.refused {
            let users = grouped(sum.refused);
            output::complain(&format!("{users} users cannot be set back, such as {user:?}: {words}"));
        }
        let said = output::say(options.json, &told(&sum, others, run.as_ref()), &value);
        Ok(if said == Exit::Done && sum.refused > 0 { Exit::TooManyFailed } else { said })
    })
}

/// What became of it, a line each.
fn told(sum: &Requeued, others: u64, run: Option<&OpenRun>) -> String {
    let mut lines = vec![format!("{} users are new again", grouped(sum.users))];
    if sum.locked > 0 {
        lines.push(format!("{} were locked by somebody else: say it again for them", grouped(sum.locked)));
    }
    if others > 0 {
        lines.push(format!("{others} of those named are new or pending already, or unknown"));
    }
    if let Some(run) = run.filter(|_| sum.users > 0) {
        let (kind, run_id) = (&run.kind, run.run_id);
        lines.push(format!("the open {kind} run {run_id} may take them, with the catalogue that it was opened with"));
    }
    lines.iter().map(|line| Shown(line).to_string()).collect::<Vec<_>>().join("\n")
}

/// How many that are, where it is known without looking for them.
fn many(what: &Requeue, backlog: &Backlog) -> String {
    match what {
        Requeue::Failed => format!(" ({} users)", grouped(backlog.failed)),
        Requeue::Everybody => backlog
            .completed_estimate
            .map_or_else(String::new, |completed| format!(" (about {} users)", grouped(completed + backlog.failed))),
        _ => String::new(),
    }
}

fn shown(what: &Requeue) -> String {
    match what {
        Requeue::Failed => "all failed users".to_owned(),
        Requeue::Error(pattern) => format!("failed users with an error like {pattern:?}"),
        Requeue::Run(run_id) => format!("users that failed in run {run_id}"),
        Requeue::Users(users) if users.len() > 3 => format!("{} users named one by one", users.len()),
        Requeue::Users(users) => format!("users {}", users.join(", ")),
        Requeue::Everybody => "everybody who is completed or failed".to_owned(),
    }
}

async fn walk(
    store: &AnyStore,
    what: &Requeue,
    (sum, cursor): (&mut Requeued, &mut RequeueCursor),
) -> Result<(), DatabaseError> {
    let mut attempts = 0;
    while !cursor.is_over {
        let began = Instant::now();
        match store.requeue_step(what, cursor).await {
            Ok(step) => {
                sum.users += step.users;
                sum.locked += step.locked;
                sum.refused += step.refused;
                attempts = 0;
            }
            // The cursor stands where it stood.
            Err(error) if error.kind() == ErrorKind::Contention && attempts < ATTEMPTS => attempts += 1,
            Err(error) => return Err(error),
        }
        if !cursor.is_over {
            tokio::time::sleep(began.elapsed().min(LONGEST_REST)).await;
        }
    }
    Ok(())
}
