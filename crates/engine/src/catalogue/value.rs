//! A value of the catalogue in its place: what it has to be is asked of it, and what it is not becomes a fault.
//!
//! The text is never turned into a tree of a library's making: that would lose repeated keys and the exact text of
//! numbers. Each object and list is split into the texts of its parts, as far as the catalogue's own shape reaches.

use std::borrow::Cow;

use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::decimal::Range;
use super::faults::{FaultList, Path};
use super::object::Object;
use super::wording::{excerpt, kind_of, list_of, nearest};
use cardgenius_text::{is_in_place, is_unseen};

/// Text that may be as long as the file.
pub(super) const ANY_LENGTH: usize = usize::MAX;
/// Items that may be as many as the file holds.
pub(super) const ANY_NUMBER: usize = usize::MAX;

/// A value, where it stands, and where its faults go.
pub(super) struct Value<'r, 't> {
    pub(super) raw: &'t RawValue,
    pub(super) at: Path<'r>,
    pub(super) faults: &'r mut FaultList,
}

impl<'r, 't> Value<'r, 't> {
    /// The same value, for one who has something to say of it after it was read.
    pub(super) fn again(&mut self) -> Value<'_, 't> {
        Value { raw: self.raw, at: self.at, faults: &mut *self.faults }
    }

    fn refuse<T>(self, rule: impl Into<String>) -> Option<T> {
        self.faults.add(&self.at, rule);
        None
    }

    fn refuse_type<T>(self, expected: &str) -> Option<T> {
        let found = kind_of(self.raw.get());
        self.refuse(format!("is {found}, expected {expected}"))
    }

    /// The decoded text; its content is not judged.
    fn string(self) -> Option<(Cow<'t, str>, Self)> {
        if !self.raw.get().starts_with('"') {
            return self.refuse_type("a text");
        }
        match decoded(self.raw) {
            Some(text) => Some((text, self)),
            None => self.refuse("is not legal text: it has half of a surrogate pair"),
        }
    }

    /// Text of at most `max_chars` characters, not blank, without control characters.
    pub(super) fn text(self, max_chars: usize) -> Option<String> {
        let (text, value) = self.string()?;
        let broken = text_rules_broken(&text, max_chars);
        for rule in &broken {
            value.faults.add(&value.at, rule);
        }
        broken.is_empty().then(|| text.into_owned())
    }

    /// A number within `range`, in its units.
    pub(super) fn number<T: TryFrom<i64>>(self, range: Range) -> Option<T> {
        let text = self.raw.get();
        if !text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            return self.refuse_type("a number");
        }
        match range.read(text) {
            Ok(scaled) => {
                let number = T::try_from(scaled).ok();
                debug_assert!(number.is_some(), "the range fits the field's type");
                number
            }
            Err(broken) => {
                for rule in broken {
                    self.faults.add(&self.at, format!("{} {rule}", excerpt(text)));
                }
                None
            }
        }
    }

    /// One of a few names.
    pub(super) fn choice<T: Copy>(self, choices: &[(&str, T)]) -> Option<T> {
        let (text, value) = self.string()?;
        if let Some((_, chosen)) = choices.iter().find(|(name, _)| *name == text) {
            return Some(*chosen);
        }
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let hint = nearest(&text, &names).map(|name| format!("; did you mean \"{name}\"?")).unwrap_or_default();
        value.refuse(format!("\"{}\" is unknown, one of {} is allowed{hint}", excerpt(&text), list_of(&names)))
    }

    /// A day of the calendar, written YYYY-MM-DD.
    pub(super) fn date(self) -> Option<NaiveDate> {
        let (text, value) = self.string()?;
        match real_date(&text) {
            Some(date) => Some(date),
            None => value.refuse(format!("\"{}\" is not a real date written YYYY-MM-DD", excerpt(&text))),
        }
    }

    /// An object that has no other keys than `known`, and none twice: what else it has are faults.
    pub(super) fn object(self, known: &[&'static str]) -> Option<Object<'r, 't>> {
        if !self.raw.get().starts_with('{') {
            return self.refuse_type("an object");
        }
        match Object::split(self.raw) {
            Some(entries) => Some(Object::checked(entries, known, self.at, self.faults)),
            None => self.refuse("has a key that is not legal text: half of a surrogate pair"),
        }
    }

    /// What `read` makes of each item of a list of at most `max` items; those that it makes nothing of are left out.
    /// Positions are counted from one.
    pub(super) fn items<T>(
        self,
        max: usize,
        mut read: impl FnMut(usize, Value<'_, 't>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Ok(items) = serde_json::from_str::<Vec<&'t RawValue>>(self.raw.get()) else {
            return self.refuse_type("a list");
        };
        if items.len() > max {
            self.faults.add(&self.at, format!("has {} items, at most {max} are allowed", items.len()));
        }
        let mut read_items = Vec::with_capacity(items.len());
        for (index, raw) in items.into_iter().enumerate() {
            let position = index + 1;
            let at = Path::Item(&self.at, position);
            read_items.extend(read(position, Value { raw, at, faults: &mut *self.faults }));
        }
        Some(read_items)
    }
}

/// The text that `raw` stands for, if it is a text and a legal one.
pub(super) fn decoded(raw: &RawValue) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Text<'t>(#[serde(borrow)] Cow<'t, str>);
    serde_json::from_str::<Text<'_>>(raw.get()).ok().map(|text| text.0)
}

/// What is wrong with a text, if anything is.
pub(super) fn text_rules_broken(text: &str, max_chars: usize) -> Vec<String> {
    let mut broken = Vec::new();
    if text.is_empty() {
        broken.push("is empty".to_owned());
    } else if text.chars().all(char::is_whitespace) {
        broken.push("has only white space".to_owned());
    }
    if let Some(control) = text.chars().find(|character| character.is_control()) {
        broken.push(format!("\"{}\" has the control character U+{:04X}", excerpt(text), u32::from(control)));
    }
    if let Some(unseen) = first_unseen(text) {
        broken.push(format!(
            "\"{}\" has U+{:04X}, which is not seen by readers: take it out",
            excerpt(text),
            u32::from(unseen)
        ));
    }
    let chars = text.chars().count();
    if chars > max_chars {
        broken.push(format!("\"{}\" has {chars} characters, at most {max_chars} are allowed", excerpt(text)));
    }
    broken
}

/// The first character that is no control character and is not seen, or changes how others are seen, without need.
fn first_unseen(text: &str) -> Option<char> {
    let mut before = None;
    text.chars().find(|character| {
        let before = before.replace(*character);
        !character.is_control() && is_unseen(*character) && !is_in_place(before, *character)
    })
}

/// Years 0001 to 9999: there was no year 0.
fn real_date(text: &str) -> Option<NaiveDate> {
    let bytes = text.as_bytes();
    let is_written_so = bytes.len() == 10
        && bytes.iter().enumerate().all(|(index, byte)| match index {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !is_written_so {
        return None;
    }
    let part = |from: usize, to: usize| text.get(from..to)?.parse::<u32>().ok();
    let year = i32::try_from(part(0, 4)?).ok().filter(|year| *year > 0)?;
    NaiveDate::from_ymd_opt(year, part(5, 7)?, part(8, 10)?)
}
