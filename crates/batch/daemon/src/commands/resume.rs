//! `cardgenius resume`: ends a pause.

use cardgenius_text::Shown;
use serde_json::json;

use super::{desk, output};
use crate::config::Config;
use crate::exit::Exit;

/// Turns the switch back.
#[must_use]
pub fn run(config: &Config, json: bool) -> Exit {
    desk::at_the_desk(config, async |store| {
        let before = store.switch().await?;
        if !before.paused {
            let value = json!({ "paused": false, "was_paused": false });
            return Ok(output::say(json, "was not paused: nothing was changed", &value));
        }
        store.set_switch(false, None, &desk::actor()).await?;
        let (by, why) = (before.changed_by.unwrap_or_default(), before.reason.unwrap_or_default());
        let (shown_by, shown_why) = (Shown(&by), Shown(&why));
        let text = format!(
            "resumed: every instance claims again within about a second (was paused by {shown_by}: {shown_why})"
        );
        Ok(output::say(json, &text, &json!({ "paused": false, "was_paused": true, "by": by, "reason": why })))
    })
}
