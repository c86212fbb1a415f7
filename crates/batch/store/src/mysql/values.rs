//! Values and rows as the driver has them, and lists, for which the server has no parameter.

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike};
use mysql_async::consts::ColumnType;
use mysql_async::{Row as DriverRow, Value as DriverValue};

use super::keys::KeyNames;
use crate::statement::{Cell, Filled, Row, Statement, Value};

/// What a list of so many values is filled up to, by saying the last once more: a statement is prepared in each of these
/// lengths, and no other. A longer list is taken in several steps.
const LIST_LENGTHS: [usize; 4] = [1, 16, 256, 2_048];

const LONGEST: usize = LIST_LENGTHS[LIST_LENGTHS.len() - 1];

/// A statement as it is sent.
#[derive(Debug, PartialEq)]
pub(super) struct Call {
    pub(super) sql: String,
    pub(super) values: Vec<DriverValue>,
}

/// A statement with its values: one call, or with a list as many as that takes, none for an empty one.
pub(super) fn calls<'a>(
    statement: &'a Statement,
    values: &'a [Value<'a>],
    keys: &'a KeyNames,
) -> impl Iterator<Item = Call> + Send + 'a {
    let list = values.iter().find_map(|value| match value {
        Value::Texts(texts) => Some(texts),
        _ => None,
    });
    let alone = list.is_none().then(|| call(statement, (values, keys), &[]));
    let of_list =
        list.into_iter().flat_map(|texts| texts.chunks(LONGEST)).map(|texts| call(statement, (values, keys), texts));
    alone.into_iter().chain(of_list)
}

