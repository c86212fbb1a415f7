//! The oracle: the rules of calculation.md in their own words and order, from the catalogue's JSON, with exact
//! rationals. Slow and obvious; it shares no code with the engine.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::number::{Number, decimal, round2, text, whole};
use crate::people::Person;

const FIVE: [&str; 5] = ["amazon", "flipkart", "myntra", "ajio", "grocery"];
const SIX: [&str; 6] = ["amazon", "flipkart", "myntra", "ajio", "grocery", "other_online"];

type Points = BTreeMap<&'static str, Number>;

/// The ten rows of a user, with the names and the form that `examples.json` uses, or the fault.
pub(crate) fn recommend(catalogue: &Value, date: &str, person: &Person) -> Result<Vec<Value>, String> {
    let user = read_user(person)?;
    let mut worth = Vec::new();
    for card in list(catalogue, "cards") {
        if card.get("status").and_then(Value::as_str) != Some("discontinued") && is_eligible(card, &user) {
            worth.push(worth_of(card, date, &user));
        }
    }
    if worth.len() < 10 {
        return Err(format!("only {} eligible cards, 10 needed", worth.len()));
    }
    worth.sort_by(|one, other| {
        other
            .net
            .cmp(&one.net)
            .then_with(|| one.joining_fees.cmp(&other.joining_fees))
            .then_with(|| one.card_id.as_bytes().cmp(other.card_id.as_bytes()))
    });
    worth.truncate(10);
    worth.iter().enumerate().map(|(index, worth)| row(index + 1, worth)).collect()
}

// ---- section 1 ----

struct User {
    spend: Points,
    annual_spend: Number,
    income: Option<Number>,
    score: Option<Number>,
}

fn read_user(person: &Person) -> Result<User, String> {
    let texts: Vec<Option<&str>> = person.spend.iter().map(Option::as_deref).collect();
    let finite = |text: &str| !["NaN", "Infinity", "-Infinity"].contains(&text);
    if texts.iter().flatten().any(|text| finite(text) && decimal(text) < whole(0)) {
        return Err("negative spend".to_owned());
    }
    if texts.iter().flatten().any(|text| !finite(text)) {
        return Err("invalid spend".to_owned());
    }
    let amount = |place: usize| texts[place].map_or_else(|| whole(0), decimal);
    let mut spend: Points = FIVE.into_iter().enumerate().map(|(place, category)| (category, amount(place))).collect();
    let sum: Number = spend.values().cloned().sum();
    let confirmed = amount(5);
    spend.insert("other_online", (confirmed.clone() - &sum).max(whole(0)));
    Ok(User {
        spend,
        annual_spend: whole(12) * confirmed.max(sum),
        income: person.income.as_deref().map(decimal),
        score: person.score.as_deref().map(decimal),
    })
}

// ---- reading the catalogue ----

fn list<'a>(of: &'a Value, key: &str) -> &'a [Value] {
    of.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn figure(of: &Value, key: &str) -> Option<Number> {
    of.get(key).filter(|value| !value.is_null()).map(|value| decimal(&value.to_string()))
}

fn is_accelerated(of: &Value) -> bool {
    of.get("cap_scope").and_then(Value::as_str) == Some("accelerated")
}

fn names(shared_cap: &Value) -> Vec<&'static str> {
    let known = |name: &Value| SIX.into_iter().find(|known| name == *known).unwrap();
    list(shared_cap, "categories").iter().map(known).collect()
}

fn rate_of<'a>(card: &'a Value, category: &str) -> Option<&'a Value> {
    card.get("reward_rates").and_then(|rates| rates.get(category)).filter(|rate| !rate.is_null())
}

// ---- section 3 ----

fn multiplier(card: &Value, category: &str, date: &str) -> Number {
    let own = rate_of(card, category).and_then(|rate| figure(rate, "multiplier")).unwrap_or_else(|| whole(1));
    let mut k = own;
    for promotion in list(card, "promotions") {
        // Dates in this form sort as text.
        let from = promotion["valid_from"].as_str().unwrap();
        let to = promotion["valid_to"].as_str().unwrap();
        if promotion["category"] == category && from <= date && date <= to {
            k *= figure(promotion, "multiplier").unwrap();
        }
    }
    k
}

