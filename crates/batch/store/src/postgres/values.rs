//! Values and rows as the driver has them.

use std::error::Error;

use bytes::BytesMut;
use cardgenius_failure::error::{DatabaseError, ErrorKind};
use tokio_postgres::Row as DriverRow;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::statement::{Cell, Row, Value};

impl ToSql for Value<'_> {
    fn to_sql(&self, of_type: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Bool(value) => value.to_sql(of_type, out),
            // In the width that the server has inferred.
            Self::Whole(value) => match *of_type {
                Type::INT2 => i16::try_from(*value)?.to_sql(of_type, out),
                Type::INT4 => i32::try_from(*value)?.to_sql(of_type, out),
                _ => value.to_sql(of_type, out),
            },
            Self::Float(value) => value.to_sql(of_type, out),
            Self::Text(value) => value.to_sql(of_type, out),
            Self::Id(value) => value.to_sql(of_type, out),
            Self::Time(value) => value.to_sql(of_type, out),
            Self::Date(value) => value.to_sql(of_type, out),
            Self::Texts(values) => values.to_sql(of_type, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        // Each value's own type says so once it is known: see below.
        true
    }

    to_sql_checked!();
}

/// A row, each field by its type.
pub(super) fn row_of(row: &DriverRow, doing: &str) -> Result<Row, DatabaseError> {
    (0..row.len())
        .map(|column| cell(row, column))
        .collect::<Result<_, _>>()
        .map(Row)
        .map_err(|error| DatabaseError::caused(ErrorKind::SchemaMismatch, doing, error))
}

fn cell(row: &DriverRow, column: usize) -> Result<Cell, tokio_postgres::Error> {
    fn read<'a, V: FromSql<'a>>(
        row: &'a DriverRow,
        column: usize,
        cell: impl Fn(V) -> Cell,
    ) -> Result<Cell, tokio_postgres::Error> {
        Ok(row.try_get::<_, Option<V>>(column)?.map_or(Cell::Null, cell))
    }
    match *row.columns()[column].type_() {
        Type::BOOL => read(row, column, Cell::Bool),
        Type::CHAR => read(row, column, |value: i8| Cell::Text(char::from(value.cast_unsigned()).to_string())),
        Type::INT2 => read(row, column, |value: i16| Cell::Whole(value.into())),
        Type::INT4 => read(row, column, |value: i32| Cell::Whole(value.into())),
        Type::INT8 => read(row, column, Cell::Whole),
        Type::OID => read(row, column, |value: u32| Cell::Whole(value.into())),
        Type::FLOAT4 => read(row, column, |value: f32| Cell::Float(value.into())),
        Type::FLOAT8 => read(row, column, Cell::Float),
        Type::UUID => read(row, column, Cell::Id),
        Type::TIMESTAMPTZ => read(row, column, Cell::Time),
        Type::DATE => read(row, column, Cell::Date),
        Type::TEXT_ARRAY | Type::VARCHAR_ARRAY | Type::NAME_ARRAY => read(row, column, Cell::Texts),
        _ => read(row, column, |text: AnyText| Cell::Text(text.0)),
    }
}

/// The text of a column of any type that is sent as text: of the customer's own enum, say.
struct AnyText(String);

impl<'a> FromSql<'a> for AnyText {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(std::str::from_utf8(raw)?.to_owned()))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
