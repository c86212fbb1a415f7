//! What was measured, as a table for people and as JSON beside it.

mod flat;
mod instances;
mod json;
mod median;
mod table;

use std::collections::BTreeMap;

use serde::Serialize;

pub use self::flat::of_flatness as flat;
pub use self::instances::of_instances as instances;
pub use self::json::{Document, write};
pub use self::median::median;

use crate::audit::OutputBytes;
use crate::cli::{Case, Contender};
use crate::failure::Outcome;
use crate::measure::Cost;

/// Whose turn it was.
#[derive(Clone, Copy, Debug)]
pub struct Turn<'a> {
    pub contender: &'a str,
    pub turn: u32,
    /// Of the machine, just before.
    pub load_before: f64,
}

/// One turn of one contender.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    pub contender: String,
    pub turn: u32,
    pub users: u64,
    pub seconds: f64,
    pub users_per_second: f64,
    pub client_cpu_seconds: f64,
    pub server_cpu_seconds: f64,
    pub wal_bytes_per_user: f64,
    /// Of the program; the floor is not a program.
    pub peak_memory_bytes: Option<u64>,
    /// Of the table of recommendations, by users processed.
    pub table_bytes_per_user: f64,
    pub key_bytes_per_user: f64,
    /// Of the machine, just before.
    pub load_before: f64,
}

impl Run {
    /// From what it cost.
    pub fn new(turn: Turn<'_>, users: u64, cost: Cost, peak: Option<u64>, output: OutputBytes) -> Self {
        Self {
            contender: turn.contender.to_owned(),
            turn: turn.turn,
            users,
            seconds: cost.seconds,
            users_per_second: users as f64 / cost.seconds,
            client_cpu_seconds: cost.client_cpu_seconds,
            server_cpu_seconds: cost.server_cpu_seconds,
            wal_bytes_per_user: cost.wal_bytes as f64 / users as f64,
            peak_memory_bytes: peak,
            table_bytes_per_user: output.table as f64 / users as f64,
            key_bytes_per_user: output.key as f64 / users as f64,
            load_before: turn.load_before,
        }
    }

    /// For the person that waits for the table.
    pub fn line(&self) -> String {
        format!(
            "{}, turn {}: {:.2} s, {:.0} users/s (load before: {:.1})",
            self.contender, self.turn, self.seconds, self.users_per_second, self.load_before
        )
    }
}

/// Medians of one contender's turns.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    pub contender: String,
    pub seconds: f64,
    pub users_per_second: f64,
    pub least_users_per_second: f64,
    pub most_users_per_second: f64,
    /// Its speed as a share of the floor's in the same turn.
    pub of_floor: Option<f64>,
    /// And as a share of the lowered floor's.
    pub of_lowered: Option<f64>,
    pub client_cpu_seconds: f64,
    pub server_cpu_seconds: f64,
    pub peak_memory_mib: Option<f64>,
    pub wal_bytes_per_user: f64,
    pub table_bytes_per_user: f64,
    pub key_bytes_per_user: f64,
}

/// Prints the table of a contest, and writes its JSON.
pub fn contest(of: &Document<'_>, case: Case, table_users: u64, runs: &[Run]) -> Outcome<()> {
    let summaries = summaries(runs);
    let users = runs.first().map_or(0, |run| run.users);
    println!("\n{}: {users} users to process of {table_users}, medians of {} turns", case.name(), turns(runs));
    println!("{}", table::of_contest(&summaries));
    json::write(of, case, &serde_json::json!({ "table_users": table_users, "medians": summaries, "runs": runs }))
}

/// Bytes as MiB.
fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn turns(runs: &[Run]) -> u32 {
    runs.iter().map(|run| run.turn).max().unwrap_or(0)
}

fn summaries(runs: &[Run]) -> Vec<Summary> {
    let mut names: Vec<&str> = Vec::new();
    for run in runs {
        if !names.contains(&&*run.contender) {
            names.push(&run.contender);
        }
    }
    let speeds_of = |floor: Contender| -> BTreeMap<u32, f64> {
        let its = runs.iter().filter(|run| run.contender == floor.name());
        its.map(|run| (run.turn, run.users_per_second)).collect()
    };
    let (floor, lowered) = (speeds_of(Contender::Floor), speeds_of(Contender::Lowered));
    let summary = |name: &str| {
        let mine: Vec<&Run> = runs.iter().filter(|run| run.contender == name).collect();
        let of = |figure: &dyn Fn(&Run) -> Option<f64>| median(mine.iter().filter_map(|run| figure(run)));
        let speeds = || mine.iter().map(|run| run.users_per_second);
        Summary {
            contender: name.to_owned(),
            seconds: of(&|run| Some(run.seconds)).unwrap_or_default(),
            users_per_second: of(&|run| Some(run.users_per_second)).unwrap_or_default(),
            least_users_per_second: speeds().fold(f64::INFINITY, f64::min),
            most_users_per_second: speeds().fold(0.0, f64::max),
            of_floor: of(&|run| Some(run.users_per_second / floor.get(&run.turn)?)),
            of_lowered: of(&|run| Some(run.users_per_second / lowered.get(&run.turn)?)),
            client_cpu_seconds: of(&|run| Some(run.client_cpu_seconds)).unwrap_or_default(),
            server_cpu_seconds: of(&|run| Some(run.server_cpu_seconds)).unwrap_or_default(),
            peak_memory_mib: of(&|run| run.peak_memory_bytes.map(mib)),
            wal_bytes_per_user: of(&|run| Some(run.wal_bytes_per_user)).unwrap_or_default(),
            table_bytes_per_user: of(&|run| Some(run.table_bytes_per_user)).unwrap_or_default(),
            key_bytes_per_user: of(&|run| Some(run.key_bytes_per_user)).unwrap_or_default(),
        }
    };
    names.into_iter().map(summary).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(contender: &str, turn: u32, seconds: f64) -> Run {
        let cost = Cost { seconds, client_cpu_seconds: 1.0, server_cpu_seconds: 2.0, wal_bytes: 1_000 };
        Run::new(Turn { contender, turn, load_before: 0.0 }, 100, cost, None, OutputBytes::default())
    }

    #[test]
    fn a_contender_is_compared_with_the_floor_of_the_same_turn() {
        // The machine became slower from turn to turn; the ratio did not.
        let runs = [
            run("floor", 1, 1.0),
            run("program", 1, 2.0),
            run("floor", 2, 2.0),
            run("program", 2, 4.0),
            run("floor", 3, 4.0),
            run("program", 3, 10.0),
        ];
        let summaries = summaries(&runs);
        assert_eq!(summaries[0].of_floor, Some(1.0));
        assert_eq!((&*summaries[1].contender, summaries[1].of_floor), ("program", Some(0.5)));
        assert_eq!(summaries[1].seconds, 4.0);
        assert_eq!((summaries[1].least_users_per_second, summaries[1].most_users_per_second), (10.0, 50.0));
    }

    #[test]
    fn without_a_floor_there_is_no_ratio() {
        assert_eq!(summaries(&[run("program", 1, 2.0)])[0].of_floor, None);
    }
}
