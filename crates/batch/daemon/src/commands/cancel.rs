//! `cardgenius cancel`: ends the open run. What is in flight is finished, the rest stays `new`.

use std::time::Duration;

use crate::any_store::AnyStore;
use cardgenius_failure::error::{DatabaseError, ErrorKind};
use cardgenius_text::Shown;
use serde_json::json;
use uuid::Uuid;

use super::{desk, output};
use crate::config::Config;
use crate::exit::Exit;
use crate::watch::grouped;

/// Attempts at the run's row, which every claim holds for a moment.
const ATTEMPTS: u32 = 20;

/// Cancels the open run.
#[must_use]
pub fn run(config: &Config, reason: Option<&str>, (yes, json): (bool, bool)) -> Exit {
    desk::at_the_desk(config, async |store| {
        let Some(run) = store.overview().await?.run else { return Ok(nothing_to_cancel(json)) };
        let (done, total) = (grouped(run.done), grouped(run.total));
        let question =
            format!("End the {} run {} ({done} of {total} users done)? The rest stays new.", run.kind, run.run_id);
        if let Err(exit) = desk::confirm(&question, yes) {
            return Ok(exit);
        }
        let Some((run_id, kind)) = cancel(&store, reason).await? else { return Ok(nothing_to_cancel(json)) };
        let text = format!(
            "cancelled the {kind} run {run_id}: {} chunks in flight are being finished, who is not done stays new",
            run.open_claims
        );
        let value = json!({ "cancelled": true, "run_id": run_id.to_string(), "kind": kind, "chunks_in_flight": run.open_claims });
        Ok(output::say(json, &Shown(text).to_string(), &value))
    })
}

fn nothing_to_cancel(json: bool) -> Exit {
    output::say(json, "no run is open: nothing was changed", &json!({ "cancelled": false }))
}

async fn cancel(store: &AnyStore, reason: Option<&str>) -> Result<Option<(Uuid, String)>, DatabaseError> {
    let actor = desk::actor();
    for _ in 1..ATTEMPTS {
        match store.cancel_run(reason, &actor).await {
            Err(error) if error.kind() == ErrorKind::Contention => tokio::time::sleep(Duration::from_millis(200)).await,
            outcome => return outcome,
        }
    }
    store.cancel_run(reason, &actor).await
}
