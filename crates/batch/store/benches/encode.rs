//! What it costs to encode the ten rows of a user for the bulk load, in both forms, on one core.
//!
//! Before anything is timed, each form's rows and fields are counted; every timed pass has to come to the same bytes' number.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../../../engine/benches/recommend/catalogues.rs"]
#[allow(dead_code)]
mod catalogues;
#[path = "../../../engine/benches/recommend/shoppers.rs"]
mod shoppers;
#[path = "../../../engine/benches/recommend/thread_time.rs"]
mod thread_time;

use cardgenius_engine::{Engine, Scratch, TopTen};
use cardgenius_pipeline::ports::Encode;
use cardgenius_store::rows::Rows;
use cardgenius_store::text_rows::TextRows;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use thread_time::ThreadTime;

/// As many as a thread takes at a time: they are encoded while they are in the cache, as in the program.
const USERS: usize = 1_024;

/// Fields of a row.
const COLUMNS: usize = 15;

type Ranked = Vec<(String, TopTen)>;

fn encode(criterion: &mut Criterion<ThreadTime>) {
    let engine = Engine::compile(&catalogues::default(), "2026-11-20".parse().unwrap());
    let mut scratch = Scratch::default();
    let users: Ranked = (7_000_001..)
        .zip(&shoppers::shoppers(USERS))
        .map(|(number, user)| (format!("CK{number}"), engine.recommend(user, &mut scratch).expect("ten cards")))
        .collect();
    let (text, binary) = (TextRows::new(&engine), Rows::binary(&engine));
    let lines = encoded(&text, &users);
    let lines: Vec<&str> = std::str::from_utf8(&lines).unwrap().lines().collect();
    assert!(lines.len() == 10 * USERS && lines.iter().all(|line| line.split('\t').count() == COLUMNS));
    assert_eq!(tuples(&encoded(&binary, &users)), 10 * USERS);

    let mut group = criterion.benchmark_group("encode");
    group.throughput(Throughput::Elements(USERS as u64));
    time(&mut group, "text", &text, &users);
    time(&mut group, "binary", &binary, &users);
    group.finish();
}

fn time(group: &mut BenchmarkGroup<'_, ThreadTime>, name: &str, encoder: &impl Encode, users: &Ranked) {
    let bytes = encoded(encoder, users).len();
    let mut out = Vec::new();
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            out.clear();
            users.iter().for_each(|(user_id, ten)| encoder.encode(user_id, ten, &mut out));
            assert_eq!(out.len(), bytes);
        });
    });
}

fn encoded(encoder: &impl Encode, users: &Ranked) -> Vec<u8> {
    let mut out = Vec::new();
    users.iter().for_each(|(user_id, ten)| encoder.encode(user_id, ten, &mut out));
    out
}

/// Whole tuples, each of all columns, with nothing left over.
fn tuples(mut bytes: &[u8]) -> usize {
    let mut count = 0;
    while let Some((fields, mut rest)) = bytes.split_first_chunk::<2>() {
        assert_eq!(usize::from(u16::from_be_bytes(*fields)), COLUMNS);
        for _ in 0..COLUMNS {
            let (length, value) = rest.split_first_chunk::<4>().unwrap();
            rest = &value[usize::try_from(i32::from_be_bytes(*length)).unwrap_or(0)..];
        }
        bytes = rest;
        count += 1;
    }
    count
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(ThreadTime);
    targets = encode
}
criterion_main!(benches);
