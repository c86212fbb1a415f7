//! The sweep: finds owners whose lease has run out and takes their users back.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::observe::Observe;
use crate::ports::{Store, Swept};

/// Looks for dead owners and for orphans every `interval` until `stop`. A look that fails is made again next time.
pub async fn keep_sweeping<S: Store>(
    store: Arc<S>,
    lease: Duration,
    interval: Duration,
    observer: Arc<dyn Observe>,
    stop: CancellationToken,
) {
    while stop.run_until_cancelled(tokio::time::sleep(interval)).await.is_some() {
        let swept = store.sweep(lease).await;
        match &swept {
            Ok(swept) => observer.swept(swept),
            Err(error) => observer.sweep_failed(error.kind()),
        }
        match swept {
            Ok(swept) if swept == Swept::default() => debug!("nothing to sweep"),
            Ok(swept) => info!(
                claims = swept.claims,
                returned = swept.returned,
                condemned = swept.condemned,
                healed = swept.healed,
                sessions_ended = swept.sessions_ended,
                "swept what dead instances had left"
            ),
            Err(error) => warn!(kind = error.kind().name(), %error, "the sweep failed; looking again"),
        }
    }
}
