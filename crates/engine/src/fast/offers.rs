//! What a card is worth, given what its categories earn.

use super::fixed_point::{Scale, round_product};
use crate::category::CATEGORIES;

/// What the categories of a card earn together in a year; cards often have it in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Earning {
    /// Where its categories' points are.
    pub(super) slots: [u32; CATEGORIES],
    /// Rupees per point of each category, in ten-thousandths, where they differ; where they do not, the options have it.
    pub(super) weights_e4: Option<Box<[u64; CATEGORIES]>>,
}

/// Points of a year, in hundredths.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Total {
    pub(super) points_e2: u64,
    /// The same, unless the earning has weights; shifted to the scale of the redemptions.
    shifted: u64,
}

/// A redemption option of a card.
#[derive(Clone, Debug)]
pub(super) struct Redemption {
    /// Points needed in a year, in hundredths.
    pub(super) min_points_e2: u64,
    /// Paise for a hundredth of a (weighted) point.
    pub(super) multiplier: u64,
    /// Most weighted points for which the product is exact.
    pub(super) largest: u64,
}

/// A card, as far as its worth is concerned.
#[derive(Clone, Debug)]
pub(super) struct Offer {
    /// Place among the earnings.
    pub(super) earning: u32,
    /// Place in engine order.
    pub(super) place: u32,
    /// The first option, which most users reach.
    pub(super) first: Redemption,
    /// The other options, best first.
    pub(super) others: Box<[Redemption]>,
}

impl Earning {
    #[inline]
    pub(super) fn total(&self, yearly_e2: &[u64], scale: Scale) -> Total {
        let points = self.slots.map(|slot| yearly_e2[slot as usize]);
        let points_e2 = points.iter().sum();
        let weighted = match &self.weights_e4 {
            None => points_e2,
            Some(weights) => points.iter().zip(weights.iter()).map(|(points, weight)| points * weight).sum(),
        };
        Total { points_e2, shifted: scale.shifted(weighted) }
    }
}

impl Offer {
    /// Section 4: the savings, in paise.
    #[inline]
    pub(super) fn savings_paise(&self, total: Total) -> i64 {
        let reaches_first = total.points_e2 >= self.first.min_points_e2;
        let mut multiplier = if reaches_first { self.first.multiplier } else { 0 };
        // One branch, which is rarely taken: whether a user reaches the first option cannot be guessed.
        if !reaches_first & !self.others.is_empty() {
            multiplier = self.other(total).map_or(0, |(_, other)| other.multiplier);
        }
        round_product(total.shifted, multiplier).cast_signed()
    }

    /// The place of the option that is taken.
    #[inline]
    pub(super) fn option(&self, total: Total) -> Option<u16> {
        if total.points_e2 >= self.first.min_points_e2 {
            return Some(0);
        }
        self.other(total).and_then(|(place, _)| u16::try_from(place + 1).ok())
    }

    #[cold]
    #[inline(never)]
    fn other(&self, total: Total) -> Option<(usize, &Redemption)> {
        self.others.iter().enumerate().find(|(_, other)| total.points_e2 >= other.min_points_e2)
    }

    pub(super) fn redemptions(&self) -> impl Iterator<Item = &Redemption> {
        std::iter::once(&self.first).chain(&self.others)
    }
}
