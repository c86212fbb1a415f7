//! NUMERIC as the server sends it, into exact amounts.
//!
//! Binary form: `numeric_send` in the server's source; four 16-bit words (digits, weight, sign, display scale) and then
//! digits in base 10,000, the first worth 10,000^weight.

use cardgenius_engine::user::{MAX_PAISE, Spend};
use num_bigint::BigInt;
use num_traits::{Pow, Signed, ToPrimitive, Zero};
use tokio_postgres::types::{FromSql, Type};

/// A sign below zero.
pub(super) const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;
const INFINITY: u16 = 0xD000;
const NEGATIVE_INFINITY: u16 = 0xF000;

/// A NUMERIC, exact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Amount {
    /// A whole number of hundredths within DECIMAL(12,2).
    Paise(i64),
    /// `unscaled / 10^decimals`.
    Wide { unscaled: BigInt, decimals: u32 },
    /// NaN.
    NotANumber,
    /// Infinity, or minus infinity.
    Infinite { negative: bool },
}

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
    Some(paise(digits, weight, negative).map_or_else(|| wide(digits, weight, negative), Amount::Paise))
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

impl Amount {
    fn is_finite_and_negative(&self) -> bool {
        match self {
            Self::Paise(paise) => *paise < 0,
            Self::Wide { unscaled, .. } => unscaled.is_negative(),
            Self::NotANumber | Self::Infinite { .. } => false,
        }
    }

    /// `(unscaled, decimals)`; zero for what is no number.
    fn parts(&self) -> (BigInt, u32) {
        match self {
            Self::Paise(paise) => (BigInt::from(*paise), 2),
            Self::Wide { unscaled, decimals } => (unscaled.clone(), *decimals),
            Self::NotANumber | Self::Infinite { .. } => (BigInt::zero(), 0),
        }
    }

    /// Rounded down to a whole number of `1 / 10^decimals`, and to what 64 bits hold; unknown if it is no number.
    /// A threshold of that many decimals compares with it as with the exact value.
    pub(super) fn floor(&self, decimals: u32) -> Option<i64> {
        match self {
            Self::NotANumber => None,
            Self::Infinite { negative } => Some(if *negative { i64::MIN } else { i64::MAX }),
            Self::Paise(_) | Self::Wide { .. } => {
                let (unscaled, has) = self.parts();
                let ten = |power: u32| BigInt::from(10).pow(power);
                let scaled = unscaled * ten(decimals);
                let divisor = ten(has);
                let floor = num_integer_floor(&scaled, &divisor);
                Some(floor.to_i64().unwrap_or(if floor.is_negative() { i64::MIN } else { i64::MAX }))
            }
        }
    }
}

fn num_integer_floor(dividend: &BigInt, divisor: &BigInt) -> BigInt {
    let quotient = dividend / divisor;
    if dividend.is_negative() && &quotient * divisor != *dividend { quotient - 1 } else { quotient }
}

/// The six amounts of a user, NULL being zero, as the engine takes them.
pub(super) fn spend(amounts: [Option<Amount>; 6]) -> Spend {
    let amounts = amounts.map(|amount| amount.unwrap_or(Amount::Paise(0)));
    let mut paise = [0; 6];
    for (whole, amount) in paise.iter_mut().zip(&amounts) {
        match amount {
            Amount::Paise(value) => *whole = *value,
            _ => return unusual(&amounts),
        }
    }
    Spend::Paise(paise)
}

fn unusual(amounts: &[Amount; 6]) -> Spend {
    if amounts.iter().any(|amount| matches!(amount, Amount::NotANumber | Amount::Infinite { .. })) {
        return Spend::NotANumber { negative: amounts.iter().any(Amount::is_finite_and_negative) };
    }
    let parts = amounts.each_ref().map(Amount::parts);
    let decimals = parts.iter().map(|(_, decimals)| *decimals).max().unwrap_or(0);
    let amounts = parts.map(|(unscaled, has)| unscaled * BigInt::from(10).pow(decimals - has));
    Spend::Wide { amounts: Box::new(amounts), decimals }
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
    fn what_is_no_number_says_so() {
        assert_eq!(amount(&[], 0, NAN), Amount::NotANumber);
        assert_eq!(amount(&[], 0, NEGATIVE_INFINITY), Amount::Infinite { negative: true });
        assert!(read(&encoded(&[1], 0, 0x1234)).is_none());
        assert!(read(&[0, 1, 0]).is_none());
    }

    #[test]
    fn a_floor_compares_like_the_exact_value() {
        assert_eq!(amount(&[749, 9999], 0, 0).floor(0), Some(749));
        assert_eq!(amount(&[1, 50], 0, NEGATIVE).floor(2), Some(-101));
        assert_eq!(Amount::Infinite { negative: false }.floor(2), Some(i64::MAX));
        assert_eq!(Amount::NotANumber.floor(2), None);
    }

    #[test]
    fn a_negative_amount_is_told_even_beside_a_nan() {
        let amounts = [Some(Amount::NotANumber), Some(Amount::Paise(-1)), None, None, None, None];
        assert_eq!(spend(amounts), Spend::NotANumber { negative: true });
        let amounts = [Some(Amount::Infinite { negative: true }), None, None, None, None, None];
        assert_eq!(spend(amounts), Spend::NotANumber { negative: false });
    }

    #[test]
    fn wide_amounts_share_their_decimals() {
        let amounts = [Some(amount(&[50], -1, 0)), Some(Amount::Paise(1)), None, None, None, None];
        let Spend::Wide { amounts, decimals } = spend(amounts) else { panic!("not wide") };
        assert_eq!((decimals, &amounts[0], &amounts[1]), (4, &BigInt::from(50), &BigInt::from(100)));
    }
}
