//! The figures of the catalogue that the binary is delivered with, as far as they follow a rule (catalog/README.md).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeSet;

use cardgenius_engine::catalogue::model::{CapScope, Card, Rate};
use cardgenius_engine::catalogue::{Catalogue, DEFAULT_TEXT};
use cardgenius_engine::category::Category;

/// Paise to the rupee, hundredths to the point.
const E2: i64 = 100;

fn catalogue() -> Catalogue {
    Catalogue::parse(DEFAULT_TEXT.as_bytes()).unwrap_or_else(|faults| panic!("{faults}"))
}

fn card(id: &str) -> Card {
    catalogue().cards().iter().find(|card| card.card_id == id).unwrap_or_else(|| panic!("{id} is absent")).clone()
}

fn rate(id: &str, category: Category) -> Rate {
    card(id).rates[category.index()].clone().unwrap()
}

#[test]
fn it_has_ninety_six_active_cards() {
    let catalogue = catalogue();
    assert_eq!(catalogue.cards().len(), 96);
    assert!(catalogue.cards().iter().all(|card| card.active));
    assert_eq!((catalogue.as_of(), catalogue.currency()), (Some("2026-04"), Some("INR")));
}

#[test]
fn cards_that_cannot_be_had_or_are_not_known_well_enough_are_left_out() {
    let catalogue = catalogue();
    for id in ["sc_digismart", "myntra_kotak", "kotak_white", "csb_jupiter_edge_plus"] {
        assert!(catalogue.cards().iter().all(|card| card.card_id != id), "{id}");
    }
    assert!(catalogue.cards().iter().all(|card| card.notes.tags.iter().all(|tag| tag != "discontinued")));
}

#[test]
fn every_card_says_where_its_figures_come_from() {
    for card in catalogue().cards() {
        let notes = &card.notes;
        assert!(notes.source.is_some() && notes.as_of.is_some() && notes.confidence.is_some(), "{}", card.card_id);
        assert!(!notes.tags.is_empty(), "{}", card.card_id);
    }
}

#[test]
fn every_card_earns_in_all_six_categories_or_says_zero() {
    for card in catalogue().cards() {
        assert!(card.rates.iter().all(Option::is_some), "{}", card.card_id);
    }
}

#[test]
fn base_rates_are_points_per_rupee_to_six_decimals() {
    for (id, category, base_rate_e6, multiplier_e2, point_value_e4) in [
        ("amazon_pay_icici", Category::Amazon, 50_000, 100, 10_000),
        ("flipkart_axis", Category::Myntra, 75_000, 100, 10_000),
        ("hdfc_regalia_gold", Category::Myntra, 26_667, 500, 5_000),
        ("hdfc_moneyback_plus", Category::Amazon, 13_333, 1_000, 2_500),
        ("sbi_simplyclick", Category::Myntra, 10_000, 1_000, 2_500),
        ("icici_hpcl_super_saver", Category::Grocery, 20_000, 1_000, 2_500),
    ] {
        let rate = rate(id, category);
        assert_eq!(
            (rate.base_rate_e6, rate.multiplier_e2, rate.point_value_e4),
            (base_rate_e6, multiplier_e2, point_value_e4),
            "{id} on {}",
            category.name()
        );
    }
}

