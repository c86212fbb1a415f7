//! One card of a catalogue on one line, for people.

use cardgenius_engine::{
    catalogue::model::{Card, Rate, RedemptionOption},
    category::{CATEGORIES, Category},
};
use serde_json::{Value as Json, json};

/// What stands where a category earns nothing.
const NOTHING: &str = "-";

/// What one category gives back.
struct Return {
    /// In hundredths of a percent of the spend.
    percent_e2: u128,
    capped: bool,
}

/// A card, with what it gives back in each category when its points are redeemed in the best way. Without promotions,
/// which depend on the date, and without caps, which depend on the spend and are only marked.
pub(super) struct CardSummary<'a> {
    card: &'a Card,
    best: Option<&'a RedemptionOption>,
    returns: [Option<Return>; CATEGORIES],
}

impl<'a> CardSummary<'a> {
    pub(super) const HEADER: [&'static str; 12] = [
        "ID",
        "NAME",
        "ISSUER",
        "STATUS",
        "JOINING FEE",
        "AMAZON %",
        "FLIPKART %",
        "MYNTRA %",
        "AJIO %",
        "GROCERY %",
        "OTHER %",
        "BEST REDEMPTION",
    ];

    pub(super) const LEGEND: &'static str = "\n\nFee in rupees. %: of the spend, without promotions, redeemed in the best way; \
                                             * up to a cap; - earns nothing.";

    pub(super) fn of(card: &'a Card) -> Self {
        // Of equals the first listed (calculation.md, section 4); `max_by_key` would take the last.
        let best = card.redemption_options.iter().rev().max_by_key(|option| option.conversion_rate_e4);
        let returns = Category::ALL.map(|category| {
            let rate = card.rates[category.index()].as_ref()?;
            Some(Return { percent_e2: percent_e2(rate, best), capped: is_capped(card, category, rate) })
        });
        Self { card, best, returns }
    }

    /// In the order of [`CardSummary::HEADER`].
    pub(super) fn row(&self) -> Vec<String> {
        let card = self.card;
        let mut row = vec![card.card_id.clone(), card.card_name.clone(), card.issuer.clone(), self.status().to_owned()];
        row.push(decimal(card.joining_fees_paise.unsigned_abs().into(), 2));
        row.extend(self.returns.iter().map(|returns| match returns {
            Some(Return { percent_e2, capped }) => {
                format!("{}{}", decimal(*percent_e2, 2), if *capped { "*" } else { "" })
            }
            None => NOTHING.to_owned(),
        }));
        row.push(self.best.map_or_else(String::new, |option| {
            let least = match option.min_points_e2 {
                0 => String::new(),
                points => format!(", from {} points", decimal(points.unsigned_abs().into(), 2)),
            };
            format!("{} at {}{least}", option.published_method(), decimal(option.conversion_rate_e4.into(), 4))
        }));
        row
    }

    pub(super) fn json(&self) -> Json {
        let card = self.card;
        let returns: serde_json::Map<_, _> = Category::ALL
            .iter()
            .zip(&self.returns)
            .filter_map(|(category, returns)| Some((category, returns.as_ref()?)))
            .map(|(category, Return { percent_e2, capped })| {
                (category.name().to_owned(), json!({"percent": number(*percent_e2, 2), "capped": capped}))
            })
            .collect();
        let best = self.best.map(|option| {
            json!({
                "method": option.published_method(),
                "conversion_rate": number(option.conversion_rate_e4.into(), 4),
                "min_points": number(option.min_points_e2.unsigned_abs().into(), 2),
            })
        });
        json!({
            "card_id": card.card_id,
            "card_name": card.card_name,
            "issuer": card.issuer,
            "status": self.status(),
            "joining_fees": number(card.joining_fees_paise.unsigned_abs().into(), 2),
            "returns": returns,
            "best_redemption": best,
        })
    }

    fn status(&self) -> &'static str {
        if self.card.active { "active" } else { "discontinued" }
    }
}

