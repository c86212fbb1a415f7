//! The form in which rows are loaded: binary where the target's columns are of just the types that it demands, text
//! otherwise (docs/adr/0015-binary-copy.md).

use cardgenius_engine::Engine;
use cardgenius_failure::error::DatabaseError;
use tokio_postgres::types::{Oid, Type};

use super::PostgresServer;
use super::binary_rows::{BinaryRows, RankType};
use super::inspect::needs::{OUTPUT, Role};
use crate::protocol::work::read;
use crate::rows::Rows;
use crate::text_rows::TextRows;

impl PostgresServer {
    /// An encoder of the form that the table of recommendations takes, as its columns are now.
    pub(super) async fn encoder(&self, engine: &Engine) -> Result<Rows, DatabaseError> {
        let rows = read(self, &self.own.output_types, &[]).await?;
        let mut columns: Vec<(String, Oid)> = Vec::new();
        for row in &rows {
            columns.push((row.get(0)?, Oid::try_from(row.get::<i64>(1)?).unwrap_or(0)));
        }
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
