//! `cardgenius --backfill`: until no user is `new`, with the progress shown, and a summary at the end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::any_store::AnyStore;
use cardgenius_engine::catalogue::Catalogue;
use cardgenius_failure::error::DatabaseError;
use cardgenius_pipeline::observe::{Observe, Unobserved};
use cardgenius_pipeline::ports::{Run, RunState, RunTotals, Store};
use cardgenius_pipeline::run::Ended;
use cardgenius_store::desk::Cause;
use cardgenius_store::inspection::Intent;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};
use uuid::Uuid;

use super::{even_if_stopped, failure, output, refuse};
use crate::config::Config;
use crate::exit::Exit;
use crate::http;
use crate::instance::Instance;
use crate::run_request::{Asked, Undated, run_request_in_time};
use crate::service::State;
use crate::summary::{Summary, log_end};
use crate::wiring;

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
    let preparing = async {
        let request = request(config).await?;
        let store = super::check::sound_store(config, 0, &intent(config, &request)).await?;
        Ok((request, store))
    };
    match stop.run_until_cancelled(Box::pin(preparing)).await {
        Some(Ok((request, store))) => Box::pin(work(config, request, (Arc::new(store), None), stop)).await,
        Some(Err(exit)) => exit,
        None => Exit::Stopped,
    }
}

/// The same, with its pages served meanwhile.
async fn watched_backfill(config: Config, stop: CancellationToken) -> Exit {
    let state = match State::new(config) {
        Ok(state) => state,
        Err(exit) => return exit,
    };
    let request = match stop.run_until_cancelled(request(&state.config)).await {
        Some(Ok(request)) => request,
        Some(Err(exit)) => return exit,
        None => return Exit::Stopped,
    };
    state.has_catalogue(Ok(request.catalogue_hash.clone()));
    let over = CancellationToken::new();
    let server = match http::start(state.clone(), over.clone()).await {
        Ok(server) => server,
        Err(exit) => return exit,
    };
    let exit = match stop.run_until_cancelled(state.sound_store(&intent(&state.config, &request))).await {
        Some(Ok(store)) => {
            let sampling = state.sample(store.clone(), over.clone());
            let exit = Box::pin(work(&state.config, request, (store, Some(&state)), stop)).await;
            over.cancel();
            let _ = sampling.await;
            exit
        }
        Some(Err(exit)) => exit,
        None => Exit::Stopped,
    };
    over.cancel();
    server.ended().await;
    exit
}

async fn request(config: &Config) -> Result<Undated, Exit> {
    let asked = Asked { kind: "backfill", trigger: "operator".to_owned(), max_users: None };
    run_request_in_time(config, asked).await.map_err(refuse)
}

/// What the inspection before the run is told of it.
fn intent(config: &Config, request: &Undated) -> Intent {
    let (text, catalogue) = (&request.catalogue_text, Catalogue::parse(request.catalogue_text.as_bytes()));
    wiring::intent(config, catalogue.ok().as_ref().map(|catalogue| (catalogue, &**text)))
}

/// The work itself on these databases, told to those who watch it if anybody does.
async fn work(
    config: &Config,
    request: Undated,
    (store, watched): (Arc<AnyStore>, Option<&State>),
    stop: CancellationToken,
) -> Exit {
    let observer = watched.map_or_else(|| Arc::new(Unobserved) as Arc<dyn Observe>, State::observer);
    let starting = Box::pin(Instance::start(store.clone(), config, observer));
    let instance = match stop.run_until_cancelled(starting).await {
        Some(Ok(instance)) => instance,
        Some(Err(error)) => return failure::of_database(&error),
        None => return Exit::Stopped,
    };
    let started = Instant::now();
    let opening = async { instance.open(&request.now(&store, config).await?).await };
    let exit = match stop.run_until_cancelled(Box::pin(opening)).await {
        Some(Ok(run)) => {
            if let Some(state) = watched {
                state.metrics.run_opened(&run);
            }
            let ended = instance.take_part(&run, stop.clone()).await;
            if let (Some(state), Ended::Closed(how)) = (watched, &ended) {
                state.metrics.run_closed(&run.kind, *how);
            }
            report(config, (&store, &run), ended, started.elapsed(), &stop).await
        }
        Some(Err(error)) => failure::of_database(&error),
        None => Exit::Stopped,
    };
    instance.end().await;
    exit
}

/// Says how it went, and with which exit code the program ends.
async fn report(
    config: &Config,
    (store, run): (&AnyStore, &Run),
    ended: Ended,
    elapsed: Duration,
    stop: &CancellationToken,
) -> Exit {
    let (totals, failures) = match (even_if_stopped(stop, sums(store, run.run_id)).await, &ended) {
        (Some(Ok(sums)), _) => sums,
        (_, Ended::Failed(cause)) => return failure::of_database(cause),
        (Some(Err(error)), _) => return failure::of_database(&error),
        (None, _) => {
            warn!("stopped on request; the run's sums could not be read in time");
            return Exit::Stopped;
        }
    };
    let too_many_failed = exceeds(&totals, config.pipeline.max_failed_share);
    let summary = Summary { run, totals: &totals, failures: &failures, elapsed };
    log_end(store, &summary, &ended);
    let text = summary.text();
    // The reader of standard output may have stopped reading: a stop must not wait for it.
    even_if_stopped(stop, tokio::task::spawn_blocking(move || output::print(&text))).await;
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
        Ended::Closed(RunState::Abandoned) if totals.state.is_none() => {
            error!(
                "the row of this run is gone from the table of runs, so that it cannot be said what was done; the next start opens a run for the users that are left"
            );
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

async fn sums(store: &AnyStore, run_id: Uuid) -> Result<(RunTotals, Vec<Cause>), DatabaseError> {
    Ok((store.run_totals(run_id).await?, store.failures(Some(run_id)).await?))
}

fn exceeds(totals: &RunTotals, share: f64) -> bool {
    let settled = totals.users.completed + totals.users.failed;
    settled > 0 && totals.users.failed as f64 / settled as f64 > share
}
