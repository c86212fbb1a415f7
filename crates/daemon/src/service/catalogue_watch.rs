//! Reads the configured catalogue again and again, so that a faulty one is known before a run is due.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::State;
use crate::run_request::{Asked, CatalogueRefused, Undated, run_request};

/// Between two looks at the file.
const EVERY: Duration = Duration::from_secs(30);

/// Reads the catalogue now, for a run; a faulty one is said once, and shown until it is mended.
pub fn read(state: &State, asked: Asked) -> Result<Undated, CatalogueRefused> {
    let outcome = run_request(&state.config, asked);
    let known = match &outcome {
        Ok(request) => Ok(request.catalogue_hash.clone()),
        Err(refused) => Err(refused.to_string()),
    };
    state.metrics.catalogue_refused(known.is_err());
    let was_refused = matches!(state.catalogue(), Some(Err(_)));
    if state.has_catalogue(known) {
        match &outcome {
            Err(refused) => error!("no run can be opened: {refused}"),
            Ok(_) if was_refused => info!("the catalogue is sound again"),
            Ok(request) => info!(catalogue.hash = request.catalogue_hash, "read the catalogue"),
        }
    }
    outcome
}

/// Watches the file until `stop`.
pub async fn watch(state: Arc<State>, stop: CancellationToken) {
    loop {
        let reading = state.clone();
        let looking = Asked { kind: "manual", trigger: "watch".to_owned(), max_users: None };
        // A file on a slow disk must not hold up those who wait on the network.
        let _ = tokio::task::spawn_blocking(move || read(&reading, looking).is_ok()).await;
        if stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none() {
            return;
        }
    }
}
