//! An object of the catalogue: its keys are checked when it is opened, its values when they are asked for.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::faults::{FaultList, Path};
use super::value::Value;
use super::wording::{excerpt, list_of, nearest};

/// The keys of an object and the texts of their values, in their order, repeated ones included.
pub(super) type Entries<'t> = Vec<(Cow<'t, str>, &'t RawValue)>;

/// An object whose keys have been checked.
pub(super) struct Object<'r, 't> {
    entries: Entries<'t>,
    at: Path<'r>,
    faults: &'r mut FaultList,
}

impl<'r, 't> Object<'r, 't> {
    /// The entries of what is an object; `None` when it is none, or a key is not legal text.
    pub(super) fn split(raw: &'t RawValue) -> Option<Entries<'t>> {
        serde_json::Deserializer::from_str(raw.get()).deserialize_map(EntriesVisitor).ok()
    }

    /// Notes unknown and repeated keys.
    pub(super) fn checked(
        entries: Entries<'t>,
        known: &[&'static str],
        at: Path<'r>,
        faults: &'r mut FaultList,
    ) -> Self {
        let mut times: HashMap<&str, usize> = HashMap::with_capacity(entries.len());
        for (key, _) in &entries {
            let seen = times.entry(key).or_insert(0);
            *seen += 1;
            if *seen == 1 && !known.contains(&key.as_ref()) {
                faults.add_with(&Path::Key(&at, &excerpt(key)), || unknown_key(key, known));
            }
            if *seen == 2 {
                faults.add(&Path::Key(&at, &excerpt(key)), "is given more than once");
            }
        }
        Self { entries, at, faults }
    }

    /// What `read` makes of the value of a key that must be there.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(Value<'_, 't>) -> Option<T>,
    ) -> Option<T> {
        let Some(raw) = self.raw(key) else {
            self.faults.add(&Path::Key(&self.at, key), "is missing and is required");
            return None;
        };
        if raw.get() == "null" {
            self.faults.add(&Path::Key(&self.at, key), "is null and is required");
            return None;
        }
        read(Value { raw, at: Path::Key(&self.at, key), faults: &mut *self.faults })
    }

    /// What `read` makes of the value of a key that may be absent, or null, which is the same.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(Value<'_, 't>) -> Option<T>,
    ) -> Option<T> {
        let raw = self.raw(key).filter(|raw| raw.get() != "null")?;
        read(Value { raw, at: Path::Key(&self.at, key), faults: &mut *self.faults })
    }

    /// Notes a fault of a key.
    pub(super) fn fault(&mut self, key: &str, rule: impl Into<String>) {
        self.faults.add(&Path::Key(&self.at, key), rule);
    }

    /// Text of the first value of that key.
    pub(super) fn raw(&self, key: &str) -> Option<&'t RawValue> {
        self.entries.iter().find(|(name, _)| name == key).map(|(_, raw)| *raw)
    }
}

fn unknown_key(key: &str, known: &[&str]) -> String {
    match nearest(key, known) {
        Some(name) => format!("is an unknown key; did you mean \"{name}\"?"),
        None => format!("is an unknown key; known here: {}", list_of(known)),
    }
}

struct EntriesVisitor;

impl<'t> Visitor<'t> for EntriesVisitor {
    type Value = Entries<'t>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        #[derive(Deserialize)]
        #[serde(transparent)]
        struct Key<'k>(#[serde(borrow)] Cow<'k, str>);
        let mut entries = Vec::new();
        while let Some((key, value)) = map.next_entry::<Key<'t>, &'t RawValue>()? {
            entries.push((key.0, value));
        }
        Ok(entries)
    }
}
