//! Keys: missing, unknown, given twice; null.

use super::super::model::CapScope;
use super::{Catalogue, card, catalogue_of, fault_lines, faults_of, read};
use crate::category::Category;

#[test]
fn every_required_key_is_missed() {
    for key in ["card_name", "issuer", "joining_fees", "annual_fees", "redemption_options"] {
        assert_eq!(faults_of(&card(&[(key, "")])), [format!("card: {key}: is missing and is required")]);
        assert_eq!(faults_of(&card(&[(key, "null")])), [format!("card: {key}: is null and is required")]);
    }
    assert_eq!(faults_of(&card(&[("card_id", "")])), ["card #1: card_id: is missing and is required"]);
    for (key, text, faults) in [
        ("reward_rates", r#"{"ajio": {}}"#, vec!["reward_rates.ajio.base_rate"]),
        ("shared_caps", "[{}]", vec!["shared_caps#1.categories"]),
        ("redemption_options", "[{}]", vec!["redemption_options#1.method", "redemption_options#1.conversion_rate"]),
        ("milestones", "[{}]", vec!["milestones#1.annual_spend", "milestones#1.benefit_value"]),
        (
            "promotions",
            "[{}]",
            vec![
                "promotions#1.category",
                "promotions#1.multiplier",
                "promotions#1.valid_from",
                "promotions#1.valid_to",
            ],
        ),
    ] {
        let expected: Vec<String> =
            faults.iter().map(|path| format!("card: {path}: is missing and is required")).collect();
        assert_eq!(faults_of(&card(&[(key, text)])), expected);
    }
    assert_eq!(fault_lines("{}"), ["catalogue: cards: is missing and is required"]);
}

#[test]
fn an_unknown_key_is_refused_wherever_it_stands() {
    for (key, text, path, hint) in [
        ("issuers", "1", "issuers", "did you mean \"issuer\"?"),
        (
            "reward_rates",
            r#"{"ajio": {"base_rate": 0, "cap_montly": 1}}"#,
            "reward_rates.ajio.cap_montly",
            "did you mean \"cap_monthly\"?",
        ),
        ("extra_benefits", r#"{"anual_value": 1}"#, "extra_benefits.anual_value", "did you mean \"annual_value\"?"),
        (
            "milestones",
            r#"[{"annual_spend": 1, "benefit_value": 1, "zz": 1}]"#,
            "milestones#1.zz",
            "known here: \"annual_spend\", \"benefit_value\"",
        ),
        (
            "eligibility",
            r#"{"min_credit_scores": 1}"#,
            "eligibility.min_credit_scores",
            "did you mean \"min_credit_score\"?",
        ),
        (
            "shared_caps",
            r#"[{"categories": ["ajio"], "scope": "all"}]"#,
            "shared_caps#1.scope",
            "known here: \"categories\", \"cap_monthly\", \"cap_yearly\", \"cap_scope\"",
        ),
        (
            "redemption_options",
            r#"[{"method": "A", "conversion_rate": 1, "min_point": 1}]"#,
            "redemption_options#1.min_point",
            "did you mean \"min_points\"?",
        ),
        (
            "promotions",
            r#"[{"category": "ajio", "multiplier": 1, "valid_from": "2026-01-01", "valid_to": "2026-01-01", "valid": 1}]"#,
            "promotions#1.valid",
            "did you mean \"valid_to\"?",
        ),
    ] {
        assert_eq!(faults_of(&card(&[(key, text)])), [format!("card: {path}: is an unknown key; {hint}")]);
    }
    let text = catalogue_of(&[]).replacen('{', "{\"card\": 1, ", 1).replacen("[, ", "[", 1);
    assert_eq!(fault_lines(&text), ["catalogue: card: is an unknown key; did you mean \"cards\"?"]);
}

#[test]
fn a_key_given_twice_is_refused_even_if_both_agree_or_one_is_escaped() {
    for (key, text, path) in [
        ("reward_rates", r#"{"ajio": {"base_rate": 0, "base_rate": 0}}"#, "reward_rates.ajio.base_rate"),
        ("reward_rates", r#"{"ajio": {"base_rate": 0}, "\u0061jio": null}"#, "reward_rates.ajio"),
        (
            "eligibility",
            r#"{"min_annual_spend": 1, "min_annual_spend": null, "min_annual_spend": 2}"#,
            "eligibility.min_annual_spend",
        ),
    ] {
        assert_eq!(faults_of(&card(&[(key, text)])), [format!("card: {path}: is given more than once")]);
    }
    let twice = card(&[]).replacen("\"issuer\"", "\"issuer\": \"Other\", \"issuer\"", 1);
    assert_eq!(faults_of(&twice), ["card: issuer: is given more than once"]);
}

#[test]
fn a_key_with_half_of_a_surrogate_pair_is_one_fault() {
    let faults = faults_of(&card(&[("eligibility", r#"{"\ud800": 1}"#)]));
    assert_eq!(faults, ["card: eligibility: has a key that is not legal text: half of a surrogate pair"]);
}

#[test]
fn null_is_absent_wherever_a_key_is_optional() {
    let optional = [
        "network",
        "status",
        "annual_fee_waiver_spend",
        "reward_rates",
        "shared_caps",
        "extra_benefits",
        "milestones",
        "promotions",
        "eligibility",
        "tags",
        "source",
        "as_of",
        "confidence",
    ];
    let nulls: Vec<(&str, &str)> = optional.iter().map(|key| (*key, "null")).collect();
    assert_eq!(read(&card(&nulls)), read(&card(&[])));
    assert!(read(&card(&nulls)).active);

    let rate = read(&card(&[(
        "reward_rates",
        r#"{"ajio": {"base_rate": 0.5, "multiplier": null, "point_value": null, "cap_monthly": null, "cap_yearly": null,
            "cap_scope": null}, "myntra": null}"#,
    )]));
    let ajio = rate.rates[Category::Ajio.index()].clone().unwrap();
    assert_eq!((ajio.base_rate_e6, ajio.multiplier_e2, ajio.point_value_e4), (500_000, 100, 10_000));
    assert_eq!((ajio.cap_monthly_e2, ajio.cap_yearly_e2, ajio.cap_scope), (None, None, CapScope::All));
    assert!(rate.rates[Category::Myntra.index()].is_none());
}

#[test]
fn the_catalogues_own_notes_are_kept() {
    let text = catalogue_of(&[card(&[])]);
    let plain = Catalogue::parse(text.as_bytes()).unwrap();
    assert_eq!((plain.as_of(), plain.currency()), (None, None));
    let noted = text.replacen('{', "{\"as_of\": \"2026-04\", \"currency\": \"INR\", ", 1);
    let noted = Catalogue::parse(noted.as_bytes()).unwrap();
    assert_eq!((noted.as_of(), noted.currency()), (Some("2026-04"), Some("INR")));
    assert_eq!(noted.cards(), plain.cards());
}
