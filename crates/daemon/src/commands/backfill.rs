//! `cardgenius --backfill`: until no user is `new`, with the progress shown, and a summary at the end.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use cardgenius_pipeline::error::StoreError;
use cardgenius_pipeline::observe::Unobserved;
use cardgenius_pipeline::ports::{Run, RunRequest, RunState, RunTotals, Store};
use cardgenius_pipeline::run::Ended;
use cardgenius_store::postgres::PostgresStore;
use chrono::{DateTime, NaiveDate, Utc};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};
use uuid::Uuid;

use super::{failure, output, refuse};
use crate::catalogue_file::CatalogueText;
use crate::config::Config;
use crate::exit::Exit;
use crate::instance::Instance;
use crate::summary::{Summary, log_end};
use crate::{signals, wiring};

/// Runs the backfill on a runtime of its own.
#[must_use]
pub fn run(config: &Config) -> Exit {
    match super::runtime() {
        Ok(runtime) => runtime.block_on(async {
            let stop = CancellationToken::new();
            if let Err(error) = signals::watch(stop.clone()) {
                error!(%error, "cannot listen for signals");
                return Exit::Failed;
            }
            backfill(config, stop).await
        }),
        Err(exit) => exit,
    }
}

/// The backfill, until it is over or `stop` asks to end.
pub async fn backfill(config: &Config, stop: CancellationToken) -> Exit {
    let request = match request(config) {
        Ok(request) => request,
        Err(exit) => return exit,
    };
    let store = match super::check::sound_store(config).await {
        Ok(store) => Arc::new(store),
        Err(exit) => return exit,
    };
    let instance = match Instance::start(store.clone(), wiring::pipeline_config(config), Arc::new(Unobserved)).await {
        Ok(instance) => instance,
        Err(error) => return failure::of_database(&error),
    };
    let started = Instant::now();
    let outcome = instance.work(&request, stop).await;
    let exit = match outcome {
        Ok((run, ended)) => report(config, &store, &run, ended, started.elapsed()).await,
        Err(error) => failure::of_database(&error),
    };
    instance.end().await;
    exit
}

/// The run to open, if none is open: with the configured catalogue, and today's date in the schedule's time zone.
fn request(config: &Config) -> Result<RunRequest, Exit> {
    let text = CatalogueText::read(config.catalog.path.as_deref()).map_err(refuse)?;
    text.parse().map_err(|faults| {
        output::complain(&format!("{text} is faulty, so nothing was started:\n{faults}"));
        Exit::Usage
    })?;
    let catalogue_text = String::from_utf8_lossy(text.bytes()).into_owned();
    Ok(RunRequest {
        kind: "backfill".to_owned(),
        trigger: "operator".to_owned(),
        as_of: today(config),
        catalogue_hash: format!("{:x}", HexOf(&Sha256::digest(catalogue_text.as_bytes()))),
        catalogue_text,
        abandon_after: Duration::from_millis(config.run.abandon_after_ms),
    })
}

struct HexOf<'a>(&'a [u8]);

impl std::fmt::LowerHex for HexOf<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

fn today(config: &Config) -> NaiveDate {
    let now = DateTime::<Utc>::from(SystemTime::now());
    // The zone was checked with the configuration.
    config.run.zone().map_or_else(|| now.date_naive(), |zone| now.with_timezone(&zone).date_naive())
}

/// Says how it went, and with which exit code the program ends.
async fn report(config: &Config, store: &PostgresStore, run: &Run, ended: Ended, elapsed: Duration) -> Exit {
    let sums = match sums(store, run.run_id).await {
        Ok(sums) => sums,
        Err(error) => {
            if let Ended::Failed(cause) = ended {
                return failure::of_database(&cause);
            }
            return failure::of_database(&error);
        }
    };
    let (totals, failures) = sums;
    let too_many_failed = exceeds(&totals, config.pipeline.max_failed_share);
    let summary = Summary { run, totals: &totals, failures: &failures, elapsed };
    log_end(store, &summary, &ended);
    output::print(&summary.text());
    match ended {
        Ended::Stopped => {
            warn!("stopped on request; what was not finished was given back, and the next start goes on from there");
            Exit::Stopped
        }
        Ended::Failed(cause) => failure::of_database(&cause),
        Ended::Closed(RunState::Failed) => {
            error!("the run was closed as failed by another instance; its reason is in the runs table");
            Exit::Failed
        }
        Ended::Closed(RunState::Cancelled | RunState::Abandoned) => Exit::Stopped,
        Ended::Closed(RunState::Open | RunState::Done) if too_many_failed => {
            error!("more users failed than pipeline.max_failed_share = {} allows", config.pipeline.max_failed_share);
            Exit::TooManyFailed
        }
        Ended::Closed(RunState::Open | RunState::Done) => Exit::Done,
    }
}

type Failures = Vec<(String, u64, String)>;

async fn sums(store: &PostgresStore, run_id: Uuid) -> Result<(RunTotals, Failures), StoreError> {
    Ok((store.run_totals(run_id).await?, store.run_failures(run_id).await?))
}

fn exceeds(totals: &RunTotals, share: f64) -> bool {
    let settled = totals.users.completed + totals.users.failed;
    settled > 0 && totals.users.failed as f64 / settled as f64 > share
}
