//! NUMERIC as the server sends it, into exact amounts.
//!
//! Binary form: `numeric_send` in the server's source; four 16-bit words (digits, weight, sign, display scale) and then
//! digits in base 10,000, the first worth 10,000^weight.

use cardgenius_engine::user::MAX_PAISE;
use num_bigint::BigInt;
use num_traits::Pow;
use tokio_postgres::types::{FromSql, Type};

use crate::amount::{Amount, MAX_WHOLE_DIGITS};

/// A sign below zero.
pub(super) const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;
const INFINITY: u16 = 0xD000;
const NEGATIVE_INFINITY: u16 = 0xF000;

/// Bytes that are no NUMERIC.
#[derive(Debug, thiserror::Error)]
#[error("the server sent a NUMERIC that cannot be read")]
pub(super) struct Unreadable;

impl<'a> FromSql<'a> for Amount {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(read(raw).ok_or(Unreadable)?)
    }

    fn accepts(of: &Type) -> bool {
        *of == Type::NUMERIC
    }
}

fn read(raw: &[u8]) -> Option<Amount> {
    let (header, digits) = raw.split_first_chunk::<8>()?;
    let word = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    let (count, weight, sign) = (usize::from(word(0)), word(2) as i16, word(4));
    let negative = match sign {
        0 => false,
        NEGATIVE => true,
        NAN => return Some(Amount::NotANumber),
        INFINITY => return Some(Amount::Infinite { negative: false }),
        NEGATIVE_INFINITY => return Some(Amount::Infinite { negative: true }),
        _ => return None,
    };
    if digits.len() != count * 2 {
        return None;
    }
    let digits = digits.as_chunks::<2>().0;
    Some(match paise(digits, weight, negative) {
        Some(paise) => Amount::Paise(paise),
        None if whole_digits(digits, weight) > MAX_WHOLE_DIGITS => Amount::TooLarge { negative },
        None => wide(digits, weight, negative),
    })
}

/// Decimal digits before the point: the first group has those of its number, each further one four.
fn whole_digits(digits: &[[u8; 2]], weight: i16) -> i64 {
    let mut groups = (0_i64..).zip(digits).map(|(place, digit)| (place, u16::from_be_bytes(*digit)));
    let first = groups.find(|(_, digit)| *digit != 0);
    first.map_or(0, |(place, digit)| (i64::from(weight) - place) * 4 + i64::from(digit.ilog10()) + 1)
}

/// The ordinary case, without an allocation.
fn paise(digits: &[[u8; 2]], weight: i16, negative: bool) -> Option<i64> {
    // 10,000^2 is the highest group below 10^12.
    if weight > 2 {
        return None;
    }
    let mut hundredths = 0_i64;
    for (place, digit) in (0_i16..).zip(digits) {
        let digit = i64::from(u16::from_be_bytes(*digit));
        let share = match weight.checked_sub(place)? {
            2 => digit * 10_000_000_000,
            1 => digit * 1_000_000,
            0 => digit * 100,
            -1 if digit % 100 == 0 => digit / 100,
            _ if digit == 0 => 0,
            _ => return None,
        };
        hundredths += share;
    }
    (hundredths <= MAX_PAISE).then_some(if negative { -hundredths } else { hundredths })
}

fn wide(digits: &[[u8; 2]], weight: i16, negative: bool) -> Amount {
    let base_10_000: Vec<u8> = digits
        .iter()
        .flat_map(|digit| {
            let digit = u16::from_be_bytes(*digit);
            [1_000, 100, 10, 1].map(|place| (digit / place % 10) as u8)
        })
        .collect();
    let mut unscaled = BigInt::from_radix_be(num_bigint::Sign::Plus, &base_10_000, 10).unwrap_or_default();
    let groups_behind_point = i64::try_from(digits.len()).unwrap_or(i64::MAX) - 1 - i64::from(weight);
    let decimals = u32::try_from(groups_behind_point * 4).unwrap_or(0);
    if groups_behind_point < 0 {
        unscaled *= BigInt::from(10_000).pow(groups_behind_point.unsigned_abs());
    }
    Amount::Wide { unscaled: if negative { -unscaled } else { unscaled }, decimals }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(digits: &[u16], weight: i16, sign: u16) -> Vec<u8> {
        let header = [digits.len() as u16, weight as u16, sign, 0];
        header.iter().chain(digits).flat_map(|word| word.to_be_bytes()).collect()
    }

    fn amount(digits: &[u16], weight: i16, sign: u16) -> Amount {
        read(&encoded(digits, weight, sign)).unwrap()
    }

    #[test]
    fn ordinary_amounts_are_whole_paise() {
        assert_eq!(amount(&[], 0, 0), Amount::Paise(0));
        assert_eq!(amount(&[1234, 5600], 0, 0), Amount::Paise(123_456));
        assert_eq!(amount(&[100], -1, NEGATIVE), Amount::Paise(-1));
        assert_eq!(amount(&[1], 1, 0), Amount::Paise(1_000_000));
        assert_eq!(amount(&[99, 9999, 9999, 9900], 2, 0), Amount::Paise(999_999_999_999));
    }

    #[test]
    fn what_does_not_fit_stays_exact() {
        let thousandth = amount(&[50], -1, 0);
        assert_eq!(thousandth, Amount::Wide { unscaled: BigInt::from(50), decimals: 4 });
        let large = amount(&[100, 0, 0], 2, 0);
        assert_eq!(large.parts(), (BigInt::from(10_000_000_000_i64), 0));
        assert_eq!(amount(&[7], 3, 0), Amount::Wide { unscaled: BigInt::from(7_000_000_000_000_i64), decimals: 0 });
    }

    #[test]
    fn what_has_more_than_a_thousand_digits_before_its_point_is_too_large_and_is_not_computed() {
        assert_eq!(amount(&[9_999; 32_768], 32_767, 0), Amount::TooLarge { negative: false });
        assert_eq!(amount(&[1], 250, NEGATIVE), Amount::TooLarge { negative: true }, "10^1000");
        assert!(matches!(amount(&[9_999], 249, 0), Amount::Wide { .. }), "of just 1,000 digits");
        assert!(matches!(amount(&[0, 9_999], 250, 0), Amount::Wide { .. }), "a group in front that says nothing");
        assert!(matches!(amount(&[1; 4_000], -1, 0), Amount::Wide { .. }), "a fraction");
    }

    #[test]
    fn what_is_no_number_says_so() {
        assert_eq!(amount(&[], 0, NAN), Amount::NotANumber);
        assert_eq!(amount(&[], 0, NEGATIVE_INFINITY), Amount::Infinite { negative: true });
        assert!(read(&encoded(&[1], 0, 0x1234)).is_none());
        assert!(read(&[0, 1, 0]).is_none());
    }
}
