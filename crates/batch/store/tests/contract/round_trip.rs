//! What the bulk load reads is what was encoded, whatever the users are called and whatever their figures are.

use std::collections::BTreeMap;

use cardgenius_engine::user::{Spend, User, UserFault};
use cardgenius_engine::{MAX_PUBLISHED, Recommendation, Scratch, TopTen};
use cardgenius_pipeline::compute::Recommend;
use cardgenius_pipeline::ports::RowForm;
use proptest::collection::btree_map;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use crate::backend::{Backend, Database, Session};
use crate::chunks::{ENGINE, compute_by};
use crate::postgres::Postgres;
use crate::world::World;

/// The tables that were generated, by what the user spends at Amazon.
struct Generated(Vec<TopTen>);

impl Recommend for Generated {
    fn recommend(&self, user: &User, _: &mut Scratch) -> Result<TopTen, UserFault> {
        let Spend::Paise(paise) = &user.spend else { return Err(UserFault::InvalidSpend) };
        Ok(self.0[usize::try_from(paise[0] / 100).unwrap()])
    }
}

fn figure() -> impl Strategy<Value = i64> {
    prop_oneof![Just(0), Just(MAX_PUBLISHED), Just(-MAX_PUBLISHED), -100_i64..=100, -MAX_PUBLISHED..=MAX_PUBLISHED]
}

fn row() -> impl Strategy<Value = Recommendation> {
    (0..ENGINE.cards().len(), any::<prop::sample::Index>(), any::<bool>(), prop::array::uniform9(figure())).prop_map(
        |(card, option, has_option, figures)| {
            let options = ENGINE.cards()[card].options.len();
            let [savings_paise, extra_benefits_paise, net_paise, points @ ..] = figures;
            Recommendation {
                card: u32::try_from(card).unwrap(),
                option: (has_option && options > 0).then(|| u16::try_from(option.index(options)).unwrap()),
                savings_paise,
                extra_benefits_paise,
                net_paise,
                points_e2: points,
            }
        },
    )
}

/// Any text of one to fifty characters but NUL, which no database takes; often with what a bulk load treats specially.
fn user_id() -> impl Strategy<Value = String> {
    let special =
        prop::sample::select(vec!["\\N", "\\.", "\t", "\n", "\r", "\\", "'", "\"", "\u{7f}", "🙂", "e\u{301}", " "]);
    let part = prop_oneof![special.prop_map(str::to_owned), "[^\\x00]{1,3}"];
    prop::collection::vec(part, 1..12).prop_map(|parts| parts.concat().chars().take(50).collect())
}

fn hundredths(value: i64) -> String {
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", value.unsigned_abs() / 100, value.unsigned_abs() % 100)
}

/// The columns of a row, as the database shows them.
fn shown(rank: usize, row: &Recommendation) -> Vec<Option<String>> {
    let card = &ENGINE.cards()[row.card as usize];
    let option = row.option.map(|option| &card.options[usize::from(option)]);
    let mut columns = vec![rank.to_string(), card.card_name.clone(), hundredths(row.savings_paise)];
    columns.extend([card.joining_fees_paise, row.extra_benefits_paise, row.net_paise].map(hundredths));
    columns.extend(row.points_e2.map(hundredths));
    let rate = option.map_or(0, |option| option.conversion_rate_e4);
    let mut columns: Vec<Option<String>> = columns.into_iter().map(Some).collect();
    columns.push(option.map(|option| option.method.clone()));
    columns.push(Some(format!("{}.{:04}", rate / 10_000, rate % 10_000)));
    columns
}

pub async fn what_is_loaded_is_what_was_encoded<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.backend.source().tell_all_keys_apart("user_spending_data").await;
    world.backend.target().tell_all_keys_apart("card_recommendations").await;
    is_what_was_encoded(&world, B::Target::FORM);
}

pub async fn what_is_loaded_as_text_is_what_was_encoded<B: Backend<Target = Postgres>>() {
    let world = World::<B>::fresh().await;
    world.backend.source().tell_all_keys_apart("user_spending_data").await;
    // A type of the customer's own, which is not one of those that the binary form demands.
    world.target.rows("CREATE DOMAIN name_of_a_card AS varchar(200)").await;
    world.target.rows("ALTER TABLE card_recommendations ALTER COLUMN card_name TYPE name_of_a_card").await;
    is_what_was_encoded(&world, RowForm::Text);
}

fn is_what_was_encoded<B: Backend>(world: &World<B>, form: RowForm) {
    let cases = btree_map(user_id(), prop::array::uniform10(row()), 1..60);
    let mut runner = TestRunner::new(Config { cases: 40, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&cases, |users| {
        block_in_place(|| Handle::current().block_on(round_trip(world, &users, form)));
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

async fn round_trip<B: Backend>(world: &World<B>, users: &BTreeMap<String, TopTen>, form: RowForm) {
    world.run("DELETE FROM user_spending_data").await;
    world.target.rows("DELETE FROM card_recommendations").await;
    world.add_users(users.keys()).await;
    for (place, user_id) in users.keys().enumerate() {
        world.set(user_id, &format!("avg_amazon_gmv = {place}")).await;
    }
    let instance = world.instance().await;
    let chunk = instance.claim(&instance.run().await, users.len()).await;
    let ranking = Generated(users.values().copied().collect());
    let chunk = compute_by(&instance.store, ranking, chunk).await;
    assert_eq!(chunk.form, form);
    assert_eq!(instance.finish(&chunk).await.unwrap().completed, users.len() as u64);
    let columns = "\"rank\", card_name, total_savings_yearly, joining_fees, total_extra_benefits, net_savings, \
                   amazon_points, flipkart_points, myntra_points, ajio_points, grocery_points, other_online_points, \
                   redemption_method, redemption_rate";
    let sql = format!("SELECT user_id, {columns} FROM card_recommendations ORDER BY user_id, \"rank\"");
    let mut read: BTreeMap<String, Vec<Vec<Option<String>>>> = BTreeMap::new();
    for mut row in world.target.rows(&sql).await {
        let columns = row.split_off(1);
        read.entry(row[0].take().unwrap()).or_default().push(columns);
    }
    let expected: BTreeMap<String, Vec<Vec<Option<String>>>> = users
        .iter()
        .map(|(user_id, ten)| (user_id.clone(), (1..).zip(ten).map(|(rank, row)| shown(rank, row)).collect()))
        .collect();
    assert_eq!(read, expected);
}
