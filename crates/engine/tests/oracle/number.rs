//! Exact decimals: read, rounded and written.

use num_bigint::BigInt;
use num_rational::Ratio;

/// A number without any error.
pub(crate) type Number = Ratio<BigInt>;

/// A whole number.
pub(crate) fn whole(number: i64) -> Number {
    Number::from_integer(BigInt::from(number))
}

/// The number that a decimal text means; with a sign or an exponent, if need be.
pub(crate) fn decimal(text: &str) -> Number {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: BigInt = format!("{whole}{fraction}").parse().unwrap();
    let power = exponent.parse::<i32>().unwrap() - i32::try_from(fraction.len()).unwrap();
    let ten_to_the_power = Number::from_integer(BigInt::from(10)).pow(power);
    Number::from_integer(digits) * ten_to_the_power
}

/// To two decimals, half away from zero.
pub(crate) fn round2(number: &Number) -> Number {
    let hundredths = number * whole(100);
    let half = Number::new(BigInt::from(1), BigInt::from(2));
    let rounded = if hundredths < whole(0) { (hundredths - half).ceil() } else { (hundredths + half).floor() };
    rounded / whole(100)
}

/// A number that has no more than these decimals, as text.
pub(crate) fn text(number: &Number, decimals: u32) -> String {
    let scaled = number * whole(10_i64.pow(decimals));
    assert!(scaled.is_integer(), "{number} has more than {decimals} decimals");
    let scaled = scaled.to_integer();
    let sign = if scaled < BigInt::from(0) { "-" } else { "" };
    let digits = format!("{:0>width$}", scaled.magnitude().to_string(), width = decimals as usize + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals as usize);
    format!("{sign}{whole}.{fraction}")
}

#[test]
fn decimals_are_read_rounded_and_written_exactly() {
    assert_eq!(text(&decimal("-12.5e-1"), 4), "-1.2500");
    assert_eq!(text(&decimal("1e-6"), 6), "0.000001");
    assert_eq!(text(&decimal("7"), 2), "7.00");
    assert_eq!(text(&round2(&decimal("0.005")), 2), "0.01");
    assert_eq!(text(&round2(&decimal("0.0049999999999999999999")), 2), "0.00");
    assert_eq!(text(&round2(&decimal("-0.005")), 2), "-0.01");
    assert_eq!(text(&round2(&decimal("2.665")), 2), "2.67");
}
