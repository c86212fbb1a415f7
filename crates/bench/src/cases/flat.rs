//! Whether a claim costs the same at the end of a long run as at its beginning, and whether the memory stays bounded: plain;
//! while another session keeps an old snapshot, so that nothing dead can be cleaned away; and among many users that are completed.

use serde::Serialize;
use tokio_postgres::IsolationLevel;

use super::prepared::{Kind, Prepared};
use super::{TABLE_USERS, prepared};
use crate::bench::{Bench, say};
use crate::claim_times::{self, ClaimTime};
use crate::cli::Case;
use crate::database::{self, COPY, TEMPLATE};
use crate::failure::{Doing, Outcome};
use crate::measure::Cost;
use crate::report::{self, median};
use crate::server::Session;
use crate::{audit, statements};

/// Users of the promise that this measures.
const USERS: u64 = 2_000_000;

/// Claims at either end that are compared; and at the beginning, those that are left out.
const CLAIMS: usize = 10;
const LEFT_OUT: usize = 2;

/// Times are told for claims of so many users; the program makes smaller ones where the database is slow.
const USERS_A_CLAIM: f64 = 10_000.0;

/// A claim of less than this part of the largest is left out.
const SMALLEST: i32 = 10;

/// One run.
#[derive(Clone, Debug, Serialize)]
pub struct Flatness {
    pub setting: &'static str,
    pub turn: u32,
    pub users: u64,
    pub table_users: u64,
    pub seconds: f64,
    /// By the clock, in ms.
    pub clock: Ends,
    /// By the processor, in ms: what others do on the machine hardly shows in it.
    pub cpu: Ends,
    pub peak_memory_bytes: u64,
    /// In order.
    pub claims: Vec<ClaimTime>,
}

/// What a claim costs at the beginning and at the end.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ends {
    pub first: f64,
    pub last: f64,
    pub last_of_first: f64,
}

/// Whether another session keeps an old snapshot.
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
    report::write(&bench.document(), Case::Flat, &serde_json::json!({ "runs": runs }))
}

async fn measure(
    bench: &Bench,
    prepared: &Prepared,
    (setting, reader): (&'static str, Reader),
    turn: u32,
) -> Outcome<Flatness> {
    let Bench { server, control, program, .. } = bench;
    database::make_copy(server, control).await?;
    for text in [statements::LOG_STATEMENTS, statements::LOG_USAGE] {
        control.batch_execute(&text.replace("{{database}}", COPY)).await.doing("having claims logged")?;
    }
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
    let claims = claim_times::of(&log, from, &claims).await?;
    prepared.audit(bench, Kind { with_rows: true, books: true }, since).await.doing(setting)?;
    database::drop_copy(control).await?;
    say(&format!("{setting}: {:.1} s", cost.seconds));
    Ok(Flatness {
        setting,
        turn,
        users: prepared.users(),
        table_users: prepared.table_users,
        seconds: cost.seconds,
        clock: ends(&claims, |claim| claim.ms)?,
        cpu: ends(&claims, |claim| claim.cpu_ms)?,
        peak_memory_bytes: peak,
        claims,
    })
}

/// The medians of the first and the last claims, in ms for [`USERS_A_CLAIM`]. Claims far smaller than others are left out:
/// they are the ends of passes, and their fixed part would weigh too much.
fn ends(claims: &[ClaimTime], ms: impl Fn(&ClaimTime) -> f64) -> Outcome<Ends> {
    let largest = claims.iter().map(|claim| claim.users).max().unwrap_or(0);
    let whole = claims.iter().filter(|claim| claim.users >= largest / SMALLEST);
    let times: Vec<f64> = whole.map(|claim| ms(claim) * USERS_A_CLAIM / f64::from(claim.users)).collect();
    let first = times.get(LEFT_OUT..LEFT_OUT + CLAIMS);
    let last = times.len().checked_sub(CLAIMS).filter(|at| *at >= LEFT_OUT + CLAIMS).and_then(|at| times.get(at..));
    let medians = first.zip(last).and_then(|(first, last)| {
        let (first, last) = (median(first.iter().copied())?, median(last.iter().copied())?);
        Some(Ends { first, last, last_of_first: last / first })
    });
    let too_few = || format!("{} claims, too few to tell the first from the last; take more users", times.len());
    Ok(medians.ok_or_else(too_few)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(users: i32, ms: f64) -> ClaimTime {
        ClaimTime { users, ms, cpu_ms: 1.0 }
    }

    #[test]
    fn the_first_and_last_claims_are_compared_by_what_they_cost_a_user() {
        let mut claims = vec![claim(10_000, 10.0); 18];
        claims[0].ms = 500.0;
        // The database was slow, and chunks became smaller.
        claims.extend([claim(5_000, 7.5); 12]);
        // The end of the pass.
        claims.push(claim(7, 900.0));
        let expected = Ends { first: 10.0, last: 15.0, last_of_first: 1.5 };
        assert_eq!(ends(&claims, |claim| claim.ms).unwrap(), expected);
    }

    #[test]
    fn too_few_claims_are_refused() {
        assert!(ends(&[claim(100, 1.0); 21], |claim| claim.ms).unwrap_err().to_string().contains("too few"));
        assert!(ends(&[], |claim| claim.ms).is_err());
    }
}
