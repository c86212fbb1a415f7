//! `cardgenius --backfill`: until no user is `new`, with the progress shown, and a summary at the end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::any_store::AnyStore;
use cardgenius_pipeline::error::StoreError;
use cardgenius_pipeline::observe::{Observe, Unobserved};
use cardgenius_pipeline::ports::{Run, RunRequest, RunState, RunTotals, Store};
use cardgenius_pipeline::run::Ended;
use cardgenius_store::desk::Cause;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};
use uuid::Uuid;

use super::{failure, output, refuse};
use crate::config::Config;
use crate::exit::Exit;
use crate::http;
use crate::instance::Instance;
use crate::run_request::{Asked, run_request};
use crate::service::State;
use crate::summary::{Summary, log_end};

/// Runs the backfill on a runtime of its own; with the pages about it, if `is_watched`.
#[must_use]
pub fn run(config: Config, is_watched: bool) -> Exit {
    super::until_a_signal(async |stop| {
        if is_watched {
            Box::pin(watched_backfill(config, stop)).await
        } else {
            Box::pin(backfill(&config, stop)).await
        }
    })
}

/// The backfill, until it is over or `stop` asks to end.
pub async fn backfill(config: &Config, stop: CancellationToken) -> Exit {
    let request = match request(config) {
        Ok(request) => request,
        Err(exit) => return exit,
    };
    match super::check::sound_store(config, 0).await {
        Ok(store) => work(config, &request, (Arc::new(store), None), stop).await,
        Err(exit) => exit,
    }
}

/// The same, with its pages served meanwhile.
async fn watched_backfill(config: Config, stop: CancellationToken) -> Exit {
    let state = match State::new(config) {
        Ok(state) => state,
        Err(exit) => return exit,
    };
    let request = match request(&state.config) {
        Ok(request) => request,
        Err(exit) => return exit,
    };
    state.has_catalogue(Ok(request.catalogue_hash.clone()));
    let over = CancellationToken::new();
    let server = match http::start(state.clone(), over.clone()).await {
        Ok(server) => server,
        Err(exit) => return exit,
    };
    let exit = match state.sound_store().await {
        Ok(store) => {
            let sampling = state.sample(store.clone(), over.clone());
            let exit = work(&state.config, &request, (store, Some(&state)), stop).await;
            over.cancel();
            let _ = sampling.await;
            exit
        }
        Err(exit) => exit,
    };
    over.cancel();
    server.ended().await;
    exit
}

fn request(config: &Config) -> Result<RunRequest, Exit> {
    let asked = Asked { kind: "backfill", trigger: "operator".to_owned(), max_users: None };
    run_request(config, asked).map_err(refuse)
}

/// The work itself on these databases, told to those who watch it if anybody does.
async fn work(
    config: &Config,
    request: &RunRequest,
    (store, watched): (Arc<AnyStore>, Option<&State>),
    stop: CancellationToken,
) -> Exit {
    let observer = watched.map_or_else(|| Arc::new(Unobserved) as Arc<dyn Observe>, State::observer);
    let instance = match Instance::start(store.clone(), config, observer).await {
        Ok(instance) => instance,
        Err(error) => return failure::of_database(&error),
    };
    let started = Instant::now();
    let exit = match instance.open(request).await {
        Ok(run) => {
            if let Some(state) = watched {
                state.metrics.run_opened(&run);
            }
            let ended = instance.take_part(&run, stop).await;
            if let (Some(state), Ended::Closed(how)) = (watched, &ended) {
                state.metrics.run_closed(&run.kind, *how);
            }
            report(config, &store, &run, ended, started.elapsed()).await
        }
        Err(error) => failure::of_database(&error),
    };
    instance.end().await;
    exit
}

/// Says how it went, and with which exit code the program ends.
async fn report(config: &Config, store: &AnyStore, run: &Run, ended: Ended, elapsed: Duration) -> Exit {
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
        Ended::Closed(RunState::Failed) if totals.left_users_behind() => {
            error!(reason = totals.reason, "the run is over, and left users behind");
            if totals.users.completed > 0 { Exit::TooManyFailed } else { Exit::Failed }
        }
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

async fn sums(store: &AnyStore, run_id: Uuid) -> Result<(RunTotals, Vec<Cause>), StoreError> {
    Ok((store.run_totals(run_id).await?, store.failures(Some(run_id)).await?))
}

fn exceeds(totals: &RunTotals, share: f64) -> bool {
    let settled = totals.users.completed + totals.users.failed;
    settled > 0 && totals.users.failed as f64 / settled as f64 > share
}
