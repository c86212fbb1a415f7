//! A card as it earns on one date: promotions judged, splits decided, options that no user can be given left out.
//!
//! Both ways of calculating start from here; nothing in a plan depends on the user.

use std::cmp::Reverse;

use chrono::NaiveDate;

use crate::catalogue::model::{CapScope, Card, Eligibility, Milestone, Rate, SharedCap};
use crate::category::{CATEGORIES, Category};
use crate::published::{PublishedCard, PublishedOption};

/// A multiplier of 1, in the unit of [`PlanRate::multiplier_e4`].
pub(crate) const ONE_E4: i64 = 10_000;

/// How one category of a card earns on the date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlanRate {
    /// Points per rupee, in millionths.
    pub(crate) base_rate_e6: i64,
    /// `k` of calculation.md, section 3: the rate's multiplier times the active promotion's, in ten-thousandths.
    pub(crate) multiplier_e4: i64,
    /// Rupees per point, in ten-thousandths.
    pub(crate) point_value_e4: i64,
    /// Whether base and extra points are counted apart.
    pub(crate) split: bool,
    /// Bounds the extra points alone (own scope `accelerated`), in hundredths.
    pub(crate) extra_cap_e2: Option<i64>,
    /// Bounds all points (own scope `all`), in hundredths.
    pub(crate) cap_e2: Option<i64>,
    /// Points a year, in hundredths.
    pub(crate) yearly_cap_e2: Option<i64>,
}

/// An option that some user may be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlanOption {
    /// Points needed in a year, in hundredths.
    pub(crate) min_points_e2: i64,
    /// In ten-thousandths.
    pub(crate) conversion_rate_e4: i64,
}

/// What the calculation needs of a card.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// In paise.
    pub(crate) joining_fees_paise: i64,
    /// Annual and welcome value, in paise.
    pub(crate) unconditional_benefits_paise: i64,
    /// By [`Category::index`]; none earns nothing.
    pub(crate) rates: [Option<PlanRate>; CATEGORIES],
    /// In the catalogue's order.
    pub(crate) shared_caps: Vec<SharedCap>,
    /// The first whose `min_points_e2` is reached is the one that is taken.
    pub(crate) options: Vec<PlanOption>,
    /// In any order: all that are reached count.
    pub(crate) milestones: Vec<Milestone>,
    /// Who may have the card.
    pub(crate) eligibility: Eligibility,
}

impl Plan {
    /// The card's plan on `date`, and what is published of it, whose options are the plan's, in the plan's order.
    pub(crate) fn of(card: &Card, date: NaiveDate) -> (Self, PublishedCard) {
        let (options, published) = reachable_options(card);
        let plan = Self {
            joining_fees_paise: card.joining_fees_paise,
            unconditional_benefits_paise: card.annual_value_paise + card.welcome_value_paise,
            rates: Category::ALL.map(|category| {
                card.rates[category.index()].as_ref().map(|rate| plan_rate(card, category, rate, date))
            }),
            shared_caps: card.shared_caps.clone(),
            options,
            milestones: card.milestones.clone(),
            eligibility: card.eligibility.clone(),
        };
        let published = PublishedCard {
            card_id: card.card_id.clone(),
            card_name: card.card_name.clone(),
            joining_fees_paise: card.joining_fees_paise,
            options: published,
        };
        (plan, published)
    }

    /// `total_extra_benefits` of a user with this annual spend (calculation.md, section 4). There are at most 100 milestones,
    /// so that it is below 1.02e14.
    pub(crate) fn benefits_paise(&self, annual_spend_paise: i64) -> i64 {
        let reached = self.milestones.iter().filter(|milestone| milestone.annual_spend_paise <= annual_spend_paise);
        self.unconditional_benefits_paise + reached.map(|milestone| milestone.benefit_value_paise).sum::<i64>()
    }
}

fn plan_rate(card: &Card, category: Category, rate: &Rate, date: NaiveDate) -> PlanRate {
    let promotion_e2 = card
        .promotions
        .iter()
        .find(|promotion| promotion.category == category && promotion.valid_from <= date && date <= promotion.valid_to)
        .map_or(100, |promotion| i64::from(promotion.multiplier_e2));
    let shares_accelerated =
        card.shared_caps.iter().any(|cap| cap.cap_scope == CapScope::Accelerated && cap.categories.contains(&category));
    let own_accelerated = rate.cap_scope == CapScope::Accelerated;
    PlanRate {
        base_rate_e6: i64::from(rate.base_rate_e6),
        multiplier_e4: i64::from(rate.multiplier_e2) * promotion_e2,
        point_value_e4: i64::from(rate.point_value_e4),
        split: own_accelerated || shares_accelerated,
        extra_cap_e2: rate.cap_monthly_e2.filter(|_| own_accelerated),
        cap_e2: rate.cap_monthly_e2.filter(|_| !own_accelerated),
        yearly_cap_e2: rate.cap_yearly_e2,
    }
}

/// The options by conversion rate, highest first, of equals the first listed; without those that an option before them
/// shuts out because it asks for no more points. The first reached is then the one of calculation.md, section 4.
fn reachable_options(card: &Card) -> (Vec<PlanOption>, Vec<PublishedOption>) {
    let mut by_rate: Vec<_> = card.redemption_options.iter().collect();
    by_rate.sort_by_key(|option| Reverse(option.conversion_rate_e4));
    let mut least_e2 = i64::MAX;
    by_rate.retain(|option| {
        let asks_for_less = option.min_points_e2 < least_e2;
        least_e2 = least_e2.min(option.min_points_e2);
        asks_for_less
    });
    let planned = by_rate.iter().map(|option| PlanOption {
        min_points_e2: option.min_points_e2,
        conversion_rate_e4: i64::from(option.conversion_rate_e4),
    });
    let published = by_rate.iter().map(|option| PublishedOption {
        method: option.published_method().to_owned(),
        conversion_rate_e4: option.conversion_rate_e4,
    });
    (planned.collect(), published.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;
    use serde_json::{Value, json};

    fn option(method: &str, conversion_rate: f64, min_points: u32) -> Value {
        json!({"method": method, "conversion_rate": conversion_rate, "min_points": min_points})
    }

    #[test]
    fn options_that_nobody_can_be_given_are_left_out() {
        let options = [
            option("low", 0.2, 0),
            option("best", 1.0, 500),
            option("as many points for less", 0.9, 500),
            option("equal, later, fewer points", 1.0, 400),
            option("equal, later, more points", 1.0, 450),
            option("middle", 0.5, 100),
            option("lowest", 0.1, 0),
        ];
        let card = |index: usize| {
            json!({
                "card_id": index.to_string(), "card_name": index.to_string(), "issuer": "A bank",
                "joining_fees": 0, "annual_fees": 0, "redemption_options": options,
            })
        };
        let text = json!({"cards": (0..10).map(card).collect::<Vec<_>>()}).to_string();
        let catalogue = Catalogue::parse(text.as_bytes()).unwrap();
        let (plan, published) = Plan::of(&catalogue.cards()[0], "2026-11-20".parse().unwrap());
        let methods: Vec<&str> = published.options.iter().map(|option| option.method.as_str()).collect();
        assert_eq!(methods, ["best", "equal, later, fewer points", "middle", "low"]);
        assert_eq!(
            plan.options.iter().map(|option| option.min_points_e2).collect::<Vec<_>>(),
            [50_000, 40_000, 10_000, 0]
        );
    }
}
