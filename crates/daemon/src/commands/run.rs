//! `cardgenius run`: the daemon.

use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::config::Config;
use crate::exit::Exit;
use crate::{service, signals};

/// Stays up until a signal asks to end.
#[must_use]
pub fn run(config: Config) -> Exit {
    match super::runtime() {
        Ok(runtime) => runtime.block_on(async {
            let stop = CancellationToken::new();
            if let Err(error) = signals::watch(stop.clone()) {
                error!(%error, "cannot listen for signals");
                return Exit::Failed;
            }
            Box::pin(service::serve(config, stop)).await
        }),
        Err(exit) => exit,
    }
}
