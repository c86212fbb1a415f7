//! Categories whose points are more than one rate under its own caps: those that share caps, and those that are split.
//!
//! What they earn before that comes from lanes: all points of a category, or the base and the extra points apart.

use crate::category::CATEGORIES;

/// One category of a pool.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Member {
    /// Slot of the base points; of all points, where the category is not split.
    pub(super) base: u32,
    /// Slot of what multipliers add, under the category's own cap; the empty slot where the category is not split.
    pub(super) extra: u32,
    /// Bounds base and extra together.
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
    /// Monthly caps of scope `accelerated`, on extra points.
    pub(super) accelerated: Vec<Draw>,
    /// Monthly caps of scope `all`.
    pub(super) all: Vec<Draw>,
    /// Yearly caps.
    pub(super) yearly: Vec<Draw>,
}

impl Pool {
    /// Calculation.md, section 3, rules 1 to 4, after the rounding. `lanes_e2` are the monthly points of the lanes; the
    /// rest is filled, one slot per member.
    pub(super) fn earn(&self, lanes_e2: &[u64], monthly_e2: &mut [u64], yearly_e2: &mut [u64]) {
        let mut points = [0; CATEGORIES];
        let mut extra = [0; CATEGORIES];
        for ((member, base), extra) in self.members.iter().zip(&mut points).zip(&mut extra) {
            *base = lanes_e2[member.base as usize];
            *extra = lanes_e2[member.extra as usize];
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
        let members = self.members.len();
        monthly_e2.copy_from_slice(&points[..members]);
        yearly_e2.copy_from_slice(&yearly[..members]);
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
