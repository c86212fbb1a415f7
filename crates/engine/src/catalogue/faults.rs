//! What is wrong with a catalogue: every fault, with the card, the field and the rule that it breaks.

use std::fmt;

/// How many faults are kept in full; of those beyond only the number is known.
pub const MAX_FAULTS_LISTED: usize = 10_000;

/// Stands for the card where a fault concerns the whole catalogue.
pub const WHOLE: &str = "catalogue";

/// One thing that an editor of the catalogue has to mend.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{card}: {field}: {rule}")]
pub struct CatalogueFault {
    /// The card's id; `card #3` (counted from one) where it has no usable one; [`WHOLE`] for the catalogue itself.
    pub card: String,
    /// Path of the field within the card, such as `reward_rates.amazon.cap_monthly` or `promotions#2.valid_to`
    /// (counted from one); `card` where a card is no object, `file` where the text as such is at fault.
    pub field: String,
    /// What is wrong, with the value and the bound.
    pub rule: String,
}

/// All that is wrong with a catalogue; as text one fault a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueFaults {
    listed: Vec<CatalogueFault>,
    unlisted: usize,
}

impl CatalogueFaults {
    /// The faults in the order in which they were found, at most [`MAX_FAULTS_LISTED`].
    #[must_use]
    pub fn faults(&self) -> &[CatalogueFault] {
        &self.listed
    }

    /// How many there are, those beyond [`MAX_FAULTS_LISTED`] included.
    #[must_use]
    pub fn total(&self) -> usize {
        self.listed.len() + self.unlisted
    }
}

impl fmt::Display for CatalogueFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.listed.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            fault.fmt(f)?;
        }
        if self.unlisted > 0 {
            write!(f, "\n{WHOLE}: file: {} more faults are not listed", self.unlisted)?;
        }
        Ok(())
    }
}

impl std::error::Error for CatalogueFaults {}

/// Where in the catalogue a value stands; written out only when there is a fault to report.
#[derive(Clone, Copy)]
pub(super) enum Path<'p> {
    /// A card, or the catalogue itself ([`WHOLE`]).
    Card(&'p str),
    /// The value of a key.
    Key(&'p Path<'p>, &'p str),
    /// An item of a list, counted from one.
    Item(&'p Path<'p>, usize),
}

impl Path<'_> {
    fn card(&self) -> &str {
        match self {
            Self::Card(card) => card,
            Self::Key(parent, _) | Self::Item(parent, _) => parent.card(),
        }
    }

    fn field(&self) -> String {
        match self {
            Self::Card(_) => String::new(),
            Self::Key(parent, key) => {
                let before = parent.field();
                if before.is_empty() { (*key).to_owned() } else { format!("{before}.{key}") }
            }
            Self::Item(parent, position) => format!("{}#{position}", parent.field()),
        }
    }
}

/// Gathers faults while a catalogue is read.
#[derive(Default)]
pub(super) struct FaultList {
    listed: Vec<CatalogueFault>,
    unlisted: usize,
}

impl FaultList {
    /// Notes that what stands at `at` breaks `rule`.
    pub(super) fn add(&mut self, at: &Path<'_>, rule: impl Into<String>) {
        self.add_with(at, || rule.into());
    }

    /// The same for a rule that takes some work to word: it is worded only if it will be listed.
    pub(super) fn add_with(&mut self, at: &Path<'_>, rule: impl FnOnce() -> String) {
        if self.listed.len() == MAX_FAULTS_LISTED {
            self.unlisted += 1;
            return;
        }
        let field = match at {
            Path::Card(WHOLE) => "file".to_owned(),
            Path::Card(_) => "card".to_owned(),
            _ => at.field(),
        };
        self.listed.push(CatalogueFault { card: at.card().to_owned(), field, rule: rule() });
    }

    /// `value` if nothing was noted.
    pub(super) fn unless_any<T>(self, value: Option<T>) -> Result<T, CatalogueFaults> {
        debug_assert!(value.is_some() || !self.listed.is_empty(), "what could not be read is a fault");
        match value {
            Some(value) if self.listed.is_empty() => Ok(value),
            _ => Err(CatalogueFaults { listed: self.listed, unlisted: self.unlisted }),
        }
    }
}
