//! Ten recommendations as the rows of a bulk load: text, tabs between, `\N` for NULL, as COPY takes them ("File Formats",
//! COPY in the PostgreSQL manual) and LOAD DATA does with its default escapes.
//!
//! It fits whatever type the customer's columns have. PostgreSQL reads its own binary form sooner, where that fits.

use cardgenius_engine::{Engine, Recommendation, TopTen};
use cardgenius_pipeline::ports::Encode;

/// What of a row depends on the card alone, encoded once per run.
#[derive(Clone, Debug)]
struct CardText {
    /// `card_name`, escaped.
    name: Box<[u8]>,
    joining_fees: Box<[u8]>,
    /// `\t<method>\t<rate>\n` for each option.
    redemptions: Vec<Box<[u8]>>,
}

/// Encodes rows for the cards of one engine.
#[derive(Clone, Debug)]
pub struct TextRows {
    cards: Vec<CardText>,
}

impl TextRows {
    /// An encoder for the cards that this engine publishes.
    #[must_use]
    pub fn new(engine: &Engine) -> Self {
        let cards = engine
            .cards()
            .iter()
            .map(|card| CardText {
                name: escaped(&card.card_name).into(),
                joining_fees: text(|out| push_hundredths(out, card.joining_fees_paise)).into(),
                redemptions: card
                    .options
                    .iter()
                    .map(|option| redemption(&escaped(&option.method), option.conversion_rate_e4).into())
                    .collect(),
            })
            .collect();
        Self { cards }
    }

    fn push_row(&self, key: &[u8], rank: u8, row: &Recommendation, out: &mut Vec<u8>) {
        let card = &self.cards[row.card as usize];
        out.extend_from_slice(key);
        out.push(b'\t');
        if rank == 10 {
            out.extend_from_slice(b"10");
        } else {
            out.push(b'0' + rank);
        }
        out.push(b'\t');
        out.extend_from_slice(&card.name);
        push_figure(out, row.savings_paise);
        out.push(b'\t');
        out.extend_from_slice(&card.joining_fees);
        push_figure(out, row.extra_benefits_paise);
        push_figure(out, row.net_paise);
        for points in row.points_e2 {
            push_figure(out, points);
        }
        match row.option {
            Some(option) => out.extend_from_slice(&card.redemptions[usize::from(option)]),
            None => out.extend_from_slice(b"\t\\N\t0.0000\n"),
        }
    }
}

impl Encode for TextRows {
    fn encode(&self, user_id: &str, ten: &TopTen, out: &mut Vec<u8>) {
        if is_plain(user_id) {
            for (rank, row) in (1..).zip(ten) {
                self.push_row(user_id.as_bytes(), rank, row, out);
            }
        } else {
            let key = escaped(user_id);
            for (rank, row) in (1..).zip(ten) {
                self.push_row(&key, rank, row, out);
            }
        }
    }
}

fn text(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out);
    out
}

fn redemption(method: &[u8], rate_e4: u32) -> Vec<u8> {
    text(|out| {
        out.push(b'\t');
        out.extend_from_slice(method);
        out.extend_from_slice(format!("\t{}.{:04}\n", rate_e4 / 10_000, rate_e4 % 10_000).as_bytes());
    })
}

fn is_plain(value: &str) -> bool {
    !value.bytes().any(|byte| matches!(byte, b'\\' | b'\t' | b'\n' | b'\r'))
}

fn escaped(value: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len() + 8);
    for byte in value.bytes() {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            plain => out.push(plain),
        }
    }
    out
}

fn push_figure(out: &mut Vec<u8>, hundredths: i64) {
    out.push(b'\t');
    push_hundredths(out, hundredths);
}

/// All pairs of decimal digits, for two at a time.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut value = 0;
    while value < 100 {
        pairs[value] = [b'0' + (value / 10) as u8, b'0' + (value % 10) as u8];
        value += 1;
    }
    pairs
};

/// Longest text of an `i64` in hundredths: a sign, 20 digits and a point.
const FIGURE_BYTES: usize = 22;

/// Appends `hundredths / 100` with two decimals.
fn push_hundredths(out: &mut Vec<u8>, hundredths: i64) {
    let mut figure = [0_u8; FIGURE_BYTES];
    let mut at = FIGURE_BYTES - 3;
    let mut rest = hundredths.unsigned_abs();
    figure[at] = b'.';
    figure[at + 1..].copy_from_slice(&PAIRS[(rest % 100) as usize]);
    rest /= 100;
    while rest >= 10 {
        at -= 2;
        figure[at..at + 2].copy_from_slice(&PAIRS[(rest % 100) as usize]);
        rest /= 100;
    }
    if rest > 0 || at == FIGURE_BYTES - 3 {
        at -= 1;
        figure[at] = b'0' + rest as u8;
    }
    if hundredths < 0 {
        at -= 1;
        figure[at] = b'-';
    }
    out.extend_from_slice(&figure[at..]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(hundredths: i64) -> String {
        String::from_utf8(text(|out| push_hundredths(out, hundredths))).unwrap()
    }

    #[test]
    fn figures_have_two_decimals_and_no_leading_zeros() {
        for (hundredths, figure) in [
            (0, "0.00"),
            (5, "0.05"),
            (-5, "-0.05"),
            (99, "0.99"),
            (100, "1.00"),
            (999, "9.99"),
            (1_000, "10.00"),
            (-123_456, "-1234.56"),
            (999_999_999_999, "9999999999.99"),
            (i64::MIN, "-92233720368547758.08"),
        ] {
            assert_eq!(shown(hundredths), figure);
        }
    }

    proptest! {
        #[test]
        fn a_figure_is_what_the_standard_library_writes(hundredths: i64) {
            let sign = if hundredths < 0 { "-" } else { "" };
            let (whole, part) = (hundredths.unsigned_abs() / 100, hundredths.unsigned_abs() % 100);
            prop_assert_eq!(shown(hundredths), format!("{sign}{whole}.{part:02}"));
        }
    }

    #[test]
    fn a_key_with_separators_is_escaped_and_one_without_is_taken_as_it_is() {
        assert_eq!(escaped("a\tb\\N\r\n"), b"a\\tb\\\\N\\r\\n");
        assert!(is_plain("CK7186246 🙂 'x' \"y\""));
        assert!(!is_plain("\\N"));
    }
}
