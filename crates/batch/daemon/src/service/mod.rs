//! `cardgenius run`: stays up, opens runs when they are due, and takes part in whatever run is open.

mod catalogue_watch;
mod housekeeper;
mod setbacks;
mod state;
mod supervisor;
mod tender;

use std::sync::Arc;
use std::time::Duration;

use crate::any_store::AnyStore;
use cardgenius_failure::backoff::Backoff;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

pub use self::state::State;
use self::supervisor::Supervisor;
use self::tender::Tender;
use crate::config::Config;
use crate::exit::Exit;
use crate::http;
use crate::instance::Instance;
use crate::wiring;

/// Between two attempts at a database that cannot be reached at the start: first and longest.
const START_WAIT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Serves until `stop` asks to end.
pub async fn serve(config: Config, stop: CancellationToken) -> Exit {
    let state = match State::new(config) {
        Ok(state) => state,
        Err(exit) => return exit,
    };
    let over = CancellationToken::new();
    // First of all, so that whoever watches can see a start that does not get on.
    let server = match http::start(state.clone(), over.clone()).await {
        Ok(server) => server,
        Err(exit) => return exit,
    };
    let exit = with_database(&state, stop).await.unwrap_or_else(|exit| exit);
    Supervisor::stopping();
    over.cancel();
    server.ended().await;
    exit
}

async fn with_database(state: &Arc<State>, stop: CancellationToken) -> Result<Exit, Exit> {
    let Some(store) = reached(state, &stop).await? else { return Ok(Exit::Done) };
    let over = CancellationToken::new();
    let sampling = state.sample(store.clone(), over.clone());
    let housekeeping =
        tokio::spawn(housekeeper::keep_house(store.clone(), state.config.retention.clone(), over.clone()));
    let Some(instance) = started(state, &store, &stop).await? else { return Ok(Exit::Done) };
    let instance = Arc::new(instance);
    let supervisor = Supervisor::ready();
    info!(instance.id = %store.instance_id(), "ready: waiting for what is due, and for runs to take part in");
    let tender = Tender::new(state.clone(), store, instance.clone(), supervisor.clone());
    Box::pin(tender.tend(stop)).await;
    supervisor.end();
    // Nobody else holds it: its part in a run is over.
    if let Some(instance) = Arc::into_inner(instance) {
        instance.end().await;
    }
    over.cancel();
    let _ = tokio::join!(sampling, housekeeping);
    Ok(Exit::Done)
}

/// The databases, once they can be reached; a database that is refused by name ends the program, since waiting mends nothing.
async fn reached(state: &State, stop: &CancellationToken) -> Result<Option<Arc<AnyStore>>, Exit> {
    let backoff = Backoff::new(START_WAIT.0, START_WAIT.1);
    // Without a catalogue: each run that is due reads it anew.
    let intent = wiring::intent(&state.config, None);
    for attempt in 0.. {
        match stop.run_until_cancelled(state.sound_store(&intent)).await {
            None => return Ok(None),
            Some(Ok(store)) => return Ok(Some(store)),
            Some(Err(Exit::Unreachable)) => Supervisor::waiting("waiting for the database: see the log"),
            Some(Err(exit)) => return Err(exit),
        }
        if stop.run_until_cancelled(tokio::time::sleep(backoff.ceiling(attempt))).await.is_none() {
            return Ok(None);
        }
    }
    Ok(None)
}

/// This instance with its lease, as soon as the database lets it register.
async fn started(state: &State, store: &Arc<AnyStore>, stop: &CancellationToken) -> Result<Option<Instance>, Exit> {
    let backoff = Backoff::new(START_WAIT.0, START_WAIT.1);
    for attempt in 0.. {
        let start = Instance::start(store.clone(), &state.config, state.observer());
        match stop.run_until_cancelled(start).await {
            None => return Ok(None),
            Some(Ok(instance)) => {
                state.registers(None);
                return Ok(Some(instance));
            }
            Some(Err(error)) => {
                state.registers(Some(error.to_string()));
                warn!(kind = error.kind().name(), %error, "cannot register; trying again");
                Supervisor::waiting("waiting for the database: see the log");
            }
        }
        if stop.run_until_cancelled(tokio::time::sleep(backoff.ceiling(attempt))).await.is_none() {
            return Ok(None);
        }
    }
    Ok(None)
}
