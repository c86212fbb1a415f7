//! What is done about faults that pass.

use serde::{Deserialize, Serialize};

use super::violation::{Bound, Violation};

/// Attempts and the waits between them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryConfig {
    /// Attempts at a chunk, the first included. Default 3, as promised to the customer.
    pub attempts: u32,
    /// First wait, in ms; each further one is twice as long. Default 1,000: most contention is over by then.
    pub base_ms: u64,
    /// Longest wait, in ms. Default 10,000: beyond it a recovery would be noticed late.
    pub max_ms: u64,
    /// How long a database that cannot be reached is waited for, in ms, without spending attempts. Default 600,000: ten
    /// minutes outlast a failover and most restarts, and somebody should hear of anything longer.
    pub outage_ms: u64,
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self { attempts: 3, base_ms: 1_000, max_ms: 10_000, outage_ms: 600_000 }
    }
}

impl RetryConfig {
    /// The numbers of this section with their bounds.
    #[must_use]
    pub fn bounds(&self) -> Vec<Bound> {
        vec![
            Bound::new("retry.attempts", self.attempts.into(), 1, 20),
            Bound::new("retry.base_ms", self.base_ms, 1, 60_000),
            Bound::new("retry.max_ms", self.max_ms, 1, 600_000),
            Bound::new("retry.outage_ms", self.outage_ms, 0, 86_400_000),
        ]
    }

    /// Every rule that this section breaks by itself.
    #[must_use]
    pub fn validate(&self) -> Vec<Violation> {
        let mut violations: Vec<_> = self.bounds().iter().filter_map(Bound::violation).collect();
        if self.base_ms > self.max_ms {
            let rule = format!(
                "must be at most `retry.max_ms`, {}, is {}: the first wait cannot be longer than the longest",
                self.max_ms, self.base_ms
            );
            violations.push(Violation::new("retry.base_ms", rule));
        }
        violations
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_wait_is_not_longer_than_the_longest() {
        let config = RetryConfig { base_ms: 501, max_ms: 500, ..RetryConfig::default() };
        let violations = config.validate();
        assert_eq!(violations.len(), 1);
        assert_eq!(violations[0].field, "retry.base_ms");
        assert_eq!(RetryConfig { max_ms: 501, ..config }.validate(), []);
    }
}
