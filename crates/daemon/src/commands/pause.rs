//! `cardgenius pause`: nobody claims until `resume`; what is in flight is finished.

use super::{desk, output};
use crate::config::Config;
use crate::exit::Exit;

/// Longer reasons belong elsewhere.
const REASON_CHARS: usize = 500;

/// Turns the switch.
#[must_use]
pub fn run(config: &Config, reason: &str) -> Exit {
    let reason: String = reason.chars().take(REASON_CHARS).collect();
    desk::at_the_desk(config, async |store| {
        let before = store.switch().await?;
        store.set_switch(true, Some(&reason), &desk::actor()).await?;
        let in_flight: u64 = store.overview().await?.instances.iter().map(|instance| instance.open_claims).sum();
        let said = if before.paused { "was paused already; the reason is the new one" } else { "paused" };
        Ok(output::print(&format!(
            "{said}: no instance claims anybody from now on; {in_flight} chunks in flight are being finished\n\
             to go on: cardgenius resume"
        )))
    })
}
