//! Fields of COPY's binary format: a length of four bytes, and the bytes.
//!
//! A NUMERIC is what `numeric_recv` in the server's source reads: four 16-bit words (digits, weight, sign, display scale), and
//! digits in base 10,000.

use super::numeric::NEGATIVE;

/// A few bytes, in an array that is copied as a whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Whole<const MOST: usize> {
    bytes: [u8; MOST],
    /// How many of them there are.
    length: u8,
}

impl<const MOST: usize> Default for Whole<MOST> {
    fn default() -> Self {
        Self { bytes: [0; MOST], length: 0 }
    }
}

impl<const MOST: usize> Whole<MOST> {
    /// These parts, one behind the other; none if there is no room for them.
    pub(super) fn of(parts: &[&[u8]]) -> Option<Self> {
        let (mut bytes, mut length) = ([0; MOST], 0);
        for part in parts {
            bytes.get_mut(length..length + part.len())?.copy_from_slice(part);
            length += part.len();
        }
        Some(Self { bytes, length: u8::try_from(length).ok()? })
    }

    /// All of the array, in a few words, and then only as many bytes as there are: cheaper than to copy just those.
    #[inline(always)]
    pub(super) fn push(&self, out: &mut Vec<u8>) {
        let end = out.len() + usize::from(self.length);
        out.extend_from_slice(&self.bytes);
        out.truncate(end);
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

/// Fields that are encoded once and written often.
#[derive(Clone, Debug)]
pub(super) enum Fields {
    Short(Whole<64>),
    Long(Box<[u8]>),
}

impl Fields {
    /// These parts, one behind the other.
    pub(super) fn of(parts: &[&[u8]]) -> Self {
        Whole::of(parts).map_or_else(|| Self::Long(parts.concat().into()), Self::Short)
    }

    #[inline(always)]
    pub(super) fn push(&self, out: &mut Vec<u8>) {
        match self {
            Self::Short(fields) => fields.push(out),
            Self::Long(fields) => out.extend_from_slice(fields),
        }
    }
}

/// A field's length; keys and names are short by far.
pub(super) fn length(bytes: usize) -> [u8; 4] {
    i32::try_from(bytes).unwrap_or(i32::MAX).to_be_bytes()
}

/// Bytes as a field.
pub(super) fn field(bytes: &[u8]) -> Vec<u8> {
    [&length(bytes.len()), bytes].concat()
}

/// A field's length, four words, and six digits of base 10,000: five before the point, as many as a `u64` may have, and one
/// behind it.
const NUMERIC_BYTES: usize = 24;

/// Bytes of it before the digits.
const NUMERIC_HEADER_BYTES: u8 = 12;

/// A NUMERIC as a field.
pub(super) type Numeric = Whole<NUMERIC_BYTES>;

/// `hundredths / 100`, with two decimals.
#[inline(always)]
pub(super) fn hundredths(hundredths: i64) -> Numeric {
    let magnitude = hundredths.unsigned_abs();
    numeric(hundredths < 0, magnitude / 100, (magnitude % 100) as u16 * 100, 2)
}

/// `whole + part / 10,000`, or as much below zero.
#[inline(always)]
pub(super) fn numeric(negative: bool, whole: u64, part: u16, decimals: u8) -> Numeric {
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
    fn fields_of_any_length_are_written_whole() {
        for bytes in [0, 1, 63, 64, 65, 300] {
            let (part, mut out) = (vec![7; bytes], b"before".to_vec());
            Fields::of(&[&part]).push(&mut out);
            assert_eq!(out, [b"before".as_slice(), &part].concat());
        }
    }
}
