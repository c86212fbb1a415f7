//! Where each category of each card gets its points from: a lane, a place in a pool, or nowhere.

use super::chains::Chains;
use super::fixed_point::{Ratio, Scale};
use super::interned::Interned;
use super::lanes::{Lane, UNCAPPED};
use super::pools::{Draw, Member, Pool};
use crate::catalogue::model::{CapScope, SharedCap};
use crate::category::{CATEGORIES, Category};
use crate::plan::{ONE_E4, Plan, PlanRate};

/// The slot that never earns anything: the first lane's.
const NOTHING: u32 = 0;

/// Where a category's points come from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    /// This slot.
    Lane(u32),
    /// This pool's slot of that place.
    Pool { pool: usize, member: u32 },
}

/// Which slot is whose.
pub(super) struct Slots {
    /// How many there are.
    pub(super) count: usize,
    /// Of the pools.
    order: Vec<usize>,
    first_of_pool: Vec<u32>,
}

impl Slots {
    pub(super) fn of(&self, source: Source) -> u32 {
        match source {
            Source::Lane(slot) => slot,
            Source::Pool { pool, member } => self.first_of_pool[pool] + member,
        }
    }
}

/// The distinct lanes and pools of the plans seen so far.
pub(super) struct Sources {
    scale: Scale,
    largest_spend: u64,
    lanes: Interned<Lane>,
    pools: Interned<Pool>,
}

impl Sources {
    /// `scale` must serve the [`spend_ratios`] of all plans.
    pub(super) fn new(scale: Scale) -> Self {
        let mut lanes = Interned::new();
        lanes.place(Lane { category: 0, multiplier: 0, cap_e2: 0, yearly_cap_e2: 0 });
        Self { scale, largest_spend: u64::MAX, lanes, pools: Interned::new() }
    }

    /// By category; adds what is new.
    pub(super) fn of_plan(&mut self, plan: &Plan) -> Option<[Source; CATEGORIES]> {
        let mut sources = [Source::Lane(NOTHING); CATEGORIES];
        let mut done = Vec::new();
        for (category, rate) in earning_rates(plan) {
            if done.contains(&category) {
                continue;
            }
            let is_capped_with_others = plan.shared_caps.iter().any(|shared| bounds(shared, category));
            if !rate.split && !is_capped_with_others {
                let [all, _] = base_and_extra_ratios(rate);
                sources[category] = Source::Lane(self.lane(category, all, [rate.cap_e2, rate.yearly_cap_e2])?);
                continue;
            }
            let together = tied_together(plan, category);
            let pool = self.pool(plan, &together)?;
            for (member, category) in (0..).zip(&together) {
                sources[*category] = Source::Pool { pool, member };
            }
            done.extend(together);
        }
        Some(sources)
    }

    /// Largest spend for which all multipliers are exact.
    pub(super) fn largest_spend(&self) -> u64 {
        self.largest_spend
    }

    /// Numbers the slots as [`Program`](super::Program) fills them.
    pub(super) fn slots(&self) -> Option<Slots> {
        let pools = self.pools.items();
        let mut order: Vec<usize> = (0..pools.len()).collect();
        // Those of one length together, so that the end of their loops can be foreseen.
        order.sort_by_key(|pool| (!Chains::takes(&pools[*pool]), pools[*pool].members.len()));
        let mut next = self.lanes.items().len();
        let mut first_of_pool = vec![0; pools.len()];
        for pool in order.iter().copied() {
            first_of_pool[pool] = u32::try_from(next).ok()?;
            next += pools[pool].members.len();
        }
        u32::try_from(next).ok()?;
        Some(Slots { count: next, order, first_of_pool })
    }

    /// What the numbered slots are filled by.
    pub(super) fn into_program(self, slots: &Slots) -> (Scale, Vec<Lane>, Chains, Vec<Pool>) {
        let mut chains = Chains::default();
        let mut others = Vec::new();
        for pool in slots.order.iter().map(|pool| &self.pools.items()[*pool]) {
            if Chains::takes(pool) {
                chains.push(pool);
            } else {
                others.push(pool.clone());
            }
        }
        (self.scale, self.lanes.into_items(), chains, others)
    }

    fn lane(&mut self, category: usize, ratio: Ratio, [cap, yearly_cap]: [Option<i64>; 2]) -> Option<u32> {
        let factor = self.scale.factor(ratio);
        self.largest_spend = self.largest_spend.min(factor.largest);
        let uncapped_or = |cap: Option<i64>| cap.map_or(UNCAPPED, i64::cast_unsigned);
        let lane = Lane {
            category,
            multiplier: factor.multiplier,
            cap_e2: uncapped_or(cap),
            yearly_cap_e2: uncapped_or(yearly_cap),
        };
        u32::try_from(self.lanes.place(lane)).ok()
    }

