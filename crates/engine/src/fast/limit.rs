//! Up to which monthly spend a program is exact.

use super::Program;
use super::offers::Offer;
use crate::user::MAX_PAISE;

/// What the five categories of a DECIMAL(12,2) can come to. Up to here neither twelve times the spend nor the points of a
/// year need a check: a paisa earns at most 10,000 hundredths, so that six categories earn `72 x 5e12 x 1e4 < 2^62` a year.
const LARGEST_ORDINARY_SPEND: i64 = 5 * MAX_PAISE;

impl Program {
    /// Largest total monthly spend, in paise, for which no figure overflows or is inexact, given that the multipliers of
    /// the spend are exact up to `multipliers`. Found by bisection: what holds for a spend holds for every smaller one.
    pub(super) fn largest_exact_spend(&self, multipliers: u64) -> Option<i64> {
        let mut holds = 0;
        if !self.holds_for(holds) {
            return None;
        }
        let mut beyond = multipliers.min(LARGEST_ORDINARY_SPEND.cast_unsigned()) + 1;
        while beyond - holds > 1 {
            let middle = holds + (beyond - holds) / 2;
            if self.holds_for(middle) {
                holds = middle;
            } else {
                beyond = middle;
            }
        }
        i64::try_from(holds).ok()
    }

    /// Whether every figure of every card stays within its bounds if each category's spend is at most this.
    fn holds_for(&self, spend: u64) -> bool {
        let yearly_bounds = self.yearly_bounds(u128::from(spend));
        self.offers.iter().all(|offer| self.offer_holds(offer, &yearly_bounds))
    }

    /// Upper bounds of the yearly points of every slot.
    fn yearly_bounds(&self, spend: u128) -> Vec<u128> {
        let earned = |multiplier: u64| self.spend_scale.bound(spend, multiplier);
        let of_a_year =
            |monthly: u128, cap: u64, yearly_cap: u64| (monthly.min(u128::from(cap)) * 12).min(u128::from(yearly_cap));
        let lanes = self.lanes.lanes().iter();
        let lanes = lanes.map(|lane| of_a_year(earned(lane.multiplier), lane.cap_e2, lane.yearly_cap_e2));
        let members = self.pools.iter().flat_map(|pool| &pool.members).map(|member| {
            let extra = earned(member.extra_multiplier).min(u128::from(member.extra_cap_e2));
            of_a_year(earned(member.base_multiplier) + extra, member.cap_e2, member.yearly_cap_e2)
        });
        std::iter::once(0).chain(lanes).chain(members).collect()
    }

    fn offer_holds(&self, offer: &Offer, yearly_bounds: &[u128]) -> bool {
        let points = offer.slots.map(|slot| yearly_bounds[slot as usize]);
        let weighted: u128 = match &offer.weights_e4 {
            None => points.iter().sum(),
            Some(weights) => {
                points.iter().zip(weights.iter()).map(|(points, weight)| points * u128::from(*weight)).sum()
            }
        };
        let is_exact = offer.redemptions().all(|redemption| weighted <= u128::from(redemption.largest));
        let savings = |multiplier: u64| self.points_scale.bound(weighted, multiplier);
        let savings = offer.redemptions().map(|redemption| savings(redemption.multiplier)).max().unwrap_or(0);
        let benefits = offer.benefits_paise + self.ladders[offer.ladder as usize].largest_benefit_paise();
        let largest_net = u128::from(self.packing.largest_net().cast_unsigned());
        is_exact
            && savings + u128::from(benefits.cast_unsigned()) <= largest_net
            && u128::from(offer.joining_fees_paise.cast_unsigned()) <= largest_net
    }
}