/// Hundredths of a percent: points per rupee times the multiplier, a point's value, and what of it is paid out. Rounded
/// half up, for the eye only.
fn percent_e2(rate: &Rate, best: Option<&RedemptionOption>) -> u128 {
    // Decimals of the four factors, less the four that hundredths of a percent have already.
    const SCALE: u128 = 10_u128.pow(6 + 2 + 4 + 4 - 4);
    let conversion_e4 = best.map_or(0, |option| option.conversion_rate_e4);
    // At most 10^6 x 10^4 x 10^6 x 10^4 by the ranges of the catalogue.
    let product: u128 = [rate.base_rate_e6, rate.multiplier_e2, rate.point_value_e4, conversion_e4]
        .into_iter()
        .map(u128::from)
        .product();
    (product + SCALE / 2) / SCALE
}

fn is_capped(card: &Card, category: Category, rate: &Rate) -> bool {
    let shared = card
        .shared_caps
        .iter()
        .filter(|cap| cap.cap_monthly_e2.is_some() || cap.cap_yearly_e2.is_some())
        .any(|cap| cap.categories.contains(&category));
    shared || rate.cap_monthly_e2.is_some() || rate.cap_yearly_e2.is_some()
}

/// An integer with that many decimals, without zeros at its end: `12.5`.
fn decimal(scaled: u128, decimals: u32) -> String {
    let one = 10_u128.pow(decimals);
    let text = format!("{}.{:0width$}", scaled / one, scaled % one, width = decimals as usize);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The same as a JSON number.
fn number(scaled: u128, decimals: u32) -> Json {
    decimal(scaled, decimals).parse::<serde_json::Number>().map_or(Json::Null, Json::Number)
}

#[cfg(test)]
mod tests {
    use cardgenius_engine::catalogue::model::{CapScope, CardNotes, Eligibility, SharedCap};

    use super::*;

    fn option(method: &str, conversion_rate_e4: u32) -> RedemptionOption {
        RedemptionOption { method: method.to_owned(), opt_type: None, conversion_rate_e4, min_points_e2: 250_000 }
    }

    fn rate(base_rate_e6: u32, multiplier_e2: u32, point_value_e4: u32) -> Option<Rate> {
        let cap_scope = CapScope::All;
        Some(Rate { base_rate_e6, multiplier_e2, point_value_e4, cap_monthly_e2: None, cap_yearly_e2: None, cap_scope })
    }

    fn card() -> Card {
        Card {
            card_id: "example".into(),
            card_name: "Example Card".into(),
            issuer: "Example Bank".into(),
            active: true,
            joining_fees_paise: 49_950,
            rates: [rate(20_000, 250, 2_500), rate(10_000, 100, 10_000), None, None, rate(3_333, 100, 10_000), None],
            shared_caps: vec![SharedCap {
                categories: vec![Category::Flipkart],
                cap_monthly_e2: None,
                cap_yearly_e2: Some(0),
                cap_scope: CapScope::All,
            }],
            redemption_options: vec![option("Credit", 5_000), option("Vouchers", 8_000), option("Miles", 8_000)],
            annual_value_paise: 0,
            welcome_value_paise: 0,
            milestones: Vec::new(),
            promotions: Vec::new(),
            eligibility: Eligibility::default(),
            notes: CardNotes::default(),
        }
    }

    #[test]
    fn a_line_says_what_comes_back_and_where_a_cap_bounds_it() {
        // 0.02 points x 2.5 x 0.25 rupees x 0.8 = 1 %; 0.01 x 1 x 1 x 0.8 = 0.8 %; 0.003333 x 0.8 = 0.27 %.
        let row = CardSummary::of(&card()).row();
        assert_eq!(row.len(), CardSummary::HEADER.len());
        assert_eq!(
            row[3..],
            ["active", "499.5", "1", "0.8*", "-", "-", "0.27", "-", "Vouchers at 0.8, from 2500 points"]
        );
    }

    #[test]
    fn json_has_numbers_and_only_the_categories_that_earn() {
        let card = CardSummary::of(&card()).json();
        assert_eq!(card["returns"].as_object().unwrap().len(), 3);
        assert_eq!(card["returns"]["flipkart"], json!({"percent": 0.8, "capped": true}));
        assert_eq!(card["joining_fees"], json!(499.5));
        assert_eq!(card["best_redemption"]["method"], "Vouchers");
    }

    #[test]
    fn decimals_lose_only_the_zeros_that_say_nothing() {
        assert_eq!([decimal(0, 2), decimal(100, 2), decimal(10, 2), decimal(1, 4)], ["0", "1", "0.1", "0.0001"]);
    }
}
