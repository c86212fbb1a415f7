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

/// Of a rank's field, at most.
const RANK_BYTES: usize = 12;

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
    /// A rank as a field of this type.
    fn field(self, rank: u8) -> Whole<RANK_BYTES> {
        let wide = i64::from(rank).to_be_bytes();
        let bytes = match self {
            Self::Int2 => 2,
            Self::Int4 => 4,
            Self::Int8 => 8,
        };
        let mut field = Whole { bytes: [0; RANK_BYTES], length: 4 + bytes as u8 };
        field.bytes[..4].copy_from_slice(&length(bytes));
        field.bytes[4..4 + bytes].copy_from_slice(&wide[8 - bytes..]);
        field
    }
}

/// A few bytes, in an array that is copied as a whole.
#[derive(Clone, Copy, Debug)]
struct Whole<const MOST: usize> {
    bytes: [u8; MOST],
    /// How many of them there are.
    length: u8,
}

impl<const MOST: usize> Whole<MOST> {
    /// All of the array, in a few words, and then only as many bytes as there are: cheaper than to copy just those.
    #[inline(always)]
    fn push(&self, out: &mut Vec<u8>) {
        let end = out.len() + usize::from(self.length);
        out.extend_from_slice(&self.bytes);
        out.truncate(end);
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

/// Fields that are encoded once and written often.
#[derive(Clone, Debug)]
enum Text {
    Short(Whole<64>),
    Long(Box<[u8]>),
}

impl Text {
    fn new(fields: &[u8]) -> Self {
        let mut bytes = [0; 64];
        match bytes.get_mut(..fields.len()) {
            Some(place) => {
                place.copy_from_slice(fields);
                Self::Short(Whole { bytes, length: fields.len() as u8 })
            }
            None => Self::Long(fields.into()),
        }
    }

    #[inline(always)]
    fn push(&self, out: &mut Vec<u8>) {
        match self {
            Self::Short(fields) => fields.push(out),
            Self::Long(fields) => out.extend_from_slice(fields),
        }
    }

    #[cfg(test)]
    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Short(fields) => fields.as_bytes(),
            Self::Long(fields) => fields,
        }
    }
}

/// What of a tuple depends on the card alone, encoded once per run.
#[derive(Clone, Debug)]
struct CardFields {
    name: Text,
    joining_fees: Numeric,
    /// `redemption_method` and `redemption_rate` of each option.
    redemptions: Vec<Text>,
}

/// Encodes tuples for the cards of one engine.
#[derive(Clone, Debug)]
pub struct BinaryRows {
    cards: Vec<CardFields>,
    /// The field of rank 1, of rank 2 and so on.
    ranks: Vec<Whole<RANK_BYTES>>,
    /// The last two fields of a card whose points cannot be redeemed.
    no_redemption: Box<Text>,
}

impl BinaryRows {
    pub(super) fn new(engine: &Engine, rank_type: RankType) -> Self {
        let cards = engine
            .cards()
            .iter()
            .map(|card| CardFields {
                name: Text::new(&field(card.card_name.as_bytes())),
                joining_fees: hundredths(card.joining_fees_paise),
                redemptions: card
                    .options
                    .iter()
                    .map(|option| redemption(&field(option.method.as_bytes()), option.conversion_rate_e4))
                    .collect(),
            })
            .collect();
        let ranks = (1..=10).map(|rank| rank_type.field(rank)).collect();
        Self { cards, ranks, no_redemption: Box::new(redemption(&NULL, 0)) }
    }

    /// All but the key and the rank.
    fn push_rest(&self, row: &Recommendation, out: &mut Vec<u8>) {
        let card = &self.cards[row.card as usize];
        card.name.push(out);
        hundredths(row.savings_paise).push(out);
        card.joining_fees.push(out);
        hundredths(row.extra_benefits_paise).push(out);
        hundredths(row.net_paise).push(out);
        for points in row.points_e2 {
            hundredths(points).push(out);
        }
        row.option.map_or(&*self.no_redemption, |option| &card.redemptions[usize::from(option)]).push(out);
    }
}

impl Encode for BinaryRows {
    fn encode(&self, user_id: &str, ten: &TopTen, out: &mut Vec<u8>) {
        let key = Text::new(&[&FIELDS[..], &length(user_id.len()), user_id.as_bytes()].concat());
        for (rank, row) in self.ranks.iter().zip(ten) {
            key.push(out);
            rank.push(out);
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

fn redemption(method: &[u8], rate_e4: u32) -> Text {
    let rate = numeric(false, u64::from(rate_e4 / 10_000), (rate_e4 % 10_000) as u16, 4);
    Text::new(&[method, rate.as_bytes()].concat())
}

/// A field's length, four words, and six digits of base 10,000: five before the point, as many as a `u64` may have, and one
/// behind it.
const NUMERIC_BYTES: usize = 24;

/// Bytes of it before the digits.
const NUMERIC_HEADER_BYTES: u8 = 12;

/// A NUMERIC as a field.
type Numeric = Whole<NUMERIC_BYTES>;

/// `hundredths / 100`, with two decimals.
#[inline(always)]
fn hundredths(hundredths: i64) -> Numeric {
    let magnitude = hundredths.unsigned_abs();
    numeric(hundredths < 0, magnitude / 100, (magnitude % 100) as u16 * 100, 2)
}

/// `whole + part / 10,000`, or as much below zero.
#[inline(always)]
fn numeric(negative: bool, whole: u64, part: u16, decimals: u8) -> Numeric {
    // Digits from the left, without zeros at either end, as the server keeps them; the weight is that of the first.
    let (weight, digits, count) = match (whole, part) {
        (0, 0) => (0, [0; 6], 0),
        (0, _) => (-1, [part, 0, 0, 0, 0, 0], 1),
        (1..10_000, 0) => (0, [whole as u16, 0, 0, 0, 0, 0], 1),
        (1..10_000, _) => (0, [whole as u16, part, 0, 0, 0, 0], 2),
        _ => large(whole, part),
    };
    let sign = NEGATIVE * u16::from(negative && count > 0);
    let length = NUMERIC_HEADER_BYTES + 2 * count;
    let [a, b, c, d, e, f] = digits;
    let mut bytes = [0; NUMERIC_BYTES];
    bytes[..8].copy_from_slice(&words([0, u16::from(length) - 4, u16::from(count), weight as u16]));
    bytes[8..16].copy_from_slice(&words([sign, u16::from(decimals), a, b]));
    bytes[16..].copy_from_slice(&words([c, d, e, f]));
    Whole { bytes, length }
}

/// Four words, the first one first.
#[inline(always)]
fn words([a, b, c, d]: [u16; 4]) -> [u8; 8] {
    (u64::from(a) << 48 | u64::from(b) << 32 | u64::from(c) << 16 | u64::from(d)).to_be_bytes()
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
        let (_, digits, weight, negative, scale) = read(super::hundredths(hundredths).as_bytes());
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
        assert_eq!(read(&field.as_bytes()[4..]), (10, vec![2505], -1, false, 4));
    }

    #[test]
    fn a_rank_is_a_field_of_its_columns_type() {
        let field = |of: RankType, rank| of.field(rank).as_bytes().to_vec();
        assert_eq!(field(RankType::Int2, 10), [0, 0, 0, 2, 0, 10]);
        assert_eq!(field(RankType::Int4, 1), [0, 0, 0, 4, 0, 0, 0, 1]);
        assert_eq!(field(RankType::Int8, 1).len(), 12);
    }
}
