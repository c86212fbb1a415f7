//! Rows by INSERT, where the server takes no local file: what was encoded for a load is taken apart again, and bound.

use bytes::Bytes;
use cardgenius_failure::error::{DatabaseError, ErrorKind};
use mysql_async::Value;

use super::connect::within;
use super::session::{MysqlSession, touched};
use super::values::Call;

/// Columns of a row.
const COLUMNS: usize = 15;

/// Rows of one statement: each of these lengths is prepared once, and no other; rows come in tens. A server takes 65,535
/// parameters.
const ROWS: [usize; 3] = [1_000, 100, 10];

impl MysqlSession {
    pub(super) async fn insert_rows(&mut self, frames: &[Bytes]) -> Result<u64, DatabaseError> {
        let own = self.shared.own.clone();
        let (head, limit) = (&own.output_insert, self.shared.sessions.limits().load);
        let rows: Vec<&[u8]> =
            frames.iter().flat_map(|frame| frame.split(|byte| *byte == b'\n')).filter(|row| !row.is_empty()).collect();
        let (mut rest, mut loaded) = (&rows[..], 0);
        while !rest.is_empty() {
            let count = ROWS.into_iter().find(|count| *count <= rest.len()).unwrap_or(rest.len());
            let (now, later) = rest.split_at(count);
            rest = later;
            let values: Vec<Value> = now.iter().flat_map(|row| row.split(|byte| *byte == b'\t')).map(field).collect();
            if values.len() != count * COLUMNS {
                return Err(DatabaseError::new(ErrorKind::Bug, "rows do not have fifteen fields each"));
            }
            loaded += within(limit, head.doing, touched(&mut self.pooled, Call { sql: sql(&head.sql, count), values }))
                .await?;
        }
        Ok(loaded)
    }
}

fn sql(head: &str, rows: usize) -> String {
    let row = format!("({})", vec!["?"; COLUMNS].join(","));
    format!("{head} {}", vec![row; rows].join(","))
}

/// A field as [`crate::text_rows`] has written it.
fn field(text: &[u8]) -> Value {
    if text == b"\\N" {
        return Value::NULL;
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next() {
                Some(b't') => b'\t',
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(other) => *other,
                None => b'\\',
            },
            plain => *plain,
        });
    }
    Value::Bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_what_was_encoded() {
        assert_eq!(field(b"a\\tb\\\\N\\r\\n"), Value::Bytes(b"a\tb\\N\r\n".to_vec()));
        assert_eq!(field(b"\\N"), Value::NULL);
        assert_eq!(field(b"-12.50"), Value::Bytes(b"-12.50".to_vec()));
        assert_eq!(field(b""), Value::Bytes(Vec::new()));
    }

    #[test]
    fn each_row_has_fifteen_parameters() {
        assert_eq!(sql("INSERT INTO t VALUES", 10).matches('?').count(), 150);
    }
}
