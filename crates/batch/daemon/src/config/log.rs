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
        let rule = if self.filter.trim().is_empty() {
            "must not be empty (`off` silences the log)".to_owned()
        } else if let Some(fault) = self.filter.split(',').find_map(directive_fault) {
            format!("must be a log filter like `info` or `info,cardgenius_store=debug`: {fault}")
        } else if let Err(error) = EnvFilter::try_new(self.directives()) {
            format!("must be a log filter like `info` or `info,cardgenius_store=debug`: {error}")
        } else {
            return Vec::new();
        };
        vec![Violation::new("log.filter", rule)]
    }

    /// The filter as its library reads it: a list without blanks.
    #[must_use]
    pub fn directives(&self) -> String {
        self.filter.split(',').map(str::trim).filter(|directive| !directive.is_empty()).collect::<Vec<_>>().join(",")
    }
}

/// The levels, as a filter writes them.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// The crates that log, ours first. A filter that names another one is a slip of the pen, and would silence the log.
const TARGETS: [&str; 18] = [
    "cardgenius",
    "cardgenius_embedded",
    "cardgenius_engine",
    "cardgenius_pipeline",
    "cardgenius_store",
    "axum",
    "deadpool",
    "deadpool_postgres",
    "hyper",
    "hyper_util",
    "mio",
    "mysql_async",
    "rustls",
    "tokio",
    "tokio_postgres",
    "tokio_postgres_rustls",
    "tokio_util",
    "tower_http",
];

/// What is wrong with one directive, `level`, `target` or `target=level`.
fn directive_fault(directive: &str) -> Option<String> {
    let directive = directive.trim();
    let (target, level) = match directive.split_once('=') {
        Some((target, level)) => (Some(target), Some(level)),
        None if directive.is_empty() || is_level(directive) => (None, None),
        None => (Some(directive), None),
    };
    if let Some(level) = level.filter(|level| !is_level(level)) {
        return Some(format!("{level:?} is no level: the nearest is `{}`", nearest(level, &LEVELS)));
    }
    let target = target.filter(|target| !TARGETS.contains(&target.split("::").next().unwrap_or_default()))?;
    if level.is_some() {
        return Some(format!("{target:?} is no part of the program: the nearest is `{}`", nearest(target, &TARGETS)));
    }
    let known = [&LEVELS[..], &TARGETS[..]].concat();
    Some(format!("{target:?} is no level and no part of the program: the nearest is `{}`", nearest(target, &known)))
}

fn is_level(word: &str) -> bool {
    LEVELS.iter().any(|level| level.eq_ignore_ascii_case(word))
}

fn nearest<'a>(word: &str, known: &[&'a str]) -> &'a str {
    let word = word.to_ascii_lowercase();
    let distance = |known: &&&str| strsim::damerau_levenshtein(&word, known);
    known.iter().min_by_key(distance).copied().unwrap_or_default()
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

    #[test]
    fn a_word_that_is_no_level_and_no_target_is_refused_with_the_nearest_one() {
        for (filter, part) in [
            ("inof", "`info`"),
            ("WARNING", "`warn`"),
            ("info,cardgenius_stroe=debug", "`cardgenius_store`"),
            ("cardgenius=5", "\"5\" is no level"),
            ("-1", "no level and no part of the program"),
            ("5", "no level and no part of the program"),
            ("yes", "no level and no part of the program"),
            ("[span]=info", "no part of the program"),
            ("info;debug", "no level and no part of the program"),
        ] {
            let config = LogConfig { filter: filter.to_owned(), ..LogConfig::default() };
            let violations = config.validate();
            assert!(violations.len() == 1 && violations[0].rule.contains(part), "{filter}: {violations:?}");
        }
        for filter in ["INFO", "Debug", "info,", "info,cardgenius::http=trace", "cardgenius_store", "hyper=off,info"] {
            let config = LogConfig { filter: filter.to_owned(), ..LogConfig::default() };
            assert_eq!(config.validate(), [], "{filter}");
        }
    }
}
