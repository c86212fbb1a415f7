//! How an instance shows that it is alive, and how soon others find that it is not.

use serde::{Deserialize, Serialize};

use super::violation::{Bound, Violation};

/// The lease of an instance. What a dead instance held is free again within `lease_ms + sweep_ms` and one sweep: under 45
/// seconds with the defaults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseConfig {
    /// A lease's length, in ms. Default 30,000: two renewals may be lost without harm.
    pub lease_ms: u64,
    /// Between two renewals, in ms. Default 10,000: a third of the lease.
    pub renew_ms: u64,
    /// Between two looks for dead owners, in ms. Default 5,000: it adds little to the lease, and costs one short query.
    pub sweep_ms: u64,
}

impl Default for LeaseConfig {
    fn default() -> Self {
        Self { lease_ms: 30_000, renew_ms: 10_000, sweep_ms: 5_000 }
    }
}

impl LeaseConfig {
    /// The numbers of this section with their bounds.
    #[must_use]
    pub fn bounds(&self) -> Vec<Bound> {
        vec![
            Bound::new("lease.lease_ms", self.lease_ms, 100, 600_000),
            Bound::new("lease.renew_ms", self.renew_ms, 10, 200_000),
            Bound::new("lease.sweep_ms", self.sweep_ms, 10, 600_000),
        ]
    }

    /// Every rule that this section breaks by itself.
    #[must_use]
    pub fn validate(&self) -> Vec<Violation> {
        let mut violations: Vec<_> = self.bounds().iter().filter_map(Bound::violation).collect();
        let Self { lease_ms, renew_ms, sweep_ms } = *self;
        if lease_ms < renew_ms.saturating_mul(3) {
            let rule = format!(
                "must be at least three times `lease.renew_ms`, {renew_ms}, is {lease_ms}: two lost renewals must not \
                 cost the lease"
            );
            violations.push(Violation::new("lease.lease_ms", rule));
        }
        if sweep_ms > lease_ms {
            let rule = format!(
                "must be at most `lease.lease_ms`, {lease_ms}, is {sweep_ms}: the search for the dead would take longer \
                 than their lease"
            );
            violations.push(Violation::new("lease.sweep_ms", rule));
        }
        violations
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_of_exactly_three_renewals_is_the_shortest() {
        let config = LeaseConfig { lease_ms: 30_000, renew_ms: 10_000, sweep_ms: 5_000 };
        assert_eq!(config.validate(), []);
        let violations = LeaseConfig { lease_ms: 29_999, ..config }.validate();
        assert_eq!(violations.len(), 1);
        assert_eq!(violations[0].field, "lease.lease_ms");
    }

    #[test]
    fn a_sweep_is_not_rarer_than_a_lease() {
        let violations = LeaseConfig { sweep_ms: 30_001, ..LeaseConfig::default() }.validate();
        assert_eq!(violations.len(), 1);
        assert_eq!(violations[0].field, "lease.sweep_ms");
    }

    #[test]
    fn figures_that_would_overflow_are_refused_and_do_not_panic() {
        let config = LeaseConfig { lease_ms: u64::MAX, renew_ms: u64::MAX, sweep_ms: u64::MAX };
        assert_eq!(config.validate().len(), 3);
    }
}
