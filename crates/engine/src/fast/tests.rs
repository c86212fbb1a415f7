//! A program against the exact calculation, at the limit of what it may be asked.

use serde_json::{Value, json};

use super::{Program, Workspace};
use crate::catalogue::Catalogue;
use crate::exact;
use crate::plan::Plan;
use crate::published::{MAX_PUBLISHED, TopTen};
use crate::user::{MAX_PAISE, Spend, User, UserFault};

/// Ten cards of these rates, a card for each in turn.
fn plans(rates: &[Value], conversion_rate: f64) -> Vec<Plan> {
    let card = |index: usize| {
        json!({
            "card_id": format!("card {index}"), "card_name": format!("Card {index}"), "issuer": "A bank",
            "joining_fees": 0, "annual_fees": 0,
            "reward_rates": {"amazon": rates[index % rates.len()], "other_online": rates[(index + 1) % rates.len()]},
            "redemption_options": [{"method": "Vouchers", "conversion_rate": conversion_rate}],
        })
    };
    plans_of(&json!({"cards": (0..10).map(card).collect::<Vec<_>>()}))
}

fn plans_of(catalogue: &Value) -> Vec<Plan> {
    let catalogue = Catalogue::parse(&serde_json::to_vec(catalogue).unwrap()).unwrap();
    let date = "2026-11-20".parse().unwrap();
    let mut cards: Vec<_> = catalogue.cards().iter().filter(|card| card.active).collect();
    cards.sort_by_key(|card| (card.joining_fees_paise, card.card_id.clone()));
    cards.into_iter().map(|card| Plan::of(card, date).0).collect()
}

fn by_program(program: &Program, user: &User, paise: &[i64; 6]) -> Option<Result<TopTen, UserFault>> {
    let mut workspace = Workspace::default();
    let ranked = program.rank(user, paise, &mut workspace)?;
    Some(ranked.map(|ranked| {
        let mut rows = TopTen::default();
        program.publish(&ranked, &workspace, &mut rows);
        rows
    }))
}

/// Compares the two for spends just up to the program's limit, in one category or in several, and says what the limit is.
fn agree_up_to_the_limit(plans: &[Plan]) -> i64 {
    let program = Program::compile(plans).unwrap();
    let limit = program.largest_spend;
    for total in (0..200).flat_map(|less| [limit - less, limit - less * (limit / 1_000), limit / (less + 1)]) {
        let spread = [total / 3, 0, 0, 0, 0, total];
        for paise in [[total, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, total], [0, 0, total, 0, 0, 0], spread] {
            let user = User { spend: Spend::Paise(paise), monthly_income_paise: None, credit_score: None };
            let expected = exact::recommend(plans, &exact::ordinary(&user, &paise));
            assert_eq!(by_program(&program, &user, &paise), Some(expected), "{paise:?}");
        }
    }
    for paise in [[limit + 1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, limit + 1], [limit, 1, 0, 0, 0, 0], [i64::MAX; 6]] {
        let user = User { spend: Spend::Paise(paise), monthly_income_paise: None, credit_score: None };
        assert_eq!(by_program(&program, &user, &paise), None, "{paise:?}");
    }
    limit
}

#[test]
fn usual_rates_agree_up_to_the_limit_which_is_far_beyond_usual_spends() {
    let rates = [json!({"base_rate": 0.026667, "point_value": 0.25}), json!({"base_rate": 0.05})];
    assert!(agree_up_to_the_limit(&plans(&rates, 0.85)) > 10_000_000_000);
}

#[test]
fn awkward_fractions_agree_up_to_the_limit() {
    let rates = [
        json!({"base_rate": 0.012347, "multiplier": 3.33, "point_value": 0.2667}),
        json!({"base_rate": 0.999999, "multiplier": 1.01, "point_value": 0.0001}),
        json!({"base_rate": 0.000001, "multiplier": 99.99, "point_value": 3.3333, "cap_scope": "accelerated"}),
    ];
    agree_up_to_the_limit(&plans(&rates, 0.3333));
}

#[test]
fn the_largest_rates_and_values_agree_up_to_the_limit() {
    let rates = [json!({"base_rate": 1, "multiplier": 100, "point_value": 100}), json!({"base_rate": 0.999999})];
    agree_up_to_the_limit(&plans(&rates, 1.0));
}

#[test]
fn caps_let_the_limit_reach_all_that_decimal_12_2_can_hold() {
    let rates = [json!({"base_rate": 0.05, "cap_monthly": 1000}), json!({"base_rate": 1, "cap_yearly": 500})];
    // Published are monthly points, which the second rate does not cap.
    assert_eq!(agree_up_to_the_limit(&plans(&rates[..1], 1.0)), 5 * MAX_PAISE);
    assert!(agree_up_to_the_limit(&plans(&rates, 1.0)) < 5 * MAX_PAISE);
}

#[test]
fn the_default_catalogue_agrees_up_to_the_limit() {
    let text = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../catalog/cards.json")).unwrap();
    agree_up_to_the_limit(&plans_of(&serde_json::from_slice(&text).unwrap()));
}

#[test]
fn a_catalogue_whose_benefits_alone_cannot_be_published_has_no_program() {
    let mut plans = plans(&[json!({"base_rate": 0.01})], 1.0);
    plans[3].unconditional_benefits_paise = MAX_PUBLISHED;
    assert_eq!(Program::compile(&plans).map(|program| program.largest_spend), None);
    plans[3].unconditional_benefits_paise = i64::MAX / 2;
    assert!(Program::compile(&plans).is_none());
}
