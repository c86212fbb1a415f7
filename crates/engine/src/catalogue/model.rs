//! A card as the catalogue describes it, every figure an exact integer in the unit that its name ends with.
//!
//! Ranges and defaults: calculation.md, section 2. A value of these types that came out of [`super::Catalogue::parse`]
//! is within them.

use chrono::NaiveDate;

use crate::category::{CATEGORIES, Category};

/// What a monthly cap bounds (calculation.md, section 2, `cap_scope`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CapScope {
    /// All points of the category.
    #[default]
    All,
    /// Only what multipliers add; the base points go on.
    Accelerated,
}

/// How one category earns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Points per rupee, in millionths: 0 to 1,000,000.
    pub base_rate_e6: u32,
    /// The rate's own multiplier, in hundredths: 0 to 10,000.
    pub multiplier_e2: u32,
    /// Rupees per point, in ten-thousandths: 0 to 1,000,000.
    pub point_value_e4: u32,
    /// Points a month, in hundredths; 0 is a cap of nothing.
    pub cap_monthly_e2: Option<i64>,
    /// Points a year, in hundredths.
    pub cap_yearly_e2: Option<i64>,
    /// What `cap_monthly_e2` bounds.
    pub cap_scope: CapScope,
}

/// A cap that several categories share, in the catalogue's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedCap {
    /// At least one, none twice, in the order in which they draw on the cap.
    pub categories: Vec<Category>,
    /// Points a month, in hundredths.
    pub cap_monthly_e2: Option<i64>,
    /// Points a year, in hundredths; bounds all points whatever the scope.
    pub cap_yearly_e2: Option<i64>,
    /// What `cap_monthly_e2` bounds.
    pub cap_scope: CapScope,
}

/// One way to turn points into money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedemptionOption {
    /// The issuer's name for it, unique within the card.
    pub method: String,
    /// What is published instead of `method`, if given.
    pub opt_type: Option<String>,
    /// Share of a point's value that is paid out, in ten-thousandths: 0 to 10,000.
    pub conversion_rate_e4: u32,
    /// Points needed in a year, in hundredths.
    pub min_points_e2: i64,
}

impl RedemptionOption {
    /// What goes into `redemption_method`.
    #[must_use]
    pub fn published_method(&self) -> &str {
        self.opt_type.as_deref().unwrap_or(&self.method)
    }
}

/// A benefit for reaching a spend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Milestone {
    /// Spend a year at which it is given, in paise; equal qualifies.
    pub annual_spend_paise: i64,
    /// What it is worth, in paise.
    pub benefit_value_paise: i64,
}

/// A multiplier that holds between two dates, both included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promotion {
    /// Where it holds.
    pub category: Category,
    /// In hundredths: 0 to 10,000.
    pub multiplier_e2: u32,
    /// First day.
    pub valid_from: NaiveDate,
    /// Last day.
    pub valid_to: NaiveDate,
}

/// Who may have the card; all that are given must hold, equal qualifies (calculation.md, section 5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Eligibility {
    /// In paise; judged only where the income is known.
    pub min_monthly_income_paise: Option<i64>,
    /// 0 to 999; judged only where the score is known.
    pub min_credit_score: Option<u16>,
    /// In paise; judged for every user.
    pub min_annual_spend_paise: Option<i64>,
}

/// What the catalogue says of a card beside its calculation, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CardNotes {
    /// Payment network.
    pub network: Option<String>,
    /// Free words.
    pub tags: Vec<String>,
    /// Where the figures come from.
    pub source: Option<String>,
    /// As of when.
    pub as_of: Option<String>,
    /// `high`, `medium` or `low`.
    pub confidence: Option<String>,
    /// What the extra benefits count.
    pub benefits_description: Option<String>,
    /// In paise; not used in the calculation.
    pub annual_fees_paise: i64,
    /// In paise; not used in the calculation.
    pub annual_fee_waiver_spend_paise: Option<i64>,
}

/// One card of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// Unique in the catalogue, at most 100 characters.
    pub card_id: String,
    /// Published; unique in the catalogue, at most 200 characters.
    pub card_name: String,
    /// At most 100 characters.
    pub issuer: String,
    /// False for a discontinued card: checked like the others, never recommended.
    pub active: bool,
    /// In paise.
    pub joining_fees_paise: i64,
    /// By [`Category::index`]; a category without a rate earns nothing.
    pub rates: [Option<Rate>; CATEGORIES],
    /// In the order in which they are applied.
    pub shared_caps: Vec<SharedCap>,
    /// At least one, methods unique, in the catalogue's order (of equal rates the first counts).
    pub redemption_options: Vec<RedemptionOption>,
    /// In paise a year.
    pub annual_value_paise: i64,
    /// In paise, counted in the year.
    pub welcome_value_paise: i64,
    /// At most 100; equal thresholds all count.
    pub milestones: Vec<Milestone>,
    /// Those of one category never overlap.
    pub promotions: Vec<Promotion>,
    /// Who may have it.
    pub eligibility: Eligibility,
    /// For people only.
    pub notes: CardNotes,
}
