//! How many users a second one core ranks cards for: with the default catalogue, and with 1,000 cards.
//!
//! Before anything is timed, the checksum of all rows is compared with that of the exact path, and every timed pass has
//! to come to the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod catalogues;
mod shoppers;

use std::hint::black_box;

use cardgenius_engine::catalogue::Catalogue;
use cardgenius_engine::user::{Spend, User};
use cardgenius_engine::{Engine, Recommendation, Scratch};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const USERS: usize = 100_000;
const CHECKED_USERS: usize = 1_000;

fn recommend(criterion: &mut Criterion) {
    let users = shoppers::shoppers(USERS);
    let mut group = criterion.benchmark_group("recommend");
    group.throughput(Throughput::Elements(USERS as u64)).sample_size(20);
    for (name, catalogue) in
        [("default catalogue", catalogues::default()), ("1,000 cards", catalogues::multiplied(1_000))]
    {
        let engine = engine(&catalogue);
        let checked = &users[..CHECKED_USERS];
        let as_wide: Vec<User> = checked.iter().map(as_wide).collect();
        assert_eq!(checksum(&engine, checked), checksum(&engine, &as_wide), "{name}: the exact path disagrees");
        let expected = checksum(&engine, &users);
        group.bench_function(name, |bencher| {
            bencher.iter(|| assert_eq!(checksum(&engine, black_box(&users)), expected));
        });
    }
    group.finish();
}

fn engine(catalogue: &Catalogue) -> Engine {
    Engine::compile(catalogue, "2026-11-20".parse().unwrap())
}

/// The same amounts, sent on the exact path.
fn as_wide(user: &User) -> User {
    let Spend::Paise(paise) = &user.spend else { panic!("shoppers have whole paise") };
    let spend = Spend::Wide { amounts: Box::new(paise.map(Into::into)), decimals: 2 };
    User { spend, ..user.clone() }
}

/// Depends on every figure of every row, and on their order.
fn checksum(engine: &Engine, users: &[User]) -> u64 {
    let mut scratch = Scratch::default();
    let mut sum = 0_u64;
    for user in users {
        for row in engine.recommend(user, &mut scratch).expect("shoppers are eligible") {
            sum = sum.wrapping_mul(31).wrapping_add(digest(&row));
        }
    }
    sum
}

fn digest(row: &Recommendation) -> u64 {
    let figures = [row.savings_paise, row.extra_benefits_paise, row.net_paise];
    let places = u64::from(row.card) << 16 | row.option.map_or(u64::from(u16::MAX), u64::from);
    figures.iter().chain(&row.points_e2).fold(places, |sum, figure| sum.rotate_left(7) ^ figure.cast_unsigned())
}

criterion_group!(benches, recommend);
criterion_main!(benches);
