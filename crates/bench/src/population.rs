//! Filling the prepared database's table of users.

use std::fmt::Write;
use std::pin::pin;

use bytes::Bytes;
use cardgenius::demo::population::Population;
use futures_util::SinkExt;

use crate::failure::{Doing, Outcome};
use crate::server::Session;
use crate::statements;

/// Users in one piece of the load.
const PIECE: u64 = 10_000;

/// Loads `users` made-up users, in key order. None is faulty: everybody ends as completed, for every contender.
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

fn lines(population: &mut Population, users: u64) -> String {
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
