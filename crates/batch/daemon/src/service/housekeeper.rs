//! Forgets what is older than it must be remembered, in small steps with rests in between.

use std::sync::Arc;
use std::time::Duration;

use crate::any_store::AnyStore;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::config::RetentionConfig;

/// Between two times that it is done. Several instances do it in turn: what one has locked the others pass over.
const EVERY: Duration = Duration::from_secs(3600);

/// Before the first time: a start has better things to do.
const FIRST: Duration = Duration::from_secs(10);

/// After each step, so that the customer's work goes first.
const REST: Duration = Duration::from_millis(200);

/// Prunes until `stop`.
pub async fn keep_house(store: Arc<AnyStore>, config: RetentionConfig, stop: CancellationToken) {
    let mut wait = FIRST;
    while stop.run_until_cancelled(sleep(wait)).await.is_some() {
        stop.run_until_cancelled(prune(&store, &config)).await;
        wait = EVERY;
    }
}

async fn prune(store: &AnyStore, config: &RetentionConfig) {
    let keep = Duration::from_secs(config.keep_days * 86_400);
    let step_rows = u32::try_from(config.step_rows).unwrap_or(u32::MAX);
    let mut rows = 0;
    loop {
        match store.prune(keep, step_rows).await {
            Ok(pruned) if pruned.rows() == 0 => break,
            Ok(pruned) => {
                debug!(?pruned, "pruned a step");
                rows += pruned.rows();
            }
            Err(error) => {
                warn!(kind = error.kind().name(), %error, "could not prune; trying again in an hour");
                break;
            }
        }
        sleep(REST).await;
    }
    if rows > 0 {
        info!(rows, keep_days = config.keep_days, "forgot runs, claims and audit entries that were old enough");
    }
}
