//! `cardgenius catalog` as the product team meets it: faults, refusals, and which catalogue is listed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod program;

use std::fs;

use program::{Answer, holds_all, start};
use serde_json::Value as Json;

#[test]
fn a_catalogue_without_a_fault_is_counted() {
    let catalogue = concat!(env!("CARGO_MANIFEST_DIR"), "/../../catalog/cards.json");
    let answer = start(&["catalog", "check", catalogue]).run();
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    let cards = serde_json::from_str::<Json>(&fs::read_to_string(catalogue).unwrap()).unwrap();
    let count = cards["cards"].as_array().unwrap().len();
    assert!(answer.stdout.starts_with(&format!("{count} cards, ")), "{}", answer.stdout);
    assert!(answer.stdout.ends_with(" active: no fault\n"), "{}", answer.stdout);
}

#[test]
fn every_fault_of_a_catalogue_is_named_with_card_and_field() {
    let start = start(&["catalog", "check"]);
    let path =
        start.write("faulty.json", r#"{"cards": [{"card_id": "gold", "issuer": 7}, {"card_name": "\u001b[31m"}]}"#);
    let answer = start.flags(&[path.to_str().unwrap()]).run();
    assert_eq!(answer.code, 64);
    let faults: Vec<_> = answer.stdout.lines().skip(1).collect();
    for (card, field) in
        [("gold", "issuer"), ("gold", "joining_fees"), ("card #2", "card_id"), ("card #2", "card_name")]
    {
        let named = |line: &&&str| line.starts_with(card) && line.contains(&format!(" {field} "));
        assert_eq!(faults.iter().filter(named).count(), 1, "{card} {field}: {}", answer.stdout);
    }
    assert!(!answer.stdout.contains('\u{1b}'));
    holds_all(&answer.stderr, &["faulty.json: ", &format!("{} faults", faults.len())]);
}

#[test]
fn a_catalogue_that_cannot_be_read_is_said_plainly() {
    for (file, reason) in [("absent.json", "No such file"), (".", "directory")] {
        for command in ["check", "list"] {
            holds_all(&start(&["catalog", command, file]).refused(), &["cannot read the catalogue", file, reason]);
        }
    }
    let start = start(&["catalog", "check"]);
    let path = start.write("text.json", "no json");
    let answer = start.flags(&[path.to_str().unwrap()]).run();
    assert_eq!(answer.code, 64);
    holds_all(&answer.stderr, &["1 fault"]);
}

#[test]
fn the_catalogue_that_is_listed_is_the_named_one_else_the_configured_else_the_built_in() {
    let names = |answer: Answer| -> Vec<String> {
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        let cards: Vec<Json> = serde_json::from_str(&answer.stdout).unwrap();
        cards.iter().map(|card| card["card_name"].as_str().unwrap().to_owned()).collect()
    };
    let catalogue = |prefix: &str| -> String {
        let card = |number| {
            serde_json::json!({
                "card_id": format!("card_{number}"), "card_name": format!("{prefix} {number}"), "issuer": "Bank",
                "joining_fees": 0, "annual_fees": 0, "redemption_options": [{"method": "Cash", "conversion_rate": 1}],
            })
        };
        serde_json::json!({"cards": (0..10).map(card).collect::<Vec<_>>()}).to_string()
    };
    let list = || {
        let start = start(&["catalog", "list", "--json"]);
        let (named, configured) =
            (start.write("named.json", &catalogue("Named")), start.write("configured.json", &catalogue("Configured")));
        (start.variable("CARDGENIUS_CATALOG__PATH", configured.to_str().unwrap()), named)
    };
    let (start_named, named) = list();
    assert_eq!(names(start_named.flags(&[named.to_str().unwrap()]).run())[0], "Named 0");
    assert_eq!(names(list().0.run())[9], "Configured 9");
    let built_in = names(start(&["catalog", "list", "--json"]).run());
    assert!(built_in.len() >= 10);

    let table = start(&["catalog", "list"]).run();
    assert_eq!(table.code, 0, "{}", table.stderr);
    for name in &built_in {
        assert!(table.stdout.lines().any(|line| line.contains(name.as_str())), "{name}");
    }
}
