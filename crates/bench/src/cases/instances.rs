//! One, two and four instances on one database: it is the database that limits them, and they share the work.

use serde::Serialize;

use super::prepared::{Kind, Prepared};
use super::{USERS, prepared};
use crate::bench::{Bench, say};
use crate::cli::Case;
use crate::database::{self, COPY};
use crate::failure::{Doing, Outcome};
use crate::report::{self, Run, Turn};
use crate::server::Session;
use crate::{audit, machine, statements};

/// So many at once.
const INSTANCES: [usize; 3] = [1, 2, 4];

/// Turns of each number.
const REPEAT: u32 = 1;

/// One run of several instances.
#[derive(Clone, Debug, Serialize)]
pub struct Together {
    pub instances: usize,
    #[serde(flatten)]
    pub run: Run,
    /// Each instance's share of the users, the largest first.
    pub shares: Vec<f64>,
}

/// Measures, prints, and writes.
pub async fn run(bench: &Bench) -> Outcome<()> {
    let prepared = prepared::first(bench, bench.options.users.unwrap_or(USERS)).await?;
    database::make_log_files(&bench.control, prepared.users()).await?;
    // The first run on a fresh server is slower than all others, whichever contender makes it. It would flatter the later ones.
    let warmth = measure(bench, &prepared, 1, 0).await.doing("warming up")?;
    say(&format!("to warm up, not counted: {}", warmth.run.line()));
    let mut runs = Vec::new();
    for turn in 1..=bench.options.repeat.unwrap_or(REPEAT) {
        for instances in order(turn) {
            let together = measure(bench, &prepared, instances, turn).await.doing(&format!("{instances} instances"))?;
            say(&together.run.line());
            runs.push(together);
        }
    }
    println!("\n{}", report::instances(&INSTANCES, &runs));
    report::write(&bench.document(), Case::Instances, &serde_json::json!({ "runs": runs }))
}

/// Each number is first in one turn of three, so that none always comes behind the same.
fn order(turn: u32) -> [usize; 3] {
    let mut order = INSTANCES;
    order.rotate_left(turn.saturating_sub(1) as usize % INSTANCES.len());
    order
}

async fn measure(bench: &Bench, prepared: &Prepared, instances: usize, turn: u32) -> Outcome<Together> {
    let Bench { server, control, program, .. } = bench;
    let load_before = machine::load();
    database::make_copy(server, control).await?;
    let since = audit::clock(control).await?;
    let log = format!("instances-{instances}-{turn}");
    let (cost, peak) = program.measured((server, control), &server.url(COPY), instances, &log).await?;
    let session = Session::open(server, COPY).await?;
    let owners = session.query(statements::CLAIMS_BY_OWNER, &[&since]).await.doing("asking who did how much")?;
    session.end().await;
    let bytes = prepared.audit(bench, Kind { with_rows: true, books: true }, since).await?;
    database::drop_copy(control).await?;
    let users = prepared.users();
    let name = format!("{instances} instances");
    Ok(Together {
        instances,
        run: Run::new(Turn { contender: &name, turn, load_before }, users, cost, Some(peak), bytes),
        shares: owners.iter().map(|owner| owner.get::<_, i64>(0) as f64 / users as f64).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::order;

    #[test]
    fn each_number_of_instances_begins_one_turn_of_three() {
        assert_eq!([order(1), order(2), order(3), order(4)], [[1, 2, 4], [2, 4, 1], [4, 1, 2], [1, 2, 4]]);
    }
}
