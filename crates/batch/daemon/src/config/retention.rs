//! How long what was done is remembered.

use serde::{Deserialize, Serialize};

use super::violation::{Bound, Violation};

/// Runs, claims, audit entries, fires of schedules and instances that ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetentionConfig {
    /// Days after which they are deleted. Default 90: a quarter, for whoever looks back at a season.
    pub keep_days: u64,
    /// Rows of each table that one transaction deletes at most. Default 1,000: over in milliseconds.
    pub step_rows: u64,
}

impl Default for RetentionConfig {
    fn default() -> Self {
        Self { keep_days: 90, step_rows: 1_000 }
    }
}

impl RetentionConfig {
    /// The numbers of this section with their bounds.
    #[must_use]
    pub fn bounds(&self) -> Vec<Bound> {
        vec![
            Bound::new("retention.keep_days", self.keep_days, 1, 3_650),
            Bound::new("retention.step_rows", self.step_rows, 1, 100_000),
        ]
    }

    /// Every rule that this section breaks by itself.
    #[must_use]
    pub fn validate(&self) -> Vec<Violation> {
        self.bounds().iter().filter_map(Bound::violation).collect()
    }
}