fn call(statement: &Statement, (values, keys): (&[Value<'_>], &KeyNames), texts: &[&str]) -> Call {
    let length = LIST_LENGTHS.into_iter().find(|length| texts.len() <= *length).unwrap_or(LONGEST);
    let mut call = Call { sql: String::with_capacity(statement.sql.len() + 3 * length), values: Vec::new() };
    let mut begin = 0;
    for mark in &statement.marks {
        call.sql.push_str(&statement.sql[begin..mark.end]);
        begin = mark.end;
        let place = match mark.filled {
            Filled::Value(place) => place,
            Filled::InputKey => {
                call.sql.push_str(&keys.input);
                continue;
            }
            Filled::OutputKey => {
                call.sql.push_str(&keys.output);
                continue;
            }
        };
        match values.get(place) {
            Some(Value::Texts(_)) => {
                (1..length).for_each(|_| call.sql.push_str(", ?"));
                let filling = texts.last().into_iter().cycle().take(length - texts.len());
                call.values.extend(texts.iter().chain(filling).map(|text| DriverValue::from(*text)));
            }
            Some(value) => call.values.push(driver_value(value)),
            None => call.values.push(DriverValue::NULL),
        }
    }
    call.sql.push_str(&statement.sql[begin..]);
    call
}

fn driver_value(value: &Value<'_>) -> DriverValue {
    match value {
        Value::Null | Value::Texts(_) => DriverValue::NULL,
        Value::Bool(value) => DriverValue::Int(i64::from(*value)),
        Value::Whole(value) => DriverValue::Int(*value),
        Value::Float(value) => DriverValue::Double(*value),
        Value::Text(text) => DriverValue::from(*text),
        Value::Id(id) => DriverValue::from(id.hyphenated().to_string()),
        Value::Time(time) => date_and_time(time.naive_utc()),
        Value::Date(date) => date_and_time(date.and_time(chrono::NaiveTime::MIN)),
    }
}

fn date_and_time(time: NaiveDateTime) -> DriverValue {
    // Each is in its range by what it is.
    let small = |value: u32| u8::try_from(value).unwrap_or(0);
    DriverValue::Date(
        u16::try_from(time.year()).unwrap_or(0),
        small(time.month()),
        small(time.day()),
        small(time.hour()),
        small(time.minute()),
        small(time.second()),
        time.nanosecond() / 1_000,
    )
}

/// A row, each field by its type. Times are UTC: our sessions run in that zone.
pub(super) fn row_of(row: DriverRow) -> Row {
    let columns = row.columns();
    Row(row.unwrap().into_iter().zip(columns.iter()).map(|(value, column)| cell(value, column.column_type())).collect())
}

fn cell(value: DriverValue, of_type: ColumnType) -> Cell {
    match value {
        DriverValue::NULL => Cell::Null,
        DriverValue::Int(value) => Cell::Whole(value),
        DriverValue::UInt(value) => i64::try_from(value).map_or(Cell::Float(value as f64), Cell::Whole),
        DriverValue::Float(value) => Cell::Float(value.into()),
        DriverValue::Double(value) => Cell::Float(value),
        DriverValue::Bytes(bytes) => text_cell(String::from_utf8_lossy(&bytes).into_owned(), of_type),
        DriverValue::Date(year, month, day, hour, minute, second, micros) => {
            let date = NaiveDate::from_ymd_opt(year.into(), month.into(), day.into());
            if of_type == ColumnType::MYSQL_TYPE_DATE {
                return date.map_or(Cell::Null, Cell::Date);
            }
            date.and_then(|date| date.and_hms_micro_opt(hour.into(), minute.into(), second.into(), micros))
                .map_or(Cell::Null, |time| Cell::Time(time.and_utc()))
        }
        DriverValue::Time(..) => Cell::Text(value.as_sql(true)),
    }
}

/// What the server reckons with fractions comes as text.
fn text_cell(text: String, of_type: ColumnType) -> Cell {
    match of_type {
        ColumnType::MYSQL_TYPE_NEWDECIMAL | ColumnType::MYSQL_TYPE_DECIMAL => match (text.parse(), text.parse()) {
            (Ok(whole), _) => Cell::Whole(whole),
            (_, Ok(number)) => Cell::Float(number),
            _ => Cell::Text(text),
        },
        _ => Cell::Text(text),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};

    use super::*;
    use crate::statement::{Filled, Mark, bind};

    fn statement(sql: &str, values: &[usize]) -> Statement {
        let ends = sql.match_indices('?').map(|(at, _)| at + 1);
        let marks = ends.zip(values).map(|(end, value)| Mark { filled: Filled::Value(*value), end }).collect();
        Statement { sql: sql.into(), doing: "trying", marks }
    }

    #[test]
    fn values_are_sent_in_the_order_in_which_the_text_names_them() {
        let statement = statement("SET a = ?, b = ?, c = ?", &[1, 0, 1]);
        let calls: Vec<Call> = calls(&statement, &bind!["x", 7], &KeyNames::default()).collect();
        assert_eq!(calls.len(), 1);
        assert_eq!(calls[0].sql, "SET a = ?, b = ?, c = ?");
        assert_eq!(calls[0].values, [7.into(), "x".into(), 7.into()]);
    }

    #[test]
    fn a_list_is_filled_up_to_a_length_that_is_prepared_and_a_long_one_takes_several_calls() {
        let statement = statement("WHERE a IN (?) AND b = ?", &[0, 1]);
        let texts = vec!["k"; LONGEST + 3];
        let lengths = |count: usize| -> Vec<usize> {
            let list = &texts[..count];
            let values = bind![list, true];
            calls(&statement, &values, &KeyNames::default())
                .map(|call| {
                    assert_eq!(call.sql.matches('?').count(), call.values.len());
                    assert_eq!(call.values.last(), Some(&DriverValue::Int(1)));
                    call.values.len() - 1
                })
                .collect()
        };
        assert_eq!(lengths(0), [0; 0]);
        assert_eq!(lengths(1), [1]);
        assert_eq!(lengths(2), [16]);
        assert_eq!(lengths(257), [LONGEST]);
        assert_eq!(lengths(LONGEST + 3), [LONGEST, 16]);
    }

    #[test]
    fn times_are_sent_and_read_to_the_microsecond() {
        let time = Utc.with_ymd_and_hms(2026, 11, 26, 13, 5, 9).unwrap() + chrono::TimeDelta::microseconds(123_456);
        let value = driver_value(&Value::Time(time));
        assert_eq!(cell(value.clone(), ColumnType::MYSQL_TYPE_DATETIME), Cell::Time(time));
        assert_eq!(cell(value, ColumnType::MYSQL_TYPE_DATE), Cell::Date(time.date_naive()));
    }

    #[test]
    fn a_decimal_is_a_number() {
        for (text, cell_read) in [("12", Cell::Whole(12)), ("1.5000", Cell::Float(1.5))] {
            assert_eq!(cell(DriverValue::from(text), ColumnType::MYSQL_TYPE_NEWDECIMAL), cell_read);
        }
    }
}
