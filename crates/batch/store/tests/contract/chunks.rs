//! Chunks computed without the engine: rows that a test can foresee.

use std::num::NonZeroUsize;
use std::sync::{Arc, LazyLock};

use cardgenius_engine::catalogue::{Catalogue, DEFAULT_TEXT};
use cardgenius_engine::user::{Spend, User, UserFault};
use cardgenius_engine::{Engine, Recommendation, Scratch, TopTen};
use cardgenius_pipeline::compute::{ComputedChunk, Recommend, Workers};
use cardgenius_pipeline::ports::{Chunk, Store};
use chrono::NaiveDate;

/// Whose cards are published.
pub static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let date = NaiveDate::from_ymd_opt(2026, 4, 1).unwrap();
    Engine::compile(&Catalogue::parse(DEFAULT_TEXT.as_bytes()).unwrap(), date)
});

static WORKERS: LazyLock<Workers> = LazyLock::new(|| Workers::new(NonZeroUsize::new(2).unwrap()).unwrap());

/// The first ten cards, for everybody; their net savings say what was spent at Amazon. A negative amount is a fault.
#[derive(Debug)]
pub struct ByAmazon;

impl Recommend for ByAmazon {
    fn recommend(&self, user: &User, _: &mut Scratch) -> Result<TopTen, UserFault> {
        let Spend::Paise(paise) = &user.spend else { return Err(UserFault::InvalidSpend) };
        if paise.iter().any(|amount| *amount < 0) {
            return Err(UserFault::NegativeSpend);
        }
        let mut ten = TopTen::default();
        for (card, row) in (0..).zip(&mut ten) {
            *row = Recommendation { card, net_paise: paise[0], ..Recommendation::default() };
        }
        Ok(ten)
    }
}

/// Computes a chunk by some ranking of the test's own.
pub async fn compute_by<S: Store, R: Recommend>(store: &S, ranking: R, chunk: Chunk) -> ComputedChunk {
    WORKERS.compute(Arc::new(ranking), Arc::new(store.encoder(&ENGINE).await.unwrap()), chunk).await.unwrap()
}
