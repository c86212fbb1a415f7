//! A statement of ours, the values that it is bound to, and the rows that it answers with; whatever the database.

use cardgenius_failure::error::{DatabaseError, ErrorKind};
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

/// A statement: its text, and what to say of it when it fails.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Its text, with the customer's names filled in.
    pub(crate) sql: String,
    /// What it does, as a message begins: `claiming users`.
    pub(crate) doing: &'static str,
    /// For a driver whose parameters have no numbers, or that learns a key's name late: what is filled in where.
    pub(crate) marks: Vec<Mark>,
}

/// What is filled into a statement's text when it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// What.
    pub(crate) filled: Filled,
    /// The byte at which it belongs; behind its `?`, where it has one.
    pub(crate) end: usize,
}

/// See [`Mark`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filled {
    /// The value at this place, from 0: it has a `?`, and more of them if it is a list.
    Value(usize),
    /// The name of the key of the table of users.
    InputKey,
    /// The name of the key of the table of recommendations.
    OutputKey,
}

/// What a parameter is bound to. A driver sends a whole number in the width that the server expects.
#[derive(Clone, Debug)]
pub enum Value<'a> {
    /// NULL.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Whole(i64),
    /// A number with a fraction.
    Float(f64),
    /// Text.
    Text(&'a str),
    /// An id.
    Id(Uuid),
    /// A point in time.
    Time(DateTime<Utc>),
    /// A date.
    Date(NaiveDate),
    /// A list of texts.
    Texts(Vec<&'a str>),
}

/// The values of a statement's parameters: `&bind![claim_id, "text", 3]`.
macro_rules! bind {
    ($($value:expr),* $(,)?) => { [$($crate::statement::Value::from($value)),*] };
}
pub(crate) use bind;

macro_rules! value_from {
    ($($type:ty => |$value:ident| $made:expr;)*) => {
        $(impl<'a> From<$type> for Value<'a> {
            fn from($value: $type) -> Self { $made }
        })*
    };
}

value_from! {
    bool => |value| Self::Bool(value);
    i16 => |value| Self::Whole(value.into());
    i32 => |value| Self::Whole(value.into());
    i64 => |value| Self::Whole(value);
    f64 => |value| Self::Float(value);
    &'a str => |value| Self::Text(value);
    &'a String => |value| Self::Text(value);
    Uuid => |value| Self::Id(value);
    DateTime<Utc> => |value| Self::Time(value);
    NaiveDate => |value| Self::Date(value);
    &'a [&'a str] => |value| Self::Texts(value.to_vec());
    &'a Vec<&'a str> => |value| Self::Texts(value.clone());
    &'a [String] => |value| Self::Texts(value.iter().map(String::as_str).collect());
    &'a Vec<String> => |value| Self::Texts(value.iter().map(String::as_str).collect());
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// One field of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// NULL.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Whole(i64),
    /// A number with a fraction.
    Float(f64),
    /// Text.
    Text(String),
    /// An id.
    Id(Uuid),
    /// A point in time.
    Time(DateTime<Utc>),
    /// A date.
    Date(NaiveDate),
    /// A list of texts.
    Texts(Vec<String>),
}

impl Cell {
    const fn name(&self) -> &'static str {
        match self {
            Self::Null => "NULL",
            Self::Bool(_) => "a boolean",
            Self::Whole(_) => "a whole number",
            Self::Float(_) => "a number",
            Self::Text(_) => "a text",
            Self::Id(_) => "an id",
            Self::Time(_) => "a time",
            Self::Date(_) => "a date",
            Self::Texts(_) => "a list",
        }
    }
}

/// A row of an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row(pub(crate) Vec<Cell>);

impl Row {
    /// The field at `column`, from 0.
    ///
    /// # Errors
    /// It is of another type: one of our own tables is not as the migration made it.
    pub fn get<T: FromCell>(&self, column: usize) -> Result<T, DatabaseError> {
        let cell = self.0.get(column).unwrap_or(&Cell::Null);
        T::from_cell(cell).ok_or_else(|| {
            DatabaseError::new(
                ErrorKind::SchemaMismatch,
                format!(
                    "column {} of the database's answer is {} where {} is expected; was one of our tables changed by hand?",
                    column + 1,
                    cell.name(),
                    T::EXPECTED
                ),
            )
        })
    }

    /// A count, which the server has as a signed number.
    ///
    /// # Errors
    /// As [`Row::get`].
    pub fn count(&self, column: usize) -> Result<u64, DatabaseError> {
        Ok(u64::try_from(self.get::<i64>(column)?).unwrap_or(0))
    }
}

/// What a field can be read as.
pub trait FromCell: Sized {
    /// For the message when it cannot.
    const EXPECTED: &'static str;

    /// The value; none if the field is of another type.
    fn from_cell(cell: &Cell) -> Option<Self>;
}

macro_rules! from_cell {
    ($($type:ty, $expected:literal: { $($pattern:pat => $made:expr),+ $(,)? })*) => {
        $(impl FromCell for $type {
            const EXPECTED: &'static str = $expected;

            fn from_cell(cell: &Cell) -> Option<Self> {
                match cell {
                    $($pattern => $made,)+
                    _ => None,
                }
            }
        })*
    };
}

// A server without a type of its own for ids, truth or lists has them as text or as a number.
from_cell! {
    bool, "a boolean": { Cell::Bool(value) => Some(*value), Cell::Whole(value @ (0 | 1)) => Some(*value == 1) }
    i64, "a whole number": { Cell::Whole(value) => Some(*value) }
    i32, "a whole number": { Cell::Whole(value) => i32::try_from(*value).ok() }
    f64, "a number": { Cell::Float(value) => Some(*value), Cell::Whole(value) => Some(*value as f64) }
    String, "a text": { Cell::Text(value) => Some(value.clone()) }
    Uuid, "an id": { Cell::Id(value) => Some(*value), Cell::Text(value) => Uuid::try_parse(value).ok() }
    DateTime<Utc>, "a time": { Cell::Time(value) => Some(*value) }
    NaiveDate, "a date": { Cell::Date(value) => Some(*value) }
    Vec<String>, "a list of texts": {
        Cell::Texts(values) => Some(values.clone()),
        Cell::Text(json) => serde_json::from_str(json).ok(),
    }
}

impl<T: FromCell> FromCell for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    fn from_cell(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Null => Some(None),
            cell => T::from_cell(cell).map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_read_as_what_it_is_and_refused_as_something_else() {
        let id = Uuid::from_u128(7);
        let row = Row(vec![Cell::Whole(-3), Cell::Text(id.to_string()), Cell::Null, Cell::Text("[\"a\"]".into())]);
        assert_eq!((row.get::<i64>(0).unwrap(), row.count(0).unwrap()), (-3, 0));
        assert_eq!(row.get::<Uuid>(1).unwrap(), id);
        assert_eq!(row.get::<Option<i64>>(2).unwrap(), None);
        assert_eq!(row.get::<Vec<String>>(3).unwrap(), ["a"]);
        for error in [row.get::<bool>(0).unwrap_err(), row.get::<i64>(2).unwrap_err(), row.get::<i64>(9).unwrap_err()] {
            assert_eq!(error.kind(), ErrorKind::SchemaMismatch);
        }
    }
}
