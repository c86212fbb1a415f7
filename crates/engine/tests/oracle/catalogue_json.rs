//! Generated catalogues as JSON, with the figures that depend on a user put in.

use serde_json::{Map, Value, json};

use crate::catalogues::{CardDraft, LARGEST, OptionDraft, RateDraft, SharedDraft};

const CATEGORIES: [&str; 6] = ["amazon", "flipkart", "myntra", "ajio", "grocery", "other_online"];

/// `scaled / 10^decimals`, as a JSON number.
fn number(scaled: i64, decimals: u32) -> Value {
    let unit = 10_i64.pow(decimals);
    let text = format!("{}.{:0width$}", scaled / unit, scaled % unit, width = decimals as usize);
    json!(text.parse::<f64>().unwrap())
}

fn optional(of: &mut Map<String, Value>, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        of.insert(key.to_owned(), value);
    }
}

/// The catalogue's JSON for a user of this spend.
pub(crate) fn catalogue(drafts: &[CardDraft], ids: &[&str], spend_paise: [i64; 6]) -> Value {
    let mut cards: Vec<Value> = Vec::new();
    for (draft, id) in drafts.iter().zip(ids) {
        let mut card = match (draft.twin, cards.last()) {
            (Some(more_paise), Some(before)) => dearer(before.clone(), more_paise),
            _ => card_json(draft, spend_paise),
        };
        card["card_id"] = json!(id);
        card["card_name"] = json!(format!("Card {id}"));
        card["status"] = json!(if draft.discontinued && cards.len() >= 10 { "discontinued" } else { "active" });
        cards.push(card);
    }
    json!({ "cards": cards })
}

/// Costs more and gives more, so that the net is the same.
fn dearer(mut card: Value, more_paise: i64) -> Value {
    let paise = |value: &Value| (value.as_f64().unwrap_or(0.0) * 100.0).round() as i64;
    let (fees, benefits) = (paise(&card["joining_fees"]), paise(&card["extra_benefits"]["annual_value"]));
    if fees + more_paise <= LARGEST && benefits + more_paise <= LARGEST {
        card["joining_fees"] = number(fees + more_paise, 2);
        card["extra_benefits"]["annual_value"] = number(benefits + more_paise, 2);
    }
    card
}

fn card_json(draft: &CardDraft, spend_paise: [i64; 6]) -> Value {
    let mut rates = Map::new();
    for (category, rate) in draft.rates.iter().enumerate() {
        optional(
            &mut rates,
            CATEGORIES[category],
            rate.as_ref().map(|rate| rate_json(draft, rate, category, spend_paise)),
        );
    }
    let annual_paise = 12 * spend_paise.iter().sum::<i64>();
    let [least_spend, least_income, least_score] = draft.eligibility;
    let mut eligibility = Map::new();
    optional(&mut eligibility, "min_annual_spend", least_spend.map(|near| number(near.to(annual_paise), 2)));
    optional(&mut eligibility, "min_monthly_income", least_income.map(|near| number(near.to(2_500_000), 2)));
    optional(&mut eligibility, "min_credit_score", least_score.map(|near| json!(near.to(750).min(999))));
    let mut benefits = Map::new();
    optional(&mut benefits, "annual_value", draft.benefits_paise.map(|[annual, _]| number(annual, 2)));
    optional(&mut benefits, "welcome_value", draft.benefits_paise.map(|[_, welcome]| number(welcome, 2)));
    json!({
        "issuer": "A bank",
        "joining_fees": number(draft.joining_fees_paise, 2),
        "annual_fees": 0,
        "reward_rates": rates,
        "shared_caps": draft.shared.iter().map(|shared| shared_json(draft, shared, spend_paise)).collect::<Vec<_>>(),
        "redemption_options": draft.options.iter().enumerate().map(|(place, option)| {
            option_json(draft, option, place, spend_paise)
        }).collect::<Vec<_>>(),
        "extra_benefits": benefits,
        "milestones": draft.milestones.iter().map(|(near, benefit)| {
            json!({ "annual_spend": number(near.to(annual_paise), 2), "benefit_value": number(*benefit, 2) })
        }).collect::<Vec<_>>(),
        "promotions": draft.promotions.iter().enumerate().flat_map(|(category, promotions)| {
            promotions.iter().map(move |(multiplier_e2, (from, to))| json!({
                "category": CATEGORIES[category],
                "multiplier": number(*multiplier_e2, 2),
                "valid_from": format!("2026-11-{from:02}"),
                "valid_to": format!("2026-11-{to:02}"),
            }))
        }).collect::<Vec<_>>(),
        "eligibility": eligibility,
    })
}

fn rate_json(draft: &CardDraft, rate: &RateDraft, category: usize, spend_paise: [i64; 6]) -> Value {
    let earned = draft.earned_e2(category, spend_paise);
    let bounded = if rate.accelerated { draft.extra_e2(category, spend_paise) } else { earned };
    let mut json = Map::new();
    json.insert("base_rate".to_owned(), number(rate.base_rate_e6, 6));
    optional(&mut json, "multiplier", rate.multiplier_e2.map(|multiplier| number(multiplier, 2)));
    optional(&mut json, "point_value", rate.point_value_e4.map(|value| number(value, 4)));
    optional(&mut json, "cap_monthly", rate.cap_monthly.points_e2(bounded).map(|cap| number(cap, 2)));
    optional(&mut json, "cap_yearly", rate.cap_yearly.points_e2(12 * earned).map(|cap| number(cap, 2)));
    json.insert("cap_scope".to_owned(), json!(if rate.accelerated { "accelerated" } else { "all" }));
    Value::Object(json)
}

fn shared_json(draft: &CardDraft, shared: &SharedDraft, spend_paise: [i64; 6]) -> Value {
    let sum = |of: fn(&CardDraft, usize, [i64; 6]) -> i64| -> i64 {
        shared.categories.iter().map(|category| of(draft, *category, spend_paise)).sum()
    };
    let earned = sum(CardDraft::earned_e2);
    let bounded = if shared.accelerated { sum(CardDraft::extra_e2) } else { earned };
    json!({
        "categories": shared.categories.iter().map(|category| CATEGORIES[*category]).collect::<Vec<_>>(),
        "cap_monthly": shared.cap_monthly.points_e2(bounded).map(|cap| number(cap, 2)),
        "cap_yearly": shared.cap_yearly.points_e2(12 * earned).map(|cap| number(cap, 2)),
        "cap_scope": if shared.accelerated { "accelerated" } else { "all" },
    })
}

fn option_json(draft: &CardDraft, option: &OptionDraft, place: usize, spend_paise: [i64; 6]) -> Value {
    let total: i64 = (0..6).map(|category| 12 * draft.earned_e2(category, spend_paise)).sum();
    json!({
        "method": format!("Method {place}"),
        "opt_type": option.opt_type,
        "conversion_rate": number(option.conversion_rate_e4, 4),
        "min_points": option.min_points.points_e2(total).map(|points| number(points, 2)),
    })
}
