//! A user's spend in the integers of the exact calculation.

use num_bigint::BigInt;

use super::Integer;
use super::card::divide_half_up;
use crate::catalogue::model::Eligibility;
use crate::category::CATEGORIES;
use crate::user::User;

/// What the exact calculation needs of a user; calculation.md, section 1.
pub(crate) struct ExactUser<'a, T> {
    user: &'a User,
    /// By category, in units of `10^-decimals` rupees.
    spend: [T; CATEGORIES],
    /// In the same unit.
    annual_spend: T,
    /// What a paisa is in that unit: `10^(decimals - 2)`.
    paisa: T,
    /// `10^(decimals + 8)`: turns spend x rate (millionths) x multiplier (ten-thousandths) into hundredths of a point.
    points_divisor: T,
}

impl<T: Integer> ExactUser<'_, T> {
    /// `round2(s x base_rate x k)`, in hundredths, with the two factors given as one product of 1e-10.
    pub(super) fn points_e2(&self, category: usize, rate_e10: i64) -> T {
        divide_half_up(self.spend[category].clone() * T::from(rate_e10), self.points_divisor.clone())
    }

    /// Whether the annual spend reaches a threshold; equal does.
    pub(super) fn spends_a_year(&self, threshold_paise: i64) -> bool {
        T::from(threshold_paise) * self.paisa.clone() <= self.annual_spend
    }

    /// Section 5: what is unknown does not exclude.
    pub(super) fn may_have(&self, eligibility: &Eligibility) -> bool {
        let enough = |known: Option<i64>, least: Option<i64>| match (known, least) {
            (Some(known), Some(least)) => known >= least,
            _ => true,
        };
        enough(self.user.monthly_income_paise, eligibility.min_monthly_income_paise)
            && enough(self.user.credit_score, eligibility.min_credit_score.map(i64::from))
            && eligibility.min_annual_spend_paise.is_none_or(|least| self.spends_a_year(least))
    }
}

/// A user whose amounts are whole paise.
///
/// `i128` holds every intermediate figure, for any six non-negative `i64`, which is more than DECIMAL(12,2) allows:
/// with `m` the larger of the confirmed amount and the sum of the five, `m < 5 x 2^63 < 4.7e19` paise, and the six
/// categories together spend `m`.
/// - Spend x rate x multiplier: `m x 1e6 x 1e8 < 4.7e33`; half the divisor adds 5e9.
/// - Points: a rupee earns at most `1 x 100 x 100`, so the six together are below `m x 1e4 + 6 x 2 < 4.8e23` hundredths
///   a month (two roundings in a category that is split), and below `5.8e24` a year.
/// - Value: points of a year x 1e6 x 1e4 `< 5.8e34`; half of 1e8 adds nothing that matters.
/// - Thresholds: 1e12 paise; annual spend `12 m < 5.7e20`; benefits and fees below 1.1e14.
///
/// All are below `2^127 > 1.7e38`.
pub(crate) fn ordinary<'a>(user: &'a User, paise: &[i64; 6]) -> ExactUser<'a, i128> {
    debug_assert!(paise.iter().all(|amount| *amount >= 0), "negative spend must have been refused");
    exact_user(user, paise.map(i128::from), 1, 10_i128.pow(10))
}

/// A user whose amounts are used exactly as they stand, whatever their decimals.
pub(crate) fn wide<'a>(user: &'a User, amounts: &[BigInt; 6], decimals: u32) -> ExactUser<'a, BigInt> {
    // A paisa must be a whole number of units.
    let scale = BigInt::from(10).pow(2_u32.saturating_sub(decimals));
    let paisa = BigInt::from(10).pow(decimals.max(2) - 2);
    let points_divisor = &paisa * BigInt::from(10).pow(10);
    exact_user(user, amounts.each_ref().map(|amount| amount * &scale), paisa, points_divisor)
}

fn exact_user<T: Integer>(user: &User, columns: [T; 6], paisa: T, points_divisor: T) -> ExactUser<'_, T> {
    let [amazon, flipkart, myntra, ajio, grocery, confirmed] = columns;
    let five = [&amazon, &flipkart, &myntra, &ajio, &grocery].into_iter().cloned().fold(T::from(0), T::add);
    let total = confirmed.max(five.clone());
    let other_online = total.clone() - five;
    ExactUser {
        user,
        spend: [amazon, flipkart, myntra, ajio, grocery, other_online],
        annual_spend: total * T::from(12),
        paisa,
        points_divisor,
    }
}
