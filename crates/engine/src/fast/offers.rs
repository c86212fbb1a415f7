//! What a card is worth, given what its categories earn.

use super::fixed_point::{Scale, round_product};
use crate::category::CATEGORIES;

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
    /// Where its categories' points are.
    pub(super) slots: [u32; CATEGORIES],
    /// The first option, which most users reach.
    pub(super) first: Redemption,
    /// The other options, best first.
    pub(super) others: Vec<Redemption>,
    /// Rupees per point of each category, in ten-thousandths, where they differ; where they do not, the options have it.
    pub(super) weights_e4: Option<Box<[u64; CATEGORIES]>>,
    /// Benefits that everybody has, in paise.
    pub(super) benefits_paise: i64,
    /// In paise.
    pub(super) joining_fees_paise: i64,
    /// Place of its milestones among the ladders.
    pub(super) ladder: u32,
    /// Place of its eligibility among the gates.
    pub(super) gate: u32,
}

/// What an offer comes to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Savings {
    pub(super) paise: i64,
    /// Place among the card's options.
    pub(super) option: Option<u16>,
}

impl Offer {
    /// Section 4, of the points of a year.
    #[inline]
    pub(super) fn savings(&self, scale: Scale, yearly_e2: &[u64]) -> Savings {
        let points = self.slots.map(|slot| yearly_e2[slot as usize]);
        let total = points.iter().sum::<u64>();
        let weighted = match &self.weights_e4 {
            None => total,
            Some(weights) => points.iter().zip(weights.iter()).map(|(points, weight)| points * weight).sum(),
        };
        let (option, redemption) = if total >= self.first.min_points_e2 {
            (0, &self.first)
        } else {
            match self.others.iter().position(|other| total >= other.min_points_e2) {
                Some(place) => (place + 1, &self.others[place]),
                None => return Savings { paise: 0, option: None },
            }
        };
        let paise = round_product(scale.shifted(weighted), redemption.multiplier);
        Savings { paise: paise.cast_signed(), option: u16::try_from(option).ok() }
    }

    pub(super) fn redemptions(&self) -> impl Iterator<Item = &Redemption> {
        std::iter::once(&self.first).chain(&self.others)
    }
}
