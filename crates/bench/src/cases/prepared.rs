//! The databases that runs get copies of, and what must come out.

use crate::bench::{Bench, say};
use crate::database::TEMPLATE;
use crate::failure::{Doing, Outcome};
use crate::population;
use crate::server::Session;
use crate::shoppers::{self, Shopper};
use crate::statements;

/// A database that is ready to be copied.
pub struct Prepared {
    /// All users of its table.
    pub table_users: u64,
    /// Those that a run will find.
    pub shoppers: Vec<Shopper>,
}

/// Everybody is new, and nobody has rows.
pub async fn first(bench: &Bench, users: u64) -> Outcome<Prepared> {
    say(&format!("making up {users} users"));
    bench.make_template().await?;
    let session = Session::open(&bench.server, TEMPLATE).await?;
    population::load_new(&session, users, bench.options.seed).await?;
    // As with a customer: the users were there before the program came.
    bench.migrate_template().await?;
    finish(session, users).await
}

/// Cleans up behind the preparations, and reads who is new.
async fn finish(session: Session, table_users: u64) -> Outcome<Prepared> {
    session.batch_execute(statements::VACUUM_USERS).await.doing("vacuuming the table of users")?;
    let shoppers = shoppers::read_new(&session).await?;
    // A database in use cannot be copied.
    session.end().await;
    Ok(Prepared { table_users, shoppers })
}
