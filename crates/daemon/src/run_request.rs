//! The run to open, if none is open: with the configured catalogue, and today's date in the schedule's time zone.

use std::time::{Duration, SystemTime};

use cardgenius_pipeline::ports::RunRequest;
use chrono::{DateTime, NaiveDate, Utc};
use sha2::{Digest, Sha256};

use crate::catalogue_file::CatalogueText;
use crate::commands::{output, refuse};
use crate::config::Config;
use crate::exit::Exit;

/// A request for a run of this kind; `trigger` is who or what asks for it.
///
/// # Errors
/// The exit code, after what is wrong with the catalogue was said.
pub(crate) fn run_request(config: &Config, kind: &str, trigger: &str) -> Result<RunRequest, Exit> {
    let text = CatalogueText::read(config.catalog.path.as_deref()).map_err(refuse)?;
    text.parse().map_err(|faults| {
        output::complain(&format!("{text} is faulty, so nothing was started:\n{faults}"));
        Exit::Usage
    })?;
    let catalogue_text = String::from_utf8_lossy(text.bytes()).into_owned();
    Ok(RunRequest {
        kind: kind.to_owned(),
        trigger: trigger.to_owned(),
        as_of: today(config),
        catalogue_hash: format!("{:x}", HexOf(&Sha256::digest(catalogue_text.as_bytes()))),
        catalogue_text,
        abandon_after: Duration::from_millis(config.run.abandon_after_ms),
    })
}

struct HexOf<'a>(&'a [u8]);

impl std::fmt::LowerHex for HexOf<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

fn today(config: &Config) -> NaiveDate {
    let now = DateTime::<Utc>::from(SystemTime::now());
    // The zone was checked with the configuration.
    config.run.zone().map_or_else(|| now.date_naive(), |zone| now.with_timezone(&zone).date_naive())
}
