//! Every rule of calculation.md, section 2, refused and its just-legal neighbour accepted.

use serde_json::{Value, json};

use super::Catalogue;

const EXAMPLES: &str = include_str!("../../tests/data/examples.json");

#[test]
fn the_cards_of_the_worked_examples_are_read() {
    let examples: Value = serde_json::from_str(EXAMPLES).unwrap();
    for set in examples["sets"].as_array().unwrap() {
        let text = json!({ "cards": set["cards"] }).to_string();
        let catalogue = Catalogue::parse(text.as_bytes()).unwrap();
        assert_eq!(catalogue.cards().len(), set["cards"].as_array().unwrap().len());
    }
}
