//! `cardgenius pause`: nobody claims until `resume`; what is in flight is finished.

use serde_json::json;

use super::{desk, output};
use crate::config::Config;
use crate::exit::Exit;

/// Longer reasons belong elsewhere.
const REASON_CHARS: usize = 500;

/// Turns the switch.
#[must_use]
pub fn run(config: &Config, reason: &str, json: bool) -> Exit {
    let reason: String = reason.chars().take(REASON_CHARS).collect();
    desk::at_the_desk(config, async |store| {
        let before = store.switch().await?;
        store.set_switch(true, Some(&reason), &desk::actor()).await?;
        let in_flight: u64 = store.overview().await?.instances.iter().map(|instance| instance.open_claims).sum();
        let said = if before.paused { "was paused already; the reason is the new one" } else { "paused" };
        let text = format!(
            "{said}: no instance claims anybody from now on; {in_flight} chunks in flight are being finished\n\
             to go on: cardgenius resume"
        );
        let value = json!({ "paused": true, "was_paused": before.paused, "chunks_in_flight": in_flight });
        Ok(output::say(json, &text, &value))
    })
}
