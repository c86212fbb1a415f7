//! Numbers of the catalogue, taken exactly from their text: never through a binary float.

use std::cmp::Ordering;

/// What a number may be: 0 to `max_scaled / 10^decimals`, counted by value (calculation.md, section 2).
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    max_scaled: i64,
    decimals: u32,
}

/// Points per rupee, in millionths.
pub(super) const BASE_RATE: Range = Range { max_scaled: 1_000_000, decimals: 6 };
/// Of a rate and of a promotion, in hundredths.
pub(super) const MULTIPLIER: Range = Range { max_scaled: 10_000, decimals: 2 };
/// Rupees per point, in ten-thousandths.
pub(super) const POINT_VALUE: Range = Range { max_scaled: 1_000_000, decimals: 4 };
/// Share of a point's value, in ten-thousandths.
pub(super) const CONVERSION_RATE: Range = Range { max_scaled: 10_000, decimals: 4 };
/// Caps and minimum points, in hundredths.
pub(super) const POINTS: Range = Range { max_scaled: 999_999_999_999, decimals: 2 };
/// Rupees, in paise.
pub(super) const MONEY: Range = Range { max_scaled: 999_999_999_999, decimals: 2 };
/// Whole.
pub(super) const CREDIT_SCORE: Range = Range { max_scaled: 999, decimals: 0 };

/// Most digits that a scaled number may have before it is beyond every range (and could overflow an `i64`).
const MAX_SCALED_DIGITS: i64 = 18;

/// Any exponent beyond this is as good as this one: no text is long enough to make up for it.
const MAX_EXPONENT: i64 = 1 << 40;

impl Range {
    /// The number `text` (a JSON number) in units of `10^-decimals`, or every rule that it breaks.
    pub(super) fn read(self, text: &str) -> Result<i64, Vec<String>> {
        let number = Exact::from_json(text);
        let mut broken = Vec::new();
        if self.is_out_of_range(&number) {
            broken.push(format!("is out of range, 0 to {} is allowed", self.max_text()));
        }
        if number.decimals() > i64::from(self.decimals) {
            broken.push(self.decimals_rule(number.decimals()));
        }
        match number.scaled_down(self.decimals) {
            Some(scaled) if broken.is_empty() => Ok(scaled),
            _ => Err(broken),
        }
    }

    fn is_out_of_range(self, number: &Exact) -> bool {
        let Some(scaled) = number.scaled_down(self.decimals) else { return true };
        let is_above = match scaled.cmp(&self.max_scaled) {
            Ordering::Greater => true,
            Ordering::Equal => number.decimals() > i64::from(self.decimals),
            Ordering::Less => false,
        };
        is_above || number.is_below_zero()
    }

    fn decimals_rule(self, decimals: i64) -> String {
        match self.decimals {
            0 => "is not whole".to_owned(),
            allowed => format!("has {decimals} decimals, at most {allowed} are allowed"),
        }
    }

    fn max_text(self) -> String {
        let unit = 10_i64.pow(self.decimals);
        let (whole, rest) = (self.max_scaled / unit, self.max_scaled % unit);
        if rest == 0 { whole.to_string() } else { format!("{whole}.{rest:0width$}", width = self.decimals as usize) }
    }
}

/// `± digits × 10^exponent`; the digits neither begin nor end with a zero, and there are none for zero.
struct Exact {
    is_negative: bool,
    digits: Vec<u8>,
    exponent: i64,
}

impl Exact {
    /// Of the text of a JSON number: what else stands in it is passed over.
    fn from_json(text: &str) -> Self {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).filter(u8::is_ascii_digit).collect();
        let leading_zeros = digits.iter().take_while(|digit| **digit == b'0').count();
        digits.drain(..leading_zeros);
        let mut exponent = bounded_exponent(exponent).saturating_sub_unsigned(fraction.len() as u64);
        while digits.last() == Some(&b'0') {
            digits.pop();
            exponent += 1;
        }
        if digits.is_empty() {
            exponent = 0;
        }
        Self { is_negative: text.starts_with('-'), digits, exponent }
    }

    fn is_below_zero(&self) -> bool {
        self.is_negative && !self.digits.is_empty()
    }

    /// Decimals by value: 1.00 has none.
    fn decimals(&self) -> i64 {
        (-self.exponent).max(0)
    }

    /// The size (without the sign) in units of `10^-decimals`, rounded down; `None` when it is beyond every range.
    fn scaled_down(&self, decimals: u32) -> Option<i64> {
        let length = self.digits.len() as i64 + self.exponent + i64::from(decimals);
        if self.digits.is_empty() || length <= 0 {
            return Some(0);
        }
        if length > MAX_SCALED_DIGITS {
            return None;
        }
        let digits = self.digits.iter().copied().chain(std::iter::repeat(b'0'));
        Some(digits.take(length as usize).fold(0, |value, digit| value * 10 + i64::from(digit - b'0')))
    }
}

fn bounded_exponent(text: &str) -> i64 {
    let digits = text.trim_start_matches(['+', '-']).trim_start_matches('0');
    let size = if digits.is_empty() { 0 } else { digits.parse::<i64>().unwrap_or(MAX_EXPONENT).min(MAX_EXPONENT) };
    if text.starts_with('-') { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_counted_by_value() {
        for (text, millionths) in [
            ("1.00", 1_000_000),
            ("1e-06", 1),
            ("0.0100000", 10_000),
            ("0.026667", 26_667),
            ("0", 0),
            ("-0", 0),
            ("-0.0e5", 0),
            ("10E-1", 1_000_000),
            ("0.00001E+2", 1_000),
            ("0e999999999", 0),
            ("0e-99999999999999999999999999", 0),
            ("1000000000e-15", 1),
        ] {
            assert_eq!(BASE_RATE.read(text), Ok(millionths), "{text}");
        }
    }

    #[test]
    fn what_is_beyond_the_range_is_refused_whatever_its_length() {
        for text in ["1.000001", "1e400", "1E+2", "-1", "-0.000001", "1e99999999999999999999", "2"] {
            let broken = BASE_RATE.read(text).expect_err(text);
            assert_eq!(broken, ["is out of range, 0 to 1 is allowed"], "{text}");
        }
        let long = format!("1{}", "0".repeat(1_000_000));
        assert_eq!(MONEY.read(&long).expect_err("long"), ["is out of range, 0 to 9999999999.99 is allowed"]);
        assert_eq!(MONEY.read("9999999999.99"), Ok(999_999_999_999));
        assert_eq!(MONEY.read("10000000000").expect_err("above").len(), 1);
    }

    #[test]
    fn too_many_decimals_are_refused_and_trailing_zeros_are_not() {
        assert_eq!(BASE_RATE.read("0.0000001").expect_err("seven"), ["has 7 decimals, at most 6 are allowed"]);
        assert_eq!(BASE_RATE.read("1e-400").expect_err("many"), ["has 400 decimals, at most 6 are allowed"]);
        let zeros = format!("0.05{}", "0".repeat(1_000_000));
        assert_eq!(BASE_RATE.read(&zeros), Ok(50_000));
        assert_eq!(CREDIT_SCORE.read("750.0"), Ok(750));
        assert_eq!(CREDIT_SCORE.read("750.5").expect_err("half"), ["is not whole"]);
    }

    #[test]
    fn a_number_that_breaks_both_rules_is_told_both() {
        assert_eq!(BASE_RATE.read("1.0000001").expect_err("both").len(), 2);
        assert_eq!(BASE_RATE.read("-0.0000001").expect_err("both").len(), 2);
        assert_eq!(MONEY.read("9999999999.991").expect_err("both").len(), 2);
    }
}
