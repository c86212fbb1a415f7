//! No text makes the parser panic, and what it accepts keeps its promises.

use std::collections::HashSet;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::super::{Catalogue, DEFAULT_TEXT, MIN_ACTIVE_CARDS};
use super::EXAMPLES;

/// Parses; a refusal has a reason, and a catalogue that is accepted has ten active cards and no id twice.
fn parse_and_judge(text: &[u8]) -> bool {
    match Catalogue::parse(text) {
        Ok(catalogue) => {
            let ids: HashSet<&str> = catalogue.cards().iter().map(|card| card.card_id.as_str()).collect();
            assert_eq!(ids.len(), catalogue.cards().len());
            assert!(catalogue.cards().iter().filter(|card| card.active).count() >= MIN_ACTIVE_CARDS);
            true
        }
        Err(faults) => {
            assert!(!faults.faults().is_empty());
            assert!(faults.to_string().lines().count() == faults.faults().len(), "a fault is a line");
            false
        }
    }
}

/// Words of the catalogue's own vocabulary, so that random objects get past the first check.
fn key() -> impl Strategy<Value = String> {
    let known = [
        "cards",
        "card_id",
        "card_name",
        "issuer",
        "status",
        "joining_fees",
        "annual_fees",
        "reward_rates",
        "amazon",
        "ajio",
        "base_rate",
        "multiplier",
        "cap_monthly",
        "cap_scope",
        "shared_caps",
        "categories",
        "redemption_options",
        "method",
        "conversion_rate",
        "extra_benefits",
        "milestones",
        "annual_spend",
        "promotions",
        "category",
        "valid_from",
        "valid_to",
        "eligibility",
        "tags",
        "",
    ];
    prop_oneof![9 => prop::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => any::<String>()]
}

fn json_tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        key().prop_map(Value::from),
        Just(json!("2026-02-29")),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((key(), inner), 0..8).prop_map(|entries| Value::from(entries.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Replaces the `at`-th scalar or empty container of a tree (the example has a few more than 280).
fn replace_leaf(tree: &mut Value, at: &mut usize, new: &Value) {
    match tree {
        Value::Array(items) if !items.is_empty() => items.iter_mut().for_each(|item| replace_leaf(item, at, new)),
        Value::Object(entries) if !entries.is_empty() => {
            entries.values_mut().for_each(|value| replace_leaf(value, at, new));
        }
        leaf => {
            if *at == 0 {
                leaf.clone_from(new);
            }
            *at = at.wrapping_sub(1);
        }
    }
}

fn example_catalogue() -> Value {
    let examples: Value = serde_json::from_str(EXAMPLES).unwrap();
    json!({ "cards": examples["sets"][0]["cards"] })
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_refused_without_a_panic(bytes in vec(any::<u8>(), 0..400)) {
        prop_assert!(!parse_and_judge(&bytes));
    }

    #[test]
    fn arbitrary_json_is_refused_without_a_panic(tree in json_tree()) {
        let accepted_alone = parse_and_judge(tree.to_string().as_bytes());
        let accepted_as_card = parse_and_judge(json!({ "cards": [tree] }).to_string().as_bytes());
        prop_assert!(!accepted_alone && !accepted_as_card);
    }

    #[test]
    fn a_catalogue_with_a_few_bytes_changed_is_judged_without_a_panic(
        changes in vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..8),
    ) {
        let mut bytes = DEFAULT_TEXT.as_bytes()[..20_000].to_vec();
        bytes.extend_from_slice(b"\"card_id\": \"cut\"}]}");
        for (index, byte, kind) in changes {
            let at = index.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => drop(bytes.remove(at)),
            }
        }
        parse_and_judge(&bytes);
    }

    #[test]
    fn a_catalogue_with_a_value_replaced_is_judged_without_a_panic(at in 0..280_usize, new in json_tree()) {
        let mut tree = example_catalogue();
        replace_leaf(&mut tree, &mut { at }, &new);
        parse_and_judge(tree.to_string().as_bytes());
    }

    #[test]
    fn a_number_of_any_form_is_judged_without_a_panic(
        number in "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,25})?",
    ) {
        let text = super::catalogue_of(&[super::card(&[("joining_fees", &number)])]);
        parse_and_judge(text.as_bytes());
    }
}
