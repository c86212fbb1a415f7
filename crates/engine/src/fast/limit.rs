//! Up to which monthly spend a program may be asked.

use super::Program;
use super::offers::Offer;
use crate::plan::Plan;
use crate::published::MAX_PUBLISHED;
use crate::user::MAX_PAISE;

/// What the five categories of a DECIMAL(12,2) can come to. Up to here neither twelve times the spend nor the points of a
/// year need a check: a paisa earns at most 10,000 hundredths, so that six categories earn `72 x 5e12 x 1e4 < 2^62` a year.
const LARGEST_ORDINARY_SPEND: i64 = 5 * MAX_PAISE;

impl Program {
    /// Largest total monthly spend, in paise, for which no figure overflows, is inexact or is too large to be published,
    /// given that the multipliers of the spend are exact up to `multipliers`. Found by bisection: what holds for a spend
    /// holds for every smaller one.
    pub(super) fn largest_exact_spend(&self, plans: &[Plan], multipliers: u64) -> Option<i64> {
        let mut holds = 0;
        if !self.holds_for(plans, holds) {
            return None;
        }
        let mut beyond = multipliers.min(LARGEST_ORDINARY_SPEND.cast_unsigned()) + 1;
        while beyond - holds > 1 {
            let middle = holds + (beyond - holds) / 2;
            if self.holds_for(plans, middle) {
                holds = middle;
            } else {
                beyond = middle;
            }
        }
        i64::try_from(holds).ok()
    }

    /// Whether every figure of every card stays within its bounds if each category's spend is at most this.
    fn holds_for(&self, plans: &[Plan], spend: u64) -> bool {
        let bounds = self.bounds(u128::from(spend));
        self.offers.iter().all(|offer| self.offer_holds(offer, &plans[offer.place as usize], &bounds))
    }

    /// Upper bounds of the monthly and of the yearly points of every slot.
    fn bounds(&self, spend: u128) -> Vec<(u128, u128)> {
        let earned = |multiplier: u64| self.spend_scale.bound(spend, multiplier);
        let bounds = |points: u128, cap: u64, yearly_cap: u64| {
            let monthly = points.min(u128::from(cap));
            (monthly, (monthly * 12).min(u128::from(yearly_cap)))
        };
        let lanes = self.lanes.iter();
        let mut slots: Vec<_> =
            lanes.map(|lane| bounds(earned(lane.multiplier), lane.cap_e2, lane.yearly_cap_e2)).collect();
        for member in self.chains.links().iter().chain(self.pools.iter().flat_map(|pool| &pool.members)) {
            let (base, extra) = (slots[member.base as usize].0, slots[member.extra as usize].0);
            slots.push(bounds(base + extra, member.cap_e2, member.yearly_cap_e2));
        }
        slots
    }

    fn offer_holds(&self, offer: &Offer, plan: &Plan, bounds: &[(u128, u128)]) -> bool {
        let earning = &self.earnings[offer.earning as usize];
        let points = earning.slots.map(|slot| bounds[slot as usize]);
        let weight = |category: usize| earning.weights_e4.as_ref().map_or(1, |weights| u128::from(weights[category]));
        let weighted: u128 = points.iter().enumerate().map(|(category, (_, yearly))| yearly * weight(category)).sum();
        let is_exact = offer.redemptions().all(|redemption| weighted <= u128::from(redemption.largest));
        let savings = offer.redemptions().map(|redemption| self.points_scale.bound(weighted, redemption.multiplier));
        let savings = savings.max().unwrap_or(0);
        let largest_net = savings + u128::from(plan.benefits_paise(i64::MAX).cast_unsigned());
        let largest_figure = u128::from(MAX_PUBLISHED.cast_unsigned());
        is_exact
            && largest_net <= largest_figure
            && u128::from(plan.joining_fees_paise.cast_unsigned()) <= largest_figure
            && points.iter().all(|(monthly, _)| *monthly <= largest_figure)
    }
}
