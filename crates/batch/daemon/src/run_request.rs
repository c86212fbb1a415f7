//! The run to open, if none is open: with the configured catalogue as it is now, and the date of the database's clock in the
//! configured zone.

use std::time::Duration;

use cardgenius_engine::catalogue::CatalogueFaults;
use cardgenius_failure::error::DatabaseError;
use cardgenius_pipeline::ports::RunRequest;
use chrono::{DateTime, NaiveDate, Utc};
use sha2::{Digest, Sha256};
use tracing::warn;

use crate::any_store::AnyStore;
use crate::catalogue_file::{CatalogueText, CatalogueUnreadable};
use crate::clocks;
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

/// A run that could be asked for. It has no date yet: the database's clock says which.
#[derive(Debug)]
pub struct Undated {
    /// The catalogue's hash.
    pub catalogue_hash: String,
    /// The catalogue's text.
    pub catalogue_text: String,
    asked: Asked,
    abandon_after: Duration,
}

impl Undated {
    /// The request, at a moment by the database's clock.
    #[must_use]
    pub fn at(self, now: DateTime<Utc>, config: &Config) -> RunRequest {
        RunRequest {
            kind: self.asked.kind.to_owned(),
            trigger: self.asked.trigger,
            scheduled_for: None,
            max_users: self.asked.max_users,
            as_of: date(now, config),
            catalogue_hash: self.catalogue_hash,
            catalogue_text: self.catalogue_text,
            abandon_after: self.abandon_after,
        }
    }

    /// The request, now; says so if this machine's clock differs from the database's.
    ///
    /// # Errors
    /// The database could not be asked.
    pub async fn now(self, store: &AnyStore, config: &Config) -> Result<RunRequest, DatabaseError> {
        let now = store.look().await?.now;
        if let Some(fault) = clocks::fault(clocks::ahead_of(now)) {
            warn!("{fault}");
        }
        Ok(self.at(now, config))
    }
}

/// Reads the catalogue anew and makes the request; an older catalogue never takes the place of one that is faulty.
///
/// # Errors
/// [`CatalogueRefused`].
pub fn run_request(config: &Config, asked: Asked) -> Result<Undated, CatalogueRefused> {
    request_with(&CatalogueText::read(config.catalog.path.as_deref())?, config, asked)
}

/// The same in the middle of other work, which does not wait long for a disk that is gone.
///
/// # Errors
/// [`CatalogueRefused`].
pub async fn run_request_in_time(config: &Config, asked: Asked) -> Result<Undated, CatalogueRefused> {
    let text = CatalogueText::read_in_time(config.catalog.path.as_deref()).await?;
    request_with(&text, config, asked)
}

fn request_with(text: &CatalogueText, config: &Config, asked: Asked) -> Result<Undated, CatalogueRefused> {
    text.parse().map_err(|faults| CatalogueRefused::Faulty { shown: text.to_string(), faults })?;
    let catalogue_text = String::from_utf8_lossy(text.bytes()).into_owned();
    Ok(Undated {
        catalogue_hash: format!("{:x}", HexOf(&Sha256::digest(catalogue_text.as_bytes()))),
        catalogue_text,
        asked,
        abandon_after: Duration::from_millis(config.run.abandon_after_ms),
    })
}

struct HexOf<'a>(&'a [u8]);

impl std::fmt::LowerHex for HexOf<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The date in the configured zone, at a moment by the database's clock.
pub(crate) fn date(now: DateTime<Utc>, config: &Config) -> NaiveDate {
    // The zone was checked with the configuration.
    config.run.zone().map_or_else(|| now.date_naive(), |zone| now.with_timezone(&zone).date_naive())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_is_that_of_the_databases_clock_in_the_configured_zone_whatever_this_machine_says() {
        let mut config = Config::default();
        for (zone, now, date) in [
            ("Asia/Kolkata", "2031-03-31T18:29:59Z", "2031-03-31"),
            ("Asia/Kolkata", "2031-03-31T18:30:00Z", "2031-04-01"),
            ("UTC", "2001-12-31T23:59:59Z", "2001-12-31"),
            ("America/New_York", "2001-12-31T04:59:59Z", "2001-12-30"),
        ] {
            config.run.time_zone = zone.to_owned();
            let asked = Asked { kind: "manual", trigger: "test".to_owned(), max_users: None };
            let request = run_request(&config, asked).unwrap().at(now.parse().unwrap(), &config);
            assert_eq!(request.as_of.to_string(), date, "{zone} {now}");
        }
    }
}
