//! The run to open, if none is open: with the configured catalogue as it is now, and today's date in the configured zone.

use std::time::{Duration, SystemTime};

use cardgenius_engine::catalogue::CatalogueFaults;
use cardgenius_pipeline::ports::RunRequest;
use chrono::{DateTime, NaiveDate, Utc};
use sha2::{Digest, Sha256};

use crate::catalogue_file::{CatalogueText, CatalogueUnreadable};
use crate::config::Config;

/// Who asks for a run, and of what kind it is.
#[derive(Clone, Debug)]
pub struct Asked {
    /// `backfill`, `weekly`, `manual` or `scheduled`.
    pub kind: &'static str,
    /// An operator, or the name of a schedule.
    pub trigger: String,
    /// Users that it may settle at most.
    pub max_users: Option<u64>,
}

/// Why there is no catalogue to run with.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueRefused {
    /// The file cannot be read.
    #[error(transparent)]
    Unreadable(#[from] CatalogueUnreadable),
    /// It says what no catalogue may say.
    #[error("{shown} is faulty, so nothing was started:\n{faults}")]
    Faulty {
        /// Which catalogue.
        shown: String,
        /// All its faults.
        faults: CatalogueFaults,
    },
}

/// Reads the catalogue anew and makes the request; an older catalogue never takes the place of one that is faulty.
///
/// # Errors
/// [`CatalogueRefused`].
pub fn run_request(config: &Config, asked: Asked) -> Result<RunRequest, CatalogueRefused> {
    let text = CatalogueText::read(config.catalog.path.as_deref())?;
    text.parse().map_err(|faults| CatalogueRefused::Faulty { shown: text.to_string(), faults })?;
    let catalogue_text = String::from_utf8_lossy(text.bytes()).into_owned();
    Ok(RunRequest {
        kind: asked.kind.to_owned(),
        trigger: asked.trigger,
        scheduled_for: None,
        max_users: asked.max_users,
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

/// The date today in the configured zone.
pub(crate) fn today(config: &Config) -> NaiveDate {
    let now = DateTime::<Utc>::from(SystemTime::now());
    // The zone was checked with the configuration.
    config.run.zone().map_or_else(|| now.date_naive(), |zone| now.with_timezone(&zone).date_naive())
}
