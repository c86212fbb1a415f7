//! Recommendations in the form in which a database takes them.

use cardgenius_engine::{Engine, TopTen};
use cardgenius_pipeline::ports::{Encode, RowForm};

use crate::postgres::binary_rows::{BinaryRows, RankType};
use crate::text_rows::TextRows;

/// Encodes rows in the form that the target takes best.
#[derive(Clone, Debug)]
pub enum Rows {
    /// Text, which every database takes, and which fits whatever type a column has.
    Text(TextRows),
    /// PostgreSQL's binary form, which it reads sooner.
    Binary(BinaryRows),
}

impl Encode for Rows {
    fn encode(&self, user_id: &str, ten: &TopTen, out: &mut Vec<u8>) {
        match self {
            Self::Text(rows) => rows.encode(user_id, ten, out),
            Self::Binary(rows) => rows.encode(user_id, ten, out),
        }
    }

    fn form(&self) -> RowForm {
        match self {
            Self::Text(rows) => rows.form(),
            Self::Binary(rows) => rows.form(),
        }
    }

    fn user_bytes(&self) -> usize {
        match self {
            Self::Text(rows) => rows.user_bytes(),
            Self::Binary(rows) => rows.user_bytes(),
        }
    }
}

impl Rows {
    /// The binary form for a table of just our types, `rank` SMALLINT: for measurements without a store.
    #[must_use]
    pub fn binary(engine: &Engine) -> Self {
        Self::Binary(BinaryRows::new(engine, RankType::Int2))
    }
}
