//! The keys that are known, and the one that a misspelt key looks like most.

use std::collections::BTreeMap;

use figment::value::Value;
use serde_json::Value as Json;
use strsim::damerau_levenshtein;

use super::{Config, ConfigError};

/// What the names of our environment variables begin with.
pub(super) const PREFIX: &str = "CARDGENIUS_";

/// The environment variable that names the configuration file. It is no key: a file cannot name itself.
pub(super) const FILE_VARIABLE: &str = "CARDGENIUS_CONFIG";

/// The environment variable of a field: `CARDGENIUS_SOURCE__URL` for `source.url`.
#[must_use]
pub fn variable_name(field: &str) -> String {
    format!("{PREFIX}{}", field.replace('.', "__").to_uppercase())
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text, or a path, or one of several words; a field without a default is of this kind.
    Text,
    /// An integer of zero or more.
    Whole,
    /// A number with decimals.
    Decimal,
    /// True or false.
    Bool,
    /// A list.
    List,
}

impl Kind {
    fn of(default: &Json) -> Self {
        match default {
            Json::Bool(_) => Self::Bool,
            Json::Number(number) if number.is_f64() => Self::Decimal,
            Json::Number(_) => Self::Whole,
            Json::Array(_) => Self::List,
            Json::Null | Json::String(_) | Json::Object(_) => Self::Text,
        }
    }

    /// The rule of this kind, as a sentence that goes on from the field's name.
    pub(super) fn rule(self) -> &'static str {
        match self {
            Self::Text => "must be text (in quotes, in a file)",
            Self::Whole => "must be a whole number, 0 or more",
            Self::Decimal => "must be a number",
            Self::Bool => "must be true or false",
            Self::List => "must be a list",
        }
    }

    /// The value that a variable or a flag means: for text exactly the text, else what TOML reads in it.
    pub(super) fn read(self, text: &str) -> Option<Value> {
        if self == Self::Text {
            return Some(Value::from(text));
        }
        let value: toml::Value = text.trim().parse().ok()?;
        let fits = match self {
            Self::Text => false,
            Self::Whole => value.as_integer().is_some_and(|number| number >= 0),
            Self::Decimal => value.is_integer() || value.is_float(),
            Self::Bool => value.is_bool(),
            Self::List => value.is_array(),
        };
        if fits { Value::serialize(value).ok() } else { None }
    }
}

/// The known fields, with what they hold.
#[derive(Clone, Debug)]
pub struct Keys(BTreeMap<String, Kind>);

impl Keys {
    /// All fields of [`Config`]: read off its defaults, so that no list can lag behind.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Defaults`], which would be a bug.
    pub fn known() -> Result<Self, ConfigError> {
        let mut keys = BTreeMap::new();
        for (field, value) in leaves(&serde_json::to_value(Config::default())?) {
            keys.insert(field, Kind::of(value));
        }
        Ok(Self(keys))
    }

    /// The fields with their sections, in alphabetical order.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// What a field holds, if it is known.
    #[must_use]
    pub fn kind(&self, field: &str) -> Option<Kind> {
        self.0.get(field).copied()
    }

