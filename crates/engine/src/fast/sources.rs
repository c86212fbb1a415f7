//! Where each category of each card gets its points from: a lane, a place in a pool, or nowhere.

use super::NOTHING;
use super::fixed_point::{Ratio, Scale};
use super::interned::Interned;
use super::lanes::{Lane, Lanes, UNCAPPED};
use super::pools::{Draw, Member, Pool};
use crate::catalogue::model::{CapScope, SharedCap};
use crate::category::{CATEGORIES, Category};
use crate::plan::{ONE_E4, Plan, PlanRate};

/// Where a category's points come from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    Nothing,
    Lane { category: usize, lane: usize },
    Pool { pool: usize, member: usize },
}

/// The distinct lanes and pools of the plans seen so far.
pub(super) struct Sources {
    scale: Scale,
    largest_spend: u64,
    lanes: [Interned<Lane>; CATEGORIES],
    pools: Interned<Pool>,
}

/// At which slot each lane and pool begins.
pub(super) struct SlotNumbers {
    lanes: [usize; CATEGORIES],
    pools: Vec<usize>,
}

impl Sources {
    /// `scale` must serve the [`spend_ratios`] of all plans.
    pub(super) fn new(scale: Scale) -> Self {
        let lanes = std::array::from_fn(|_| Interned::new());
        Self { scale, largest_spend: u64::MAX, lanes, pools: Interned::new() }
    }

    /// By category; adds what is new.
    pub(super) fn of_plan(&mut self, plan: &Plan) -> [Source; CATEGORIES] {
        let mut sources = [Source::Nothing; CATEGORIES];
        let mut done = Vec::new();
        for (category, rate) in earning_rates(plan) {
            if done.contains(&category) {
                continue;
            }
            let is_capped_with_others = plan.shared_caps.iter().any(|shared| bounds(shared, category));
            if !rate.split && !is_capped_with_others {
                sources[category] = Source::Lane { category, lane: self.lane(category, rate) };
                continue;
            }
            let together = tied_together(plan, category);
            let pool = self.pool(plan, &together);
            for (member, category) in together.iter().enumerate() {
                sources[*category] = Source::Pool { pool, member };
            }
            done.extend(together);
        }
        sources
    }

    /// Largest spend for which all multipliers are exact.
    pub(super) fn largest_spend(&self) -> u64 {
        self.largest_spend
    }

    /// Numbers the slots as [`Program`](super::Program) fills them: nothing, the lanes by category, the pools.
    pub(super) fn slots(&self) -> SlotNumbers {
        let mut next = NOTHING + 1;
        let mut take = |count: usize| {
            next += count;
            next - count
        };
        let lanes = self.lanes.each_ref().map(|lanes| take(lanes.items().len()));
        SlotNumbers { lanes, pools: self.pools.items().iter().map(|pool| take(pool.members.len())).collect() }
    }

    pub(super) fn into_parts(self) -> (Scale, Lanes, Vec<Pool>) {
        (self.scale, Lanes::new(self.lanes.each_ref().map(Interned::items)), self.pools.into_items())
    }

    fn lane(&mut self, category: usize, rate: &PlanRate) -> usize {
        let multiplier = self.multiplier(spend_ratio(rate, rate.multiplier_e4));
        let lane = Lane { multiplier, cap_e2: cap(rate.cap_e2), yearly_cap_e2: cap(rate.yearly_cap_e2) };
        self.lanes[category].place(lane)
    }

    fn pool(&mut self, plan: &Plan, together: &[usize]) -> usize {
        let rates = earning_rates(plan).filter(|(category, _)| together.contains(category));
        let members = rates.map(|(category, rate)| self.member(category, rate)).collect();
        let draws = |cap: &dyn Fn(&SharedCap) -> Option<i64>| {
            let draw = |shared: &SharedCap| draw(shared, cap(shared)?, together);
            plan.shared_caps.iter().filter_map(draw).collect()
        };
        self.pools.place(Pool {
            members,
            accelerated: draws(&|shared| shared.cap_monthly_e2.filter(|_| shared.cap_scope == CapScope::Accelerated)),
            all: draws(&|shared| shared.cap_monthly_e2.filter(|_| shared.cap_scope == CapScope::All)),
            yearly: draws(&|shared| shared.cap_yearly_e2),
        })
    }

    fn member(&mut self, category: usize, rate: &PlanRate) -> Member {
        let [base, extra] = base_and_extra_ratios(rate);
        Member {
            category,
            base_multiplier: self.multiplier(base),
            extra_multiplier: self.multiplier(extra),
            extra_cap_e2: cap(rate.extra_cap_e2),
            cap_e2: cap(rate.cap_e2),
            yearly_cap_e2: cap(rate.yearly_cap_e2),
        }
    }

    fn multiplier(&mut self, ratio: Ratio) -> u64 {
        let factor = self.scale.factor(ratio);
        self.largest_spend = self.largest_spend.min(factor.largest);
        factor.multiplier
    }
}

impl SlotNumbers {
    /// None if there are more slots than a `u32` counts.
    pub(super) fn numbers(&self, sources: [Source; CATEGORIES]) -> Option<[u32; CATEGORIES]> {
        let mut numbers = [0; CATEGORIES];
        for (number, source) in numbers.iter_mut().zip(sources) {
            *number = u32::try_from(match source {
                Source::Nothing => NOTHING,
                Source::Lane { category, lane } => self.lanes[category] + lane,
                Source::Pool { pool, member } => self.pools[pool] + member,
            })
            .ok()?;
        }
        Some(numbers)
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

fn cap(cap_e2: Option<i64>) -> u64 {
    cap_e2.map_or(UNCAPPED, i64::cast_unsigned)
}

/// Whether a shared cap bounds anything in the category.
fn bounds(shared: &SharedCap, category: usize) -> bool {
    let is_there = shared.cap_monthly_e2.is_some() || shared.cap_yearly_e2.is_some();
    is_there && shared.categories.contains(&Category::ALL[category])
}

/// The earning categories that share caps with this one, directly or through others; itself at least.
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
    together.sort_unstable();
    together
}

/// None if no category of the pool is in it.
fn draw(shared: &SharedCap, cap_e2: i64, together: &[usize]) -> Option<Draw> {
    let place = |category: &Category| together.iter().position(|one| *one == category.index());
    let members: Vec<usize> = shared.categories.iter().filter_map(place).collect();
    (!members.is_empty()).then(|| Draw { cap_e2: cap_e2.cast_unsigned(), members })
}
