//! The catalogue as a whole: its own keys, and what holds between cards.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::value::RawValue;

use super::Catalogue;
use super::card::{MAX_CARD_ID_CHARS, STATUSES, read_card};
use super::faults::{FaultList, Path, WHOLE};
use super::model::Card;
use super::object::Object;
use super::value::{ANY_LENGTH, Value, decoded, text_rules_broken};
use cardgenius_text::is_unseen;

/// Most cards of one catalogue.
pub const MAX_CARDS: usize = 100_000;
/// As many active cards as ranks are published (calculation.md, section 5).
pub const MIN_ACTIVE_CARDS: usize = 10;

const CATALOGUE_KEYS: [&str; 3] = ["as_of", "currency", "cards"];

/// The catalogue, if what it must have could be read; its faults are noted either way.
pub(super) fn read_catalogue(raw: &RawValue, faults: &mut FaultList) -> Option<Catalogue> {
    let mut object = Value { raw, at: Path::Card(WHOLE), faults }.object(&CATALOGUE_KEYS)?;
    let as_of = object.optional("as_of", |value| value.text(ANY_LENGTH));
    let currency = object.optional("currency", |value| value.text(ANY_LENGTH));
    let cards = object.required("cards", read_cards);
    Some(Catalogue { as_of, currency, cards: cards? })
}

fn read_cards(mut value: Value<'_, '_>) -> Option<Vec<Card>> {
    let mut identities = Vec::new();
    let cards = value.again().items(MAX_CARDS, |position, Value { raw, faults, .. }| {
        let identity = Identity::of(raw, position);
        let card = read_card(Value { raw, at: Path::Card(&identity.label), faults });
        identities.push(identity);
        card
    })?;
    note_repeated(&identities, "card_id", |identity| identity.card_id.as_deref(), value.faults);
    note_repeated(&identities, "card_name", |identity| identity.card_name.as_deref(), value.faults);
    let active = identities.iter().filter(|identity| identity.is_active).count();
    if active < MIN_ACTIVE_CARDS {
        value.faults.add(&value.at, format!("has {active} active cards, at least {MIN_ACTIVE_CARDS} are required"));
    }
    Some(cards)
}

/// What tells a card from the others, known even if the card is faulty.
struct Identity {
    /// What faults call it.
    label: String,
    card_id: Option<String>,
    card_name: Option<String>,
    /// Not known to be discontinued.
    is_active: bool,
}

impl Identity {
    fn of(raw: &RawValue, position: usize) -> Self {
        let entries = Object::split(raw).unwrap_or_default();
        let text = |key: &str| {
            let (_, raw) = entries.iter().find(|(name, _)| name == key)?;
            decoded(raw).map(|text| text.into_owned())
        };
        let card_id = text("card_id");
        let label = match &card_id {
            Some(id) if text_rules_broken(id, MAX_CARD_ID_CHARS).is_empty() => id.clone(),
            _ => format!("card #{position}"),
        };
        let is_discontinued = STATUSES.iter().any(|(name, active)| !active && text("status").as_deref() == Some(name));
        Self { label, card_id, card_name: text("card_name"), is_active: !is_discontinued }
    }
}

fn note_repeated(
    identities: &[Identity],
    key: &'static str,
    text: impl Fn(&Identity) -> Option<&str>,
    faults: &mut FaultList,
) {
    // Two texts that look the same are one to a reader.
    let mut positions: HashMap<Cow<'_, str>, usize> = HashMap::with_capacity(identities.len());
    for (index, identity) in identities.iter().enumerate() {
        let Some(name) = text(identity) else { continue };
        let position = index + 1;
        let first = *positions.entry(seen(name)).or_insert(position);
        if first != position {
            let is_same = identities.get(first - 1).and_then(&text) == Some(name);
            let rule = if is_same {
                format!("of card #{position} is repeated, card #{first} has it already")
            } else {
                format!(
                    "of card #{position} looks like that of card #{first}: they differ only by characters that are not seen"
                )
            };
            let at = Path::Card(&identity.label);
            faults.add(&Path::Key(&at, key), rule);
        }
    }
}

/// What readers see of a text.
fn seen(text: &str) -> Cow<'_, str> {
    if text.contains(is_unseen) {
        text.chars().filter(|character| !is_unseen(*character)).collect()
    } else {
        text.into()
    }
}
