//! `cardgenius resume`: ends a pause.

use super::{desk, output};
use crate::config::Config;
use crate::exit::Exit;

/// Turns the switch back.
#[must_use]
pub fn run(config: &Config) -> Exit {
    desk::at_the_desk(config, async |store| {
        let before = store.switch().await?;
        if !before.paused {
            return Ok(output::print("was not paused: nothing was changed"));
        }
        store.set_switch(false, None, &desk::actor()).await?;
        let (by, why) = (before.changed_by.unwrap_or_default(), before.reason.unwrap_or_default());
        Ok(output::print(&format!(
            "resumed: every instance claims again within about a second (was paused by {by}: {why})"
        )))
    })
}
