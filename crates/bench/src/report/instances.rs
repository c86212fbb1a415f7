//! The table of several instances at once.

use super::table::table;
use super::{median, mib};
use crate::cases::Together;

/// Medians by number of instances.
pub fn of_instances(numbers: &[usize], runs: &[Together]) -> String {
    let head = [
        "instances",
        "seconds",
        "users/s",
        "of one",
        "clients CPU s",
        "server CPU s",
        "peak MiB each",
        "shares of the users",
    ];
    let speeds = |instances: usize, turn: Option<u32>| {
        let mine =
            runs.iter().filter(move |run| run.instances == instances && turn.is_none_or(|turn| turn == run.run.turn));
        mine.map(|run| run.run.users_per_second)
    };
    let rows = numbers.iter().map(|&instances| {
        let mine: Vec<&Together> = runs.iter().filter(|run| run.instances == instances).collect();
        let of = |figure: &dyn Fn(&Together) -> f64| median(mine.iter().map(|run| figure(run))).unwrap_or_default();
        let of_one = |run: &Together| {
            run.run.users_per_second / speeds(1, Some(run.run.turn)).next().unwrap_or(run.run.users_per_second)
        };
        let shares = mine.last().map(|run| run.shares.iter().map(|share| format!("{:.0} %", share * 100.0)));
        vec![
            instances.to_string(),
            format!("{:.2}", of(&|run| run.run.seconds)),
            format!("{:.0}", median(speeds(instances, None)).unwrap_or_default()),
            format!("{:.3}", of(&of_one)),
            format!("{:.2}", of(&|run| run.run.client_cpu_seconds)),
            format!("{:.2}", of(&|run| run.run.server_cpu_seconds)),
            format!("{:.1}", of(&|run| run.run.peak_memory_bytes.map_or(0.0, mib))),
            shares.map(|shares| shares.collect::<Vec<String>>().join(", ")).unwrap_or_default(),
        ]
    });
    table(&head, rows)
}
