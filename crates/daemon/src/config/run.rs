//! What holds for a run as a whole.

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::schedule::zone_violation;
use super::violation::{Bound, Violation};

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
}

impl Default for RunConfig {
    fn default() -> Self {
        Self { time_zone: "Asia/Kolkata".to_owned(), abandon_after_ms: 86_400_000, locked_wait_ms: 60_000 }
    }
}

impl RunConfig {
    /// The time zone, if there is one of that name.
    #[must_use]
    pub fn zone(&self) -> Option<Tz> {
        self.time_zone.parse().ok()
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
        violations
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_time_zone_is_answered_with_the_nearest() {
        let zone = |name: &str| RunConfig { time_zone: name.to_owned(), ..RunConfig::default() }.validate();
        assert_eq!(zone("Europe/Berlin"), []);
        assert!(zone("Asia/Kolkatta")[0].rule.ends_with("the nearest is Asia/Kolkata"));
        assert_eq!(zone("").len(), 1);
    }
}
