//! The calculation for ordinary users: 64-bit integers, and everything that cards have in common done once.
//!
//! A catalogue compiles to a [`Program`]. For each user it fills the slots (what each distinct rate earns: [`lanes`],
//! [`pools`]), judges the distinct conditions ([`conditions`]), and then each card is a sum of six slots, one multiplication
//! and one comparison with the tenth best so far ([`offers`], [`rank`]). A program knows up to which spend it is exact;
//! beyond that it is not asked.

mod compile;
mod conditions;
mod fixed_point;
mod interned;
mod lanes;
mod limit;
mod offers;
mod pools;
mod rank;
mod sources;

use crate::category::CATEGORIES;
use crate::published::{MAX_PUBLISHED, Recommendation, TopTen};
use crate::user::{User, UserFault};
use conditions::{Gate, Ladder, Standing};
use fixed_point::Scale;
use lanes::{Lanes, Slots};
use offers::Offer;
use pools::Pool;
use rank::{Best, Packing};

/// The slot of a category that earns nothing.
const NOTHING: usize = 0;

/// A catalogue on a date, ready to be applied to users.
#[derive(Debug)]
pub(crate) struct Program {
    /// Largest monthly spend, in paise, for which every figure is exact.
    largest_spend: i64,
    spend_scale: Scale,
    /// Their slots begin after [`NOTHING`].
    lanes: Lanes,
    /// Their slots begin after those of the lanes.
    pools: Vec<Pool>,
    ladders: Vec<Ladder>,
    gates: Vec<Gate>,
    points_scale: Scale,
    /// In engine order.
    offers: Vec<Offer>,
    packing: Packing,
}

/// Working memory for one user.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    slots: Slots,
    benefits_paise: Vec<i64>,
    open: Vec<bool>,
}

/// The monthly spend of an ordinary user, none below zero.
struct Spend {
    by_category_paise: [u64; CATEGORIES],
    annual_paise: i64,
}

impl Program {
    /// The ten best, if the user's spend is one for which this is exact. `paise` are the input's columns, none below zero.
    pub(crate) fn recommend(
        &self,
        user: &User,
        paise: &[i64; 6],
        workspace: &mut Workspace,
    ) -> Option<Result<TopTen, UserFault>> {
        let spend = self.spend(paise)?;
        let standing = Standing {
            annual_spend_paise: spend.annual_paise,
            monthly_income_paise: user.monthly_income_paise.unwrap_or(i64::MAX),
            credit_score: user.credit_score.unwrap_or(i64::MAX),
        };
        self.earn(&spend.by_category_paise, &mut workspace.slots);
        self.judge(&standing, workspace);
        Some(match self.rank(workspace).ten() {
            Ok(keys) => self.publish(keys, workspace),
            Err(eligible) => Err(UserFault::TooFewCards { eligible }),
        })
    }

    /// Section 1; none if the spend is too large.
    fn spend(&self, paise: &[i64; 6]) -> Option<Spend> {
        let [amazon, flipkart, myntra, ajio, grocery, confirmed] = *paise;
        // No sum can overflow if each is within the limit, which is below a tenth of what an i64 holds.
        if paise.iter().any(|amount| *amount > self.largest_spend) {
            return None;
        }
        let five = amazon + flipkart + myntra + ajio + grocery;
        let total = five.max(confirmed);
        (total <= self.largest_spend).then(|| Spend {
            by_category_paise: [amazon, flipkart, myntra, ajio, grocery, total - five].map(i64::cast_unsigned),
            annual_paise: 12 * total,
        })
    }

    /// Section 3, for every distinct rate.
    fn earn(&self, spend: &[u64; CATEGORIES], slots: &mut Slots) {
        let shifted = spend.map(|amount| self.spend_scale.shifted(amount));
        let first_of_pools = NOTHING + 1 + self.lanes.lanes().len();
        slots.fit(first_of_pools + self.pools.iter().map(|pool| pool.members.len()).sum::<usize>());
        self.lanes.earn(&shifted, NOTHING + 1, slots);
        let mut first = first_of_pools;
        for pool in &self.pools {
            pool.earn(&shifted, first, slots);
            first += pool.members.len();
        }
    }

    fn judge(&self, standing: &Standing, workspace: &mut Workspace) {
        workspace.benefits_paise.clear();
        workspace.benefits_paise.extend(self.ladders.iter().map(|ladder| ladder.benefit_paise(standing)));
        workspace.open.clear();
        workspace.open.extend(self.gates.iter().map(|gate| gate.is_open(standing)));
    }

    fn rank(&self, workspace: &Workspace) -> Best {
        let mut best = Best::none();
        for (place, offer) in (0..).zip(&self.offers) {
            let savings = offer.savings(self.points_scale, &workspace.slots.yearly_e2);
            let benefits = offer.benefits_paise + workspace.benefits_paise[offer.ladder as usize];
            let net = savings.paise + benefits - offer.joining_fees_paise;
            if workspace.open[offer.gate as usize] {
                best.offer(self.packing.key(net, place));
            }
        }
        best
    }

    fn publish(&self, keys: &[i64; 10], workspace: &Workspace) -> Result<TopTen, UserFault> {
        let rows = keys.map(|key| {
            let place = self.packing.place(key);
            let offer = &self.offers[place];
            let savings = offer.savings(self.points_scale, &workspace.slots.yearly_e2);
            let extra_benefits_paise = offer.benefits_paise + workspace.benefits_paise[offer.ladder as usize];
            Recommendation {
                card: place as u32,
                option: savings.option,
                savings_paise: savings.paise,
                extra_benefits_paise,
                net_paise: savings.paise + extra_benefits_paise - offer.joining_fees_paise,
                points_e2: offer.slots.map(|slot| workspace.slots.monthly_e2[slot as usize].cast_signed()),
            }
        });
        if rows.iter().all(is_publishable) { Ok(rows) } else { Err(UserFault::OutOfRange) }
    }
}

fn is_publishable(row: &Recommendation) -> bool {
    let fits = |figure: i64| figure <= MAX_PUBLISHED;
    fits(row.savings_paise)
        & fits(row.extra_benefits_paise)
        & fits(row.net_paise)
        & fits(-row.net_paise)
        & row.points_e2.iter().all(|points| fits(*points))
}
