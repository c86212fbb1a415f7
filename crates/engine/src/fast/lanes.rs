//! What a category earns at one rate under its own caps: calculated once for all cards that share it.

use super::fixed_point::round_product;
use crate::category::CATEGORIES;

/// No cap.
pub(super) const UNCAPPED: u64 = u64::MAX;

/// A category at a rate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Lane {
    /// Place among the six.
    pub(super) category: usize,
    /// Points per rupee times what multiplies them.
    pub(super) multiplier: u64,
    /// Hundredths of a point a month, or [`UNCAPPED`].
    pub(super) cap_e2: u64,
    /// Hundredths of a point a year, or [`UNCAPPED`].
    pub(super) yearly_cap_e2: u64,
}

/// Points of every lane and of every member of a pool, in hundredths; a place in it is called a slot.
#[derive(Debug, Default)]
pub(super) struct Slots {
    pub(super) monthly_e2: Vec<u64>,
    pub(super) yearly_e2: Vec<u64>,
}

impl Slots {
    /// Makes it this many.
    pub(super) fn fit(&mut self, slots: usize) {
        if self.monthly_e2.len() != slots {
            self.monthly_e2.resize(slots, 0);
            self.yearly_e2.resize(slots, 0);
        }
    }
}

/// Fills a slot for each lane. `spend` is shifted to the scale of the multipliers.
pub(super) fn earn(lanes: &[Lane], spend: &[u64; CATEGORIES], monthly_e2: &mut [u64], yearly_e2: &mut [u64]) {
    for ((lane, monthly), yearly) in lanes.iter().zip(monthly_e2).zip(yearly_e2) {
        *monthly = round_product(spend[lane.category], lane.multiplier).min(lane.cap_e2);
        *yearly = (*monthly * 12).min(lane.yearly_cap_e2);
    }
}
