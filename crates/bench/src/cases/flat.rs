//! Whether a claim costs the same at the end of a long run as at its beginning, and whether the memory stays bounded: plain;
//! while somebody keeps an old snapshot, so that nothing dead can be cleaned away; and among many who are completed.

use serde::Serialize;
use tokio_postgres::IsolationLevel;

use super::prepared::{Kind, Prepared};
use super::{TABLE_USERS, prepared};
use crate::bench::{Bench, say};
use crate::cli::Case;
use crate::database::{self, COPY, TEMPLATE};
use crate::failure::{Doing, Outcome};
use crate::measure::Cost;
use crate::report::{self, median};
use crate::server::Session;
use crate::{audit, claim_times, statements};

/// Users of the promise that this measures.
const USERS: u64 = 2_000_000;

/// Claims at either end that are compared; and at the beginning, those that are left out.
const CLAIMS: usize = 10;
const LEFT_OUT: usize = 2;

/// One run.
#[derive(Clone, Debug, Serialize)]
pub struct Flatness {
    pub setting: &'static str,
    pub turn: u32,
    pub users: u64,
    pub table_users: u64,
    pub seconds: f64,
    pub first_ms: f64,
    pub last_ms: f64,
    pub last_of_first: f64,
    pub peak_memory_bytes: u64,
    /// Of each claim of the ordinary size, in order.
    pub claims_ms: Vec<f64>,
}

/// Whether somebody keeps an old snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    None,
    KeepsASnapshot,
}

/// Measures, prints, and writes.
pub async fn run(bench: &Bench) -> Outcome<()> {
    let users = bench.options.users.unwrap_or(USERS);
    let table_users = bench.options.table_users.unwrap_or(TABLE_USERS);
    let turns = bench.options.repeat.unwrap_or(1);
    let mut runs = Vec::new();
    let alone = prepared::first(bench, users).await?;
    database::make_log_files(&bench.control, users).await?;
    for turn in 1..=turns {
        runs.push(measure(bench, &alone, ("plain", Reader::None), turn).await?);
        runs.push(measure(bench, &alone, ("old snapshot", Reader::KeepsASnapshot), turn).await?);
    }
    drop(alone);
    database::drop_database(&bench.control, TEMPLATE).await?;
    let among = prepared::among(bench, users, table_users).await?;
    for turn in 1..=turns {
        runs.push(measure(bench, &among, ("among others", Reader::None), turn).await?);
    }
    println!("\n{}", report::flat(&runs));
    report::write(bench, Case::Flat, &serde_json::json!({ "runs": runs }))
}

async fn measure(
    bench: &Bench,
    prepared: &Prepared,
    (setting, reader): (&'static str, Reader),
    turn: u32,
) -> Outcome<Flatness> {
    let Bench { server, control, program, .. } = bench;
    database::make_copy(server, control).await?;
    control
        .batch_execute(&statements::LOG_STATEMENTS.replace("{{database}}", COPY))
        .await
        .doing("having claims logged")?;
    let since = audit::clock(control).await?;
    let log = server.log_path();
    let from = claim_times::length(&log)?;
    let name = format!("flat-{}-{turn}", setting.replace(' ', "-"));
    let url = server.url(COPY);
    let run = program.measured((server, control), &url, 1, &name);
    let (cost, peak): (Cost, u64) = match reader {
        Reader::None => run.await?,
        Reader::KeepsASnapshot => {
            let mut session = Session::open(server, COPY).await?;
            let transaction = session
                .build_transaction()
                .isolation_level(IsolationLevel::RepeatableRead)
                .read_only(true)
                .start()
                .await?;
            transaction.query(statements::SNAPSHOT, &[]).await.doing("taking a snapshot")?;
            let outcome = run.await?;
            transaction.commit().await.doing("ending the snapshot, which should have been kept")?;
            session.end().await;
            outcome
        }
    };
    let session = Session::open(server, COPY).await?;
    let claims = session.query(statements::CLAIMS_IN_ORDER, &[&since]).await.doing("reading the claims")?;
    session.end().await;
    let times = claim_times::of(&log, from, &claims).await?;
    prepared.audit(bench, Kind { with_rows: true, books: true }, since).await.doing(setting)?;
    database::drop_copy(control).await?;
    say(&format!("{setting}: {:.1} s", cost.seconds));
    flatness(&times).map(|(first_ms, last_ms, claims_ms)| Flatness {
        setting,
        turn,
        users: prepared.users(),
        table_users: prepared.table_users,
        seconds: cost.seconds,
        first_ms,
        last_ms,
        last_of_first: last_ms / first_ms,
        peak_memory_bytes: peak,
        claims_ms,
    })
}

/// The medians of the first and the last claims of the ordinary size, and all of these.
fn flatness(times: &[(i32, f64)]) -> Outcome<(f64, f64, Vec<f64>)> {
    let ordinary = times.iter().map(|(users, _)| *users).max().unwrap_or(0);
    let whole: Vec<f64> = times.iter().filter(|(users, _)| *users == ordinary).map(|(_, ms)| *ms).collect();
    let first = whole.get(LEFT_OUT..LEFT_OUT + CLAIMS);
    let last = whole.len().checked_sub(CLAIMS).filter(|at| *at >= LEFT_OUT + CLAIMS).and_then(|at| whole.get(at..));
    let medians =
        first.zip(last).and_then(|(first, last)| Some((median(first.iter().copied())?, median(last.iter().copied())?)));
    let (first, last) = medians.ok_or_else(|| {
        format!("{} claims of {ordinary} users, too few to tell the first from the last; take more users", whole.len())
    })?;
    Ok((first, last, whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_last_claims_of_the_ordinary_size_are_compared() {
        let mut times: Vec<(i32, f64)> = (0..30).map(|place| (100, if place < 12 { 10.0 } else { 13.0 })).collect();
        times[0].1 = 500.0;
        // Cut short: not of the ordinary size.
        times.push((7, 900.0));
        let (first, last, whole) = flatness(&times).unwrap();
        assert_eq!((first, last, whole.len()), (10.0, 13.0, 30));
    }

    #[test]
    fn too_few_claims_are_refused() {
        assert!(flatness(&[(100, 1.0); 21]).unwrap_err().to_string().contains("too few"));
        assert!(flatness(&[]).is_err());
    }
}
