//! Reads the configured catalogue again and again, so that a faulty one is known before a run is due.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::State;
use crate::run_request::{Asked, CatalogueRefused, Undated, run_request_in_time};

/// Between two looks at the file.
const EVERY: Duration = Duration::from_secs(30);

/// Reads the catalogue now, for a run; a faulty one is said once, and shown until it is mended.
pub async fn read(state: &State, asked: Asked) -> Result<Undated, CatalogueRefused> {
    let outcome = run_request_in_time(&state.config, asked).await;
    let known = match &outcome {
        Ok(request) => Ok(request.catalogue_hash.clone()),
        Err(refused) => Err(refused.to_string()),
    };
    state.metrics.catalogue_refused(known.is_err());
    let was_refused = matches!(state.catalogue(), Some(Err(_)));
    if state.has_catalogue(known) {
        match &outcome {
            // A line of the log for each fault: their texts are on one line each.
            Err(refused) => refused.to_string().lines().for_each(|line| error!("no run can be opened: {line}")),
            Ok(_) if was_refused => info!("the catalogue is sound again"),
            Ok(request) => info!(catalogue.hash = request.catalogue_hash, "read the catalogue"),
        }
    }
    outcome
}

/// Watches the file until `stop`.
pub async fn watch(state: Arc<State>, stop: CancellationToken) {
    loop {
        let looking = Asked { kind: "manual", trigger: "watch".to_owned(), max_users: None };
        let _ = read(&state, looking).await;
        if stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none() {
            return;
        }
    }
}
