//! The engine against the oracle, over generated catalogues and users.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use cardgenius_engine::Engine;
use cardgenius_engine::catalogue::Catalogue;
use cardgenius_engine::user::{Spend, User};
use num_bigint::BigInt;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde_json::Value;

use crate::amounts::{person, rupees};
use crate::catalogue_json::catalogue;
use crate::catalogues::{DATE, cards, ids};
use crate::people::{Person, rows_of_engine};
use crate::rules;

const CASES: u32 = 400;

/// `PROPTEST_CASES` sets how many, `PROPTEST_RNG_SEED` repeats a run whose seed was printed.
fn runner(cases: u32) -> TestRunner {
    let from_environment = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seed = from_environment("PROPTEST_RNG_SEED").unwrap_or_else(rand::random);
    let cases = from_environment("PROPTEST_CASES").map_or(cases, |cases| u32::try_from(cases).unwrap());
    println!("PROPTEST_RNG_SEED={seed} PROPTEST_CASES={cases}");
    TestRunner::new(Config { cases, rng_seed: RngSeed::Fixed(seed), failure_persistence: None, ..Config::default() })
}

/// A catalogue whose thresholds lie where they matter to the first of a few users.
#[derive(Clone)]
struct Case {
    catalogue: Value,
    people: Vec<Person>,
}

impl fmt::Debug for Case {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}\n{:?}", self.catalogue, self.people)
    }
}

fn case() -> impl Strategy<Value = Case> {
    (cards(), ids(), prop::collection::vec(person(), 4)).prop_map(|(drafts, ids, people)| {
        let catalogue = catalogue(&drafts, &ids, roughly_paise(&people[0]));
        Case { catalogue, people }
    })
}

/// Spend by category, as far as it is whole paise.
fn roughly_paise(person: &Person) -> [i64; 6] {
    let Spend::Paise([amazon, flipkart, myntra, ajio, grocery, confirmed]) = person.user().spend else {
        return [123_450; 6];
    };
    let five = [amazon, flipkart, myntra, ajio, grocery].map(|amount| amount.max(0));
    let other_online = (confirmed - five.iter().sum::<i64>()).max(0);
    let [amazon, flipkart, myntra, ajio, grocery] = five;
    [amazon, flipkart, myntra, ajio, grocery, other_online]
}

#[test]
fn the_engine_agrees_with_the_oracle_on_generated_catalogues() {
    let mut runner = runner(CASES);
    let outcomes = RefCell::new(BTreeMap::<String, usize>::new());
    let result = runner.run(&case(), |Case { catalogue: json, people }| {
        let parsed = Catalogue::parse(&serde_json::to_vec(&json).unwrap())
            .map_err(|faults| TestCaseError::fail(faults.to_string()))?;
        let engine = Engine::compile(&parsed, DATE.parse().unwrap());
        for person in &people {
            let expected = rules::recommend(&json, DATE, person);
            prop_assert_eq!(rows_of_engine(&engine, &person.user()), expected.clone(), "{:?}", person);
            for outcome in outcomes_of(person, &expected) {
                *outcomes.borrow_mut().entry(outcome).or_default() += 1;
            }
        }
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
    println!("{:#?}", outcomes.borrow());
    if runner.config().cases >= CASES {
        assert_reached(&outcomes.into_inner());
    }
}

/// A generator that no longer reaches an outcome proves nothing about it.
fn assert_reached(outcomes: &BTreeMap<String, usize>) {
    let kinds = [
        "served",
        "served wide",
        "no option",
        "equal net",
        "equal net and fees",
        "negative net",
        "negative spend",
        "invalid spend",
        "eligible cards",
        "out of range",
    ];
    for kind in kinds {
        assert!(outcomes.keys().any(|outcome| outcome.contains(kind)), "no generated user came to: {kind}");
    }
}

fn outcomes_of(person: &Person, rows: &Result<Vec<Value>, String>) -> Vec<String> {
    let rows = match rows {
        Ok(rows) => rows,
        Err(fault) => return vec![fault.clone()],
    };
    let is_wide = matches!(person.user().spend, Spend::Wide { .. });
    let mut outcomes = vec![if is_wide { "served wide" } else { "served" }.to_owned()];
    if rows.iter().any(|row| row["redemption_method"].is_null()) {
        outcomes.push("no option".to_owned());
    }
    if rows.iter().any(|row| row["net_savings"].as_str().unwrap().starts_with('-')) {
        outcomes.push("negative net".to_owned());
    }
    for pair in rows.windows(2).filter(|pair| pair[0]["net_savings"] == pair[1]["net_savings"]) {
        let same_fees = pair[0]["joining_fees"] == pair[1]["joining_fees"];
        outcomes.push(if same_fees { "equal net and fees" } else { "equal net" }.to_owned());
    }
    outcomes
}

/// Somebody as a shop has them: log-uniform amounts, some of them zero.
fn shopper() -> impl Strategy<Value = [i64; 6]> {
    let amount = prop_oneof![1 => Just(0.0), 4 => 2.0..7.5_f64];
    prop::array::uniform6(amount).prop_map(|exponents| exponents.map(|power| f64::powf(10.0, power) as i64))
}

#[test]
fn the_fast_path_agrees_with_the_exact_one_on_the_default_catalogue() {
    let text = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../catalog/cards.json")).unwrap();
    let engine = Engine::compile(&Catalogue::parse(&text).unwrap(), DATE.parse().unwrap());
    let known = (prop::option::of(0..20_000_000_i64), prop::option::of(500..900_i64));
    let result = runner(2_000).run(&(shopper(), known), |(paise, (income, score))| {
        let user = |spend| User { spend, monthly_income_paise: income, credit_score: score };
        let wide = |decimals| {
            let unit = BigInt::from(10).pow(decimals - 2);
            let amounts = Box::new(paise.map(|amount| amount * &unit));
            rows_of_engine(&engine, &user(Spend::Wide { amounts, decimals }))
        };
        let ordinary = rows_of_engine(&engine, &user(Spend::Paise(paise)));
        for decimals in [2, 6, 40] {
            prop_assert_eq!(&ordinary, &wide(decimals), "{:?} with {} decimals", paise.map(rupees), decimals);
        }
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}
