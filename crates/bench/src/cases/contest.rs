//! The contest: each contender in turn, on a fresh copy of the same database, again and again.

use std::time::SystemTime;

use cardgenius_engine::Engine;

use super::prepared::Prepared;
use crate::audit::{self, Expected};
use crate::bench::{Bench, say};
use crate::cli::{Case, Contender};
use crate::database::{self, COPY};
use crate::failure::{Doing, Outcome};
use crate::floor::{self, Variant};
use crate::measure::Cost;
use crate::report::{self, Run};
use crate::server::Session;
use crate::shoppers::{self, Sums};
use crate::{machine, ready, statements};

/// Turns of each contender.
const REPEAT: u32 = 3;

/// Measures, prints, and writes.
pub async fn run(bench: &Bench, case: Case, prepared: &Prepared) -> Outcome<()> {
    let contest = Contest { bench, case, prepared };
    let mut runs = Vec::new();
    for turn in 1..=bench.options.repeat.unwrap_or(REPEAT) {
        for contender in &bench.options.contenders {
            let run = contest.measure(*contender, turn).await?;
            say(&run.line());
            runs.push(run);
        }
    }
    report::contest(bench, case, prepared.table_users, &runs)
}

struct Contest<'a> {
    bench: &'a Bench,
    case: Case,
    prepared: &'a Prepared,
}

impl Contest<'_> {
    async fn measure(&self, contender: Contender, turn: u32) -> Outcome<Run> {
        let Bench { server, control, .. } = self.bench;
        let load_before = machine::load();
        let since = audit::clock(control).await?;
        let name = contender.name();
        let (cost, peak_memory_bytes) = match contender {
            Contender::Floor => (self.floor(Variant::PLAIN).await?, None),
            Contender::Program => {
                database::make_copy(server, control).await?;
                let log = format!("{}-{name}-{turn}", self.case.name());
                let url = server.url(COPY);
                let (cost, peak) = self.bench.program.measured((server, control), &url, 1, &log).await?;
                (cost, Some(peak))
            }
            Contender::Discard => return Err("the contender `discard` is not there yet".into()),
        };
        self.audit(contender, since).await.doing(&format!("{name}, turn {turn}"))?;
        database::drop_copy(control).await?;
        let users = self.prepared.shoppers.len() as u64;
        Ok(Run::new(name, turn, users, cost, peak_memory_bytes, load_before))
    }

    async fn floor(&self, variant: Variant) -> Outcome<Cost> {
        let Bench { server, control, .. } = self.bench;
        // Made for each turn, and gone after it: the program shall have the machine to itself in its turn.
        let chunks = ready::make(&self.engine()?, &self.prepared.shoppers, variant.format)?;
        database::make_copy(server, control).await?;
        floor::run(server, control, variant, &chunks).await
    }

    async fn audit(&self, contender: Contender, since: SystemTime) -> Outcome<()> {
        let session = Session::open(&self.bench.server, COPY).await?;
        if self.bench.options.spoil {
            session.batch_execute(statements::SPOIL).await.doing("spoiling the rows")?;
        }
        let date = audit::run_date(&session, since).await?;
        let engine = match date {
            Some(date) => shoppers::engine(date)?,
            None => self.engine()?,
        };
        let expected = Expected {
            table_users: self.prepared.table_users,
            users: self.prepared.shoppers.len() as u64,
            sums: self.sums(&engine)?,
            with_rows: contender != Contender::Discard,
            books: contender != Contender::Floor,
            since,
        };
        audit::audit(&session, &expected).await?;
        session.end().await;
        Ok(())
    }

    fn engine(&self) -> Outcome<Engine> {
        shoppers::engine(shoppers::today())
    }

    fn sums(&self, engine: &Engine) -> Outcome<Sums> {
        shoppers::sums(engine, &self.prepared.shoppers)
    }
}
