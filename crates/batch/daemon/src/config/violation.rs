//! What is wrong with a value: the field and the rule that it breaks.

use std::fmt;

/// A field that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// With its section, as `pipeline.workers`.
    pub field: String,
    /// As a sentence that goes on from the field's name: `must be 1 to 200, is 0`.
    pub rule: String,
}

impl Violation {
    pub(super) fn new(field: impl Into<String>, rule: impl Into<String>) -> Self {
        Self { field: field.into(), rule: rule.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.field, self.rule)
    }
}

/// A number, and the bounds that it must keep, both included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// With its section.
    pub field: &'static str,
    /// As it is.
    pub value: u64,
    /// At least.
    pub min: u64,
    /// At most.
    pub max: u64,
}

impl Bound {
    pub(super) const fn new(field: &'static str, value: u64, min: u64, max: u64) -> Self {
        Self { field, value, min, max }
    }

    pub(super) fn violation(&self) -> Option<Violation> {
        let Self { field, value, min, max } = *self;
        (value < min || value > max).then(|| Violation::new(field, format!("must be {min} to {max}, is {value}")))
    }
}

/// The most that PostgreSQL keeps of a name: a longer one would be cut silently, and could mean another table.
const IDENTIFIER_BYTES: usize = 63;

/// The rule that a name of a schema, table or column breaks, if any. Quoting is the store's.
pub(super) fn identifier_violation(field: &str, name: &str) -> Option<Violation> {
    let rule = if name.is_empty() {
        "must not be empty".to_owned()
    } else if name.len() > IDENTIFIER_BYTES {
        format!("must be at most {IDENTIFIER_BYTES} bytes, is {}", name.len())
    } else if name.contains('\0') {
        "must not hold a NUL character".to_owned()
    } else {
        return None;
    };
    Some(Violation::new(field, rule))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_of_a_bound_are_allowed_and_their_neighbours_are_not() {
        let bound = |value| Bound::new("x.y", value, 1, 200).violation().map(|violation| violation.to_string());
        assert_eq!(bound(0).as_deref(), Some("`x.y` must be 1 to 200, is 0"));
        assert_eq!((bound(1), bound(200)), (None, None));
        assert_eq!(bound(201).as_deref(), Some("`x.y` must be 1 to 200, is 201"));
    }

    #[test]
    fn an_identifier_is_measured_in_bytes() {
        assert!(identifier_violation("f", &"x".repeat(63)).is_none());
        assert!(identifier_violation("f", &"x".repeat(64)).is_some());
        assert!(identifier_violation("f", &"ä".repeat(32)).is_some());
        assert!(identifier_violation("f", "").is_some());
        assert!(identifier_violation("f", "a\0b").is_some());
        assert!(identifier_violation("f", "Odd \"name\"; --").is_none());
    }
}
