//! What is logged, and how.

use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;

use super::violation::Violation;

/// The log, which goes to standard error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogConfig {
    /// How a line looks. Default `auto`, which is right for a person and for a collector alike.
    pub format: LogFormat,
    /// Which lines, as `info,cardgenius_store=debug`. The variable `RUST_LOG` wins over every other place, as people
    /// expect of it. Default `info`: what an operator needs, a few lines a minute.
    pub filter: String,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// `human` where standard error is a terminal, `json` elsewhere.
    #[default]
    Auto,
    /// Text for people.
    Human,
    /// One JSON object a line, for a collector.
    Json,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Auto, filter: "info".to_owned() }
    }
}

impl LogConfig {
    /// Every rule that a field of this section breaks.
    #[must_use]
    pub fn validate(&self) -> Vec<Violation> {
        let rule = match EnvFilter::try_new(&self.filter) {
            _ if self.filter.trim().is_empty() => "must not be empty (`off` silences the log)".to_owned(),
            Ok(_) => return Vec::new(),
            Err(error) => format!("must be a log filter like `info` or `info,cardgenius_store=debug`: {error}"),
        };
        vec![Violation::new("log.filter", rule)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_cannot_be_read_is_refused() {
        let filter = |filter: &str| LogConfig { filter: filter.to_owned(), ..LogConfig::default() }.validate().len();
        for (text, faults) in
            [("info", 0), ("warn,cardgenius_store=debug", 0), ("off", 0), ("cardgenius=loud", 1), ("", 1), (" ", 1)]
        {
            assert_eq!(filter(text), faults, "{text:?}");
        }
    }
}
