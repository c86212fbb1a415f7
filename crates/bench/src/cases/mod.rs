//! The cases.

mod contest;
mod flat;
mod instances;
mod prepared;

pub use self::flat::{Ends, Flatness};
pub use self::instances::Together;

use crate::bench::Bench;
use crate::cli::Case;
use crate::failure::Outcome;

/// Users of the cases that process a whole table.
const USERS: u64 = 200_000;

/// New users of a week.
const WEEKLY_USERS: u64 = 50_000;

/// Users of a table where most are completed.
const TABLE_USERS: u64 = 20_000_000;

/// Measures one case, prints its table and writes its JSON.
pub async fn run(bench: &Bench, case: Case) -> Outcome<()> {
    let users = |ordinary| bench.options.users.unwrap_or(ordinary);
    let table_users = bench.options.table_users.unwrap_or(TABLE_USERS);
    match case {
        Case::First => contest::run(bench, case, &prepared::first(bench, users(USERS)).await?).await,
        Case::Again => contest::run(bench, case, &prepared::again(bench, users(USERS)).await?).await,
        Case::Weekly => {
            contest::run(bench, case, &prepared::among(bench, users(WEEKLY_USERS), table_users).await?).await
        }
        Case::Flat => flat::run(bench).await,
        Case::Instances => instances::run(bench).await,
        Case::Mariadb => crate::mariadb::run(&bench.options).await,
    }
}
