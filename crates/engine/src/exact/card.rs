//! What one card is worth to one user: calculation.md, sections 3 and 4, rule by rule.

use super::{ExactUser, Integer};
use crate::catalogue::model::{CapScope, SharedCap};
use crate::category::CATEGORIES;
use crate::plan::{ONE_E4, Plan, PlanRate};

/// What a card comes to for a user; nothing here has been checked against what can be published.
pub(super) struct Outcome<T> {
    /// Monthly points after all monthly caps, in hundredths.
    pub(super) points_e2: [T; CATEGORIES],
    /// Place among [`Plan::options`].
    pub(super) option: Option<u16>,
    /// Savings of a year.
    pub(super) savings_paise: T,
    /// Extra benefits; a card has at most 100 milestones, so that the sum is below 1.02e14.
    pub(super) benefits_paise: i64,
}

impl<T: Integer> Outcome<T> {
    pub(super) fn net(&self, plan: &Plan) -> T {
        self.savings_paise.clone() + T::from(self.benefits_paise - plan.joining_fees_paise)
    }
}

impl Plan {
    pub(super) fn outcome<T: Integer>(&self, user: &ExactUser<T>) -> Outcome<T> {
        let points_e2 = self.monthly_points(user);
        let yearly_e2 = self.yearly_points(&points_e2);
        let total_e2 = yearly_e2.iter().cloned().fold(T::from(0), T::add);
        let option = self.options.iter().position(|option| T::from(option.min_points_e2) <= total_e2);
        let value_e6 = self.rates.iter().zip(yearly_e2).fold(T::from(0), |value, (rate, points)| match rate {
            Some(rate) => value + points * T::from(rate.point_value_e4),
            None => value,
        });
        let rate_e4 = option.map_or(0, |place| self.options[place].conversion_rate_e4);
        let reached = self.milestones.iter().filter(|milestone| user.spends_a_year(milestone.annual_spend_paise));
        Outcome {
            points_e2,
            option: option.and_then(|place| u16::try_from(place).ok()),
            savings_paise: divide_half_up(value_e6 * T::from(rate_e4), T::from(100_000_000)),
            benefits_paise: self.unconditional_benefits_paise
                + reached.map(|milestone| milestone.benefit_value_paise).sum::<i64>(),
        }
    }

    /// Section 3, rules 1 to 3.
    fn monthly_points<T: Integer>(&self, user: &ExactUser<T>) -> [T; CATEGORIES] {
        let mut base: [T; CATEGORIES] = std::array::from_fn(|_| T::from(0));
        let mut extra = base.clone();
        for (index, rate) in self.rates.iter().enumerate() {
            let Some(rate) = rate else { continue };
            (base[index], extra[index]) = base_and_extra(rate, index, user);
        }
        for cap in self.shared_caps.iter().filter(|cap| cap.cap_scope == CapScope::Accelerated) {
            draw(&mut extra, cap, cap.cap_monthly_e2);
        }
        let mut points = base;
        for ((points, extra), rate) in points.iter_mut().zip(extra).zip(&self.rates) {
            *points = points.clone() + extra;
            bound(points, rate.as_ref().and_then(|rate| rate.cap_e2));
        }
        for cap in self.shared_caps.iter().filter(|cap| cap.cap_scope == CapScope::All) {
            draw(&mut points, cap, cap.cap_monthly_e2);
        }
        points
    }

    /// Section 3, rule 4.
    fn yearly_points<T: Integer>(&self, monthly: &[T; CATEGORIES]) -> [T; CATEGORIES] {
        let mut yearly = monthly.clone();
        for (points, rate) in yearly.iter_mut().zip(&self.rates) {
            *points = points.clone() * T::from(12);
            bound(points, rate.as_ref().and_then(|rate| rate.yearly_cap_e2));
        }
        for cap in &self.shared_caps {
            draw(&mut yearly, cap, cap.cap_yearly_e2);
        }
        yearly
    }
}

/// All points as base where the category is not split.
fn base_and_extra<T: Integer>(rate: &PlanRate, category: usize, user: &ExactUser<T>) -> (T, T) {
    if !rate.split {
        return (user.points_e2(category, rate.base_rate_e6 * rate.multiplier_e4), T::from(0));
    }
    let base = user.points_e2(category, rate.base_rate_e6 * rate.multiplier_e4.min(ONE_E4));
    let mut extra = user.points_e2(category, rate.base_rate_e6 * (rate.multiplier_e4 - ONE_E4).max(0));
    bound(&mut extra, rate.extra_cap_e2);
    (base, extra)
}

fn bound<T: Integer>(points: &mut T, cap_e2: Option<i64>) {
    if let Some(cap) = cap_e2.map(T::from)
        && *points > cap
    {
        *points = cap;
    }
}

/// Section 3, rule 2: each category takes the smaller of its own and what is left.
fn draw<T: Integer>(points: &mut [T; CATEGORIES], shared: &SharedCap, cap_e2: Option<i64>) {
    let Some(mut left) = cap_e2.map(T::from) else { return };
    for category in &shared.categories {
        let own = &mut points[category.index()];
        if *own > left {
            *own = left.clone();
        }
        left = left - own.clone();
    }
}

/// Nothing in the calculation that is rounded is below zero, so half away from zero is half up; `by` is even.
pub(super) fn divide_half_up<T: Integer>(amount: T, by: T) -> T {
    (amount + by.clone() / T::from(2)) / by
}
