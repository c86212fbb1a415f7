//! How often the figures are sampled that only the database knows.

use serde::{Deserialize, Serialize};

use super::violation::{Bound, Violation};

/// The metrics.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricsConfig {
    /// Between two samples of the backlog, in ms. Default 60,000. A sample comes no sooner than a hundred times what the
    /// last one took, whatever is set: never more than 1 % of one session.
    pub sample_ms: u64,
}

impl Default for MetricsConfig {
    fn default() -> Self {
        Self { sample_ms: 60_000 }
    }
}

impl MetricsConfig {
    /// The numbers of this section with their bounds.
    #[must_use]
    pub fn bounds(&self) -> Vec<Bound> {
        vec![Bound::new("metrics.sample_ms", self.sample_ms, 1_000, 3_600_000)]
    }

    /// Every rule that this section breaks by itself.
    #[must_use]
    pub fn validate(&self) -> Vec<Violation> {
        self.bounds().iter().filter_map(Bound::violation).collect()
    }
}
