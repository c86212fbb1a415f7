//! What a category earns at one rate under its own caps: the common case, calculated once for all cards that share it.

use super::fixed_point::round_product;
use crate::category::CATEGORIES;

/// No cap.
pub(super) const UNCAPPED: u64 = u64::MAX;

/// A rate that is neither split nor under a shared cap.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Lane {
    /// Points per rupee times `k`.
    pub(super) multiplier: u64,
    /// Hundredths of a point a month, or [`UNCAPPED`].
    pub(super) cap_e2: u64,
    /// Hundredths of a point a year, or [`UNCAPPED`].
    pub(super) yearly_cap_e2: u64,
}

/// All lanes, by category.
#[derive(Debug)]
pub(super) struct Lanes {
    lanes: Vec<Lane>,
    counts: [usize; CATEGORIES],
}

/// Monthly and yearly points of every lane and pool member, in hundredths; a place in it is called a slot.
#[derive(Debug, Default)]
pub(super) struct Slots {
    pub(super) monthly_e2: Vec<u64>,
    pub(super) yearly_e2: Vec<u64>,
}

impl Slots {
    /// Makes room for this many slots and no fewer.
    pub(super) fn fit(&mut self, slots: usize) {
        if self.monthly_e2.len() < slots {
            self.monthly_e2.resize(slots, 0);
            self.yearly_e2.resize(slots, 0);
        }
    }
}

impl Lanes {
    pub(super) fn new(by_category: [&[Lane]; CATEGORIES]) -> Self {
        Self { lanes: by_category.concat(), counts: by_category.map(<[Lane]>::len) }
    }

    /// In the order of their slots.
    pub(super) fn lanes(&self) -> &[Lane] {
        &self.lanes
    }

    /// Fills the slots from `first` on, one per lane. `spend` is shifted to the scale of the multipliers.
    pub(super) fn earn(&self, spend: &[u64; CATEGORIES], first: usize, slots: &mut Slots) {
        let mut lanes = self.lanes.as_slice();
        let mut monthly = slots.monthly_e2.get_mut(first..).unwrap_or_default();
        let mut yearly = slots.yearly_e2.get_mut(first..).unwrap_or_default();
        for (spend, count) in spend.iter().zip(self.counts) {
            let (these, rest) = lanes.split_at(count);
            let (these_monthly, rest_monthly) = monthly.split_at_mut(count);
            let (these_yearly, rest_yearly) = yearly.split_at_mut(count);
            for ((lane, monthly), yearly) in these.iter().zip(these_monthly).zip(these_yearly) {
                *monthly = round_product(*spend, lane.multiplier).min(lane.cap_e2);
                *yearly = (*monthly * 12).min(lane.yearly_cap_e2);
            }
            (lanes, monthly, yearly) = (rest, rest_monthly, rest_yearly);
        }
    }
}
