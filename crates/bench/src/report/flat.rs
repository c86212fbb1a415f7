//! The table of claims at the beginning and the end.

use super::mib;
use super::table::table;
use crate::cases::Flatness;

/// What is promised: the last claim costs at most so many times the first, at any size of table.
const MOST_OF_FIRST: f64 = 1.2;

/// What is promised: the program's memory.
const MOST_MEMORY_MIB: f64 = 256.0;

/// Run by run.
pub fn of_flatness(runs: &[Flatness]) -> String {
    let head =
        ["setting", "users", "table", "seconds", "first ms", "last ms", "last/first", "<= 1.2", "peak MiB", "< 256"];
    let rows = runs.iter().map(|run| {
        vec![
            run.setting.to_owned(),
            run.users.to_string(),
            run.table_users.to_string(),
            format!("{:.1}", run.seconds),
            format!("{:.1}", run.first_ms),
            format!("{:.1}", run.last_ms),
            format!("{:.3}", run.last_of_first),
            kept(run.last_of_first <= MOST_OF_FIRST),
            format!("{:.1}", mib(run.peak_memory_bytes)),
            kept(mib(run.peak_memory_bytes) < MOST_MEMORY_MIB),
        ]
    });
    table(&head, rows)
}

fn kept(is_kept: bool) -> String {
    if is_kept { "kept" } else { "NOT KEPT" }.to_owned()
}
