//! What holds for a run as a whole.

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::schedule::zone_violation;
use super::violation::{Bound, Violation};
use crate::schedule::{DayHours, HoursError};

/// A run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunConfig {
    /// Time zone of the schedule, and of the date at which promotions are judged, by its IANA name. Default
    /// `Asia/Kolkata`, the customer's.
    pub time_zone: String,
    /// After this long without a live instance an open run is closed as abandoned by whoever opens the next, in ms.
    /// Default 86,400,000: one day, so that a backfill stopped in the evening goes on in the morning.
    pub abandon_after_ms: u64,
    /// How long the end of a run waits for users whose rows somebody else holds locked, in ms. Default 60,000: longer
    /// than an honest transaction, shorter than an operator's patience; what is left is counted and stays for the next
    /// run.
    pub locked_wait_ms: u64,
    /// Hours in which a backfill claims users, by the clocks of `run.time_zone`: `22:00-06:00`, several with commas between
    /// them. Default empty: at any hour. Runs of other kinds are not bound by them.
    pub backfill_hours: String,
}

impl Default for RunConfig {
    fn default() -> Self {
        Self {
            time_zone: "Asia/Kolkata".to_owned(),
            abandon_after_ms: 86_400_000,
            locked_wait_ms: 60_000,
            backfill_hours: String::new(),
        }
    }
}

impl RunConfig {
    /// The time zone, if there is one of that name.
    #[must_use]
    pub fn zone(&self) -> Option<Tz> {
        self.time_zone.parse().ok()
    }

    /// The hours of a backfill; none: at any hour.
    ///
    /// # Errors
    /// They, or the time zone, cannot be read: [`RunConfig::validate`] says so.
    pub fn hours(&self) -> Result<Option<DayHours>, HoursError> {
        let zone = self.zone().ok_or(HoursError::Zone)?;
        DayHours::parse(&self.backfill_hours, zone)
    }

    /// The numbers of this section with their bounds.
    #[must_use]
    pub fn bounds(&self) -> Vec<Bound> {
        vec![
            Bound::new("run.abandon_after_ms", self.abandon_after_ms, 1_000, 2_592_000_000),
            Bound::new("run.locked_wait_ms", self.locked_wait_ms, 0, 3_600_000),
        ]
    }

    /// Every rule that this section breaks by itself.
    #[must_use]
    pub fn validate(&self) -> Vec<Violation> {
        let mut violations: Vec<_> = self.bounds().iter().filter_map(Bound::violation).collect();
        violations.extend(zone_violation("run.time_zone", "", Some(&self.time_zone)));
        // The zone was judged above.
        if let Err(error) = DayHours::parse(&self.backfill_hours, Tz::UTC) {
            let rule = format!("must be empty, or windows such as 22:00-06:00, is {:?}: {error}", self.backfill_hours);
            violations.push(Violation::new("run.backfill_hours", rule));
        }
        violations
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_that_cannot_be_read_are_refused_with_what_is_wrong() {
        let hours = |text: &str| RunConfig { backfill_hours: text.to_owned(), ..RunConfig::default() }.validate();
        assert_eq!(hours(""), []);
        assert_eq!(hours("22:00-06:00"), []);
        let violations = hours("22:00-25:00");
        assert_eq!((violations.len(), &*violations[0].field), (1, "run.backfill_hours"));
        assert!(violations[0].rule.contains("25:00"), "{}", violations[0].rule);
    }

    #[test]
    fn a_misspelt_time_zone_is_answered_with_the_nearest() {
        let zone = |name: &str| RunConfig { time_zone: name.to_owned(), ..RunConfig::default() }.validate();
        assert_eq!(zone("Europe/Berlin"), []);
        assert!(zone("Asia/Kolkatta")[0].rule.ends_with("the nearest is Asia/Kolkata"));
        assert_eq!(zone("").len(), 1);
    }
}
