//! What an operator reads at the end of a run.

use std::fmt::Write;
use std::time::Duration;

use crate::any_store::AnyStore;
use cardgenius_pipeline::ports::{Run, RunState, RunTotals};
use cardgenius_pipeline::run::Ended;
use cardgenius_store::desk::Cause;
use cardgenius_text::Shown;
use tracing::info;

use crate::watch::grouped;

/// Causes that are shown: `cardgenius failures` has more.
const CAUSES: usize = 20;

/// A run's end, in figures.
pub struct Summary<'a> {
    /// Which run.
    pub run: &'a Run,
    /// Its sums, over all instances.
    pub totals: &'a RunTotals,
    /// Who failed, and why; the first few are shown.
    pub failures: &'a [Cause],
    /// How long this instance took part.
    pub elapsed: Duration,
}

impl Summary<'_> {
    /// The summary, a fact a line.
    #[must_use]
    pub fn text(&self) -> String {
        let users = &self.totals.users;
        let state = self.totals.state.map_or("unknown", RunState::name);
        let mut text = String::new();
        let mut line = |name: &str, value: String| {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{name:<12}{}", Shown(value));
        };
        line("run", format!("{} {} ({state})", self.run.kind, self.run.run_id));
        line("completed", format!("{} users, {} rows", grouped(users.completed), grouped(self.totals.rows)));
        line("failed", format!("{} users{}", grouped(users.failed), share(users.failed, users.completed)));
        for Cause { cause, users, examples } in self.failures.iter().take(CAUSES) {
            line("", format!("{} {cause}, such as {:?}", grouped(*users), examples.first().map_or("", String::as_str)));
        }
        if users.superseded > 0 {
            line("superseded", format!("{} users, set to new or deleted in the middle", grouped(users.superseded)));
        }
        if users.left > 0 {
            line(
                "locked",
                format!(
                    "{} users were held locked by somebody else; they will be healed and done",
                    grouped(users.left)
                ),
            );
        }
        if let Some(left) = self.totals.users_left.filter(|left| *left > 0 || self.totals.left_users_behind()) {
            let why = self.totals.reason.as_deref().unwrap_or("the run was closed before they were done");
            line("left", format!("{} users are new or pending: {why}", grouped(left)));
        }
        let seconds = self.elapsed.as_secs_f64();
        let rate = users.settled() as f64 / seconds.max(0.001);
        line("time", format!("{seconds:.1} s, {} users/s", grouped(rate as u64)));
        text
    }
}

/// Says in the log, in one line, how this instance's part in a run ended; before that, how many users failed without
/// being named.
pub fn log_end(store: &AnyStore, summary: &Summary<'_>, ended: &Ended) {
    store.conclude_failures(summary.run.run_id);
    let (run, totals) = (summary.run, summary.totals);
    info!(
        run.id = %run.run_id,
        kind = run.kind,
        state = totals.state.map_or("unknown", RunState::name),
        outcome = match ended {
            Ended::Closed(_) => "closed",
            Ended::Stopped => "stopped",
            Ended::Failed(_) => "failed",
        },
        users = totals.users.settled(),
        completed = totals.users.completed,
        failed = totals.users.failed,
        superseded = totals.users.superseded,
        rows = totals.rows,
        users_left = totals.users_left,
        duration_ms = summary.elapsed.as_millis() as u64,
        "run over"
    );
}

fn share(failed: u64, completed: u64) -> String {
    let settled = failed + completed;
    if failed == 0 || settled == 0 {
        return String::new();
    }
    format!(" ({:.3} %)", 100.0 * failed as f64 / settled as f64)
}
