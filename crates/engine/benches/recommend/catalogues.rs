//! The catalogues of the benchmark.

use cardgenius_engine::catalogue::Catalogue;
use serde_json::{Value, json};

const DEFAULT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../catalog/cards.json");

/// The catalogue that is delivered.
pub(crate) fn default() -> Catalogue {
    Catalogue::parse(&std::fs::read(DEFAULT).unwrap()).unwrap()
}

/// The default catalogue, repeated to this many cards; each repetition earns a little differently and costs a little
/// more, so that it is no copy that could be calculated once.
pub(crate) fn multiplied(cards: usize) -> Catalogue {
    let original: Value = serde_json::from_slice(&std::fs::read(DEFAULT).unwrap()).unwrap();
    let active = |card: &&Value| card.get("status").is_none_or(|status| status != "discontinued");
    let original: Vec<&Value> = original["cards"].as_array().unwrap().iter().filter(active).collect();
    let repeated = (0..cards).map(|index| variant(original[index % original.len()], index / original.len()));
    let catalogue = json!({ "cards": repeated.collect::<Vec<Value>>() });
    Catalogue::parse(&serde_json::to_vec(&catalogue).unwrap()).unwrap()
}

fn variant(card: &Value, repetition: usize) -> Value {
    let mut card = card.clone();
    for key in ["card_id", "card_name"] {
        card[key] = json!(format!("{} {repetition}", card[key].as_str().unwrap()));
    }
    card["joining_fees"] = json!(card["joining_fees"].as_f64().unwrap() + repetition as f64);
    for rate in card["reward_rates"].as_object_mut().unwrap().values_mut().filter(|rate| !rate.is_null()) {
        let base_rate_e6 = (rate["base_rate"].as_f64().unwrap() * 1e6).round();
        rate["base_rate"] =
            json!((base_rate_e6 - (base_rate_e6 / 50.0 * repetition as f64).floor().min(base_rate_e6)) / 1e6);
    }
    card
}
