//! The calculation for ordinary users: 64-bit integers, and everything that cards have in common done once.
//!
//! A catalogue compiles to a [`Program`] ([`compile`], [`sources`]). For each user it fills the slots, which hold what each
//! distinct rate earns ([`lanes`]; [`chains`] and [`pools`] where shared caps or splits come in), and sums them for each
//! distinct combination. Then each card is one multiplication ([`offers`], [`fixed_point`]), one addition ([`bands`],
//! [`gates`]) and one comparison with the tenth best so far ([`rank`]). A program knows up to which spend it may be asked
//! ([`limit`]).

mod bands;
mod chains;
mod compile;
mod fixed_point;
mod gates;
mod interned;
mod lanes;
mod limit;
mod offers;
mod pools;
mod rank;
mod sources;
#[cfg(test)]
mod tests;

use crate::category::CATEGORIES;
use crate::published::{RANKS, Recommendation, TopTen};
use crate::user::{User, UserFault};
use bands::Bands;
use chains::Chains;
use fixed_point::Scale;
use gates::Gates;
use lanes::{Lane, Slots};
use offers::{Earning, Offer, Total};
use pools::Pool;
use rank::{Best, Key};

/// A catalogue on a date, ready to be applied to users.
#[derive(Debug)]
pub(crate) struct Program {
    /// Largest monthly spend, in paise, for which every figure is exact and can be published.
    largest_spend: i64,
    spend_scale: Scale,
    /// A slot each; the first earns nothing.
    lanes: Vec<Lane>,
    /// A slot for each link, after those of the lanes.
    chains: Chains,
    /// A slot for each member, after those of the chains.
    pools: Vec<Pool>,
    slots: usize,
    earnings: Vec<Earning>,
    points_scale: Scale,
    /// The most promising first, so that the ten best are found early and the rest need no more than a glance.
    offers: Vec<Offer>,
    /// In the order of the offers.
    bands: Bands,
    /// In the order of the offers.
    gates: Gates,
    /// By place in engine order: place among the offers, and joining fees in paise.
    cards: Vec<(u32, i64)>,
}

/// Working memory for one user.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    slots: Slots,
    totals: Vec<Total>,
    admitted: Vec<Key>,
}

/// The monthly spend of an ordinary user, none below zero.
struct Spend {
    by_category_paise: [u64; CATEGORIES],
    annual_paise: i64,
}

/// What the ten rows are made of.
pub(crate) struct Ranked {
    keys: [Key; RANKS],
}

impl Program {
    /// The ten best, for [`Program::publish`] right afterwards; none if the spend is beyond what this is made for.
    /// `paise` are the input's columns, none below zero.
    #[inline]
    pub(crate) fn rank(
        &self,
        user: &User,
        paise: &[i64; 6],
        workspace: &mut Workspace,
    ) -> Option<Result<Ranked, UserFault>> {
        let spend = self.spend(paise)?;
        self.earn(&spend.by_category_paise, workspace);
        let keys = self.bands.keys(spend.annual_paise);
        let ten = match self.gates.judge(user) {
            None => self.best(keys, &workspace.totals).ten(),
            Some(judged) => {
                let keys = keys.iter().zip(judged).map(|(key, admitted)| if admitted { *key } else { Key::CLOSED });
                workspace.admitted.clear();
                workspace.admitted.extend(keys);
                self.best(&workspace.admitted, &workspace.totals).ten()
            }
        };
        Some(ten.map(|keys| Ranked { keys }).map_err(|eligible| UserFault::TooFewCards { eligible }))
    }

    /// Section 1; none if the spend is too large.
    fn spend(&self, paise: &[i64; 6]) -> Option<Spend> {
        let [amazon, flipkart, myntra, ajio, grocery, confirmed] = *paise;
        // No sum can overflow if each is within the limit, which is at most 5e12.
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

    /// Section 3, for every distinct rate, and the sums of every distinct combination of them.
    fn earn(&self, spend: &[u64; CATEGORIES], workspace: &mut Workspace) {
        let shifted = spend.map(|amount| self.spend_scale.shifted(amount));
        workspace.slots.fit(self.slots);
        let (lanes_monthly, monthly) = workspace.slots.monthly_e2.split_at_mut(self.lanes.len());
        let (lanes_yearly, yearly) = workspace.slots.yearly_e2.split_at_mut(self.lanes.len());
        lanes::earn(&self.lanes, &shifted, lanes_monthly, lanes_yearly);
        let (chains_monthly, mut monthly) = monthly.split_at_mut(self.chains.links().len());
        let (chains_yearly, mut yearly) = yearly.split_at_mut(self.chains.links().len());
        self.chains.earn(lanes_monthly, chains_monthly, chains_yearly);
        for pool in &self.pools {
            let (own_monthly, rest_monthly) = monthly.split_at_mut(pool.members.len());
            let (own_yearly, rest_yearly) = yearly.split_at_mut(pool.members.len());
            pool.earn(lanes_monthly, own_monthly, own_yearly);
            (monthly, yearly) = (rest_monthly, rest_yearly);
        }
        workspace.totals.clear();
        workspace
            .totals
            .extend(self.earnings.iter().map(|earning| earning.total(&workspace.slots.yearly_e2, self.points_scale)));
    }

    /// Sections 4 and 5.
    fn best(&self, keys: &[Key], totals: &[Total]) -> Best {
        let mut best = Best::none();
        for (offer, key) in self.offers.iter().zip(keys) {
            best.offer(key.with_savings(offer.savings_paise(totals[offer.earning as usize])));
        }
        best
    }

    /// Writes the rows of what was ranked last in this workspace.
    #[inline]
    pub(crate) fn publish(&self, ranked: &Ranked, workspace: &Workspace, rows: &mut TopTen) {
        for (row, key) in rows.iter_mut().zip(ranked.keys) {
            *row = self.row(key, workspace);
        }
    }

    #[inline]
    fn row(&self, key: Key, workspace: &Workspace) -> Recommendation {
        let (offer, joining_fees_paise) = self.cards[key.place()];
        let offer = &self.offers[offer as usize];
        let total = workspace.totals[offer.earning as usize];
        let savings_paise = offer.savings_paise(total);
        let net_paise = key.net_paise();
        let slots = &self.earnings[offer.earning as usize].slots;
        Recommendation {
            card: offer.place,
            option: offer.option(total),
            savings_paise,
            extra_benefits_paise: net_paise - savings_paise + joining_fees_paise,
            net_paise,
            points_e2: slots.map(|slot| workspace.slots.monthly_e2[slot as usize].cast_signed()),
        }
    }
}
