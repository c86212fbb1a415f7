//! How a card earns: its rates, its shared caps and its promotions.

use chrono::NaiveDate;

use crate::category::{CATEGORIES, Category};

use super::decimal::{BASE_RATE, MULTIPLIER, POINT_VALUE, POINTS};
use super::faults::Path;
use super::model::{CapScope, Promotion, Rate, SharedCap};
use super::object::Object;
use super::value::{ANY_NUMBER, Value};

const RATE_KEYS: [&str; 6] = ["base_rate", "multiplier", "point_value", "cap_monthly", "cap_yearly", "cap_scope"];
const SHARED_CAP_KEYS: [&str; 4] = ["categories", "cap_monthly", "cap_yearly", "cap_scope"];
const PROMOTION_KEYS: [&str; 4] = ["category", "multiplier", "valid_from", "valid_to"];
const SCOPES: [(&str, CapScope); 2] = [("all", CapScope::All), ("accelerated", CapScope::Accelerated)];

/// 1, in hundredths.
const NO_MULTIPLIER_E2: u32 = 100;
/// 1 rupee, in ten-thousandths.
const ONE_RUPEE_E4: u32 = 10_000;

/// The rates by category; keys are checked as categories.
pub(super) fn read_rates(value: Value<'_, '_>) -> Option<[Option<Rate>; CATEGORIES]> {
    let mut object = value.object(&Category::ALL.map(Category::name))?;
    Some(Category::ALL.map(|category| object.optional(category.name(), read_rate)))
}

fn read_rate(value: Value<'_, '_>) -> Option<Rate> {
    let mut object = value.object(&RATE_KEYS)?;
    let base_rate_e6 = object.required("base_rate", |value| value.number(BASE_RATE));
    let multiplier_e2 = object.optional("multiplier", |value| value.number(MULTIPLIER));
    let point_value_e4 = object.optional("point_value", |value| value.number(POINT_VALUE));
    let caps = read_caps(&mut object);
    Some(Rate {
        base_rate_e6: base_rate_e6?,
        multiplier_e2: multiplier_e2.unwrap_or(NO_MULTIPLIER_E2),
        point_value_e4: point_value_e4.unwrap_or(ONE_RUPEE_E4),
        cap_monthly_e2: caps.monthly_e2,
        cap_yearly_e2: caps.yearly_e2,
        cap_scope: caps.scope,
    })
}

struct Caps {
    monthly_e2: Option<i64>,
    yearly_e2: Option<i64>,
    scope: CapScope,
}

fn read_caps(object: &mut Object<'_, '_>) -> Caps {
    Caps {
        monthly_e2: object.optional("cap_monthly", |value| value.number(POINTS)),
        yearly_e2: object.optional("cap_yearly", |value| value.number(POINTS)),
        scope: object.optional("cap_scope", |value| value.choice(&SCOPES)).unwrap_or_default(),
    }
}

/// A list of shared caps, in the order in which they are applied.
pub(super) fn read_shared_caps(value: Value<'_, '_>) -> Option<Vec<SharedCap>> {
    value.items(ANY_NUMBER, |_, value| {
        let mut object = value.object(&SHARED_CAP_KEYS)?;
        let categories = object.required("categories", read_distinct_categories);
        let caps = read_caps(&mut object);
        Some(SharedCap {
            categories: categories?,
            cap_monthly_e2: caps.monthly_e2,
            cap_yearly_e2: caps.yearly_e2,
            cap_scope: caps.scope,
        })
    })
}

fn read_category(value: Value<'_, '_>) -> Option<Category> {
    value.choice(&Category::ALL.map(|category| (category.name(), category)))
}

fn read_distinct_categories(mut value: Value<'_, '_>) -> Option<Vec<Category>> {
    let mut times = [0_usize; CATEGORIES];
    let mut is_empty = true;
    let categories = value.again().items(ANY_NUMBER, |_, item| {
        is_empty = false;
        let category = read_category(item)?;
        times[category.index()] += 1;
        Some(category)
    })?;
    if is_empty {
        value.faults.add(&value.at, "is empty, at least one category is required");
    }
    for category in Category::ALL.into_iter().filter(|category| times[category.index()] > 1) {
        value.faults.add(&value.at, format!("names \"{}\" more than once", category.name()));
    }
    Some(categories)
}

/// When a promotion holds, known even if the rest of it is faulty. Ordered by category, then by time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Span {
    category: Category,
    valid_from: NaiveDate,
    valid_to: NaiveDate,
    position: usize,
}

/// A list of promotions; those of one category share no day.
pub(super) fn read_promotions(mut value: Value<'_, '_>) -> Option<Vec<Promotion>> {
    let mut spans = Vec::new();
    let promotions = value.again().items(ANY_NUMBER, |position, value| {
        let mut object = value.object(&PROMOTION_KEYS)?;
        let category = object.required("category", read_category);
        let multiplier_e2 = object.required("multiplier", |value| value.number(MULTIPLIER));
        let valid_from = object.required("valid_from", |value| value.date());
        let valid_to = object.required("valid_to", |value| value.date());
        let (valid_from, valid_to) = (valid_from?, valid_to?);
        if valid_to < valid_from {
            object.fault("valid_to", format!("{valid_to} is before valid_from {valid_from}"));
        } else if let Some(category) = category {
            spans.push(Span { category, valid_from, valid_to, position });
        }
        Some(Promotion { category: category?, multiplier_e2: multiplier_e2?, valid_from, valid_to })
    })?;
    for (position, rule) in overlaps(spans) {
        value.faults.add(&Path::Item(&value.at, position), rule);
    }
    Some(promotions)
}

/// Each promotion that begins before an earlier one of its category has ended, in the order of the list.
fn overlaps(mut spans: Vec<Span>) -> Vec<(usize, String)> {
    spans.sort();
    let mut found = Vec::new();
    let mut longest: Option<Span> = None;
    for span in spans {
        let earlier = longest.filter(|earlier| earlier.category == span.category);
        if let Some(earlier) = earlier.filter(|earlier| span.valid_from <= earlier.valid_to) {
            found.push((span.position, overlap_rule(span, earlier)));
        }
        if earlier.is_none_or(|earlier| span.valid_to > earlier.valid_to) {
            longest = Some(span);
        }
    }
    found.sort();
    found
}

fn overlap_rule(span: Span, earlier: Span) -> String {
    let Span { category, valid_to, position, .. } = earlier;
    let (from, name) = (span.valid_from, category.name());
    format!("begins {from}, but promotion #{position} on \"{name}\" holds until {valid_to}: they overlap")
}
