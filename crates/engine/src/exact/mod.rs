//! The calculation as calculation.md states it, card by card, for amounts that the fast path does not take.
//!
//! Written once for any integer type. Amounts are integers at the scale of the user's spend, points are integers of
//! hundredths; a division happens in the two places where the rules round, and nowhere else.

mod card;
mod user;

pub(crate) use user::{ExactUser, narrow, ordinary, wide};

use std::ops::{Add, Div, Mul, Sub};

use crate::plan::Plan;
use crate::published::{MAX_PUBLISHED, RANKS, Recommendation, TopTen};
use crate::user::{Spend, User, UserFault};

/// What the exact calculation asks of an integer type. It must hold every intermediate figure:
/// see [`ordinary`] and [`narrow`] for `i128`; `BigInt` always does.
pub(crate) trait Integer:
    Clone
    + Ord
    + From<i64>
    + TryInto<i64>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
{
}

impl Integer for i128 {}
impl Integer for num_bigint::BigInt {}

/// The ten best of `plans`, which are in engine order (joining fees, then `card_id`).
#[cold]
#[inline(never)]
pub(crate) fn recommend<T: Integer>(plans: &[Plan], user: &ExactUser<T>) -> Result<TopTen, UserFault> {
    let mut eligible = 0;
    let mut best: [Option<(T, usize)>; RANKS] = std::array::from_fn(|_| None);
    for (place, plan) in plans.iter().enumerate() {
        if user.may_have(&plan.eligibility) {
            eligible += 1;
            insert(&mut best, plan.outcome(user).net(plan), place);
        }
    }
    if eligible < RANKS {
        return Err(UserFault::TooFewCards { eligible });
    }
    let mut rows = TopTen::default();
    for (row, (_, place)) in rows.iter_mut().zip(best.iter().flatten()) {
        *row = publish(plans, *place, user).ok_or(UserFault::OutOfRange)?;
    }
    Ok(rows)
}

/// Why a user fails whose spend is too large to calculate with: it reaches each threshold of the annual spend.
pub(crate) fn too_large(plans: &[Plan], user: &User) -> UserFault {
    let eligible = plans.iter().filter(|plan| user::is_known_to_suffice(user, &plan.eligibility)).count();
    if eligible < RANKS { UserFault::TooFewCards { eligible } } else { UserFault::OutOfRange }
}

/// The places of all plans by what a user of that spend nets, the best first, whether the user may have them or not.
pub(crate) fn order_by_net(plans: &[Plan], paise: &[i64; 6]) -> Vec<usize> {
    let user = User { spend: Spend::Paise(*paise), monthly_income_paise: None, credit_score: None };
    let user = ordinary(&user, paise);
    let mut order: Vec<usize> = (0..plans.len()).collect();
    order.sort_by_cached_key(|place| std::cmp::Reverse(plans[*place].outcome(&user).net(&plans[*place])));
    order
}

/// Puts a net into its place among the best; of equals the one that came first stays ahead.
fn insert<T: Ord>(best: &mut [Option<(T, usize)>; RANKS], net: T, place: usize) {
    let rank = best.iter().take_while(|held| held.as_ref().is_some_and(|(held, _)| *held >= net)).count();
    if rank < RANKS {
        best[rank..].rotate_right(1);
        best[rank] = Some((net, place));
    }
}

/// The row of one card, if all its figures can be published.
fn publish<T: Integer>(plans: &[Plan], place: usize, user: &ExactUser<T>) -> Option<Recommendation> {
    let plan = plans.get(place)?;
    let outcome = plan.outcome(user);
    let net = outcome.net(plan);
    let mut points_e2 = [0; _];
    for (published, points) in points_e2.iter_mut().zip(outcome.points_e2) {
        *published = publishable(points)?;
    }
    Some(Recommendation {
        card: u32::try_from(place).ok()?,
        option: outcome.option,
        savings_paise: publishable(outcome.savings_paise)?,
        extra_benefits_paise: publishable(T::from(outcome.benefits_paise))?,
        net_paise: publishable(net)?,
        points_e2,
    })
}

fn publishable<T: Integer>(figure: T) -> Option<i64> {
    figure.try_into().ok().filter(|figure| (-MAX_PUBLISHED..=MAX_PUBLISHED).contains(figure))
}
