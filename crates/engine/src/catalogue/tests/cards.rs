//! Rules between cards, how cards are called in faults, and many faults at once.

use super::super::{MAX_CARDS, MAX_FAULTS_LISTED};
use super::{Catalogue, card, catalogue_of, fault_lines, named_card};

#[test]
fn ids_and_names_are_unique_discontinued_cards_included() {
    let gone =
        |name: &str, changes: &[(&str, &str)]| named_card(name, &[&[("status", "\"discontinued\"")], changes].concat());
    let differing = [named_card("a", &[]), gone("A", &[]), gone("a ", &[])];
    assert_eq!(fault_lines(&catalogue_of(&differing)), Vec::<String>::new(), "compared exactly");
    assert_eq!(
        fault_lines(&catalogue_of(&[named_card("a", &[]), gone("a", &[("card_name", "\"Other\"")])])),
        ["a: card_id: of card #2 is repeated, card #1 has it already"]
    );
    assert_eq!(
        fault_lines(&catalogue_of(&[named_card("a", &[]), gone("b", &[("card_name", "\"Card \\u0061\"")])])),
        ["b: card_name: of card #2 is repeated, card #1 has it already"]
    );
    assert_eq!(
        fault_lines(&catalogue_of(&[
            named_card("a", &[("card_name", "\"❤ Card\"")]),
            gone("b", &[("card_name", "\"❤\u{fe0f} Card\"")])
        ])),
        ["b: card_name: of card #2 looks like that of card #1: they differ only by characters that are not seen"]
    );
    let faulty_twin = gone("a", &[("card_name", "\"Other\""), ("issuer", "1")]);
    assert_eq!(fault_lines(&catalogue_of(&[named_card("a", &[]), faulty_twin])).len(), 2);
}

#[test]
fn at_least_ten_cards_are_active() {
    let ten = catalogue_of(&[]).replacen("[, ", "[", 1);
    assert_eq!(Catalogue::parse(ten.as_bytes()).unwrap().cards().len(), 10);
    let nine = ten.replacen("\"issuer\"", "\"status\": \"discontinued\", \"issuer\"", 1);
    assert_eq!(fault_lines(&nine), ["catalogue: cards: has 9 active cards, at least 10 are required"]);
    let faulty = ten.replacen("\"Bank\"", "\"\"", 1);
    assert_eq!(fault_lines(&faulty), ["plain_1: issuer: is empty"], "a faulty card is not a missing one");
    assert_eq!(fault_lines(r#"{"cards": []}"#), ["catalogue: cards: has 0 active cards, at least 10 are required"]);
}

#[test]
fn a_card_without_a_usable_id_is_called_by_its_position() {
    for id in ["", "null", "7", "\"\"", "\" \"", "\"a\\u0000\"", "\"\\ud800\""] {
        let faults = fault_lines(&catalogue_of(&[named_card("first", &[]), card(&[("card_id", id), ("issuer", "1")])]));
        assert_eq!(faults.len(), 2, "{id}: {faults:?}");
        assert!(faults.iter().all(|fault| fault.starts_with("card #2: ")), "{faults:?}");
    }
    assert_eq!(fault_lines(&catalogue_of(&["5".to_owned()])), ["card #1: card: is the number 5, expected an object"]);
}

#[test]
fn all_faults_of_all_cards_are_listed() {
    let first = named_card("first", &[("joining_fees", "-1"), ("status", "\"gone\""), ("isuer", "1")]);
    let second = named_card(
        "second",
        &[
            ("reward_rates", r#"{"amazon": {"base_rate": 1.0000001, "cap_monthly": "9"}, "zomato": {}}"#),
            ("milestones", r#"[{"annual_spend": 1}, {"annual_spend": 1e400, "benefit_value": 1}]"#),
        ],
    );
    let faults = fault_lines(&catalogue_of(&[first, second]));
    let fields: Vec<String> =
        faults.iter().map(|line| line.split(": ").take(2).collect::<Vec<_>>().join(": ")).collect();
    assert_eq!(
        fields,
        [
            "first: isuer",
            "first: status",
            "first: joining_fees",
            "second: reward_rates.zomato",
            "second: reward_rates.amazon.base_rate",
            "second: reward_rates.amazon.base_rate",
            "second: reward_rates.amazon.cap_monthly",
            "second: milestones#1.benefit_value",
            "second: milestones#2.annual_spend",
        ]
    );
}

#[test]
fn a_catalogue_has_a_bounded_number_of_cards_and_of_listed_faults() {
    let text = format!(r#"{{"cards": [{}0]}}"#, "0, ".repeat(MAX_CARDS));
    let faults = Catalogue::parse(text.as_bytes()).unwrap_err();
    assert_eq!(faults.faults().len(), MAX_FAULTS_LISTED);
    assert_eq!(faults.faults()[0].to_string(), "catalogue: cards: has 100001 items, at most 100000 are allowed");
    assert_eq!(faults.total(), 1 + MAX_CARDS + 1, "each card is none, and there are too many");
    let last = faults.to_string();
    assert_eq!(last.lines().last(), Some("catalogue: file: 90002 more faults are not listed"));
}
