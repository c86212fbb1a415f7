//! An ordinary user costs no allocation once the working memory has been used.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use allocation_counter::measure;
use cardgenius_engine::catalogue::Catalogue;
use cardgenius_engine::user::{MAX_PAISE, Spend, User, UserFault};
use cardgenius_engine::{Engine, Scratch};

fn engine() -> Engine {
    let text = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../catalog/cards.json")).unwrap();
    Engine::compile(&Catalogue::parse(&text).unwrap(), "2026-11-20".parse().unwrap())
}

fn user(paise: [i64; 6], monthly_income_paise: Option<i64>) -> User {
    User { spend: Spend::Paise(paise), monthly_income_paise, credit_score: None }
}

/// How many allocations it takes to serve all these, after each was served once.
fn allocations(users: &[User]) -> u64 {
    let engine = engine();
    let mut scratch = Scratch::default();
    let mut serve = || users.iter().map(|user| engine.recommend(user, &mut scratch)).filter(Result::is_ok).count();
    let first = serve();
    let measured = measure(|| assert_eq!(serve(), first));
    measured.count_total
}

#[test]
fn an_ordinary_user_costs_no_allocation() {
    let modest = user([250_000, 180_050, 0, 33, 120_000, 900_000], None);
    let of_known_income = user([250_000, 180_050, 0, 33, 120_000, 900_000], Some(2_500_000));
    let poor = user([1, 0, 0, 0, 0, 0], Some(0));
    assert_eq!(allocations(&[modest, of_known_income, poor]), 0);
}

#[test]
fn the_largest_amounts_of_decimal_12_2_cost_no_allocation() {
    let large = user([MAX_PAISE; 6], None);
    assert_eq!(engine().recommend(&large, &mut Scratch::default()), Err(UserFault::OutOfRange));
    assert_eq!(allocations(&[large, user([0, 0, 0, 0, 0, 500_000_000_000], None)]), 0);
}

#[test]
fn the_counter_counts() {
    assert_eq!(measure(|| drop(std::hint::black_box(Box::new(1)))).count_total, 1);
}
