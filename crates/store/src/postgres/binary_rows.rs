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
    /// Rank as a field of this type.
    fn field(self, rank: u8) -> Vec<u8> {
        match self {
            Self::Int2 => field(&i16::from(rank).to_be_bytes()),
            Self::Int4 => field(&i32::from(rank).to_be_bytes()),
            Self::Int8 => field(&i64::from(rank).to_be_bytes()),
        }
    }
}

/// What of a tuple depends on the card alone, encoded once per run.
#[derive(Clone, Debug)]
struct CardFields {
    name: Box<[u8]>,
    joining_fees: Box<[u8]>,
    /// `redemption_method` and `redemption_rate` of each option.
    redemptions: Vec<Box<[u8]>>,
}

/// Encodes tuples for the cards of one engine.
#[derive(Clone, Debug)]
pub struct BinaryRows {
    cards: Vec<CardFields>,
    /// The field of rank 1, of rank 2 and so on.
    ranks: [Box<[u8]>; 10],
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
                joining_fees: encoded(|out| push_hundredths(out, card.joining_fees_paise)).into(),
                redemptions: card
                    .options
                    .iter()
                    .map(|option| redemption(&field(option.method.as_bytes()), option.conversion_rate_e4))
                    .collect(),
            })
            .collect();
        let ranks = std::array::from_fn(|place| rank_type.field(place as u8 + 1).into());
        Self { cards, ranks, no_redemption: redemption(&NULL, 0) }
    }

    /// All but the key and the rank.
    fn push_rest(&self, row: &Recommendation, out: &mut Vec<u8>) {
        let card = &self.cards[row.card as usize];
        out.extend_from_slice(&card.name);
        push_hundredths(out, row.savings_paise);
        out.extend_from_slice(&card.joining_fees);
        push_hundredths(out, row.extra_benefits_paise);
        push_hundredths(out, row.net_paise);
        for points in row.points_e2 {
            push_hundredths(out, points);
        }
        let redemption = row.option.map_or(&self.no_redemption, |option| &card.redemptions[usize::from(option)]);
        out.extend_from_slice(redemption);
    }
}

impl Encode for BinaryRows {
    fn encode(&self, user_id: &str, ten: &TopTen, out: &mut Vec<u8>) {
        for (rank, row) in self.ranks.iter().zip(ten) {
            out.extend_from_slice(&FIELDS);
            out.extend_from_slice(&length(user_id.len()));
            out.extend_from_slice(user_id.as_bytes());
            out.extend_from_slice(rank);
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

fn encoded(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out);
    out
}

/// A field's length; keys and names are short by far.
fn length(bytes: usize) -> [u8; 4] {
    i32::try_from(bytes).unwrap_or(i32::MAX).to_be_bytes()
}

fn field(bytes: &[u8]) -> Vec<u8> {
    [&length(bytes.len()), bytes].concat()
}

fn redemption(method: &[u8], rate_e4: u32) -> Box<[u8]> {
    let mut out = method.to_vec();
    push_numeric(
        &mut out,
        Decimal { negative: false, whole: u64::from(rate_e4 / 10_000), part: (rate_e4 % 10_000) as u16 },
        4,
    );
    out.into()
}

/// Appends `hundredths / 100` as a field, with two decimals.
fn push_hundredths(out: &mut Vec<u8>, hundredths: i64) {
    let magnitude = hundredths.unsigned_abs();
    let part = (magnitude % 100) as u16 * 100;
    push_numeric(out, Decimal { negative: hundredths < 0, whole: magnitude / 100, part }, 2);
}

/// `whole + part / 10,000`, or as much below zero.
struct Decimal {
    negative: bool,
    whole: u64,
    part: u16,
}

/// Groups of four digits: five are before the point in the largest `u64` there may be, one is behind it.
const GROUPS: usize = 6;

/// Bytes of a NUMERIC before its digits.
const NUMERIC_HEADER_BYTES: usize = 8;

fn push_numeric(out: &mut Vec<u8>, value: Decimal, decimals: u8) {
    let mut groups = [0_u16; GROUPS];
    groups[GROUPS - 1] = value.part;
    let (mut first, mut rest) = (GROUPS - 1, value.whole);
    while rest > 0 && first > 0 {
        first -= 1;
        groups[first] = (rest % 10_000) as u16;
        rest /= 10_000;
    }
    // Without zeros at either end, as the server keeps it.
    let mut end = GROUPS;
    while end > first && groups[end - 1] == 0 {
        end -= 1;
    }
    let digits = end - first;
    // The group before the point is worth 10,000^0. Zero has neither weight nor sign.
    let weight = if digits == 0 { 0 } else { (GROUPS - 2) as i16 - first as i16 };
    let sign = if digits > 0 && value.negative { NEGATIVE } else { 0 };
    let mut field = [0_u8; 4 + NUMERIC_HEADER_BYTES + 2 * GROUPS];
    let body = NUMERIC_HEADER_BYTES + 2 * digits;
    field[3] = body as u8;
    field[5] = digits as u8;
    field[6..8].copy_from_slice(&weight.to_be_bytes());
    field[8..10].copy_from_slice(&sign.to_be_bytes());
    field[11] = decimals;
    for (place, group) in field[4 + NUMERIC_HEADER_BYTES..].chunks_exact_mut(2).zip(&groups[first..end]) {
        place.copy_from_slice(&group.to_be_bytes());
    }
    out.extend_from_slice(&field[..4 + body]);
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
        let (_, digits, weight, negative, scale) = read(&encoded(|out| push_hundredths(out, hundredths)));
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
        assert_eq!(RankType::Int2.field(10), [0, 0, 0, 2, 0, 10]);
        assert_eq!(RankType::Int4.field(1).len(), 8);
        assert_eq!(RankType::Int8.field(1).len(), 12);
    }
}
