//! The contest: each contender in turn, on a fresh copy of the same database, again and again.

use super::prepared::{Kind, Prepared};
use crate::audit;
use crate::bench::{Bench, say};
use crate::cli::{Case, Contender};
use crate::database::{self, COPY};
use crate::failure::{Doing, Outcome};
use crate::floor::{self, Variant};
use crate::measure::Cost;
use crate::proxy::Discarding;
use crate::report::{self, Run, Turn};
use crate::{machine, ready, shoppers};

/// Turns of each contender.
const REPEAT: u32 = 3;

/// Measures, prints, and writes.
pub async fn run(bench: &Bench, case: Case, prepared: &Prepared) -> Outcome<()> {
    database::make_log_files(&bench.control, prepared.users()).await?;
    let contest = Contest { bench, case, prepared };
    let mut runs = Vec::new();
    for turn in 1..=bench.options.repeat.unwrap_or(REPEAT) {
        for contender in &bench.options.contenders {
            let run = contest.measure(*contender, turn).await?;
            say(&run.line());
            runs.push(run);
        }
    }
    report::contest(&bench.document(), case, prepared.table_users, &runs)
}

struct Contest<'a> {
    bench: &'a Bench,
    case: Case,
    prepared: &'a Prepared,
}

impl Contest<'_> {
    async fn measure(&self, contender: Contender, turn: u32) -> Outcome<Run> {
        let control = &self.bench.control;
        let load_before = machine::load();
        let since = audit::clock(control).await?;
        let name = contender.name();
        let doing = format!("{name}, turn {turn}");
        let log = format!("{}-{name}-{turn}", self.case.name());
        let (cost, peak_memory_bytes) = match contender {
            Contender::Floor => (self.floor(Variant::PLAIN).await.doing(&doing)?, None),
            Contender::Lowered => (self.floor(Variant::LOWERED).await.doing(&doing)?, None),
            Contender::Program => self.program(&self.bench.server.url(COPY), &log).await.doing(&doing)?,
            Contender::Discard => self.discarding(&log).await.doing(&doing)?,
        };
        let kind = Kind { with_rows: contender != Contender::Discard, books: !contender.is_floor() };
        let bytes = self.prepared.audit(self.bench, kind, since).await.doing(&doing)?;
        database::drop_copy(control).await?;
        let turn = Turn { contender: name, turn, load_before };
        Ok(Run::new(turn, self.prepared.users(), cost, peak_memory_bytes, bytes))
    }

    async fn floor(&self, variant: Variant) -> Outcome<Cost> {
        let Bench { server, control, .. } = self.bench;
        // Made for each turn, and gone after it: the program shall have the machine to itself in its turn.
        let engine = shoppers::engine(shoppers::today())?;
        let chunks = ready::make(&engine, &self.prepared.shoppers, variant.format)?;
        database::make_copy(server, control).await?;
        floor::run(server, control, variant, &chunks).await
    }

    async fn program(&self, url: &str, log: &str) -> Outcome<(Cost, Option<u64>)> {
        let Bench { server, control, program, .. } = self.bench;
        database::make_copy(server, control).await?;
        let (cost, peak) = program.measured((server, control), url, 1, log).await?;
        Ok((cost, Some(peak)))
    }

    async fn discarding(&self, log: &str) -> Outcome<(Cost, Option<u64>)> {
        let proxy = Discarding::before(&self.bench.server)?;
        self.program(&proxy.url(&self.bench.server, COPY), log).await
    }
}