    fn pool(&mut self, plan: &Plan, together: &[usize]) -> Option<usize> {
        let members = together.iter().filter_map(|category| Some((*category, plan.rates[*category].as_ref()?)));
        let members = members.map(|(category, rate)| self.member(category, rate)).collect::<Option<_>>()?;
        let draws = |cap: &dyn Fn(&SharedCap) -> Option<i64>| {
            let draw = |shared: &SharedCap| draw(shared, cap(shared)?, together);
            plan.shared_caps.iter().filter_map(draw).collect()
        };
        Some(self.pools.place(Pool {
            members,
            accelerated: draws(&|shared| shared.cap_monthly_e2.filter(|_| shared.cap_scope == CapScope::Accelerated)),
            all: draws(&|shared| shared.cap_monthly_e2.filter(|_| shared.cap_scope == CapScope::All)),
            yearly: draws(&|shared| shared.cap_yearly_e2),
        }))
    }

    fn member(&mut self, category: usize, rate: &PlanRate) -> Option<Member> {
        let [base, extra] = base_and_extra_ratios(rate);
        let has_extra = rate.split && rate.multiplier_e4 > ONE_E4;
        Some(Member {
            base: self.lane(category, base, [None, None])?,
            extra: if has_extra { self.lane(category, extra, [rate.extra_cap_e2, None])? } else { NOTHING },
            cap_e2: rate.cap_e2.map_or(UNCAPPED, i64::cast_unsigned),
            yearly_cap_e2: rate.yearly_cap_e2.map_or(UNCAPPED, i64::cast_unsigned),
        })
    }
}

/// The categories of a plan that can earn at all, and their rates.
pub(super) fn earning_rates(plan: &Plan) -> impl Iterator<Item = (usize, &PlanRate)> {
    let rates = plan.rates.iter().enumerate().filter_map(|(category, rate)| Some((category, rate.as_ref()?)));
    rates.filter(|(_, rate)| rate.base_rate_e6 > 0 && rate.multiplier_e4 > 0)
}

/// Every ratio by which the spend of a plan's categories is multiplied.
pub(super) fn spend_ratios(plan: &Plan) -> impl Iterator<Item = Ratio> {
    earning_rates(plan).flat_map(|(_, rate)| base_and_extra_ratios(rate))
}

/// Everything as base where the category is not split.
fn base_and_extra_ratios(rate: &PlanRate) -> [Ratio; 2] {
    let (base_e4, extra_e4) = match rate.split {
        true => (rate.multiplier_e4.min(ONE_E4), (rate.multiplier_e4 - ONE_E4).max(0)),
        false => (rate.multiplier_e4, 0),
    };
    [base_e4, extra_e4].map(|multiplier_e4| spend_ratio(rate, multiplier_e4))
}

/// Hundredths of a point for a paisa, which is points for a rupee.
fn spend_ratio(rate: &PlanRate, multiplier_e4: i64) -> Ratio {
    Ratio::decimal((rate.base_rate_e6 * multiplier_e4).cast_unsigned(), 10)
}

/// Whether a shared cap bounds anything in the category.
fn bounds(shared: &SharedCap, category: usize) -> bool {
    let is_there = shared.cap_monthly_e2.is_some() || shared.cap_yearly_e2.is_some();
    is_there && shared.categories.contains(&Category::ALL[category])
}

/// The earning categories that share caps with this one, directly or through others; itself at least. Those of the first
/// cap come first, in its order, which is then the order of the pool.
fn tied_together(plan: &Plan, category: usize) -> Vec<usize> {
    let mut together = vec![category];
    loop {
        let ties = |other: usize| {
            plan.shared_caps
                .iter()
                .any(|shared| bounds(shared, other) && together.iter().any(|one| bounds(shared, *one)))
        };
        let more = earning_rates(plan).map(|(other, _)| other).find(|other| !together.contains(other) && ties(*other));
        match more {
            Some(more) => together.push(more),
            None => break,
        }
    }
    let first_cap = plan.shared_caps.iter().find(|shared| together.iter().any(|one| bounds(shared, *one)));
    let place = |category: &usize| {
        let in_cap = |shared: &SharedCap| shared.categories.iter().position(|one| one.index() == *category);
        (first_cap.and_then(in_cap).unwrap_or(CATEGORIES), *category)
    };
    together.sort_unstable_by_key(place);
    together
}

/// None if no category of the pool is in it.
fn draw(shared: &SharedCap, cap_e2: i64, together: &[usize]) -> Option<Draw> {
    let place = |category: &Category| together.iter().position(|one| *one == category.index());
    let members: Vec<usize> = shared.categories.iter().filter_map(place).collect();
    (!members.is_empty()).then(|| Draw { cap_e2: cap_e2.cast_unsigned(), members })
}
