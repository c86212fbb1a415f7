//! Categories whose points depend on more than one rate and its own caps: those under shared caps, and those that are
//! split. Rare enough to be calculated step by step, as calculation.md, section 3, has it.

use super::fixed_point::round_product;
use super::lanes::Slots;
use crate::category::CATEGORIES;

/// One category of a pool.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Member {
    /// Place among the six.
    pub(super) category: usize,
    /// Rate of what is earned as base; of everything, where the category is not split.
    pub(super) base_multiplier: u64,
    /// Rate of what multipliers add; 0 where the category is not split.
    pub(super) extra_multiplier: u64,
    /// Bounds the extra points alone.
    pub(super) extra_cap_e2: u64,
    /// Bounds all points.
    pub(super) cap_e2: u64,
    /// Bounds the points of a year.
    pub(super) yearly_cap_e2: u64,
}

/// A cap that members draw on, one after another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Draw {
    pub(super) cap_e2: u64,
    /// Places among the pool's members, in the order of the list.
    pub(super) members: Vec<usize>,
}

/// Categories of a card that share a cap with each other, directly or through others; or one that is split.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Pool {
    /// At most six; each has a slot, in this order.
    pub(super) members: Vec<Member>,
    /// Monthly caps of scope `accelerated`.
    pub(super) accelerated: Vec<Draw>,
    /// Monthly caps of scope `all`.
    pub(super) all: Vec<Draw>,
    /// Yearly caps.
    pub(super) yearly: Vec<Draw>,
}

impl Pool {
    /// Fills the slots from `first` on, one per member. `spend` is shifted to the scale of the multipliers.
    pub(super) fn earn(&self, spend: &[u64; CATEGORIES], first: usize, slots: &mut Slots) {
        let mut points = [0; CATEGORIES];
        let mut extra = [0; CATEGORIES];
        for ((member, base), extra) in self.members.iter().zip(&mut points).zip(&mut extra) {
            let spend = spend[member.category];
            *base = round_product(spend, member.base_multiplier);
            *extra = round_product(spend, member.extra_multiplier).min(member.extra_cap_e2);
        }
        draw_all(&self.accelerated, &mut extra);
        for ((member, points), extra) in self.members.iter().zip(&mut points).zip(extra) {
            *points = (*points + extra).min(member.cap_e2);
        }
        draw_all(&self.all, &mut points);
        let mut yearly = points;
        for (member, yearly) in self.members.iter().zip(&mut yearly) {
            *yearly = (*yearly * 12).min(member.yearly_cap_e2);
        }
        draw_all(&self.yearly, &mut yearly);
        let own_slots = first..first + self.members.len();
        slots.monthly_e2[own_slots.clone()].copy_from_slice(&points[..self.members.len()]);
        slots.yearly_e2[own_slots].copy_from_slice(&yearly[..self.members.len()]);
    }
}

/// Each member takes the smaller of its own and what is left.
fn draw_all(draws: &[Draw], points: &mut [u64; CATEGORIES]) {
    for draw in draws {
        let mut left = draw.cap_e2;
        for member in &draw.members {
            let own = &mut points[*member];
            *own = (*own).min(left);
            left -= *own;
        }
    }
}
