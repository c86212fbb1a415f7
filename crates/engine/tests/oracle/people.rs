//! A user as a database has it, in text, and as the engine and the rows of the examples have it.

use cardgenius_engine::user::{MAX_PAISE, Spend, User};
use cardgenius_engine::{Engine, Recommendation};
use num_bigint::BigInt;
use serde_json::{Value, json};

/// What the input's columns say, as decimal text; none is NULL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    /// amazon, flipkart, myntra, ajio, grocery, confirmed; also `NaN`, `Infinity` and `-Infinity`.
    pub(crate) spend: [Option<String>; 6],
    pub(crate) income: Option<String>,
    pub(crate) score: Option<String>,
}

impl Person {
    /// What the engine is told of this person.
    pub(crate) fn user(&self) -> User {
        User {
            spend: spend(&self.spend),
            monthly_income_paise: self.income.as_deref().map(paise),
            credit_score: self.score.as_deref().map(|score| score.parse().unwrap()),
        }
    }
}

/// The unscaled digits and the decimals of a text.
fn unscaled(text: &str) -> (BigInt, u32) {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    (format!("{whole}{fraction}").parse().unwrap(), u32::try_from(fraction.len()).unwrap())
}

fn spend(columns: &[Option<String>; 6]) -> Spend {
    let texts = columns.each_ref().map(|column| column.as_deref().unwrap_or("0"));
    let is_finite = |text: &str| text.contains(|character: char| character.is_ascii_digit());
    if !texts.into_iter().all(is_finite) {
        return Spend::NotANumber { negative: texts.into_iter().any(|text| is_finite(text) && text.starts_with('-')) };
    }
    let decimals = texts.into_iter().map(|text| unscaled(text).1).max().unwrap();
    let at = |decimals: u32| {
        texts.map(|text| {
            let (digits, own) = unscaled(text);
            digits * BigInt::from(10).pow(decimals - own)
        })
    };
    if decimals <= 2 {
        let paise = at(2);
        if paise.iter().all(|amount| (BigInt::from(-MAX_PAISE)..=BigInt::from(MAX_PAISE)).contains(amount)) {
            return Spend::Paise(paise.map(|amount| i64::try_from(amount).unwrap()));
        }
    }
    Spend::Wide { amounts: Box::new(at(decimals)), decimals }
}

fn paise(text: &str) -> i64 {
    let (digits, decimals) = unscaled(text);
    i64::try_from(digits).unwrap() * 10_i64.pow(2 - decimals)
}

/// What the engine says of this person, in the form of the examples.
pub(crate) fn rows_of_engine(engine: &Engine, user: &User) -> Result<Vec<Value>, String> {
    let ten = engine.recommend(user, &mut cardgenius_engine::Scratch::default()).map_err(|fault| fault.to_string())?;
    Ok(ten.iter().enumerate().map(|(index, row)| row_of_engine(engine, index + 1, row)).collect())
}

fn row_of_engine(engine: &Engine, rank: usize, row: &Recommendation) -> Value {
    let card = &engine.cards()[row.card as usize];
    let option = row.option.map(|option| &card.options[usize::from(option)]);
    let [amazon, flipkart, myntra, ajio, grocery, other_online] = row.points_e2.map(|points| scaled(points, 2));
    json!({
        "rank": rank,
        "card_name": card.card_name,
        "total_savings_yearly": scaled(row.savings_paise, 2),
        "joining_fees": scaled(card.joining_fees_paise, 2),
        "total_extra_benefits": scaled(row.extra_benefits_paise, 2),
        "net_savings": scaled(row.net_paise, 2),
        "amazon_points": amazon,
        "flipkart_points": flipkart,
        "myntra_points": myntra,
        "ajio_points": ajio,
        "grocery_points": grocery,
        "other_online_points": other_online,
        "redemption_method": option.map(|option| option.method.as_str()),
        "redemption_rate": scaled(option.map_or(0, |option| i64::from(option.conversion_rate_e4)), 4),
    })
}

fn scaled(figure: i64, decimals: u32) -> String {
    let unit = 10_u64.pow(decimals);
    let sign = if figure < 0 { "-" } else { "" };
    let magnitude = figure.unsigned_abs();
    format!("{sign}{}.{:0width$}", magnitude / unit, magnitude % unit, width = decimals as usize)
}