/// Rule 2, of any kind of cap: each takes the smaller of its own and what is left.
fn share(points: &mut Points, categories: &[&'static str], cap: Option<Number>) {
    let Some(mut left) = cap else { return };
    for category in categories {
        if let Some(own) = points.get_mut(category) {
            let taken = own.clone().min(left.clone());
            left -= &taken;
            *own = taken;
        }
    }
}

/// Published monthly points of the categories that earn.
fn monthly_points(card: &Value, date: &str, user: &User) -> Points {
    let shared = list(card, "shared_caps");
    let mut base = Points::new();
    let mut extra = Points::new();
    for category in SIX {
        let Some(rate) = rate_of(card, category) else { continue };
        let k = multiplier(card, category, date);
        let earned = figure(rate, "base_rate").unwrap() * &user.spend[category];
        let is_split =
            is_accelerated(rate) || shared.iter().any(|cap| is_accelerated(cap) && names(cap).contains(&category));
        if is_split {
            base.insert(category, round2(&(earned.clone() * k.clone().min(whole(1)))));
            extra.insert(category, round2(&(earned * (k - whole(1)).max(whole(0)))));
        } else {
            base.insert(category, round2(&(earned * k)));
            extra.insert(category, whole(0));
        }
        if is_accelerated(rate) {
            share(&mut extra, &[category], figure(rate, "cap_monthly"));
        }
    }
    for cap in shared.iter().filter(|cap| is_accelerated(cap)) {
        share(&mut extra, &names(cap), figure(cap, "cap_monthly"));
    }
    let mut points = base;
    for (category, points) in &mut points {
        *points += &extra[category];
        let rate = rate_of(card, category).unwrap();
        if let (false, Some(cap)) = (is_accelerated(rate), figure(rate, "cap_monthly")) {
            *points = points.clone().min(cap);
        }
    }
    for cap in shared.iter().filter(|cap| !is_accelerated(cap)) {
        share(&mut points, &names(cap), figure(cap, "cap_monthly"));
    }
    points
}

fn yearly_points(card: &Value, monthly: &Points) -> Points {
    let mut yearly = Points::new();
    for (category, points) in monthly {
        let twelve = points * whole(12);
        let cap = figure(rate_of(card, category).unwrap(), "cap_yearly");
        yearly.insert(category, cap.map_or(twelve.clone(), |cap| twelve.min(cap)));
    }
    for cap in list(card, "shared_caps") {
        share(&mut yearly, &names(cap), figure(cap, "cap_yearly"));
    }
    yearly
}

// ---- section 4 ----

struct Worth {
    card_id: String,
    card_name: String,
    joining_fees: Number,
    points: Points,
    method: Option<String>,
    conversion_rate: Number,
    savings: Number,
    extra_benefits: Number,
    net: Number,
}

/// The option with the highest conversion rate of those that are reached; of equals the first listed.
fn option_for<'a>(card: &'a Value, total_points: &Number) -> Option<&'a Value> {
    let mut best: Option<&Value> = None;
    for option in list(card, "redemption_options") {
        let reached = figure(option, "min_points").unwrap_or_else(|| whole(0)) <= *total_points;
        let better = best.is_none_or(|best| figure(option, "conversion_rate") > figure(best, "conversion_rate"));
        if reached && better {
            best = Some(option);
        }
    }
    best
}

fn worth_of(card: &Value, date: &str, user: &User) -> Worth {
    let points = monthly_points(card, date, user);
    let yearly = yearly_points(card, &points);
    let option = option_for(card, &yearly.values().cloned().sum());
    let conversion_rate = option.map_or_else(|| whole(0), |option| figure(option, "conversion_rate").unwrap());
    let mut value = whole(0);
    for (category, points) in &yearly {
        let rate = rate_of(card, category).unwrap();
        value += points * figure(rate, "point_value").unwrap_or_else(|| whole(1));
    }
    let savings = round2(&(value * &conversion_rate));
    let benefit =
        |key| card.get("extra_benefits").and_then(|benefits| figure(benefits, key)).unwrap_or_else(|| whole(0));
    let mut extra_benefits = benefit("annual_value") + benefit("welcome_value");
    for milestone in list(card, "milestones") {
        if figure(milestone, "annual_spend").unwrap() <= user.annual_spend {
            extra_benefits += figure(milestone, "benefit_value").unwrap();
        }
    }
    let joining_fees = figure(card, "joining_fees").unwrap();
    let published_method = |option: &Value| option.get("opt_type").and_then(Value::as_str).map(str::to_owned);
    let method =
        |option: &Value| published_method(option).unwrap_or_else(|| option["method"].as_str().unwrap().to_owned());
    Worth {
        card_id: card["card_id"].as_str().unwrap().to_owned(),
        card_name: card["card_name"].as_str().unwrap().to_owned(),
        net: &savings - &joining_fees + &extra_benefits,
        joining_fees,
        points,
        method: option.map(method),
        conversion_rate,
        savings,
        extra_benefits,
    }
}

// ---- section 5 ----

fn is_eligible(card: &Value, user: &User) -> bool {
    let Some(conditions) = card.get("eligibility") else { return true };
    let reached = |key, known: Option<&Number>| match (figure(conditions, key), known) {
        (Some(least), Some(known)) => *known >= least,
        _ => true,
    };
    reached("min_annual_spend", Some(&user.annual_spend))
        && reached("min_monthly_income", user.income.as_ref())
        && reached("min_credit_score", user.score.as_ref())
}

fn row(rank: usize, worth: &Worth) -> Result<Value, String> {
    let mut row = Map::new();
    row.insert("rank".to_owned(), json!(rank));
    row.insert("card_name".to_owned(), json!(worth.card_name));
    row.insert("redemption_method".to_owned(), json!(worth.method));
    row.insert("redemption_rate".to_owned(), json!(text(&worth.conversion_rate, 4)));
    let mut publish = |column: &str, number: &Number| {
        let largest = decimal("9999999999.99");
        if *number > largest || *number < -largest {
            return Err("out of range".to_owned());
        }
        row.insert(column.to_owned(), json!(text(number, 2)));
        Ok(())
    };
    publish("total_savings_yearly", &worth.savings)?;
    publish("joining_fees", &worth.joining_fees)?;
    publish("total_extra_benefits", &worth.extra_benefits)?;
    publish("net_savings", &worth.net)?;
    for category in SIX {
        publish(&format!("{category}_points"), worth.points.get(category).unwrap_or(&whole(0)))?;
    }
    Ok(Value::Object(row))
}
