//! The JSON beside the table.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::bench::say;
use crate::cli::{Case, Options};
use crate::failure::{Doing, Outcome};
use crate::machine::Machine;

/// All that the figures depend on.
pub struct Document<'a> {
    pub out: &'a Path,
    pub commit: String,
    pub machine: &'a Machine,
    pub server_version: String,
    pub settings: &'a BTreeMap<String, String>,
    pub options: &'a Options,
}

/// Writes `<case>.json`: what was measured, and all that the figures depend on.
pub fn write(of: &Document<'_>, case: Case, measured: &Value) -> Outcome<()> {
    let document = json!({
        "case": case,
        "finished_at": DateTime::<Utc>::from(SystemTime::now()).to_rfc3339(),
        "command": std::env::args().collect::<Vec<String>>().join(" "),
        "commit": of.commit,
        "machine": of.machine,
        "server_version": of.server_version,
        "settings": of.settings,
        "options": of.options,
        "measured": measured,
    });
    let path = of.out.join(format!("{}.json", case.name()));
    std::fs::write(&path, format!("{document:#}\n")).doing(&format!("writing {}", path.display()))?;
    say(&format!("written to {}", path.display()));
    Ok(())
}
