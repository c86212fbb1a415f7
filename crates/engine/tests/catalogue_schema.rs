//! The JSON Schema beside the default catalogue says the same as the parser, as far as a schema can.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use cardgenius_engine::catalogue::{
    Catalogue, DEFAULT_TEXT, MAX_CARD_ID_CHARS, MAX_CARD_NAME_CHARS, MAX_CARDS, MAX_ISSUER_CHARS, MAX_METHOD_CHARS,
    MAX_MILESTONES, MIN_ACTIVE_CARDS,
};
use jsonschema::Validator;
use serde_json::{Value, json};

const SCHEMA: &str = include_str!("../../../catalog/cards.schema.json");

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

fn validator() -> Validator {
    jsonschema::draft202012::options().should_validate_formats(true).build(&schema()).unwrap()
}

fn default_catalogue() -> Value {
    serde_json::from_str(DEFAULT_TEXT).unwrap()
}

/// The default catalogue with what stands at `pointer` replaced, or added to its parent.
fn changed(pointer: &str, value: &Value) -> Value {
    let mut catalogue = default_catalogue();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match catalogue.pointer_mut(parent).unwrap() {
        Value::Object(entries) => drop(entries.insert(key.to_owned(), value.clone())),
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = value.clone(),
        other => panic!("{parent} is {other}"),
    }
    catalogue
}

fn is_parsed(catalogue: &Value) -> bool {
    Catalogue::parse(catalogue.to_string().as_bytes()).is_ok()
}

