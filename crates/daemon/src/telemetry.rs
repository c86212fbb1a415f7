//! The log: text for people on a terminal, JSON for collectors elsewhere, always on standard error.

use std::{
    env,
    io::{self, IsTerminal},
};

use tracing::Subscriber;
use tracing_subscriber::{EnvFilter, fmt::MakeWriter, util::SubscriberInitExt};

use crate::config::{LogConfig, LogFormat};
use crate::terminal::Stderr;

/// The driver logs what a customer's triggers say at info and what statements are bound to at debug; neither is for a log,
/// whatever is asked for.
const INDISCREET: &str = "tokio_postgres";

/// Why the log cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter cannot be read. `LogConfig::validate` finds this earlier.
    #[error("`log.filter` cannot be read: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Something else has set up a log in this process.
    #[error("the log is set up already: {0}")]
    Again(#[from] tracing_subscriber::util::TryInitError),
}

/// Sends this process's log to standard error.
///
/// # Errors
///
/// [`TelemetryError`].
pub fn init(config: &LogConfig) -> Result<(), TelemetryError> {
    subscriber(config, io::stderr().is_terminal(), || Stderr)?.try_init()?;
    Ok(())
}

/// A log as configured that goes to `writer`; `terminal` says whether a person reads there.
///
/// # Errors
///
/// [`TelemetryError::Filter`].
pub fn subscriber<W>(
    config: &LogConfig,
    terminal: bool,
    writer: W,
) -> Result<Box<dyn Subscriber + Send + Sync>, TelemetryError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(&config.filter)?.add_directive(format!("{INDISCREET}=warn").parse()?);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    let human = match config.format {
        LogFormat::Auto => terminal,
        LogFormat::Human => true,
        LogFormat::Json => false,
    };
    Ok(if human {
        let colours = terminal && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Box::new(builder.with_ansi(colours).finish())
    } else {
        Box::new(builder.json().flatten_event(true).with_span_list(false).finish())
    })
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, terminal: bool, filter: &str) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let config = LogConfig { format, filter: filter.to_owned() };
        let subscriber = subscriber(&config, terminal, move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(users = 7, "claimed");
            tracing::debug!("detail");
        });
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_collector_gets_one_json_object_a_line() {
        for text in [logged(LogFormat::Auto, false, "info"), logged(LogFormat::Json, true, "info")] {
            let line: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(
                (&line["message"], &line["users"], &line["level"]),
                (&"claimed".into(), &7.into(), &"INFO".into())
            );
        }
    }

    #[test]
    fn a_person_gets_text_and_colours_only_on_a_terminal() {
        let text = logged(LogFormat::Human, false, "info");
        assert!(text.contains("claimed users=7") && !text.contains('\u{1b}'), "{text}");
        assert!(serde_json::from_str::<serde_json::Value>(&logged(LogFormat::Auto, true, "info")).is_err());
    }

    #[test]
    fn the_filter_decides_which_lines() {
        assert_eq!(logged(LogFormat::Json, false, "off"), "");
        assert_eq!(logged(LogFormat::Json, false, "debug").lines().count(), 2);
        let config = LogConfig { filter: "cardgenius=loud".to_owned(), ..LogConfig::default() };
        assert!(matches!(subscriber(&config, false, io::sink), Err(TelemetryError::Filter(_))));
    }
}
