//! The table of claims at the beginning and the end.

use super::mib;
use super::table::table;
use crate::cases::{Ends, Flatness};

/// What is promised: the last claim costs at most so many times the first, at any size of table.
const MOST_OF_FIRST: f64 = 1.2;

/// What is promised: the program's memory.
const MOST_MEMORY_MIB: f64 = 256.0;

/// Run by run.
pub fn of_flatness(runs: &[Flatness]) -> String {
    let head = [
        "setting",
        "users",
        "table",
        "seconds",
        "first ms",
        "last ms",
        "last/first",
        "",
        "first CPU ms",
        "last CPU ms",
        "last/first",
        "",
        "peak MiB",
        "",
    ];
    let ends = |ends: Ends| {
        let last_of_first = ends.last_of_first;
        let is_kept = kept(last_of_first <= MOST_OF_FIRST);
        [format!("{:.1}", ends.first), format!("{:.1}", ends.last), format!("{last_of_first:.3}"), is_kept]
    };
    let rows = runs.iter().map(|run| {
        let mut row = vec![
            run.setting.to_owned(),
            run.users.to_string(),
            run.table_users.to_string(),
            format!("{:.1}", run.seconds),
        ];
        row.extend(ends(run.clock));
        row.extend(ends(run.cpu));
        row.extend([format!("{:.1}", mib(run.peak_memory_bytes)), kept(mib(run.peak_memory_bytes) < MOST_MEMORY_MIB)]);
        row
    });
    format!("{}\npromised: last/first <= {MOST_OF_FIRST}, peak < {MOST_MEMORY_MIB} MiB", table(&head, rows))
}

fn kept(is_kept: bool) -> String {
    if is_kept { "kept" } else { "NOT KEPT" }.to_owned()
}
