//! The form in which rows are loaded: binary where the target's columns are of just the types that it demands, text
//! otherwise (docs/adr/0015-binary-copy.md).

use cardgenius_engine::{Engine, TopTen};
use cardgenius_pipeline::error::StoreError;
use cardgenius_pipeline::ports::{Encode, RowForm};
use tokio_postgres::types::{Oid, Type};

use super::PostgresStore;
use super::binary_rows::{BinaryRows, RankType};
use super::inspect::needs::{OUTPUT, Role};
use super::target::PostgresTarget;
use crate::text_rows::TextRows;

/// Encodes rows in the form that the target takes best.
#[derive(Clone, Debug)]
pub enum Rows {
    /// Text, which fits whatever type a column has.
    Text(TextRows),
    /// Binary, which the server reads sooner.
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

impl PostgresStore {
    /// An encoder of the form that the table of recommendations takes, as its columns are now.
    pub(super) async fn rows_for(&self, engine: &Engine) -> Result<Rows, StoreError> {
        let sessions = self.target.as_ref().map_or(&self.source, PostgresTarget::sessions);
        let columns = sessions.read(&self.statements.output_types, &[]).await?;
        let columns: Vec<(String, Oid)> = columns.iter().map(|column| (column.get(0), column.get(1))).collect();
        Ok(match rank_type(&columns) {
            Some(rank_type) => Rows::Binary(BinaryRows::new(engine, rank_type)),
            None => Rows::Text(TextRows::new(engine)),
        })
    }
}

/// The type of `rank`, if all columns are of just the types whose binary form is ours. One of a type made from these, a
/// domain say, or of a wider one, takes text.
fn rank_type(columns: &[(String, Oid)]) -> Option<RankType> {
    let mut rank_type = None;
    for need in &OUTPUT {
        let (_, oid) = columns.iter().find(|(column, _)| column == need.name)?;
        match (need.role, Type::from_oid(*oid)?) {
            (Role::Text, Type::TEXT | Type::VARCHAR) | (Role::Money | Role::Rate, Type::NUMERIC) => {}
            (Role::Whole, Type::INT2) => rank_type = Some(RankType::Int2),
            (Role::Whole, Type::INT4) => rank_type = Some(RankType::Int4),
            (Role::Whole, Type::INT8) => rank_type = Some(RankType::Int8),
            _ => return None,
        }
    }
    rank_type
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usual() -> Vec<(String, Oid)> {
        let of_type = |role| match role {
            Role::Text => Type::VARCHAR,
            Role::Whole => Type::INT2,
            _ => Type::NUMERIC,
        };
        OUTPUT.map(|need| (need.name.to_owned(), of_type(need.role).oid())).into()
    }

    fn with(name: &str, of_type: &Type) -> Option<RankType> {
        let mut columns = usual();
        columns.iter_mut().filter(|(column, _)| column == name).for_each(|(_, oid)| *oid = of_type.oid());
        rank_type(&columns)
    }

    #[test]
    fn columns_of_just_our_types_take_binary_and_others_text() {
        assert_eq!(rank_type(&usual()), Some(RankType::Int2));
        assert_eq!(with("rank", &Type::INT4), Some(RankType::Int4));
        assert_eq!(with("rank", &Type::INT8), Some(RankType::Int8));
        assert_eq!(with("user_id", &Type::TEXT), Some(RankType::Int2));
        for (name, of_type) in [
            ("rank", Type::NUMERIC),
            ("user_id", Type::BPCHAR),
            ("net_savings", Type::FLOAT8),
            ("redemption_rate", Type::MONEY),
        ] {
            assert_eq!(with(name, &of_type), None, "{name} {of_type}");
        }
        assert_eq!(rank_type(&usual()[1..]), None, "a column that is not there");
    }
}
