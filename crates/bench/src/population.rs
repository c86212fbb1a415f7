//! Filling the prepared database's table of users.

use std::fmt::Write;
use std::pin::pin;

use bytes::Bytes;
use cardgenius_daemon::demo::population::Population;
use cardgenius_engine::Engine;
use cardgenius_pipeline::ports::Encode;
use cardgenius_store::text_rows::TextRows;
use futures_util::SinkExt;

use crate::failure::{Doing, Outcome};
use crate::server::Session;
use crate::shoppers::{self, Shopper};
use crate::{ready, statements};

/// Users in one piece of the load.
const PIECE: u64 = 10_000;

/// Loads `users` made-up users, in key order. None is faulty: all of them end as completed, for every contender.
pub async fn load_new(session: &Session, users: u64, seed: u64) -> Outcome<()> {
    let doing = "loading made-up users";
    let sink = session.copy_in::<_, Bytes>(statements::USERS_COPY_IN).await.doing(doing)?;
    let mut sink = pin!(sink);
    let mut population = Population::new(seed);
    let mut left = users;
    while left > 0 {
        let piece = left.min(PIECE);
        sink.feed(lines(&mut population, piece).into()).await.doing(doing)?;
        left -= piece;
    }
    let loaded = sink.finish().await.doing(doing)?;
    if loaded != users {
        return Err(format!("{doing}: {loaded} of {users} arrived").into());
    }
    Ok(())
}

/// Users numbered at a time by [`load_among`].
const NUMBERED: i64 = 1_000_000;

/// Makes `table_users` users on the server; `users` of them are new, spread evenly among the others, which are completed.
pub async fn load_among(session: &Session, users: u64, table_users: u64, seed: u64) -> Outcome<()> {
    let (users, all, seed) = (i64::try_from(users)?, i64::try_from(table_users)?, i64::try_from(seed)?);
    let every = all / users;
    if every < 2 {
        return Err(format!("of {all} users no more than half can be new, and {users} should be").into());
    }
    let mut first = 1;
    while first <= all {
        let last = all.min(first + NUMBERED - 1);
        session
            .execute(statements::USERS_AMONG, &[&first, &last, &every, &users, &seed])
            .await
            .doing("making users on the server")?;
        first = last + 1;
    }
    Ok(())
}

/// Writes what an earlier time left: the rows of those that have some.
pub async fn load_old_rows(session: &Session, engine: &Engine, shoppers: &[Shopper]) -> Outcome<()> {
    let doing = "loading old rows";
    let encoder = TextRows::new(engine);
    let sink = session.copy_in::<_, Bytes>(statements::FLOOR_COPY_TEXT).await.doing(doing)?;
    let mut sink = pin!(sink);
    for piece in shoppers.chunks(ready::CHUNK_USERS) {
        let mut bytes = Vec::new();
        let with_rows = piece.iter().filter(|shopper| shopper.has_rows);
        shoppers::compute(engine, with_rows, |shopper, ten| encoder.encode(&shopper.key, ten, &mut bytes))?;
        sink.feed(bytes.into()).await.doing(doing)?;
    }
    sink.finish().await.doing(doing)?;
    Ok(())
}

/// Users as lines of a load.
pub fn lines(population: &mut Population, users: u64) -> String {
    let mut lines = String::new();
    for _ in 0..users {
        let (key, spending) = population.user();
        lines.push_str(&key);
        for amount in spending.paise {
            // Writing to a String cannot fail. What is below zero is a fault put there on purpose.
            let _ = match amount.map(i64::unsigned_abs) {
                Some(paise) => write!(lines, "\t{}.{:02}", paise / 100, paise % 100),
                None => write!(lines, "\t\\N"),
            };
        }
        lines.push('\n');
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_user_is_faulty() {
        let lines = lines(&mut Population::new(1), 50_000);
        assert_eq!(lines.lines().count(), 50_000);
        assert!(!lines.contains("\t-") && !lines.contains("NaN"));
        assert!(lines.lines().all(|line| line.split('\t').count() == 7));
    }
}
