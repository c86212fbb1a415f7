//! The catalogue of cards: its model, and how its text is read and checked (calculation.md, section 2).
//!
//! A catalogue is refused as a whole, with every fault listed; only one without any comes to exist.

mod card;
mod decimal;
mod earning;
mod faults;
pub mod model;
mod object;
mod offering;
mod source;
#[cfg(test)]
mod tests;
mod value;
mod whole;
mod wording;

pub use card::{MAX_CARD_ID_CHARS, MAX_CARD_NAME_CHARS, MAX_ISSUER_CHARS};
pub use faults::{CatalogueFault, CatalogueFaults, MAX_FAULTS_LISTED, WHOLE};
pub use offering::{MAX_METHOD_CHARS, MAX_MILESTONES};
pub use source::{MAX_BYTES, MAX_DEPTH};
pub use whole::{MAX_CARDS, MIN_ACTIVE_CARDS};

use faults::{FaultList, Path};
use model::Card;

/// The text of the catalogue that the binary is delivered with.
pub const DEFAULT_TEXT: &str = include_str!("../../../../catalog/cards.json");

/// A catalogue without a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalogue {
    as_of: Option<String>,
    currency: Option<String>,
    cards: Vec<Card>,
}

impl Catalogue {
    /// Reads and checks the text of a catalogue (JSON).
    ///
    /// # Errors
    /// Every rule of calculation.md, section 2, that it breaks; a text that is not JSON, too large or too deeply
    /// nested is one fault.
    pub fn parse(text: &[u8]) -> Result<Self, CatalogueFaults> {
        let mut faults = FaultList::default();
        let catalogue = match source::json_value(text) {
            Ok(value) => whole::read_catalogue(value, &mut faults),
            Err(rule) => {
                faults.add(&Path::Card(WHOLE), rule);
                None
            }
        };
        faults.unless_any(catalogue)
    }

    /// All cards, discontinued ones included, in the catalogue's order; ids and names are unique, and at least
    /// [`MIN_ACTIVE_CARDS`] are active.
    #[must_use]
    pub fn cards(&self) -> &[Card] {
        &self.cards
    }

    /// As of when, as the catalogue says it.
    #[must_use]
    pub fn as_of(&self) -> Option<&str> {
        self.as_of.as_deref()
    }

    /// Of all its amounts.
    #[must_use]
    pub fn currency(&self) -> Option<&str> {
        self.currency.as_deref()
    }
}
