//! Watching a run: a bar on a terminal, a log line every few seconds elsewhere, both with the same figures.

use std::sync::Arc;
use std::time::Duration;

use cardgenius_pipeline::compute::Recommend;
use cardgenius_pipeline::finish::Shared;
use cardgenius_pipeline::ports::{Run, RunTotals, Store};
use cardgenius_pipeline::progress::{Rate, eta};
use cardgenius_text::Shown;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

use crate::standard_error;

/// Between two looks on a terminal.
const BAR_EVERY: Duration = Duration::from_millis(500);

/// Between two log lines.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Between two log lines while nothing moves.
const STILL_EVERY: Duration = Duration::from_secs(300);

/// The rate is that of the last so many seconds.
const RATE_WINDOW: Duration = Duration::from_secs(10);

/// Shows how the run goes, and what holds it back, until `over`.
pub async fn watch<S: Store, R: Recommend>(shared: Arc<Shared<S, R>>, run: Run, over: CancellationToken) {
    let mut view: Box<dyn View> =
        if standard_error::is_terminal() { Box::new(Bar::new(run.backlog)) } else { Box::new(Lines::default()) };
    let mut ticks = interval(view.every());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut rate = Rate::new(RATE_WINDOW);
    while over.run_until_cancelled(ticks.tick()).await.is_some() {
        match shared.store.run_totals(run.run_id).await {
            Ok(totals) => {
                let (waiting, throttle) = (shared.progress.waiting(), shared.headroom.borrow().told());
                view.show(&Figures { waiting, throttle, ..Figures::new(&run, &totals, &mut rate) });
            }
            Err(error) => debug!(%error, "the progress could not be read"),
        }
    }
    view.end();
}

struct Figures {
    done: u64,
    total: u64,
    failed: u64,
    rate: f64,
    eta: Option<Duration>,
    /// What this instance waits for.
    waiting: Option<Arc<str>>,
    /// What the throttle says, where it does not let us go flat out.
    throttle: Option<String>,
}

impl Figures {
    fn new(run: &Run, totals: &RunTotals, rate: &mut Rate) -> Self {
        let done = totals.users.settled();
        let total = run.backlog.max(done);
        let rate = rate.note(Instant::now(), done);
        let eta = eta(done, total, rate);
        Self { done, total, failed: totals.users.failed, rate, eta, waiting: None, throttle: None }
    }

    fn eta(&self) -> String {
        self.eta.map_or_else(|| "unknown".to_owned(), clock)
    }
}

trait View: Send {
    fn every(&self) -> Duration;
    fn show(&mut self, figures: &Figures);
    fn end(&mut self);
}

struct Bar(ProgressBar);

impl Bar {
    fn new(total: u64) -> Self {
        // The bar in what the figures leave of the line: it fits 80 columns and does not wrap.
        let template = "{percent:>3}%  {msg}  {wide_bar:.cyan/blue}";
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        Self(standard_error::add(ProgressBar::new(total).with_style(style.progress_chars("━╸─"))))
    }
}

impl View for Bar {
    fn every(&self) -> Duration {
        BAR_EVERY
    }

    fn show(&mut self, figures: &Figures) {
        self.0.set_length(figures.total);
        self.0.set_position(figures.done);
        let (done, total) = (grouped(figures.done), grouped(figures.total));
        let speed = format!("{} users/s  ETA {}", grouped(figures.rate as u64), figures.eta());
        let throttle = figures.throttle.as_deref().map(short);
        let more = match (&figures.waiting, throttle) {
            (Some(reason), _) => reason.to_string(),
            (None, Some(paused)) if paused.starts_with("paused") => paused.to_owned(),
            (None, Some(slowed)) => format!("{speed}  {slowed}"),
            (None, None) => format!("{speed}  failed {}", grouped(figures.failed)),
        };
        self.0.set_message(format!("{done} of {total} users  {}", Shown(more)));
    }

    fn end(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Lines of the log, while there is news in them: a run that is paused for a day shall not fill a disk.
#[derive(Default)]
struct Lines {
    last: Option<(Instant, u64)>,
}

impl View for Lines {
    fn every(&self) -> Duration {
        LINE_EVERY
    }

    fn show(&mut self, figures: &Figures) {
        let is_news = |(at, done): (Instant, u64)| done != figures.done || at.elapsed() >= STILL_EVERY;
        if !self.last.is_none_or(is_news) {
            return;
        }
        self.last = Some((Instant::now(), figures.done));
        info!(
            done = figures.done,
            total = figures.total,
            users_per_second = figures.rate as u64,
            eta = figures.eta(),
            failed = figures.failed,
            waiting = figures.waiting.as_deref(),
            throttle = figures.throttle.as_deref(),
            "progress"
        );
    }

    fn end(&mut self) {}
}

/// The beginning of what the throttle says, which fits a line: the log and `cardgenius status` say all of it.
fn short(told: &str) -> &str {
    let end = told.find([',', '(']).unwrap_or(told.len());
    told[..end].trim_end()
}

/// `1234567` as `1,234,567`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Hours, minutes and seconds, as on a clock.
pub(crate) fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn the_bar_says_the_beginning_of_what_the_throttle_says() {
        let told = "slowed to 40 %: replica lag 12.0 s (standby a), slows from 10.0 s and pauses at 30.0 s: throttle.x";
        assert_eq!(short(told), "slowed to 40 %: replica lag 12.0 s");
        assert_eq!(short("paused: throttle.stop_query says stop"), "paused: throttle.stop_query says stop");
    }

    #[test]
    fn times_read_as_on_a_clock() {
        assert_eq!(clock(Duration::from_secs(65)), "1:05");
        assert_eq!(clock(Duration::from_secs(3 * 3600 + 59)), "3:00:59");
    }
}
