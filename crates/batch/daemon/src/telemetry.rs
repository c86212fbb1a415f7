//! The log: text for people on a terminal, JSON for collectors elsewhere, always on standard error.

use std::{
    env, fmt,
    io::{self, Write},
};

use cardgenius_text::{Shown, ShownJson};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, MakeWriter, layer};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Registry, util::SubscriberInitExt};

use crate::config::{LogConfig, LogFormat};
use crate::standard_error::{self, Log};

/// Our own crates' names begin with it. Libraries log what is not for a log: drivers what a customer's triggers say and what
/// statements are bound to, others the bytes that they send. Theirs are warnings and errors only, whatever is asked for.
const OURS: &str = "cardgenius";

/// A library's line that came through the `log` crate has this target until it is written; its own was asked about before.
const BRIDGE: &str = "log";

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
    subscriber(config, standard_error::is_terminal(), || Log)?.try_init()?;
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
    let registry = Registry::default().with(EnvFilter::try_new(config.directives())?).with(filter_fn(is_discreet));
    let human = match config.format {
        LogFormat::Auto => terminal,
        LogFormat::Human => true,
        LogFormat::Json => false,
    };
    // What cannot be written is lost, and counted where it was lost: the library would print a complaint, and panic if it cannot.
    Ok(if human {
        let colours = terminal && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let lines = layer().with_writer(writer).with_ansi(colours).log_internal_errors(false);
        Box::new(registry.with(lines.event_format(ForPeople)))
    } else {
        let lines = layer().with_writer(ForCollectors(writer)).log_internal_errors(false);
        Box::new(registry.with(lines.json().flatten_event(true).with_span_list(false)))
    })
}

fn is_discreet(line: &Metadata<'_>) -> bool {
    *line.level() <= Level::WARN || line.target().starts_with(OURS) || line.target() == BRIDGE
}

/// A line of text. Whatever its message and its fields hold, it is one line, and a terminal obeys nothing in it.
struct ForPeople;

impl<S, N> FormatEvent<S, N> for ForPeople
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut line: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut text = String::new();
        context.format_fields(Writer::new(&mut text), event)?;
        let (level, dim, plain) = match (line.has_ansi_escapes(), *event.metadata().level()) {
            (false, _) => ("", "", ""),
            (true, Level::ERROR) => ("\x1b[31m", "\x1b[2m", "\x1b[0m"),
            (true, Level::WARN) => ("\x1b[33m", "\x1b[2m", "\x1b[0m"),
            (true, Level::INFO) => ("\x1b[32m", "\x1b[2m", "\x1b[0m"),
            (true, _) => ("\x1b[34m", "\x1b[2m", "\x1b[0m"),
        };
        write!(line, "{dim}")?;
        SystemTime.format_time(&mut line)?;
        write!(line, "{plain} {level}{:>5}{plain} ", event.metadata().level().as_str())?;
        writeln!(line, "{dim}{}:{plain} {}", event.metadata().target(), Shown(text))
    }
}

/// A writer of JSON lines, in which whatever a terminal obeys or hides is written as JSON writes it.
struct ForCollectors<W>(W);

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for ForCollectors<W> {
    type Writer = JsonLine<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        JsonLine(self.0.make_writer())
    }
}

/// The library writes a line at a time.
struct JsonLine<W>(W);

impl<W: Write> Write for JsonLine<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if line.is_ascii() && !line.contains(&0x7f) {
            return self.0.write(line);
        }
        self.0.write_all(ShownJson(String::from_utf8_lossy(line)).to_string().as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
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

    fn said(format: LogFormat, say: impl Fn()) -> String {
        written(&LogConfig { format, filter: "info".to_owned() }, false, say)
    }

    fn written(config: &LogConfig, terminal: bool, say: impl Fn()) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = subscriber(config, terminal, move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, say);
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    fn logged(format: LogFormat, terminal: bool, filter: &str) -> String {
        let config = LogConfig { format, filter: filter.to_owned() };
        written(&config, terminal, || {
            tracing::info!(target: "cardgenius::x", users = 7, "claimed");
            tracing::debug!(target: "cardgenius_store::y", "detail");
            tracing::info!(target: "tokio_postgres::query", "executing with parameters: secret");
            tracing::trace!(target: "mysql_async::conn", "secret");
            tracing::debug!(target: "a_library", "secret");
        })
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
    fn a_library_says_its_warnings_only_whatever_is_asked_for() {
        for filter in
            ["trace", "tokio_postgres::query=trace", "tokio_postgres=trace,mysql_async::conn=trace,a_library=debug"]
        {
            let text = logged(LogFormat::Json, false, filter);
            assert!(!text.contains("secret"), "{filter}: {text}");
        }
        let warned = said(LogFormat::Human, || tracing::warn!(target: "rustls::client", "a warning"));
        assert!(warned.contains("WARN rustls::client: a warning"), "{warned}");
    }

    #[test]
    fn a_line_stays_one_line_in_which_a_terminal_obeys_nothing_whatever_it_holds() {
        let hostile =
            "u\n2026-01-01T00:00:00Z  INFO forged\u{1b}]0;title\u{7}\u{9b}31m\u{202e}\u{2028}\r\u{e0041}\u{7f}";
        let say = || {
            tracing::warn!(user.id = %hostile, said = hostile, quoted = ?hostile, "a user: {hostile}");
        };
        let human = said(LogFormat::Human, say);
        let json = said(LogFormat::Json, say);
        for line in [&human, &json] {
            assert_eq!(line.matches('\n').count(), 1, "{line:?}");
            let unseen = line.trim_end_matches('\n').chars().find(|c| cardgenius_text::is_unseen(*c));
            assert_eq!(unseen, None, "{line:?}");
        }
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!((&value["user.id"], &value["said"]), (&hostile.into(), &hostile.into()));
    }

    #[test]
    fn the_filter_decides_which_lines() {
        assert_eq!(logged(LogFormat::Json, false, "off"), "");
        assert_eq!(logged(LogFormat::Json, false, "debug").lines().count(), 2);
        let config = LogConfig { filter: "cardgenius=loud".to_owned(), ..LogConfig::default() };
        assert!(matches!(subscriber(&config, false, io::sink), Err(TelemetryError::Filter(_))));
    }
}
