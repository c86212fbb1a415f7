//! The hours in which this instance takes part in a backfill, by the wall clock.

use std::sync::Arc;
use std::time::SystemTime;

use cardgenius_pipeline::hours::{AtAnyHour, Hours, Shut};
use chrono::{DateTime, Utc};

use crate::config::RunConfig;
use crate::schedule::DayHours;

/// The kind of run that is bound to hours. A weekly run is small and has its own time; what an operator asks for is wanted
/// now.
const BOUND: &str = "backfill";

/// The hours of a run of this kind.
#[must_use]
pub fn of_run(kind: &str, config: &RunConfig) -> Arc<dyn Hours> {
    // They were checked with the configuration.
    match config.hours() {
        Ok(Some(hours)) if kind == BOUND => Arc::new(BackfillHours(hours)),
        _ => Arc::new(AtAnyHour),
    }
}

#[derive(Debug)]
struct BackfillHours(DayHours);

impl Hours for BackfillHours {
    fn shut(&self) -> Option<Shut> {
        let now = DateTime::<Utc>::from(SystemTime::now());
        let opens = self.0.opens(now)?;
        let until = self.0.shown(opens, now);
        Some(Shut {
            opens_in: (opens - now).to_std().unwrap_or_default(),
            reason: format!("waiting until {until}: outside run.backfill_hours ({})", self.0).into(),
        })
    }
}
