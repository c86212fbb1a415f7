//! Ten recommendations as tuples of COPY's binary format ("Binary Format", COPY in the PostgreSQL manual): a count of
//! fields, and each field behind its length in bytes, all numbers in network order.
//!
//! A NUMERIC is what `numeric_recv` in the server's source reads: four 16-bit words (digits, weight, sign, display scale),
//! and digits in base 10,000. The server reads it in half the time that it takes to parse text.

use cardgenius_engine::{Engine, Recommendation, TopTen};
use cardgenius_pipeline::ports::{Encode, RowForm};

/// What a load begins with: the signature, no flags, no further header.
pub(super) const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// What a load ends with.
pub(super) const TRAILER: &[u8] = &(-1_i16).to_be_bytes();

/// Fields of a tuple.
const FIELDS: [u8; 2] = 15_i16.to_be_bytes();

/// In the place of a length: NULL.
const NULL: [u8; 4] = (-1_i32).to_be_bytes();

/// A NUMERIC's sign below zero.
const NEGATIVE: u16 = 0x4000;

/// Bytes of a user's ten tuples, usually.
const USER_BYTES: usize = 2_500;

/// The integer type of the column `rank`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RankType {
    /// SMALLINT.
    Int2,
    /// INTEGER.
    Int4,
    /// BIGINT.
    Int8,
}

impl RankType {
    /// Appends a rank as a field of this type.
    fn push(self, rank: u8, out: &mut Vec<u8>) {
        let wide = i64::from(rank).to_be_bytes();
        let bytes = match self {
            Self::Int2 => 2,
            Self::Int4 => 4,
            Self::Int8 => 8,
        };
        out.extend_from_slice(&length(bytes));
        out.extend_from_slice(&wide[8 - bytes..]);
    }
}

/// What of a tuple depends on the card alone, encoded once per run.
#[derive(Clone, Debug)]
struct CardFields {
    name: Box<[u8]>,
    joining_fees: Numeric,
    /// `redemption_method` and `redemption_rate` of each option.
    redemptions: Vec<Box<[u8]>>,
}

/// Encodes tuples for the cards of one engine.
#[derive(Clone, Debug)]
pub struct BinaryRows {
    cards: Vec<CardFields>,
    rank_type: RankType,
    /// The last two fields of a card whose points cannot be redeemed.
    no_redemption: Box<[u8]>,
}

impl BinaryRows {
    pub(super) fn new(engine: &Engine, rank_type: RankType) -> Self {
        let cards = engine
            .cards()
            .iter()
            .map(|card| CardFields {
                name: field(card.card_name.as_bytes()).into(),
                joining_fees: Numeric::of_hundredths(card.joining_fees_paise),
                redemptions: card
                    .options
                    .iter()
                    .map(|option| redemption(&field(option.method.as_bytes()), option.conversion_rate_e4))
                    .collect(),
            })
            .collect();
        Self { cards, rank_type, no_redemption: redemption(&NULL, 0) }
    }

    /// All but the key and the rank.
    fn push_rest(&self, row: &Recommendation, out: &mut Vec<u8>) {
        let card = &self.cards[row.card as usize];
        out.extend_from_slice(&card.name);
        Numeric::of_hundredths(row.savings_paise).push(out);
        card.joining_fees.push(out);
        Numeric::of_hundredths(row.extra_benefits_paise).push(out);
        Numeric::of_hundredths(row.net_paise).push(out);
        for points in row.points_e2 {
            Numeric::of_hundredths(points).push(out);
        }
        out.extend_from_slice(row.option.map_or(&self.no_redemption, |option| &card.redemptions[usize::from(option)]));
    }
}

impl Encode for BinaryRows {
    fn encode(&self, user_id: &str, ten: &TopTen, out: &mut Vec<u8>) {
        let mut key = [&FIELDS[..], &length(user_id.len()), user_id.as_bytes()].concat();
        let key_bytes = key.len();
        for (rank, row) in (1..).zip(ten) {
            key.truncate(key_bytes);
            self.rank_type.push(rank, &mut key);
            out.extend_from_slice(&key);
            self.push_rest(row, out);
        }
    }

    fn form(&self) -> RowForm {
        RowForm::Binary
    }

    fn user_bytes(&self) -> usize {
        USER_BYTES
    }
}

/// A field's length; keys and names are short by far.
fn length(bytes: usize) -> [u8; 4] {
    i32::try_from(bytes).unwrap_or(i32::MAX).to_be_bytes()
}

fn field(bytes: &[u8]) -> Vec<u8> {
    [&length(bytes.len()), bytes].concat()
}

fn redemption(method: &[u8], rate_e4: u32) -> Box<[u8]> {
    let rate = Numeric::new(false, u64::from(rate_e4 / 10_000), (rate_e4 % 10_000) as u16, 4);
    [method, rate.field()].concat().into()
}

/// A NUMERIC as a field.
#[derive(Clone, Copy, Debug)]
struct Numeric {
    bytes: [u8; NUMERIC_BYTES],
    /// How many of the bytes there are.
    length: u8,
}

/// A field's length, four words, and six digits of base 10,000: five before the point, as many as a `u64` may have, and one
/// behind it.
const NUMERIC_BYTES: usize = 24;

/// Bytes of it before the digits.
const NUMERIC_HEADER_BYTES: u8 = 12;

impl Numeric {
    /// `hundredths / 100`, with two decimals.
    #[inline]
    fn of_hundredths(hundredths: i64) -> Self {
        let magnitude = hundredths.unsigned_abs();
        Self::new(hundredths < 0, magnitude / 100, (magnitude % 100) as u16 * 100, 2)
    }

