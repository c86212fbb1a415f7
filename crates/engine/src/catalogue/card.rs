//! One card: which function reads which of its keys.

use super::decimal::MONEY;
use super::earning::{read_promotions, read_rates, read_shared_caps};
use super::model::{Card, CardNotes};
use super::object::Object;
use super::offering::{Benefits, read_benefits, read_eligibility, read_milestones, read_redemption_options};
use super::value::{ANY_LENGTH, ANY_NUMBER, Value};

/// Longest `card_id`, in characters.
pub const MAX_CARD_ID_CHARS: usize = 100;
/// Longest `card_name`, in characters.
pub const MAX_CARD_NAME_CHARS: usize = 200;
/// Longest `issuer`, in characters.
pub const MAX_ISSUER_CHARS: usize = 100;

const CARD_KEYS: [&str; 19] = [
    "card_id",
    "card_name",
    "issuer",
    "network",
    "status",
    "joining_fees",
    "annual_fees",
    "annual_fee_waiver_spend",
    "reward_rates",
    "shared_caps",
    "redemption_options",
    "extra_benefits",
    "milestones",
    "promotions",
    "eligibility",
    "tags",
    "source",
    "as_of",
    "confidence",
];

/// Whether a card of that status takes part.
pub(super) const STATUSES: [(&str, bool); 2] = [("active", true), ("discontinued", false)];
const CONFIDENCES: [(&str, &str); 3] = [("high", "high"), ("medium", "medium"), ("low", "low")];

/// The card, if what it must have could be read; its faults are noted either way.
pub(super) fn read_card(value: Value<'_, '_>) -> Option<Card> {
    let mut object = value.object(&CARD_KEYS)?;
    let card_id = object.required("card_id", |value| value.text(MAX_CARD_ID_CHARS));
    let card_name = object.required("card_name", |value| value.text(MAX_CARD_NAME_CHARS));
    let issuer = object.required("issuer", |value| value.text(MAX_ISSUER_CHARS));
    let active = object.optional("status", |value| value.choice(&STATUSES)).unwrap_or(true);
    let joining_fees_paise = object.required("joining_fees", |value| value.number(MONEY));
    let annual_fees_paise = object.required("annual_fees", |value| value.number(MONEY));
    let rates = object.optional("reward_rates", read_rates).unwrap_or_default();
    let shared_caps = object.optional("shared_caps", read_shared_caps).unwrap_or_default();
    let redemption_options = object.required("redemption_options", read_redemption_options);
    let benefits = object.optional("extra_benefits", read_benefits).unwrap_or_default();
    let milestones = object.optional("milestones", read_milestones).unwrap_or_default();
    let promotions = object.optional("promotions", read_promotions).unwrap_or_default();
    let eligibility = object.optional("eligibility", read_eligibility).unwrap_or_default();
    let (annual_value_paise, welcome_value_paise) = (benefits.annual_value_paise, benefits.welcome_value_paise);
    let notes = CardNotes { annual_fees_paise: annual_fees_paise.unwrap_or(0), ..read_notes(&mut object, benefits) };
    annual_fees_paise?;
    Some(Card {
        card_id: card_id?,
        card_name: card_name?,
        issuer: issuer?,
        active,
        joining_fees_paise: joining_fees_paise?,
        rates,
        shared_caps,
        redemption_options: redemption_options?,
        annual_value_paise,
        welcome_value_paise,
        milestones,
        promotions,
        eligibility,
        notes,
    })
}

/// What is not used in the calculation, but for the annual fees.
fn read_notes(object: &mut Object<'_, '_>, benefits: Benefits) -> CardNotes {
    CardNotes {
        network: object.optional("network", |value| value.text(ANY_LENGTH)),
        tags: object
            .optional("tags", |value| value.items(ANY_NUMBER, |_, tag| tag.text(ANY_LENGTH)))
            .unwrap_or_default(),
        source: object.optional("source", |value| value.text(ANY_LENGTH)),
        as_of: object.optional("as_of", |value| value.text(ANY_LENGTH)),
        confidence: object.optional("confidence", |value| value.choice(&CONFIDENCES)).map(str::to_owned),
        benefits_description: benefits.description,
        annual_fees_paise: 0,
        annual_fee_waiver_spend_paise: object.optional("annual_fee_waiver_spend", |value| value.number(MONEY)),
    }
}