    /// Whether there is a section of that name.
    pub(super) fn is_section(&self, path: &str) -> bool {
        self.fields().any(|field| field.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
    }

    /// The field whose environment variable has exactly this name.
    pub(super) fn field_of_variable(&self, name: &str) -> Option<&str> {
        self.fields().find(|field| variable_name(field) == name)
    }

    /// The known field that looks most like an unknown one.
    pub(super) fn nearest(&self, unknown: &str) -> String {
        let nearest = self.fields().min_by_key(|known| distance(unknown, known));
        nearest.unwrap_or_default().to_owned()
    }

    /// The known environment variable that looks most like an unknown one.
    pub(super) fn nearest_variable(&self, unknown: &str) -> String {
        let path = unknown.strip_prefix(PREFIX).unwrap_or(unknown).to_lowercase().replace("__", ".");
        // Somebody who nests with one underscore means the same words.
        let flat = path.replace('.', "_");
        let (nearest, score) = self
            .fields()
            .map(|known| (known, distance(&path, known).min(damerau_levenshtein(&flat, &known.replace('.', "_")))))
            .min_by_key(|(_, score)| *score)
            .unwrap_or_default();
        if damerau_levenshtein(unknown, FILE_VARIABLE) < score {
            FILE_VARIABLE.to_owned()
        } else {
            variable_name(nearest)
        }
    }
}

/// How little two fields look alike. A right name in a wrong section is nearer than a wrong name in the right one.
fn distance(unknown: &str, known: &str) -> usize {
    let split = |path: &str| -> (String, String) {
        let (section, name) = path.rsplit_once('.').unwrap_or(("", path));
        (section.to_lowercase(), name.to_lowercase())
    };
    let ((section, name), (known_section, known_name)) = (split(unknown), split(known));
    2 * damerau_levenshtein(&name, &known_name) + damerau_levenshtein(&section, &known_section).min(3)
}

/// The leaves of a tree of objects, each with its path: `{"a": {"b": 1}}` has the leaf `a.b`.
pub fn leaves(tree: &Json) -> Vec<(String, &Json)> {
    let Json::Object(entries) = tree else { return vec![(String::new(), tree)] };
    let mut found = Vec::new();
    for (key, value) in entries {
        for (rest, leaf) in leaves(value) {
            found.push((if rest.is_empty() { key.clone() } else { format!("{key}.{rest}") }, leaf));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_answered_with_the_one_that_was_meant() {
        let keys = Keys::known().unwrap();
        for (unknown, meant) in [
            ("pipeline.worker", "pipeline.workers"),
            ("pipline.workers", "pipeline.workers"),
            ("workers", "pipeline.workers"),
            ("source.collumns.credit_score", "source.columns.credit_score"),
            ("target.tabel", "target.table"),
            ("Source.URL", "source.url"),
            ("limits.lease_ms", "lease.lease_ms"),
        ] {
            assert_eq!(keys.nearest(unknown), meant, "{unknown}");
        }
        for (unknown, meant) in [
            ("CARDGENIUS_SOURCE_URL", "CARDGENIUS_SOURCE__URL"),
            ("CARDGENIUS_PIPELINE_CHUNK_ROWS", "CARDGENIUS_PIPELINE__CHUNK_ROWS"),
            ("CARDGENIUS_PIPELINE__CHUNKROWS", "CARDGENIUS_PIPELINE__CHUNK_ROWS"),
            ("CARDGENIUS_WORKERS", "CARDGENIUS_PIPELINE__WORKERS"),
            ("CARDGENIUS_source__url", "CARDGENIUS_SOURCE__URL"),
            ("CARDGENIUS_CONFIGS", "CARDGENIUS_CONFIG"),
        ] {
            assert_eq!(keys.nearest_variable(unknown), meant, "{unknown}");
        }
    }

    #[test]
    fn text_is_taken_exactly_and_the_rest_as_toml_reads_it() {
        for text in ["12345", "true", "0x10", "\"quoted\"", "[1]", " spaced ", ""] {
            assert_eq!(Kind::Text.read(text), Some(Value::from(text)));
        }
        for (kind, text, value) in [
            (Kind::Whole, "10_000", Some(Value::from(10_000_i64))),
            (Kind::Whole, " 7 ", Some(Value::from(7_i64))),
            (Kind::Whole, "-1", None),
            (Kind::Whole, "1.5", None),
            (Kind::Whole, "", None),
            (Kind::Whole, "1\nx = 2", None),
            (Kind::Decimal, "0.5", Some(Value::from(0.5))),
            (Kind::Decimal, "1", Some(Value::from(1_i64))),
            (Kind::Bool, "true", Some(Value::from(true))),
            (Kind::Bool, "1", None),
            (Kind::List, "[1, 2]", Some(Value::from(vec![1_i64, 2]))),
            (Kind::List, "1, 2", None),
        ] {
            assert_eq!(kind.read(text), value, "{kind:?} {text:?}");
        }
    }
}
