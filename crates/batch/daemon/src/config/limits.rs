//! Time limits on everything that is asked of a database: none is left to a server's defaults.

use serde::{Deserialize, Serialize};

use super::violation::{Bound, Violation};

/// One hour: no single wait on a database is longer.
const HOUR_MS: u64 = 3_600_000;

/// Time limits, in ms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitsConfig {
    /// To connect and sign in, in ms. Default 10,000: a server that is there answers at once, and a slow handshake
    /// through a proxy still fits.
    pub connect_ms: u64,
    /// To get a session from the pool, connecting included, in ms. Default 30,000: the pool is as large as what runs at
    /// once, so a longer wait is a fault.
    pub acquire_ms: u64,
    /// For one statement, in ms. Default 60,000: claims and finishes take milliseconds; a minute outlasts a checkpoint.
    pub statement_ms: u64,
    /// For a lock in the fast way of finishing, in ms. Default 500: short, because users that somebody else holds locked
    /// are better taken in the careful way than waited for.
    pub lock_ms: u64,
    /// For the bulk load of one chunk, in ms, measured on this side because the server does not measure it while it waits
    /// for data. Default 120,000: a load takes about a second; two minutes are a fault.
    pub load_ms: u64,
    /// For the renewal of the lease, in ms. Default 5,000: short enough that a stuck renewal leaves time for another.
    pub renew_statement_ms: u64,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            connect_ms: 10_000,
            acquire_ms: 30_000,
            statement_ms: 60_000,
            lock_ms: 500,
            load_ms: 120_000,
            renew_statement_ms: 5_000,
        }
    }
}

impl LimitsConfig {
    /// The numbers of this section with their bounds. None may be 0, which a server takes for no limit.
    #[must_use]
    pub fn bounds(&self) -> Vec<Bound> {
        vec![
            Bound::new("limits.connect_ms", self.connect_ms, 10, HOUR_MS),
            Bound::new("limits.acquire_ms", self.acquire_ms, 10, HOUR_MS),
            Bound::new("limits.statement_ms", self.statement_ms, 10, HOUR_MS),
            Bound::new("limits.lock_ms", self.lock_ms, 1, 60_000),
            Bound::new("limits.load_ms", self.load_ms, 10, HOUR_MS),
            Bound::new("limits.renew_statement_ms", self.renew_statement_ms, 10, HOUR_MS),
        ]
    }

    /// Every rule that this section breaks by itself.
    #[must_use]
    pub fn validate(&self) -> Vec<Violation> {
        let mut violations: Vec<_> = self.bounds().iter().filter_map(Bound::violation).collect();
        if self.connect_ms > self.acquire_ms {
            let rule = format!(
                "must be at most `limits.acquire_ms`, {}, is {}: getting a session includes connecting",
                self.acquire_ms, self.connect_ms
            );
            violations.push(Violation::new("limits.connect_ms", rule));
        }
        if self.lock_ms >= self.statement_ms {
            let rule = format!(
                "must be less than `limits.statement_ms`, {}, is {}: the statement would be ended first",
                self.statement_ms, self.lock_ms
            );
            violations.push(Violation::new("limits.lock_ms", rule));
        }
        violations
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_nothing_is_refused_because_a_server_takes_it_for_none() {
        let none = LimitsConfig {
            connect_ms: 0,
            acquire_ms: 0,
            statement_ms: 0,
            lock_ms: 0,
            load_ms: 0,
            renew_statement_ms: 0,
        };
        let fields: Vec<_> = none.validate().into_iter().map(|violation| violation.field).collect();
        for bound in none.bounds() {
            assert!(fields.contains(&bound.field.to_owned()), "{}", bound.field);
        }
    }

    #[test]
    fn a_limit_that_could_never_strike_is_refused() {
        let field = |config: LimitsConfig| config.validate().into_iter().map(|v| v.field).collect::<Vec<_>>();
        assert_eq!(field(LimitsConfig { connect_ms: 30_001, ..LimitsConfig::default() }), ["limits.connect_ms"]);
        assert_eq!(field(LimitsConfig { statement_ms: 500, ..LimitsConfig::default() }), ["limits.lock_ms"]);
        assert_eq!(field(LimitsConfig { statement_ms: 501, ..LimitsConfig::default() }), [""; 0]);
    }
}
