//! The JSON beside the table.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::bench::{Bench, say};
use crate::cli::Case;
use crate::failure::{Doing, Outcome};

/// Writes `<case>.json`: what was measured, and all that the figures depend on.
pub fn write(bench: &Bench, case: Case, measured: &Value) -> Outcome<()> {
    let document = json!({
        "case": case,
        "finished_at": DateTime::<Utc>::from(SystemTime::now()).to_rfc3339(),
        "command": std::env::args().collect::<Vec<String>>().join(" "),
        "commit": bench.commit,
        "machine": bench.machine,
        "server_version": bench.server.version().to_string(),
        "settings": bench.settings,
        "options": bench.options,
        "measured": measured,
    });
    let path = bench.out.join(format!("{}.json", case.name()));
    std::fs::write(&path, format!("{document:#}\n")).doing(&format!("writing {}", path.display()))?;
    say(&format!("written to {}", path.display()));
    Ok(())
}
