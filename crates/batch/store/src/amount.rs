//! An amount or a score as a database has it, exact, and what the engine is given of it.

use cardgenius_engine::user::{MAX_PAISE, Spend};
use num_bigint::BigInt;
use num_traits::{Pow, Signed, ToPrimitive, Zero};

/// A number, exact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Amount {
    /// A whole number of hundredths within DECIMAL(12,2).
    Paise(i64),
    /// `unscaled / 10^decimals`.
    Wide { unscaled: BigInt, decimals: u32 },
    /// Of more than [`MAX_WHOLE_DIGITS`] digits before its point.
    TooLarge { negative: bool },
    /// NaN.
    NotANumber,
    /// Infinity, or minus infinity.
    Infinite { negative: bool },
}

/// Digits before the point of the largest amount that is calculated with (docs/calculation.md, section 1). A NUMERIC may have
/// 131,072 of them, and the six amounts of one such user would take a quarter of a second.
pub(crate) const MAX_WHOLE_DIGITS: i64 = 1_000;

impl Amount {
    /// A number as people write it, and as a server of MySQL's family casts one of any type to text: a sign, digits, a point,
    /// an exponent. None if it is none.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i16>().ok()?),
            None => (text, 0),
        };
        let (negative, digits) = match mantissa.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, mantissa),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.len() + fraction.len() == 0 || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit())
        {
            return None;
        }
        if exponent == 0
            && let Some(paise) = paise(whole, fraction)
        {
            return Some(Self::Paise(if negative { -paise } else { paise }));
        }
        let significant = |digits: &str| digits.trim_start_matches('0').len() as i64;
        let whole_digits = match significant(whole) {
            0 => significant(fraction) - fraction.len() as i64,
            digits => digits,
        };
        if whole_digits + i64::from(exponent) > MAX_WHOLE_DIGITS && (significant(whole) + significant(fraction)) > 0 {
            return Some(Self::TooLarge { negative });
        }
        let unscaled: BigInt = format!("{whole}{fraction}").parse().ok()?;
        let unscaled = if negative { -unscaled } else { unscaled };
        let decimals = i64::try_from(fraction.len()).ok()? - i64::from(exponent);
        Some(match u32::try_from(decimals) {
            Ok(decimals) => Self::Wide { unscaled, decimals },
            Err(_) => Self::Wide { unscaled: unscaled * BigInt::from(10).pow(decimals.unsigned_abs()), decimals: 0 },
        })
    }

    fn is_finite_and_negative(&self) -> bool {
        match self {
            Self::Paise(paise) => *paise < 0,
            Self::Wide { unscaled, .. } => unscaled.is_negative(),
            Self::TooLarge { negative } => *negative,
            Self::NotANumber | Self::Infinite { .. } => false,
        }
    }

    /// `(unscaled, decimals)`; zero for what is no number, or too large a one.
    pub(crate) fn parts(&self) -> (BigInt, u32) {
        match self {
            Self::Paise(paise) => (BigInt::from(*paise), 2),
            Self::Wide { unscaled, decimals } => (unscaled.clone(), *decimals),
            Self::TooLarge { .. } | Self::NotANumber | Self::Infinite { .. } => (BigInt::zero(), 0),
        }
    }

    /// Rounded down to a whole number of `1 / 10^decimals`, and to what 64 bits hold; unknown if it is no number.
    /// A threshold of that many decimals compares with it as with the exact value.
    pub(crate) fn floor(&self, decimals: u32) -> Option<i64> {
        match self {
            Self::NotANumber => None,
            Self::Infinite { negative } | Self::TooLarge { negative } => {
                Some(if *negative { i64::MIN } else { i64::MAX })
            }
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

/// The ordinary case, without an allocation.
fn paise(whole: &str, fraction: &str) -> Option<i64> {
    let (hundredths, rest) = fraction.as_bytes().split_at_checked(2).unwrap_or((fraction.as_bytes(), b""));
    if whole.len() > 10 || rest.iter().any(|digit| *digit != b'0') {
        return None;
    }
    let mut paise = 0;
    for place in 0..whole.len() + 2 {
        let digit = whole.as_bytes().get(place).or_else(|| hundredths.get(place.checked_sub(whole.len())?));
        paise = paise * 10 + digit.map_or(0, |digit| i64::from(digit - b'0'));
    }
    (paise <= MAX_PAISE).then_some(paise)
}

fn num_integer_floor(dividend: &BigInt, divisor: &BigInt) -> BigInt {
    let quotient = dividend / divisor;
    if dividend.is_negative() && &quotient * divisor != *dividend { quotient - 1 } else { quotient }
}

/// The six amounts of a user, NULL being zero, as the engine takes them.
pub(crate) fn spend(amounts: [Option<Amount>; 6]) -> Spend {
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
    if amounts.iter().any(|amount| matches!(amount, Amount::TooLarge { .. })) {
        return Spend::TooLarge { negative: amounts.iter().any(Amount::is_finite_and_negative) };
    }
    let parts = amounts.each_ref().map(Amount::parts);
    let decimals = parts.iter().map(|(_, decimals)| *decimals).max().unwrap_or(0);
    let amounts = parts.map(|(unscaled, has)| unscaled * BigInt::from(10).pow(decimals - has));
    Spend::Wide { amounts: Box::new(amounts), decimals }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Amount {
        Amount::from_text(text).unwrap()
    }

    #[test]
    fn ordinary_amounts_in_text_are_whole_paise() {
        for (text, paise) in [
            ("0", 0),
            ("0.00", 0),
            (".5", 50),
            ("12", 1_200),
            ("1234.56", 123_456),
            ("1234.5600", 123_456),
            ("-0.01", -1),
            ("9999999999.99", 999_999_999_999),
            ("0000000012.3", 1_230),
        ] {
            assert_eq!(amount(text), Amount::Paise(paise), "{text}");
        }
    }

    #[test]
    fn what_in_text_does_not_fit_stays_exact() {
        for (text, unscaled, decimals) in [
            ("0.005", 5, 3),
            ("-1234.567", -1_234_567, 3),
            ("10000000000", 10_000_000_000_i64, 0),
            ("1.5e3", 1_500, 0),
            ("1.25e-1", 125, 3),
        ] {
            assert_eq!(amount(text), Amount::Wide { unscaled: BigInt::from(unscaled), decimals }, "{text}");
        }
    }

    #[test]
    fn what_is_no_number_in_text_is_none() {
        for text in ["", "-", ".", "e5", "1e", "1e99999", "12x", "NaN", "--1", "1.2.3", "+-1"] {
            assert_eq!(Amount::from_text(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_floor_compares_like_the_exact_value() {
        assert_eq!(amount("749.9999").floor(0), Some(749));
        assert_eq!(amount("-1.0050").floor(2), Some(-101));
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
    fn an_amount_of_more_than_a_thousand_digits_before_its_point_is_too_large() {
        let digits = |count: usize| "9".repeat(count);
        for text in [digits(1_001), "1e1000".to_owned(), format!("-{}.5", digits(131_072)), "0.001e1003".to_owned()] {
            let negative = text.starts_with('-');
            assert_eq!(amount(&text), Amount::TooLarge { negative }, "{text}");
            assert_eq!(amount(&text).floor(2), Some(if negative { i64::MIN } else { i64::MAX }));
        }
        for text in [digits(1_000), "1e999".to_owned(), "0e32000".to_owned(), format!("0.{}", digits(2_000))] {
            assert!(matches!(amount(&text), Amount::Wide { .. } | Amount::Paise(0)), "{text}");
        }
    }

    #[test]
    fn a_negative_amount_is_told_beside_one_that_is_too_large() {
        for (other, negative) in [("1", false), ("-0.001", true), ("-1", true)] {
            let amounts = [Some(amount("1e5000")), Some(amount(other)), None, None, None, None];
            assert_eq!(spend(amounts), Spend::TooLarge { negative });
        }
        let amounts = [Some(amount("1e5000")), Some(Amount::NotANumber), None, None, None, None];
        assert_eq!(spend(amounts), Spend::NotANumber { negative: false });
    }

    #[test]
    fn wide_amounts_share_their_decimals() {
        let amounts = [Some(amount("0.0050")), Some(Amount::Paise(1)), None, None, None, None];
        let Spend::Wide { amounts, decimals } = spend(amounts) else { panic!("not wide") };
        assert_eq!((decimals, &amounts[0], &amounts[1]), (4, &BigInt::from(50), &BigInt::from(100)));
    }
}
