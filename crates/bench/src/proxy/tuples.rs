//! Counts the rows in the data of a COPY, text or binary, however it is cut into messages.

/// What binary data begins with.
const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";

/// Signature, flags, and the length of an extension, none of which is defined yet.
const HEADER_BYTES: usize = 19;

/// What may stand in the place of a field count: there are no more rows.
const TRAILER: i16 = -1;

/// A field's length where it is NULL.
const NULL: i32 = -1;

/// Counts the rows of one COPY.
#[derive(Debug, Default)]
pub struct RowCounter {
    /// The beginning, until it is known to be text, or the whole header.
    beginning: Vec<u8>,
    format: Format,
    rows: u64,
}

#[derive(Debug, Default)]
enum Format {
    #[default]
    Unknown,
    Text,
    Binary(Position),
}

/// Where in a row the data has been cut.
#[derive(Debug, Default)]
struct Position {
    /// Bytes of a count or a length that has begun.
    begun: Vec<u8>,
    /// Fields of this row that are still to come; none between two rows.
    fields: u16,
    /// Bytes of the field that are still to come.
    field_bytes: usize,
    /// The trailer has come.
    ended: bool,
}

/// Data that is no COPY's.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed;

impl RowCounter {
    /// Takes the next piece.
    pub fn feed(&mut self, piece: &[u8]) -> Result<(), Malformed> {
        match &mut self.format {
            Format::Unknown => self.begin(piece),
            Format::Text => {
                self.rows += lines(piece);
                Ok(())
            }
            Format::Binary(position) => position.go_on(piece, &mut self.rows),
        }
    }

    /// The rows in all, at the data's end; and for binary data its header, without which the server takes no end.
    pub fn finish(self) -> Result<(u64, Option<Vec<u8>>), Malformed> {
        match self.format {
            Format::Unknown if self.beginning.is_empty() => Ok((0, None)),
            Format::Unknown => Err(Malformed),
            Format::Text => Ok((self.rows, None)),
            Format::Binary(position) if position.is_between_rows() => Ok((self.rows, Some(self.beginning))),
            Format::Binary(_) => Err(Malformed),
        }
    }

    fn begin(&mut self, piece: &[u8]) -> Result<(), Malformed> {
        let missing = HEADER_BYTES.saturating_sub(self.beginning.len()).min(piece.len());
        let (head, rest) = piece.split_at(missing);
        self.beginning.extend_from_slice(head);
        let known = self.beginning.len().min(SIGNATURE.len());
        if self.beginning[..known] != SIGNATURE[..known] {
            self.format = Format::Text;
            self.rows += lines(&self.beginning) + lines(rest);
        } else if self.beginning.len() == HEADER_BYTES {
            if self.beginning[15..] != [0; 4] {
                return Err(Malformed);
            }
            self.format = Format::Binary(Position::default());
            return self.feed(rest);
        }
        Ok(())
    }
}

/// A row of text ends with a line break; those inside of values are escaped.
fn lines(text: &[u8]) -> u64 {
    text.iter().filter(|byte| **byte == b'\n').count() as u64
}

impl Position {
    fn is_between_rows(&self) -> bool {
        self.fields == 0 && self.field_bytes == 0 && self.begun.is_empty()
    }

    fn go_on(&mut self, mut piece: &[u8], rows: &mut u64) -> Result<(), Malformed> {
        while !piece.is_empty() {
            if self.ended {
                return Err(Malformed);
            }
            let skipped = self.field_bytes.min(piece.len());
            self.field_bytes -= skipped;
            piece = &piece[skipped..];
            if self.field_bytes > 0 {
                return Ok(());
            }
            if self.fields > 0 {
                let Some(length) = self.number(&mut piece).map(i32::from_be_bytes) else { return Ok(()) };
                self.fields -= 1;
                self.field_bytes = if length == NULL { 0 } else { usize::try_from(length).map_err(|_| Malformed)? };
                // The field of a row's end may be empty, and the row be over with its length.
            } else {
                let Some(fields) = self.number(&mut piece).map(i16::from_be_bytes) else { return Ok(()) };
                if fields == TRAILER {
                    self.ended = true;
                } else {
                    self.fields = u16::try_from(fields).map_err(|_| Malformed)?;
                    *rows += 1;
                }
            }
        }
        Ok(())
    }

    /// The next bytes of a number, once they are all there.
    fn number<const BYTES: usize>(&mut self, piece: &mut &[u8]) -> Option<[u8; BYTES]> {
        let missing = (BYTES - self.begun.len()).min(piece.len());
        let (head, rest) = piece.split_at(missing);
        self.begun.extend_from_slice(head);
        *piece = rest;
        let number = self.begun.as_slice().try_into().ok()?;
        self.begun.clear();
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Vec<u8> {
        [SIGNATURE, &[0; 8]].concat()
    }

    /// Three rows: one of each kind of field, one of NULLs, one that ends with an empty field.
    fn binary() -> Vec<u8> {
        let mut data = header();
        for fields in
            [&[Some(&b"CK1"[..]), Some(b"\xff\xff\xff\xff"), None][..], &[None, None], &[Some(b"x"), Some(b"")]]
        {
            data.extend((fields.len() as i16).to_be_bytes());
            for field in fields {
                data.extend(field.map_or(NULL, |field| field.len() as i32).to_be_bytes());
                data.extend(field.unwrap_or_default());
            }
        }
        data
    }

    fn count(data: &[u8], step: usize) -> Result<(u64, Option<Vec<u8>>), Malformed> {
        let mut counter = RowCounter::default();
        for piece in data.chunks(step) {
            counter.feed(piece)?;
        }
        counter.finish()
    }

    #[test]
    fn binary_rows_are_counted_however_the_data_is_cut() {
        let with_trailer = [binary(), TRAILER.to_be_bytes().to_vec()].concat();
        for data in [binary(), with_trailer] {
            for step in 1..=data.len() {
                assert_eq!(count(&data, step), Ok((3, Some(header()))), "in pieces of {step}");
            }
        }
    }

    #[test]
    fn lines_of_text_are_counted_however_the_data_is_cut() {
        // The second begins as binary data does.
        for data in [&b"CK1\t\\N\nCK2\ta\\nb\nCK3\tc\n"[..], b"PGCOPY\nPGC\n\n"] {
            for step in 1..=data.len() {
                assert_eq!(count(data, step), Ok((3, None)), "in pieces of {step}");
            }
        }
        assert_eq!(count(b"", 1), Ok((0, None)));
    }

    #[test]
    fn data_that_is_cut_off_or_goes_on_behind_its_trailer_is_malformed() {
        let data = binary();
        assert_eq!(count(&data[..data.len() - 3], 7), Err(Malformed));
        assert_eq!(count(&data[..12], 7), Err(Malformed));
        assert_eq!(count(&[&data[..], &TRAILER.to_be_bytes(), b"x"].concat(), 7), Err(Malformed));
        assert_eq!(count(&[header(), vec![0xff, 0xfe]].concat(), 7), Err(Malformed));
    }
}