#[test]
fn the_default_catalogue_is_valid() {
    let faults: Vec<String> = validator()
        .iter_errors(&default_catalogue())
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn the_schema_is_itself_a_valid_schema() {
    assert!(jsonschema::draft202012::meta::is_valid(&schema()));
}

#[test]
fn what_the_schema_refuses_the_parser_refuses_too() {
    let validator = validator();
    for (pointer, value) in [
        ("/cards/0/joining_fees", json!(-1)),
        ("/cards/0/joining_fees", json!("500")),
        ("/cards/0/joining_fees", json!(null)),
        ("/cards/0/annual_fees", json!(10_000_000_000_u64)),
        ("/cards/0/card_id", json!("")),
        ("/cards/0/card_id", json!("x".repeat(101))),
        ("/cards/0/card_name", json!("é".repeat(201))),
        ("/cards/0/issuer", json!(" \u{a0} ")),
        ("/cards/0/issuer", json!("Bank\u{0}")),
        ("/cards/0/issuer", json!("Bank\nof")),
        ("/cards/0/status", json!("gone")),
        ("/cards/0/confidence", json!("certain")),
        ("/cards/0/isuer", json!("unknown key")),
        ("/cards/0/tags", json!([""])),
        ("/cards/0/reward_rates/zomato", json!({"base_rate": 0})),
        ("/cards/0/reward_rates/amazon/base_rate", json!(1.000001)),
        ("/cards/0/reward_rates/amazon/multiplier", json!(100.01)),
        ("/cards/0/reward_rates/amazon/point_value", json!(101)),
        ("/cards/0/reward_rates/amazon/cap_scope", json!("some")),
        ("/cards/0/reward_rates/amazon", json!({})),
        ("/cards/0/redemption_options", json!([])),
        ("/cards/0/redemption_options/0/method", json!("x".repeat(51))),
        ("/cards/0/redemption_options/0/conversion_rate", json!(1.0001)),
        ("/cards/0/shared_caps", json!([{"categories": []}])),
        ("/cards/0/shared_caps", json!([{"categories": ["ajio", "ajio"]}])),
        ("/cards/0/milestones", json!(vec![json!({"annual_spend": 1, "benefit_value": 1}); 101])),
        ("/cards/0/promotions", json!([promotion("2026-02-29")])),
        ("/cards/0/promotions", json!([promotion("2026-2-09")])),
        ("/cards/0/eligibility/min_credit_score", json!(1000)),
        ("/cards/0/eligibility/min_credit_score", json!(750.5)),
        ("/cards", json!({})),
        ("/cards", json!([])),
        ("/currencies", json!("INR")),
    ] {
        let catalogue = changed(pointer, &value);
        assert!(!validator.is_valid(&catalogue), "the schema accepts {value} at {pointer}");
        assert!(!is_parsed(&catalogue), "the parser accepts {value} at {pointer}");
    }
}

#[test]
fn what_is_just_legal_is_accepted_by_both() {
    let validator = validator();
    for (pointer, value) in [
        ("/cards/0/joining_fees", json!(9_999_999_999.99_f64)),
        ("/cards/0/card_id", json!("é".repeat(100))),
        ("/cards/0/card_name", json!("x".repeat(200))),
        ("/cards/0/issuer", json!(" Bank ")),
        ("/cards/0/status", json!("discontinued")),
        ("/cards/0/network", json!("Visa")),
        ("/cards/0/reward_rates/amazon/base_rate", json!(1)),
        ("/cards/0/reward_rates/amazon", json!({"base_rate": 0.000001, "cap_monthly": 0, "cap_scope": "accelerated"})),
        ("/cards/0/reward_rates/amazon", json!(null)),
        ("/cards/0/reward_rates", json!({})),
        ("/cards/0/shared_caps", json!([{"categories": ["ajio"], "cap_monthly": null, "cap_scope": null}])),
        ("/cards/0/milestones", json!(vec![json!({"annual_spend": 1, "benefit_value": 1}); 100])),
        ("/cards/0/promotions", json!([promotion("2024-02-29")])),
        ("/cards/0/promotions", json!([])),
        ("/cards/0/eligibility", json!({"min_credit_score": 750.0})),
        ("/cards/0/extra_benefits", json!({"annual_value": null, "welcome_value": 0.5, "description": null})),
        ("/as_of", json!(null)),
    ] {
        let catalogue = changed(pointer, &value);
        assert!(validator.is_valid(&catalogue), "the schema refuses {value} at {pointer}");
        assert!(is_parsed(&catalogue), "the parser refuses {value} at {pointer}");
    }
    for key in ["status", "reward_rates", "shared_caps", "extra_benefits", "milestones", "promotions", "eligibility"] {
        let catalogue = changed(&format!("/cards/0/{key}"), &Value::Null);
        assert!(validator.is_valid(&catalogue) && is_parsed(&catalogue), "{key}: null is the same as absent");
    }
}

fn promotion(day: &str) -> Value {
    json!({"category": "ajio", "multiplier": 2, "valid_from": day, "valid_to": day})
}

#[test]
fn fewer_than_ten_active_cards_are_refused_by_both() {
    let ten = changed("/cards", &json!(default_catalogue()["cards"].as_array().unwrap()[..MIN_ACTIVE_CARDS]));
    assert!(validator().is_valid(&ten) && is_parsed(&ten));
    let mut nine = ten;
    nine["cards"][0]["status"] = json!("discontinued");
    assert!(!validator().is_valid(&nine) && !is_parsed(&nine));
}

#[test]
fn every_key_that_the_schema_knows_is_known_to_the_parser_with_the_same_need() {
    let definitions = schema()["$defs"].clone();
    for (definition, parent) in [
        ("card", "/cards/0"),
        ("rate", "/cards/0/reward_rates/ajio"),
        ("shared_cap", "/cards/0/shared_caps/0"),
        ("redemption_option", "/cards/0/redemption_options/0"),
        ("extra_benefits", "/cards/0/extra_benefits"),
        ("milestone", "/cards/0/milestones/0"),
        ("promotion", "/cards/0/promotions/0"),
        ("eligibility", "/cards/0/eligibility"),
    ] {
        let required = definitions[definition]["required"].as_array().cloned().unwrap_or_default();
        for key in definitions[definition]["properties"].as_object().unwrap().keys() {
            let mut catalogue = complete();
            catalogue.pointer_mut(parent).unwrap()[key] = Value::Null;
            assert_eq!(is_parsed(&catalogue), !required.contains(&json!(key)), "{definition}: {key}");
        }
    }
}

/// A catalogue whose first card has one of everything.
fn complete() -> Value {
    let mut catalogue = default_catalogue();
    catalogue["cards"][0]["shared_caps"] = json!([{"categories": ["ajio"], "cap_monthly": 1}]);
    catalogue["cards"][0]["milestones"] = json!([{"annual_spend": 1, "benefit_value": 1}]);
    catalogue["cards"][0]["promotions"] = json!([promotion("2026-04-01")]);
    assert!(is_parsed(&catalogue));
    catalogue
}

#[test]
fn the_schema_has_the_parsers_bounds() {
    let schema = schema();
    for (pointer, bound) in [
        ("/properties/cards/maxItems", MAX_CARDS),
        ("/properties/cards/minContains", MIN_ACTIVE_CARDS),
        ("/$defs/card/properties/card_id/maxLength", MAX_CARD_ID_CHARS),
        ("/$defs/card/properties/card_name/maxLength", MAX_CARD_NAME_CHARS),
        ("/$defs/card/properties/issuer/maxLength", MAX_ISSUER_CHARS),
        ("/$defs/card/properties/milestones/maxItems", MAX_MILESTONES),
        ("/$defs/redemption_option/properties/method/maxLength", MAX_METHOD_CHARS),
        ("/$defs/redemption_option/properties/opt_type/maxLength", MAX_METHOD_CHARS),
    ] {
        assert_eq!(schema.pointer(pointer), Some(&json!(bound)), "{pointer}");
    }
}
