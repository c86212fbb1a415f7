//! The cases.

mod contest;
mod prepared;

use crate::bench::Bench;
use crate::cli::Case;
use crate::failure::Outcome;

/// Users of the cases that process a whole table.
const USERS: u64 = 200_000;

/// Measures one case, prints its table and writes its JSON.
pub async fn run(bench: &Bench, case: Case) -> Outcome<()> {
    match case {
        Case::First => {
            let prepared = prepared::first(bench, bench.options.users.unwrap_or(USERS)).await?;
            contest::run(bench, case, &prepared).await
        }
        Case::Again | Case::Weekly | Case::Flat | Case::Instances => Err("this case is not there yet".into()),
    }
}