#[test]
fn ten_cards_cap_only_what_their_multipliers_add() {
    let accelerated = |scope: CapScope| scope == CapScope::Accelerated;
    let found: BTreeSet<String> = catalogue()
        .cards()
        .iter()
        .filter(|card| {
            card.rates.iter().flatten().any(|rate| accelerated(rate.cap_scope))
                || card.shared_caps.iter().any(|cap| accelerated(cap.cap_scope))
        })
        .map(|card| card.card_id.clone())
        .collect();
    let expected = [
        "amex_smartearn",
        "axis_rewards",
        "axis_select",
        "bob_eterna",
        "hdfc_moneyback_plus",
        "hdfc_regalia_gold",
        "rbl_shoprite",
        "sbi_elite",
        "sbi_prime",
        "sbi_simplyclick",
    ];
    assert_eq!(found.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn what_caps_only_accelerated_points_has_a_monthly_cap_and_a_multiplier() {
    for card in catalogue().cards() {
        for rate in card.rates.iter().flatten().filter(|rate| rate.cap_scope == CapScope::Accelerated) {
            assert!(rate.multiplier_e2 > 100 && rate.cap_monthly_e2.is_some(), "{}", card.card_id);
        }
        for cap in card.shared_caps.iter().filter(|cap| cap.cap_scope == CapScope::Accelerated) {
            assert!(cap.cap_monthly_e2.is_some(), "{}", card.card_id);
            for category in &cap.categories {
                assert!(card.rates[category.index()].as_ref().unwrap().multiplier_e2 > 100, "{}", card.card_id);
            }
        }
    }
    let grocery = rate("hdfc_moneyback_plus", Category::Grocery);
    assert_eq!((grocery.multiplier_e2, grocery.cap_monthly_e2, grocery.cap_scope), (100, Some(100_000), CapScope::All));
    assert_eq!(rate("hdfc_regalia_gold", Category::Grocery).cap_scope, CapScope::All);
    assert_eq!(rate("hdfc_regalia_gold", Category::Myntra).cap_scope, CapScope::Accelerated);
    assert_eq!(rate("sbi_simplyclick", Category::Myntra).cap_scope, CapScope::Accelerated);
    assert_eq!(card("hdfc_millennia").shared_caps[0].cap_scope, CapScope::All);
}

#[test]
fn cards_for_high_incomes_ask_for_fifteen_percent_of_them_as_spend() {
    let mut with_minimum = 0;
    for card in catalogue().cards() {
        let income = card.eligibility.min_monthly_income_paise.unwrap();
        let expected = (income >= 100_000 * E2).then(|| income * 12 * 15 / 100);
        assert_eq!(card.eligibility.min_annual_spend_paise, expected, "{}", card.card_id);
        with_minimum += usize::from(expected.is_some());
    }
    assert_eq!(with_minimum, 14);
    assert_eq!(card("hdfc_infinia_metal").eligibility.min_annual_spend_paise, Some(540_000 * E2));
}

#[test]
fn redemption_methods_are_published_in_two_words() {
    for card in catalogue().cards() {
        for option in &card.redemption_options {
            let expected = match option.method.as_str() {
                "Cashback" | "Statement credit" => "Cashback",
                "Vouchers" | "Air miles" => "Vouchers",
                other => panic!("{}: {other}", card.card_id),
            };
            assert_eq!(option.opt_type.as_deref(), Some(expected), "{}", card.card_id);
        }
    }
}

#[test]
fn fees_benefits_milestones_and_caps_are_taken_over_as_they_are() {
    let millennia = card("hdfc_millennia");
    assert_eq!((millennia.joining_fees_paise, millennia.notes.annual_fees_paise), (1_000 * E2, 1_000 * E2));
    assert_eq!(millennia.notes.annual_fee_waiver_spend_paise, Some(100_000 * E2));
    assert_eq!((millennia.annual_value_paise, millennia.welcome_value_paise), (500 * E2, 1_000 * E2));
    assert_eq!(millennia.milestones.len(), 1);
    assert_eq!(millennia.milestones[0].annual_spend_paise, 400_000 * E2);
    assert_eq!(millennia.milestones[0].benefit_value_paise, 4_000 * E2);
    assert_eq!(millennia.shared_caps.len(), 2);
    assert_eq!(millennia.shared_caps[0].categories, [Category::Amazon, Category::Flipkart, Category::Myntra]);
    assert_eq!(millennia.shared_caps[0].cap_monthly_e2, Some(1_000 * E2));
    assert_eq!(millennia.redemption_options[0].min_points_e2, 500 * E2);
    assert_eq!(rate("flipkart_axis", Category::Flipkart).cap_yearly_e2, Some(16_000 * E2));
}
