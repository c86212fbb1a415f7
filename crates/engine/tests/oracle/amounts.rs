//! Generated users: ordinary ones above all, and those on whom an implementation might slip.

use proptest::prelude::*;

use crate::people::Person;

/// Whole paise as a database prints them.
pub(crate) fn rupees(paise: i64) -> String {
    let sign = if paise < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", paise.unsigned_abs() / 100, paise.unsigned_abs() % 100)
}

/// Of whole paise within DECIMAL(12,2).
fn ordinary() -> BoxedStrategy<Option<String>> {
    prop_oneof![
        2 => Just(None),
        2 => Just(0_i64).prop_map(Some),
        2 => (1_i64..300).prop_map(Some),
        // Half a paisa at a rate of 1 %, 0.5 % and 5 %.
        3 => (0_i64..40_000).prop_map(|step| Some(step * 50)),
        8 => (0_i64..20_000_000).prop_map(Some),
        4 => (0_i64..400).prop_map(|step| Some(step * 50_000)),
    ]
    .prop_map(|paise| paise.map(rupees))
    .boxed()
}

/// Up to the largest of DECIMAL(12,2).
fn large() -> BoxedStrategy<Option<String>> {
    let largest = 999_999_999_999_i64;
    prop_oneof![
        1 => Just(0),
        4 => 100_000_000..10_000_000_000_i64,
        2 => 10_000_000_000..=largest,
        1 => Just(largest),
    ]
    .prop_map(|paise| Some(rupees(paise)))
    .boxed()
}

/// With more decimals or digits than DECIMAL(12,2) has.
fn wide() -> BoxedStrategy<Option<String>> {
    prop_oneof![
        2 => Just(None),
        2 => Just(Some("0".to_owned())),
        3 => (0..100_000_u32, 0..1_000_u32).prop_map(|(rupees, thousandths)| Some(format!("{rupees}.{thousandths:03}"))),
        // Around half a paisa at a rate of 1 %.
        2 => (0..200_000_u32).prop_map(|rupees| Some(format!("{rupees}.4999999999999999999999999999"))),
        2 => (0..200_000_u32).prop_map(|rupees| Some(format!("{rupees}.5000000000000000000000000000"))),
        2 => (0..200_000_u32).prop_map(|rupees| Some(format!("{rupees}.5000000000000000000000000001"))),
        1 => "[1-9][0-9]{0,14}\\.[0-9]{3,30}".prop_map(Some),
        1 => "[1-9][0-9]{10,40}".prop_map(Some),
    ]
    .boxed()
}

/// Of three or four decimals; of none or one, but many digits.
fn slightly_wide() -> BoxedStrategy<[Option<String>; 6]> {
    let decimals =
        (0_i64..1_000_000, 0..10_000_i64).prop_map(|(rupees, fraction)| Some(format!("{rupees}.{fraction:04}")));
    let digits = ("[1-9][0-9]{0,17}", prop::bool::ANY)
        .prop_map(|(digits, has_decimal)| Some(if has_decimal { format!("{digits}.5") } else { digits }));
    prop_oneof![4 => prop::array::uniform6(decimals), 1 => prop::array::uniform6(digits)].boxed()
}

/// At least one that fails the user, beside others.
fn faulty() -> BoxedStrategy<[Option<String>; 6]> {
    let fault = prop_oneof![
        2 => Just("NaN"), 1 => Just("Infinity"), 1 => Just("-Infinity"), 2 => Just("-0.01"), 1 => Just("-9999999999.99"),
        1 => Just("-0.000000001"), 1 => Just("-123456789012345678901234567890")
    ];
    let other = prop_oneof![2 => fault.clone().prop_map(|text| Some(text.to_owned())), 5 => ordinary()];
    (prop::array::uniform6(other), 0..6_usize, fault)
        .prop_map(|(mut spend, place, fault)| {
            spend[place] = Some(fault.to_owned());
            spend
        })
        .boxed()
}

/// Six columns of one kind; the confirmed amount is above their sum more often than chance would have it.
fn columns(of: fn() -> BoxedStrategy<Option<String>>) -> BoxedStrategy<[Option<String>; 6]> {
    prop::array::uniform6(of()).boxed()
}

/// Ordinary amounts whose confirmed amount is the sum of the five, and a little more or less.
fn confirmed_near_the_sum() -> BoxedStrategy<[Option<String>; 6]> {
    (prop::array::uniform5(0_i64..5_000_000), prop_oneof![Just(-1_i64), Just(0), Just(1), 0..3_000_000_i64])
        .prop_map(|(five, other)| {
            let confirmed = (five.iter().sum::<i64>() + other).max(0);
            let [amazon, flipkart, myntra, ajio, grocery] = five;
            [amazon, flipkart, myntra, ajio, grocery, confirmed].map(|paise| Some(rupees(paise)))
        })
        .boxed()
}

pub(crate) fn person() -> impl Strategy<Value = Person> {
    let spend = prop_oneof![
        6 => columns(ordinary),
        6 => confirmed_near_the_sum(),
        2 => columns(large),
        2 => columns(wide),
        2 => slightly_wide(),
        1 => faulty(),
    ];
    let income = prop_oneof![2 => Just(None), 1 => (0..5_i64).prop_map(|step| Some(rupees(2_500_000 + step - 2)))];
    let score = prop_oneof![2 => Just(None), 1 => (748..753_i64).prop_map(|score| Some(score.to_string()))];
    (spend, income, score).prop_map(|(spend, income, score)| Person { spend, income, score })
}
