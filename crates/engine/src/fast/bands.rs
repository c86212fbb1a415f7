//! What a card costs and gives besides points depends on the annual spend alone: milestones, and the least spend for
//! which it may be had. Between two thresholds of the catalogue nothing of it changes, so that there is a table.

use super::rank::Key;
use crate::plan::Plan;

/// Most entries of the table; a catalogue that needs more (a thousand cards with a thousand distinct thresholds need one
/// million) is left to the exact path.
const MAX_ENTRIES: usize = 1 << 23;

/// For every band of annual spend, and every card: the key of its benefits less its joining fees, or that of a card that is
/// not to be had.
#[derive(Debug)]
pub(super) struct Bands {
    /// Ascending; a band begins at each, and there is one before the first.
    thresholds_paise: Vec<i64>,
    cards: usize,
    keys: Vec<Key>,
}

impl Bands {
    /// Of the cards in this order, each with its place in engine order; none if the table or one of the
    /// nets would be too large.
    pub(super) fn new(plans: &[(usize, &Plan)]) -> Option<Self> {
        let of_plan = |(_, plan): &(usize, &Plan)| -> Vec<i64> {
            let milestones = plan.milestones.iter().map(|milestone| milestone.annual_spend_paise);
            milestones.chain(plan.eligibility.min_annual_spend_paise).collect()
        };
        let mut thresholds_paise: Vec<i64> = plans.iter().flat_map(of_plan).collect();
        thresholds_paise.sort_unstable();
        thresholds_paise.dedup();
        if (thresholds_paise.len() + 1).checked_mul(plans.len())? > MAX_ENTRIES {
            return None;
        }
        let starts = std::iter::once(0).chain(thresholds_paise.iter().copied());
        let of_band = |annual_spend| plans.iter().map(move |(place, plan)| key(*place, plan, annual_spend));
        let keys = starts.flat_map(of_band).collect::<Option<_>>()?;
        Some(Self { keys, thresholds_paise, cards: plans.len() })
    }

    /// By card.
    pub(super) fn keys(&self, annual_spend_paise: i64) -> &[Key] {
        let band = self.thresholds_paise.partition_point(|threshold| *threshold <= annual_spend_paise);
        &self.keys[band * self.cards..][..self.cards]
    }
}

fn key(place: usize, plan: &Plan, annual_spend_paise: i64) -> Option<Key> {
    if plan.eligibility.min_annual_spend_paise.is_some_and(|least| annual_spend_paise < least) {
        return Some(Key::CLOSED);
    }
    Key::new(plan.benefits_paise(annual_spend_paise) - plan.joining_fees_paise, place)
}
