//! What a storm says to a database of either kind: statements in the words of both, with values of the storm's own in them.

use std::fmt::Display;
use std::time::SystemTime;

use chrono::{DateTime, Utc};

/// A statement; `$1` and so on stand for literals.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    pub postgres: &'static str,
    pub mariadb: &'static str,
}

/// What both understand.
pub const fn same(sql: &'static str) -> Words {
    Words { postgres: sql, mariadb: sql }
}

/// A statement with its literals, from the last one to the first: `$1` begins `$10`.
pub fn with(sql: &str, literals: &[&str]) -> String {
    let places = literals.iter().enumerate().rev();
    places.fold(sql.to_owned(), |sql, (place, literal)| sql.replace(&format!("${}", place + 1), literal))
}

/// A key or an id. The storm's have no quotes in them.
pub fn text(text: impl Display) -> String {
    format!("'{text}'")
}

/// Several, as what stands behind IN.
pub fn list<T: Display>(texts: &[T]) -> String {
    let texts: Vec<String> = texts.iter().map(text).collect();
    format!("({})", texts.join(", "))
}

/// A time, in a session whose zone is UTC.
pub fn time(time: SystemTime) -> String {
    text(DateTime::<Utc>::from(time).format("%Y-%m-%d %H:%M:%S%.6f"))
}
