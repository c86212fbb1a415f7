//! Pools of the usual shape: at most one cap of each kind, on which all members draw in one order. Then each member is
//! finished in one go, and the next starts from what it left of the caps.

use super::lanes::UNCAPPED;
use super::pools::{Draw, Member, Pool};

/// All chains of a catalogue, their members one after another.
#[derive(Debug, Default)]
pub(super) struct Chains {
    chains: Vec<Chain>,
    links: Vec<Member>,
}

/// The caps of one; [`UNCAPPED`] where there is none.
#[derive(Clone, Copy, Debug)]
struct Chain {
    links: usize,
    extra_cap_e2: u64,
    cap_e2: u64,
    yearly_cap_e2: u64,
}

impl Chain {
    /// None if the pool has another shape.
    fn of(pool: &Pool) -> Option<Self> {
        let links = pool.members.len();
        let cap = |draws: &[Draw]| match draws {
            [] => Some(UNCAPPED),
            [draw] if draw.members.iter().copied().eq(0..links) => Some(draw.cap_e2),
            _ => None,
        };
        Some(Self {
            links,
            extra_cap_e2: cap(&pool.accelerated)?,
            cap_e2: cap(&pool.all)?,
            yearly_cap_e2: cap(&pool.yearly)?,
        })
    }
}

impl Chains {
    /// Whether [`Chains::push`] takes the pool.
    pub(super) fn takes(pool: &Pool) -> bool {
        Chain::of(pool).is_some()
    }

    /// Adds a pool of the right shape, and drops any other.
    pub(super) fn push(&mut self, pool: &Pool) {
        if let Some(chain) = Chain::of(pool) {
            self.chains.push(chain);
            self.links.extend_from_slice(&pool.members);
        }
    }

    /// In the order of their slots.
    pub(super) fn links(&self) -> &[Member] {
        &self.links
    }

    /// The same as [`Pool::earn`], of all chains; a slot for each link is filled.
    pub(super) fn earn(&self, lanes_e2: &[u64], monthly_e2: &mut [u64], yearly_e2: &mut [u64]) {
        let mut links = self.links.iter().zip(monthly_e2.iter_mut().zip(yearly_e2));
        for chain in &self.chains {
            let mut left = *chain;
            for (link, (monthly, yearly)) in links.by_ref().take(chain.links) {
                let extra = lanes_e2[link.extra as usize].min(left.extra_cap_e2);
                left.extra_cap_e2 -= extra;
                *monthly = (lanes_e2[link.base as usize] + extra).min(link.cap_e2).min(left.cap_e2);
                left.cap_e2 -= *monthly;
                *yearly = (*monthly * 12).min(link.yearly_cap_e2).min(left.yearly_cap_e2);
                left.yearly_cap_e2 -= *yearly;
            }
        }
    }
}
