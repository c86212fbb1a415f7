//! Multiplying by a decimal fraction and rounding half up, as one 64-bit multiplication.
//!
//! A ratio `r = n/d` is held as `M`, the smallest integer that is not below `r x 2^(64-t)`. The high half of
//! `(x << t) x M + 2^63` is then `floor(x r + 1/2 + x e / (d 2^(64-t)))`, where `e = M d - n 2^(64-t)` lies in `0..d`. The
//! value wanted, `x r + 1/2`, is a multiple of `1/(2d)`; the excess cannot carry it to the next integer as long as it is below
//! `1/(2d)`, which is `x e < 2^(63-t)`. With that [`Factor::largest`] the result is exact for every `x` up to it.

/// A fraction in lowest terms, not below zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Ratio {
    numerator: u64,
    denominator: u64,
}

impl Ratio {
    /// `numerator / 10^decimals`.
    pub(super) fn decimal(numerator: u64, decimals: u32) -> Self {
        let denominator = 10_u64.pow(decimals);
        let divisor = greatest_common_divisor(numerator, denominator);
        Self { numerator: numerator / divisor, denominator: denominator / divisor }
    }

    fn is_below_two_to_the(self, power: u32) -> bool {
        u128::from(self.numerator) < u128::from(self.denominator) << power
    }
}

fn greatest_common_divisor(one: u64, other: u64) -> u64 {
    if other == 0 { one } else { greatest_common_divisor(other, one % other) }
}

/// The `t` above: how far amounts are shifted so that the largest of several ratios is still below `2^t`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scale {
    shift: u32,
}

/// A ratio at a scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Factor {
    /// What [`round_product`] takes.
    pub(super) multiplier: u64,
    /// Largest amount for which the product is exact and the shift loses nothing.
    pub(super) largest: u64,
}

impl Scale {
    /// The smallest shift that serves all the ratios; every ratio of the calculation is below `2^14`.
    pub(super) fn for_all(ratios: impl Iterator<Item = Ratio>) -> Self {
        let shift = ratios.map(|ratio| (0..63).find(|power| ratio.is_below_two_to_the(*power)).unwrap_or(63)).max();
        Self { shift: shift.unwrap_or(0) }
    }

    /// `ratio` must be one of those that the scale was made for.
    pub(super) fn factor(self, ratio: Ratio) -> Factor {
        let Ratio { numerator, denominator } = ratio;
        debug_assert!(ratio.is_below_two_to_the(self.shift), "{ratio:?} is beyond the scale");
        let scaled = u128::from(numerator) << (64 - self.shift);
        let multiplier = scaled.div_ceil(u128::from(denominator));
        let error = multiplier * u128::from(denominator) - scaled;
        // Below the denominator.
        let error = error as u64;
        let largest_shifted = u64::MAX >> self.shift;
        let largest_exact = ((1_u64 << (63 - self.shift)) - 1).checked_div(error).unwrap_or(u64::MAX);
        // A ratio is at least 1/d below 2^t, and d is at most 1e10, so that M is below 2^64.
        Factor { multiplier: multiplier as u64, largest: largest_shifted.min(largest_exact) }
    }

    /// What [`round_product`] takes.
    pub(super) fn shifted(self, amount: u64) -> u64 {
        amount << self.shift
    }

    /// An upper bound of what [`round_product`] gives for this amount.
    pub(super) fn bound(self, amount: u128, multiplier: u64) -> u128 {
        (amount.saturating_mul(u128::from(multiplier)) >> (64 - self.shift)) + 1
    }
}

/// The amount times the ratio, rounded half up, exact up to [`Factor::largest`].
#[inline]
pub(super) fn round_product(shifted: u64, multiplier: u64) -> u64 {
    let product = u128::from(shifted) * u128::from(multiplier) + (1 << 63);
    (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_division(amount: u64, ratio: Ratio) -> u128 {
        let denominator = u128::from(ratio.denominator);
        (2 * u128::from(amount) * u128::from(ratio.numerator) + denominator) / (2 * denominator)
    }

    #[test]
    fn every_rate_rounds_exactly_up_to_its_largest_amount() {
        let decimals = [0_u32, 1, 2, 4, 6, 8, 10];
        let numerators = [0_u64, 1, 3, 5, 7, 9, 49, 125, 26_667, 99_999, 123_457, 999_999];
        for ratio in
            decimals.iter().flat_map(|decimals| numerators.map(|numerator| Ratio::decimal(numerator, *decimals)))
        {
            let scale = Scale::for_all([ratio].into_iter());
            let Factor { multiplier, largest } = scale.factor(ratio);
            let around_halves = (0..40).flat_map(|step| {
                let half = (2 * step + 1) * ratio.denominator / (2 * ratio.numerator.max(1));
                [half.saturating_sub(1), half, half + 1]
            });
            let ends = (0..1_000).flat_map(|step| [step, largest.saturating_sub(step)]);
            for amount in around_halves.chain(ends).filter(|amount| *amount <= largest) {
                let product = round_product(scale.shifted(amount), multiplier);
                assert_eq!(u128::from(product), by_division(amount, ratio), "{amount} x {ratio:?}");
                assert!(u128::from(product) <= scale.bound(u128::from(amount), multiplier));
            }
        }
    }

    #[test]
    fn usual_rates_are_exact_far_beyond_usual_amounts() {
        let scale = Scale::for_all([Ratio::decimal(100, 2)].into_iter());
        assert!(scale.factor(Ratio::decimal(26_667, 6)).largest > 4_000_000_000_000);
    }
}
