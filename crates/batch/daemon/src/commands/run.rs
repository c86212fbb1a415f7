//! `cardgenius run`: the daemon.

use crate::config::Config;
use crate::exit::Exit;
use crate::service;

/// Stays up until a signal asks to end.
#[must_use]
pub fn run(config: Config) -> Exit {
    super::until_a_signal(async |stop| Box::pin(service::serve(config, stop)).await)
}