    /// `whole + part / 10,000`, or as much below zero.
    #[inline]
    fn new(negative: bool, whole: u64, part: u16, decimals: u8) -> Self {
        // Digits from the left, without zeros at either end, as the server keeps them; the weight is that of the first.
        let (weight, digits, count) = match (whole, part) {
            (0, 0) => return Self::of_digits([0; 6], 0, 0, [0, decimals]),
            (0, _) => (-1, [part, 0, 0, 0, 0, 0], 1),
            (1..10_000, 0) => (0, [whole as u16, 0, 0, 0, 0, 0], 1),
            (1..10_000, _) => (0, [whole as u16, part, 0, 0, 0, 0], 2),
            _ => large(whole, part),
        };
        Self::of_digits(digits, count, weight, [u8::from(negative), decimals])
    }

    #[inline]
    fn of_digits(digits: [u16; 6], count: u8, weight: i16, [negative, decimals]: [u8; 2]) -> Self {
        let words =
            |four: [u16; 4]| four.into_iter().fold(0_u64, |word, part| word << 16 | u64::from(part)).to_be_bytes();
        let length = NUMERIC_HEADER_BYTES + 2 * count;
        let [a, b, c, d, e, f] = digits;
        let head = words([0, u16::from(length) - 4, u16::from(count), weight as u16]);
        let middle = words([NEGATIVE * u16::from(negative), u16::from(decimals), a, b]);
        let tail = words([c, d, e, f]);
        let mut bytes = [0; NUMERIC_BYTES];
        bytes[..8].copy_from_slice(&head);
        bytes[8..16].copy_from_slice(&middle);
        bytes[16..].copy_from_slice(&tail);
        Self { bytes, length }
    }

    /// All of the bytes, in three words, and then only as many as there are: cheaper than to copy just those.
    #[inline]
    fn push(&self, out: &mut Vec<u8>) {
        let end = out.len() + usize::from(self.length);
        out.extend_from_slice(&self.bytes);
        out.truncate(end);
    }

    fn field(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

/// Weight, digits and their number, of 10,000 and more.
fn large(whole: u64, part: u16) -> (i16, [u16; 6], u8) {
    let mut digits = [0_u16; 6];
    let groups = (whole.ilog10() / 4) as usize + 1;
    let mut rest = whole;
    for digit in digits[..groups].iter_mut().rev() {
        *digit = (rest % 10_000) as u16;
        rest /= 10_000;
    }
    digits[groups] = part;
    let count = groups + 1 - digits[..=groups].iter().rev().take_while(|digit| **digit == 0).count();
    (groups as i16 - 1, digits, count as u8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The field as `numeric_recv` would take it: length, digits, weight, sign, scale, groups.
    fn read(field: &[u8]) -> (i32, Vec<u16>, i16, bool, u16) {
        let words: Vec<u16> = field[4..].as_chunks::<2>().0.iter().map(|word| u16::from_be_bytes(*word)).collect();
        let length = i32::from_be_bytes(field[..4].try_into().unwrap());
        assert_eq!((length as usize, usize::from(words[0])), (field.len() - 4, words.len() - 4));
        (length, words[4..].to_vec(), words[1] as i16, words[2] == NEGATIVE, words[3])
    }

    fn shown(hundredths: i64) -> (Vec<u16>, i16, bool) {
        let (_, digits, weight, negative, scale) = read(Numeric::of_hundredths(hundredths).field());
        assert_eq!(scale, 2);
        (digits, weight, negative)
    }

    #[test]
    fn figures_have_no_zero_groups_at_either_end() {
        for (hundredths, digits, weight, negative) in [
            (0, vec![], 0, false),
            (5, vec![500], -1, false),
            (-5, vec![500], -1, true),
            (100, vec![1], 0, false),
            (123_456, vec![1234, 5600], 0, false),
            (1_000_000, vec![1], 1, false),
            (-100_000_001, vec![100, 0, 100], 1, true),
            (999_999_999_999, vec![99, 9999, 9999, 9900], 2, false),
        ] {
            assert_eq!(shown(hundredths), (digits, weight, negative), "{hundredths}");
        }
    }

    proptest! {
        #[test]
        fn a_figure_is_worth_what_it_was_made_of(hundredths: i64) {
            let (digits, weight, negative) = shown(hundredths);
            // In units of 1/10,000.
            let worth = digits.iter().zip(0_i16..).fold(0_i128, |sum, (digit, place)| {
                sum + i128::from(*digit) * 10_000_i128.pow(u32::try_from(weight - place + 1).unwrap())
            });
            prop_assert_eq!(if negative { -worth } else { worth }, i128::from(hundredths) * 100);
        }
    }

    #[test]
    fn a_rate_has_four_decimals() {
        let field = redemption(&NULL, 2_505);
        assert_eq!(read(&field[4..]), (10, vec![2505], -1, false, 4));
    }

    #[test]
    fn a_rank_is_a_field_of_its_columns_type() {
        let field = |of: RankType, rank| {
            let mut out = Vec::new();
            of.push(rank, &mut out);
            out
        };
        assert_eq!(field(RankType::Int2, 10), [0, 0, 0, 2, 0, 10]);
        assert_eq!(field(RankType::Int4, 1), [0, 0, 0, 4, 0, 0, 0, 1]);
        assert_eq!(field(RankType::Int8, 1).len(), 12);
    }
}
