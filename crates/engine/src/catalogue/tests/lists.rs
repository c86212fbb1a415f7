//! Rules within a card's lists: shared caps, redemption options, milestones, promotions and their dates.

use super::{card, faults_of, read};

fn none() -> Vec<String> {
    Vec::new()
}

#[test]
fn a_shared_cap_names_at_least_one_category_and_none_twice() {
    let caps = |categories: &str| card(&[("shared_caps", &format!(r#"[{{"categories": {categories}}}]"#))]);
    assert_eq!(faults_of(&caps(r#"["ajio"]"#)), none());
    assert_eq!(faults_of(&caps(r#"["amazon", "flipkart", "myntra", "ajio", "grocery", "other_online"]"#)), none());
    assert_eq!(faults_of(&caps("[]")), ["card: shared_caps#1.categories: is empty, at least one category is required"]);
    assert_eq!(
        faults_of(&caps(r#"["ajio", "amazon", "ajio", "ajio"]"#)),
        ["card: shared_caps#1.categories: names \"ajio\" more than once"]
    );
    assert_eq!(faults_of(&card(&[("shared_caps", "[]")])), none(), "no shared cap at all is legal");
}

#[test]
fn there_is_a_redemption_option_and_no_method_twice() {
    let options = |text: &str| card(&[("redemption_options", text)]);
    assert_eq!(faults_of(&options("[]")), ["card: redemption_options: is empty, at least one option is required"]);
    assert_eq!(
        faults_of(&options(
            r#"[{"method": "A", "conversion_rate": 1}, {"method": "a", "opt_type": "A", "conversion_rate": 1},
                {"method": "A ", "opt_type": "A", "conversion_rate": 1}]"#
        )),
        none(),
        "methods are compared exactly, and opt_types may be repeated"
    );
    assert_eq!(
        faults_of(&options(
            r#"[{"method": "A", "conversion_rate": 1}, {"method": "B", "conversion_rate": 1},
                {"method": "\u0041", "conversion_rate": 1}]"#
        )),
        ["card: redemption_options#3.method: \"A\" is repeated, option #1 of the card has it already"]
    );
}

#[test]
fn a_card_has_no_more_redemption_options_than_a_recommendation_can_number() {
    let options = |count: usize| {
        let option = |number| format!(r#"{{"method": "{number}", "conversion_rate": 1, "min_points": {number}}}"#);
        let list: Vec<String> = (0..count).map(option).collect();
        card(&[("redemption_options", &format!("[{}]", list.join(", ")))])
    };
    assert_eq!(read(&options(65_536)).redemption_options.len(), 65_536);
    assert_eq!(faults_of(&options(65_537)), ["card: redemption_options: has 65537 items, at most 65536 are allowed"]);
}

#[test]
fn a_card_has_at_most_a_hundred_milestones() {
    let milestones = |count: usize| {
        let list = vec![r#"{"annual_spend": 1, "benefit_value": 1}"#; count].join(", ");
        card(&[("milestones", &format!("[{list}]"))])
    };
    assert_eq!(read(&milestones(100)).milestones.len(), 100, "equal thresholds are legal");
    assert_eq!(faults_of(&milestones(101)), ["card: milestones: has 101 items, at most 100 are allowed"]);
}

fn promotions(spans: &[(&str, &str, &str)]) -> String {
    let list: Vec<String> = spans
        .iter()
        .map(|(category, from, to)| {
            format!(r#"{{"category": "{category}", "multiplier": 2, "valid_from": "{from}", "valid_to": "{to}"}}"#)
        })
        .collect();
    card(&[("promotions", &format!("[{}]", list.join(", ")))])
}

#[test]
fn dates_are_real_and_written_in_full() {
    for date in ["2024-02-29", "0001-01-01", "9999-12-31", "2000-02-29"] {
        assert_eq!(faults_of(&promotions(&[("ajio", date, date)])), none(), "{date}");
    }
    for date in [
        "2026-02-29",
        "1900-02-29",
        "2026-13-01",
        "2026-00-01",
        "2026-01-00",
        "2026-04-31",
        "0000-01-01",
        "2026-1-01",
        "26-01-01",
        "2026/01/01",
        "2026-01-01T00:00",
        " 2026-01-01",
        "+026-01-01",
        "20260101",
        "",
        "12026-01-01",
        "२०२६-०१-०१",
    ] {
        let rule = format!("\"{date}\" is not a real date written YYYY-MM-DD");
        assert_eq!(
            faults_of(&promotions(&[("ajio", date, date)])),
            [format!("card: promotions#1.valid_from: {rule}"), format!("card: promotions#1.valid_to: {rule}")]
        );
    }
}

#[test]
fn a_promotion_does_not_end_before_it_starts() {
    assert_eq!(faults_of(&promotions(&[("ajio", "2026-03-01", "2026-03-01")])), none());
    assert_eq!(
        faults_of(&promotions(&[("ajio", "2026-03-01", "2026-02-28")])),
        ["card: promotions#1.valid_to: 2026-02-28 is before valid_from 2026-03-01"]
    );
}

#[test]
fn promotions_of_one_category_share_no_day() {
    let next_day = [("ajio", "2026-03-02", "2026-03-31"), ("ajio", "2026-03-01", "2026-03-01")];
    assert_eq!(faults_of(&promotions(&next_day)), none());
    let other_category = [("ajio", "2026-03-01", "2026-03-31"), ("amazon", "2026-03-01", "2026-03-31")];
    assert_eq!(faults_of(&promotions(&other_category)), none());
    assert_eq!(
        faults_of(&promotions(&[("ajio", "2026-03-01", "2026-03-31"), ("ajio", "2026-03-31", "2026-04-01")])),
        ["card: promotions#2: begins 2026-03-31, but promotion #1 on \"ajio\" holds until 2026-03-31: they overlap"]
    );
    assert_eq!(
        faults_of(&promotions(&[
            ("ajio", "2026-06-01", "2026-06-30"),
            ("ajio", "2026-01-01", "2026-12-31"),
            ("ajio", "2026-03-01", "2026-03-31"),
            ("ajio", "2027-01-01", "2027-01-01"),
        ])),
        [
            "card: promotions#1: begins 2026-06-01, but promotion #2 on \"ajio\" holds until 2026-12-31: they overlap",
            "card: promotions#3: begins 2026-03-01, but promotion #2 on \"ajio\" holds until 2026-12-31: they overlap",
        ],
        "a long one overlaps all that begin within it"
    );
}

#[test]
fn a_faulty_promotion_still_counts_as_overlapping() {
    let overlapping = promotions(&[("ajio", "2026-03-01", "2026-03-31"), ("ajio", "2026-03-31", "2026-04-01")]);
    let faults = faults_of(&overlapping.replacen("\"multiplier\": 2", "\"multiplier\": -2", 1));
    assert_eq!(faults.len(), 2, "{faults:?}");
}

#[test]
fn what_is_no_list_or_no_object_is_refused_where_one_belongs() {
    for key in ["shared_caps", "redemption_options", "milestones", "promotions", "tags"] {
        assert_eq!(faults_of(&card(&[(key, "{}")])), [format!("card: {key}: is an object, expected a list")]);
    }
    for key in ["shared_caps", "redemption_options", "milestones", "promotions"] {
        assert_eq!(faults_of(&card(&[(key, "[7]")])), [format!("card: {key}#1: is the number 7, expected an object")]);
        assert_eq!(faults_of(&card(&[(key, "[null]")])), [format!("card: {key}#1: is null, expected an object")]);
    }
    for key in ["reward_rates", "extra_benefits", "eligibility"] {
        assert_eq!(faults_of(&card(&[(key, "[]")])), [format!("card: {key}: is a list, expected an object")]);
    }
}
