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
        is_known_to_suffice(self.user, eligibility)
            && eligibility.min_annual_spend_paise.is_none_or(|least| self.spends_a_year(least))
    }
}

/// Whether income and credit score meet a card's conditions; section 5: what is unknown does not exclude.
pub(super) fn is_known_to_suffice(user: &User, eligibility: &Eligibility) -> bool {
    let enough = |known: Option<i64>, least: Option<i64>| match (known, least) {
        (Some(known), Some(least)) => known >= least,
        _ => true,
    };
    enough(user.monthly_income_paise, eligibility.min_monthly_income_paise)
        && enough(user.credit_score, eligibility.min_credit_score.map(i64::from))
}

/// A user whose amounts are whole paise.
///
/// `i128` holds every intermediate figure, for any six non-negative `i64`, which is more than DECIMAL(12,2) allows:
/// the assertions below are the proof.
pub(crate) fn ordinary<'a>(user: &'a User, paise: &[i64; 6]) -> ExactUser<'a, i128> {
    debug_assert!(paise.iter().all(|amount| *amount >= 0), "negative spend must have been refused");
    exact_user(user, paise.map(i128::from), 1, 10_i128.pow(10))
}

/// A user whose amounts are used exactly as they stand, in units that six `i64` can count and that are no smaller than
/// `10^-MAX_DECIMALS` rupees; none if that cannot be.
pub(crate) fn narrow<'a>(user: &'a User, amounts: &[BigInt; 6], decimals: u32) -> Option<ExactUser<'a, i128>> {
    let scale = 10_i64.pow(2_u32.saturating_sub(decimals));
    let decimals = decimals.max(2);
    if decimals > MAX_DECIMALS {
        return None;
    }
    let mut columns = [0; 6];
    for (column, amount) in columns.iter_mut().zip(amounts) {
        *column = i128::from(i64::try_from(amount).ok()?.checked_mul(scale)?);
    }
    let paisa = 10_i128.pow(decimals - 2);
    Some(exact_user(user, columns, paisa, paisa * 10_i128.pow(10)))
}

/// A user whose amounts are used exactly as they stand, whatever their decimals.
pub(crate) fn wide<'a>(user: &'a User, amounts: &[BigInt; 6], decimals: u32) -> ExactUser<'a, BigInt> {
    // A paisa must be a whole number of units.
    let scale = BigInt::from(10).pow(2_u32.saturating_sub(decimals));
    let paisa = BigInt::from(10).pow(decimals.max(2) - 2);
    let points_divisor = &paisa * BigInt::from(10).pow(10);
    exact_user(user, amounts.each_ref().map(|amount| amount * &scale), paisa, points_divisor)
}

/// Most decimals that [`narrow`] takes.
const MAX_DECIMALS: u32 = 18;

// That `i128` is enough, at two decimals and at `MAX_DECIMALS`: upper bounds of every intermediate figure.
const _: () = {
    let units_of_a_paisa = 10_u128.pow(MAX_DECIMALS - 2);
    // The larger of the confirmed amount and the sum of the five, which is also what all six categories spend together.
    let spend = 5 * i64::MAX as u128;
    let annual_spend = 12 * spend;
    // Rates are at most 1e6 millionths, two multipliers at most 1e4 hundredths each; rounding adds half the divisor.
    let times_rates = spend * 10_u128.pow(6) * 10_u128.pow(8) + units_of_a_paisa * 10_u128.pow(10) / 2;
    // So a paisa, which is one unit or more, earns at most 1e4 hundredths; six categories round at most twice each.
    let points = spend * 10_u128.pow(4) + 12;
    let value = 12 * points * 10_u128.pow(6);
    let times_conversion_rate = value * 10_u128.pow(4) + 10_u128.pow(8) / 2;
    let threshold = 10_u128.pow(12) * units_of_a_paisa;
    let largest = i128::MAX as u128;
    assert!(annual_spend < largest && times_rates < largest && times_conversion_rate < largest && threshold < largest);
};

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
