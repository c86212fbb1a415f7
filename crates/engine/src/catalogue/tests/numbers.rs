//! Numbers: range, decimals and type of every field that is one.

use super::{card, faults_of};

/// A numeric field: its key in the card, that key's text with `N` for the number, its path, and what it may be.
struct Field {
    key: &'static str,
    text: &'static str,
    path: &'static str,
    required: bool,
    max: &'static str,
    above: &'static str,
    /// The smallest step.
    step: &'static str,
    /// A tenth of the step.
    too_fine: &'static str,
}

const MONEY: Field = Field {
    key: "",
    text: "N",
    path: "",
    required: false,
    max: "9999999999.99",
    above: "10000000000",
    step: "0.01",
    too_fine: "0.001",
};
const MULTIPLIER: Field = Field { max: "100", above: "100.01", ..MONEY };
const POINT_VALUE: Field = Field { max: "100", above: "100.0001", step: "0.0001", too_fine: "0.00001", ..MONEY };
const CONVERSION_RATE: Field = Field { max: "1", above: "1.0001", required: true, ..POINT_VALUE };
const BASE_RATE: Field =
    Field { max: "1", above: "1.000001", step: "0.000001", too_fine: "1e-7", required: true, ..MONEY };

fn fields() -> Vec<Field> {
    let field = |of: Field, key, text, path| Field { key, text, path, ..of };
    let rates = |of: Field, text, path| field(of, "reward_rates", text, path);
    let caps = |text, path| field(MONEY, "shared_caps", text, path);
    let options = |of: Field, text, path| field(of, "redemption_options", text, path);
    let milestone = |text, path| field(Field { required: true, ..MONEY }, "milestones", text, path);
    let eligibility = |text, path| field(MONEY, "eligibility", text, path);
    vec![
        field(Field { required: true, ..MONEY }, "joining_fees", "N", "joining_fees"),
        field(Field { required: true, ..MONEY }, "annual_fees", "N", "annual_fees"),
        field(MONEY, "annual_fee_waiver_spend", "N", "annual_fee_waiver_spend"),
        rates(BASE_RATE, r#"{"ajio": {"base_rate": N}}"#, "reward_rates.ajio.base_rate"),
        rates(MULTIPLIER, r#"{"ajio": {"base_rate": 0, "multiplier": N}}"#, "reward_rates.ajio.multiplier"),
        rates(POINT_VALUE, r#"{"ajio": {"base_rate": 0, "point_value": N}}"#, "reward_rates.ajio.point_value"),
        rates(MONEY, r#"{"ajio": {"base_rate": 0, "cap_monthly": N}}"#, "reward_rates.ajio.cap_monthly"),
        rates(MONEY, r#"{"ajio": {"base_rate": 0, "cap_yearly": N}}"#, "reward_rates.ajio.cap_yearly"),
        caps(r#"[{"categories": ["ajio"], "cap_monthly": N}]"#, "shared_caps#1.cap_monthly"),
        caps(r#"[{"categories": ["ajio"], "cap_yearly": N}]"#, "shared_caps#1.cap_yearly"),
        options(CONVERSION_RATE, r#"[{"method": "A", "conversion_rate": N}]"#, "redemption_options#1.conversion_rate"),
        options(
            MONEY,
            r#"[{"method": "A", "conversion_rate": 1, "min_points": N}]"#,
            "redemption_options#1.min_points",
        ),
        field(MONEY, "extra_benefits", r#"{"annual_value": N}"#, "extra_benefits.annual_value"),
        field(MONEY, "extra_benefits", r#"{"welcome_value": N}"#, "extra_benefits.welcome_value"),
        milestone(r#"[{"annual_spend": N, "benefit_value": 1}]"#, "milestones#1.annual_spend"),
        milestone(r#"[{"annual_spend": 1, "benefit_value": N}]"#, "milestones#1.benefit_value"),
        field(
            Field { required: true, ..MULTIPLIER },
            "promotions",
            r#"[{"category": "ajio", "multiplier": N, "valid_from": "2026-01-01", "valid_to": "2026-01-01"}]"#,
            "promotions#1.multiplier",
        ),
        eligibility(r#"{"min_monthly_income": N}"#, "eligibility.min_monthly_income"),
        eligibility(r#"{"min_annual_spend": N}"#, "eligibility.min_annual_spend"),
        Field {
            max: "999",
            above: "1000",
            step: "1",
            too_fine: "0.5",
            ..eligibility(r#"{"min_credit_score": N}"#, "eligibility.min_credit_score")
        },
    ]
}

fn faults_with(field: &Field, number: &str) -> Vec<String> {
    faults_of(&card(&[(field.key, &field.text.replace('N', number))]))
}

#[test]
fn every_number_is_accepted_up_to_its_bounds() {
    for field in fields() {
        for number in ["0", "-0", "0e999999999", "1e0", field.max, field.step, &format!("{}e+0", field.max)] {
            assert_eq!(faults_with(&field, number), Vec::<String>::new(), "{}: {number}", field.path);
        }
    }
}

#[test]
fn every_number_is_refused_beyond_its_bounds() {
    for field in fields() {
        let rule = format!("is out of range, 0 to {} is allowed", field.max);
        for number in [field.above, "-1", "1e400", "1E+99999999999999999999"] {
            let expected = format!("card: {}: {number} {rule}", field.path);
            assert_eq!(faults_with(&field, number), [expected], "{number}");
        }
    }
}

#[test]
fn every_number_is_refused_with_too_many_decimals() {
    for field in fields() {
        let faults = faults_with(&field, field.too_fine);
        assert_eq!(faults.len(), 1, "{}: {faults:?}", field.path);
        let start = format!("card: {}: {} ", field.path, field.too_fine);
        assert!(faults[0].starts_with(&start), "{faults:?}");
        assert!(faults[0].contains("decimals, at most") || faults[0].ends_with("is not whole"), "{faults:?}");
        assert_eq!(faults_with(&field, "1e-400").len(), 1, "{}", field.path);
    }
}

#[test]
fn what_is_no_number_is_refused_where_one_belongs() {
    for field in fields() {
        for (text, kind) in [("\"5\"", "the text \"5\""), ("true", "true"), ("[]", "a list"), ("{}", "an object")] {
            let expected = format!("card: {}: is {kind}, expected a number", field.path);
            assert_eq!(faults_with(&field, text), [expected]);
        }
    }
}

#[test]
fn null_is_absent_for_an_optional_number_and_a_fault_for_a_required_one() {
    for field in fields() {
        let faults = faults_with(&field, "null");
        if field.required {
            assert_eq!(faults, [format!("card: {}: is null and is required", field.path)]);
        } else {
            assert_eq!(faults, Vec::<String>::new(), "{}", field.path);
        }
    }
}
