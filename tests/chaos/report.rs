//! The table of results.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::plan::Plan;

/// What became of one weather's strikes.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub strikes: usize,
    /// Seconds; of those strikes that there was something to recover from.
    pub recoveries_s: Vec<f64>,
    pub lost: i64,
    pub double: i64,
}

impl Tally {
    pub fn worst_s(&self) -> Option<f64> {
        self.recoveries_s.iter().copied().max_by(f64::total_cmp)
    }

    fn median_s(&self) -> Option<f64> {
        let mut sorted = self.recoveries_s.clone();
        sorted.sort_by(f64::total_cmp);
        let upper = *sorted.get(sorted.len() / 2)?;
        let lower = sorted[(sorted.len() - 1) / 2];
        Some(f64::midpoint(lower, upper))
    }
}

/// Tallies by name, in the order in which they came.
#[derive(Debug, Default)]
pub struct Report {
    names: Vec<String>,
    tallies: BTreeMap<String, Tally>,
}

impl Report {
    pub fn tally(&mut self, name: &str) -> &mut Tally {
        if !self.tallies.contains_key(name) {
            self.names.push(name.to_owned());
        }
        self.tallies.entry(name.to_owned()).or_default()
    }

    /// As Markdown, with what it takes to make it again.
    pub fn markdown(&self, plan: &Plan) -> String {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let (lease, sweep, users) = (plan.lease.as_secs_f64(), plan.sweep.as_secs_f64(), plan.users);
        let mut text = format!(
            "`{}`, {cores} cores, {users} users in chunks of {}, lease {lease} s, sweep every {sweep} s\n\n\
             | fault | strikes | of them felt | recovery median, s | recovery worst, s | users lost | users double |\n\
             | --- | --: | --: | --: | --: | --: | --: |\n",
            plan.command(),
            plan.chunk_rows
        );
        for name in &self.names {
            let tally = &self.tallies[name];
            let felt = tally.recoveries_s.len();
            let seconds = |value: Option<f64>| value.map_or("–".to_owned(), |seconds| format!("{seconds:.1}"));
            let (median, worst) = (seconds(tally.median_s()), seconds(tally.worst_s()));
            let Tally { strikes, lost, double, .. } = tally;
            let _ = writeln!(text, "| {name} | {strikes} | {felt} | {median} | {worst} | {lost} | {double} |");
        }
        text
    }
}
