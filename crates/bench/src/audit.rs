//! The audit after a run: whether the whole job was done. What did less than that is not measured, it is refused.

use std::time::SystemTime;

use chrono::NaiveDate;

use crate::failure::{Doing, Outcome};
use crate::server::Session;
use crate::shoppers::Sums;
use crate::statements;

/// What must be found.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// In the table.
    pub table_users: u64,
    /// Processed by the run; no user is new afterwards.
    pub users: u64,
    /// In the table of recommendations.
    pub sums: Sums,
    /// Whether rows are there at all.
    pub with_rows: bool,
    /// Whether the program ran, which keeps books; the floor keeps none.
    pub books: bool,
    /// When the run began, by the server's clock.
    pub since: SystemTime,
}

/// The server's clock.
pub async fn clock(session: &Session) -> Outcome<SystemTime> {
    Ok(session.query_one(statements::CLOCK, &[]).await.doing("reading the server's clock")?.get(0))
}

/// The date at which the run since then judged promotions, if the program ran.
pub async fn run_date(session: &Session, since: SystemTime) -> Outcome<Option<NaiveDate>> {
    let runs = session.query(statements::AUDIT_RUN, &[&since]).await.doing("looking for the run")?;
    Ok(runs.first().map(|run| run.get(1)))
}

/// What the table of recommendations takes on disk.
#[derive(Clone, Copy, Debug, Default)]
pub struct OutputBytes {
    pub table: i64,
    pub key: i64,
}

/// Measures it.
pub async fn output_bytes(session: &Session) -> Outcome<OutputBytes> {
    let row = session.query_one(statements::OUTPUT_BYTES, &[]).await.doing("measuring the table of recommendations")?;
    Ok(OutputBytes { table: row.get(0), key: row.get(1) })
}

/// Looks at everything, and says all that is wrong.
///
/// # Errors
/// The job is not done; or the database cannot be asked.
pub async fn audit(session: &Session, expected: &Expected) -> Outcome<()> {
    let mut faults = Faults::default();
    session.query(statements::AUDIT_PLAN, &[]).await.doing("preparing the audit")?;
    look(session, expected, &mut faults).await.doing("the audit")?;
    if faults.0.is_empty() {
        return Ok(());
    }
    Err(format!("the job was not done, so nothing was measured:\n  {}", faults.0.join("\n  ")).into())
}

#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn expect(&mut self, what: &str, found: i64, wanted: u64) {
        if u64::try_from(found) != Ok(wanted) {
            self.0.push(format!("{what}: {found}, and not {wanted}"));
        }
    }

    fn expect_none(&mut self, what: &str, row: &tokio_postgres::Row) {
        let found: i64 = row.get(0);
        if found != 0 {
            self.0.push(format!("{what}: {found}, such as {}", row.get::<_, Option<&str>>(1).unwrap_or("none")));
        }
    }
}

async fn look(session: &Session, expected: &Expected, faults: &mut Faults) -> Result<(), tokio_postgres::Error> {
    let users = session.query_one(statements::AUDIT_STATUSES, &[&expected.since]).await?;
    faults.expect("users in the table", users.get(0), expected.table_users);
    faults.expect("completed users", users.get(1), expected.table_users);
    faults.expect("users completed by the run", users.get(2), expected.users);

    let rows = session.query_one(statements::AUDIT_ROWS, &[]).await?;
    let sums = if expected.with_rows { expected.sums } else { Sums::default() };
    faults.expect("rows", rows.get(0), sums.rows);
    for (what, found, wanted) in [
        ("sum of net_savings in paise", rows.get::<_, i64>(1), sums.net_paise),
        ("sum of total_savings_yearly in paise", rows.get(2), sums.savings_paise),
    ] {
        if found != wanted {
            faults.0.push(format!("{what}: {found}, and not {wanted}"));
        }
    }
    if expected.with_rows {
        let ranks = session.query_one(statements::AUDIT_RANKS, &[]).await?;
        faults.expect_none("users whose rows are not ranks 1 to 10", &ranks);
        let without = session.query_one(statements::AUDIT_WITHOUT_ROWS, &[]).await?;
        faults.expect_none("completed users without rows", &without);
    }
    if expected.books { look_at_the_books(session, expected, faults).await } else { Ok(()) }
}

async fn look_at_the_books(
    session: &Session,
    expected: &Expected,
    faults: &mut Faults,
) -> Result<(), tokio_postgres::Error> {
    let claims = session.query_one(statements::AUDIT_CLAIMS, &[&expected.since]).await?;
    faults.expect("open claims", claims.get(0), 0);
    faults.expect("users completed by claims", claims.get(1), expected.users);
    faults.expect("users failed by claims", claims.get(2), 0);
    faults.expect("rows loaded by claims", claims.get(3), 10 * expected.users);
    let runs = session.query(statements::AUDIT_RUN, &[&expected.since]).await?;
    if runs.is_empty() {
        faults.0.push("no run was opened".to_owned());
    }
    for state in runs.iter().map(|run| run.get::<_, &str>(0)).filter(|state| *state != "done") {
        faults.0.push(format!("the run is {state}, and not done"));
    }
    Ok(())
}
