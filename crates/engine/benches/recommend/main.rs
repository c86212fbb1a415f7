//! How many users a second one core ranks cards for: with the default catalogue, and with 1,000 cards.
//!
//! Before anything is timed, every figure of the rows of some users is compared with that of the exact path. Every timed
//! pass has to come to the same sum of nets and of cards; reading all the figures there would be timed as well.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod catalogues;
mod shoppers;
mod thread_time;

use std::hint::black_box;

use cardgenius_engine::catalogue::Catalogue;
use cardgenius_engine::user::{Spend, User};
use cardgenius_engine::{Engine, Scratch, TopTen};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use thread_time::ThreadTime;

const USERS: usize = 100_000;
const CHECKED_USERS: usize = 1_000;

fn recommend(criterion: &mut Criterion<ThreadTime>) {
    let users = shoppers::shoppers(USERS);
    let mut group = criterion.benchmark_group("recommend");
    group.throughput(Throughput::Elements(USERS as u64)).sample_size(20);
    for (name, catalogue) in
        [("default catalogue", catalogues::default()), ("1,000 cards", catalogues::multiplied(1_000))]
    {
        let engine = engine(&catalogue);
        let checked = &users[..CHECKED_USERS];
        let as_wide: Vec<User> = checked.iter().map(as_wide).collect();
        assert!(all_rows(&engine, checked) == all_rows(&engine, &as_wide), "{name}: the exact path disagrees");
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

fn all_rows(engine: &Engine, users: &[User]) -> Vec<TopTen> {
    let mut scratch = Scratch::default();
    users.iter().map(|user| engine.recommend(user, &mut scratch).expect("shoppers are eligible")).collect()
}

/// Depends on which cards are in which ranks, and on their nets.
fn checksum(engine: &Engine, users: &[User]) -> u64 {
    let mut scratch = Scratch::default();
    users.iter().fold(0, |sum, user| {
        let rows = engine.recommend(user, &mut scratch);
        let rows = black_box(&rows).as_ref().expect("shoppers are eligible");
        let ranked = (1_u64..).zip(rows);
        ranked.fold(sum, |sum, (rank, row)| {
            sum.wrapping_add(row.net_paise.cast_unsigned()).wrapping_add(rank * u64::from(row.card))
        })
    })
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(ThreadTime);
    targets = recommend
}
criterion_main!(benches);
