//! The databases that runs get copies of, and what must be found in a copy after a run.

use std::time::SystemTime;

use crate::audit::{self, Expected, OutputBytes};
use crate::bench::{Bench, say};
use crate::database::{COPY, TEMPLATE};
use crate::failure::{Doing, Outcome};
use crate::server::Session;
use crate::shoppers::{self, Shopper};
use crate::{population, statements};

/// A database that is ready to be copied.
pub struct Prepared {
    /// All users of its table.
    pub table_users: u64,
    /// Those that a run will find.
    pub shoppers: Vec<Shopper>,
}

/// What kind of run is audited.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Whether its rows reached the server.
    pub with_rows: bool,
    /// Whether it was the program's.
    pub books: bool,
}

/// All users are new, and none of them has rows.
pub async fn first(bench: &Bench, users: u64) -> Outcome<Prepared> {
    say(&format!("making up {users} users"));
    bench.make_template().await?;
    let session = Session::open(&bench.server, TEMPLATE).await?;
    population::load_new(&session, users, bench.options.seed).await?;
    // As with a customer: the users were there before the program came.
    bench.migrate_template().await?;
    finish(session, users).await
}

/// All users were processed by the program, and are new again.
pub async fn again(bench: &Bench, users: u64) -> Outcome<Prepared> {
    let before = first(bench, users).await?;
    say("processing them a first time");
    bench.program.backfill(&bench.server.url(TEMPLATE), "before").await?;
    drop(before);
    let session = Session::open(&bench.server, TEMPLATE).await?;
    session.batch_execute(statements::USERS_ALL_NEW).await.doing("setting all users to new")?;
    finish(session, users).await
}

/// Few are new, among many who are completed; every second one of the new has rows.
pub async fn among(bench: &Bench, users: u64, table_users: u64) -> Outcome<Prepared> {
    say(&format!("making {table_users} users, {users} of them new"));
    bench.make_template().await?;
    // As it is after a while: all columns were there when the rows were written.
    bench.migrate_template().await?;
    let session = Session::open(&bench.server, TEMPLATE).await?;
    population::load_among(&session, users, table_users, bench.options.seed).await?;
    let new = shoppers::read_new(&session).await?;
    population::load_old_rows(&session, &shoppers::engine(shoppers::today())?, &new).await?;
    drop(new);
    finish(session, table_users).await
}

/// Cleans up behind the preparations, and reads who is new.
async fn finish(session: Session, table_users: u64) -> Outcome<Prepared> {
    for vacuum in [statements::VACUUM_USERS, statements::VACUUM_ROWS] {
        session.batch_execute(vacuum).await.doing("vacuuming behind the preparations")?;
    }
    let shoppers = shoppers::read_new(&session).await?;
    // A database in use cannot be copied.
    session.end().await;
    Ok(Prepared { table_users, shoppers })
}

impl Prepared {
    /// Those that a run will find.
    pub fn users(&self) -> u64 {
        self.shoppers.len() as u64
    }

    /// Audits the copy after a run that began then; and what its rows take.
    pub async fn audit(&self, bench: &Bench, kind: Kind, since: SystemTime) -> Outcome<OutputBytes> {
        let session = Session::open(&bench.server, COPY).await?;
        if bench.options.spoil {
            session.batch_execute(statements::SPOIL).await.doing("spoiling the rows")?;
        }
        // A run keeps the date of its beginning.
        let date = audit::run_date(&session, since).await?.unwrap_or_else(shoppers::today);
        let expected = Expected {
            table_users: self.table_users,
            users: self.users(),
            sums: shoppers::sums(&shoppers::engine(date)?, &self.shoppers)?,
            with_rows: kind.with_rows,
            books: kind.books,
            since,
        };
        audit::audit(&session, &expected).await?;
        let bytes = audit::output_bytes(&session).await?;
        session.end().await;
        Ok(bytes)
    }
}
