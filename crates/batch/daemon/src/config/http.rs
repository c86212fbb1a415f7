//! The pages that the program serves about itself.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::violation::{Bound, Violation};

/// The server of `/metrics`, `/livez`, `/readyz` and `/status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpConfig {
    /// Where `cardgenius run` listens; `--http` sets it for a backfill, too. Default `127.0.0.1:9187`: nobody from outside
    /// gets in unless somebody decides so.
    pub listen: String,
    /// For one request, from its first byte to the answer's last, in ms. Default 10,000: Prometheus' own limit.
    pub timeout_ms: u64,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self { listen: "127.0.0.1:9187".to_owned(), timeout_ms: 10_000 }
    }
}

impl HttpConfig {
    /// The address, if it is one.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.listen.parse().ok()
    }

    /// The numbers of this section with their bounds.
    #[must_use]
    pub fn bounds(&self) -> Vec<Bound> {
        vec![Bound::new("http.timeout_ms", self.timeout_ms, 100, 60_000)]
    }

    /// Every rule that this section breaks by itself.
    #[must_use]
    pub fn validate(&self) -> Vec<Violation> {
        let mut violations: Vec<_> = self.bounds().iter().filter_map(Bound::violation).collect();
        if self.address().is_none() {
            let rule = format!("must be an address and a port, such as 127.0.0.1:9187, is {:?}", self.listen);
            violations.push(Violation::new("http.listen", rule));
        }
        violations
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_listens_at_an_address_with_a_port() {
        for (listen, faults) in [("0.0.0.0:9187", 0), ("[::1]:0", 0), ("localhost:9187", 1), ("127.0.0.1", 1), ("", 1)]
        {
            let config = HttpConfig { listen: listen.to_owned(), ..HttpConfig::default() };
            assert_eq!(config.validate().len(), faults, "{listen:?}");
        }
    }
}
