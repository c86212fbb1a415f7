//! Every rule of calculation.md, section 2, refused and its just-legal neighbour accepted.

mod cards;
mod keys;
mod lists;
mod never_panics;
mod numbers;
mod source;
mod texts;

use std::fmt::Write as _;

use serde_json::Value;

use super::Catalogue;
use super::model::Card;

/// The worked examples; their cards are legal.
const EXAMPLES: &str = include_str!("../../../tests/data/examples.json");

/// A card called `card` with what it must have, its keys replaced or joined by those of `changes` (JSON texts; an
/// empty one leaves the key out).
fn card(changes: &[(&str, &str)]) -> String {
    named_card("card", changes)
}

fn named_card(name: &str, changes: &[(&str, &str)]) -> String {
    let (id, label) = (format!("\"{name}\""), format!("\"Card {name}\""));
    let mut fields = vec![
        ("card_id", id.as_str()),
        ("card_name", label.as_str()),
        ("issuer", "\"Bank\""),
        ("joining_fees", "500"),
        ("annual_fees", "500"),
        ("redemption_options", r#"[{"method": "Vouchers", "conversion_rate": 1}]"#),
    ];
    for (key, text) in changes {
        match fields.iter_mut().find(|(name, _)| name == key) {
            Some((_, old)) => *old = text,
            None => fields.push((key, text)),
        }
    }
    let fields: Vec<String> = fields
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(key, text)| format!("\"{key}\": {text}"))
        .collect();
    format!("{{{}}}", fields.join(", "))
}

/// A catalogue of these cards, and of as many plain active ones as it takes to be ten without them.
fn catalogue_of(cards: &[String]) -> String {
    let mut text = format!("{{\"cards\": [{}", cards.join(", "));
    for number in 1..=10 {
        write!(text, ", {}", named_card(&format!("plain_{number}"), &[])).unwrap();
    }
    text.push_str("]}");
    text
}

/// The faults of a text, each as its line.
fn fault_lines(text: &str) -> Vec<String> {
    match Catalogue::parse(text.as_bytes()) {
        Ok(_) => Vec::new(),
        Err(faults) => {
            let lines: Vec<String> = faults.faults().iter().map(ToString::to_string).collect();
            assert_eq!(faults.to_string(), lines.join("\n"), "as text, a fault is a line");
            assert_eq!(faults.total(), lines.len());
            assert!(!lines.is_empty(), "a refusal has a reason");
            lines
        }
    }
}

/// The faults of `card` among plain ones.
fn faults_of(card: &str) -> Vec<String> {
    fault_lines(&catalogue_of(&[card.to_owned()]))
}

/// `card` as it is read among plain ones.
fn read(card: &str) -> Card {
    Catalogue::parse(catalogue_of(&[card.to_owned()]).as_bytes()).unwrap().cards()[0].clone()
}

#[test]
fn the_cards_of_the_worked_examples_are_read() {
    let examples: Value = serde_json::from_str(EXAMPLES).unwrap();
    for set in examples["sets"].as_array().unwrap() {
        let text = serde_json::json!({ "cards": set["cards"] }).to_string();
        let catalogue = Catalogue::parse(text.as_bytes()).unwrap();
        assert_eq!(catalogue.cards().len(), set["cards"].as_array().unwrap().len());
    }
}
