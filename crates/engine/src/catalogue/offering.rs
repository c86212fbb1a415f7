//! What a card gives beside its points, and which users may have it: redemption options, benefits, milestones, eligibility.

use std::collections::HashMap;

use super::decimal::{CONVERSION_RATE, CREDIT_SCORE, MONEY, POINTS};
use super::faults::Path;
use super::model::{Eligibility, Milestone, RedemptionOption};
use super::value::{ANY_LENGTH, Value, decoded};
use super::wording::excerpt;

/// Longest `method` and `opt_type`, in characters.
pub const MAX_METHOD_CHARS: usize = 50;
/// Most redemption options of one card: a [`crate::Recommendation`] has no number for more.
pub const MAX_REDEMPTION_OPTIONS: usize = 1 << 16;
/// Most milestones of one card.
pub const MAX_MILESTONES: usize = 100;

const OPTION_KEYS: [&str; 4] = ["method", "opt_type", "conversion_rate", "min_points"];
const BENEFIT_KEYS: [&str; 3] = ["annual_value", "welcome_value", "description"];
const MILESTONE_KEYS: [&str; 2] = ["annual_spend", "benefit_value"];
const ELIGIBILITY_KEYS: [&str; 3] = ["min_monthly_income", "min_credit_score", "min_annual_spend"];

/// At least one option, at most [`MAX_REDEMPTION_OPTIONS`], no method twice.
pub(super) fn read_redemption_options(mut value: Value<'_, '_>) -> Option<Vec<RedemptionOption>> {
    let mut is_empty = true;
    let mut positions: HashMap<String, usize> = HashMap::new();
    let mut repeated = Vec::new();
    let options = value.again().items(MAX_REDEMPTION_OPTIONS, |position, value| {
        is_empty = false;
        let mut object = value.object(&OPTION_KEYS)?;
        if let Some(method) = object.raw("method").and_then(decoded) {
            match positions.get(method.as_ref()) {
                Some(first) => repeated.push((position, *first, excerpt(&method))),
                None => drop(positions.insert(method.into_owned(), position)),
            }
        }
        let method = object.required("method", |value| value.text(MAX_METHOD_CHARS));
        let opt_type = object.optional("opt_type", |value| value.text(MAX_METHOD_CHARS));
        let conversion_rate_e4 = object.required("conversion_rate", |value| value.number(CONVERSION_RATE));
        let min_points_e2 = object.optional("min_points", |value| value.number(POINTS)).unwrap_or(0);
        Some(RedemptionOption { method: method?, opt_type, conversion_rate_e4: conversion_rate_e4?, min_points_e2 })
    })?;
    if is_empty {
        value.faults.add(&value.at, "is empty, at least one option is required");
    }
    for (position, first, method) in repeated {
        let rule = format!("\"{method}\" is repeated, option #{first} of the card has it already");
        value.faults.add(&Path::Key(&Path::Item(&value.at, position), "method"), rule);
    }
    Some(options)
}

/// What a card is worth without any points.
#[derive(Default)]
pub(super) struct Benefits {
    pub(super) annual_value_paise: i64,
    pub(super) welcome_value_paise: i64,
    pub(super) description: Option<String>,
}

/// The extra benefits.
pub(super) fn read_benefits(value: Value<'_, '_>) -> Option<Benefits> {
    let mut object = value.object(&BENEFIT_KEYS)?;
    Some(Benefits {
        annual_value_paise: object.optional("annual_value", |value| value.number(MONEY)).unwrap_or(0),
        welcome_value_paise: object.optional("welcome_value", |value| value.number(MONEY)).unwrap_or(0),
        description: object.optional("description", |value| value.text(ANY_LENGTH)),
    })
}

/// At most [`MAX_MILESTONES`].
pub(super) fn read_milestones(value: Value<'_, '_>) -> Option<Vec<Milestone>> {
    value.items(MAX_MILESTONES, |_, value| {
        let mut object = value.object(&MILESTONE_KEYS)?;
        let annual_spend_paise = object.required("annual_spend", |value| value.number(MONEY));
        let benefit_value_paise = object.required("benefit_value", |value| value.number(MONEY));
        Some(Milestone { annual_spend_paise: annual_spend_paise?, benefit_value_paise: benefit_value_paise? })
    })
}

/// Conditions; one that is absent excludes no user.
pub(super) fn read_eligibility(value: Value<'_, '_>) -> Option<Eligibility> {
    let mut object = value.object(&ELIGIBILITY_KEYS)?;
    Some(Eligibility {
        min_monthly_income_paise: object.optional("min_monthly_income", |value| value.number(MONEY)),
        min_credit_score: object.optional("min_credit_score", |value| value.number(CREDIT_SCORE)),
        min_annual_spend_paise: object.optional("min_annual_spend", |value| value.number(MONEY)),
    })
}
