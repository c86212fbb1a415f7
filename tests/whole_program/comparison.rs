//! What is in the database against what the oracle of the engine's tests says, figure by figure as text.

use std::collections::BTreeMap;

use cardgenius_testkit::{Database, Tables};
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::people::Person;
use crate::rules;

const USERS: &str = "SELECT user_id::text, processing_status::text, processing_error, avg_amazon_gmv::text, \
    avg_flipkart_gmv::text, avg_myntra_gmv::text, avg_ajio_gmv::text, avg_grocery_gmv::text, avg_confirmed_gmv::text, \
    to_jsonb(u) ->> 'monthly_income', to_jsonb(u) ->> 'credit_score' FROM {{input}} AS u ORDER BY user_id";

const ROWS: &str = "SELECT user_id::text, rank::integer, card_name::text, total_savings_yearly::text, joining_fees::text, \
    total_extra_benefits::text, net_savings::text, amazon_points::text, flipkart_points::text, myntra_points::text, \
    ajio_points::text, grocery_points::text, other_online_points::text, redemption_method::text, redemption_rate::text \
    FROM {{output}} ORDER BY user_id, rank";

const FIGURES: [&str; 10] = [
    "total_savings_yearly",
    "joining_fees",
    "total_extra_benefits",
    "net_savings",
    "amazon_points",
    "flipkart_points",
    "myntra_points",
    "ajio_points",
    "grocery_points",
    "other_online_points",
];

/// A user as the database has it. Its income and score are those of columns of these names, where there are any.
pub struct InDatabase {
    pub status: String,
    pub error: Option<String>,
    pub person: Person,
}

pub async fn users(client: &Client, tables: &Tables) -> BTreeMap<String, InDatabase> {
    let rows = client.query(&tables.render(USERS), &[]).await.unwrap();
    let user = |row: &tokio_postgres::Row| {
        let person =
            Person { spend: std::array::from_fn(|place| row.get(3 + place)), income: row.get(9), score: row.get(10) };
        (row.get(0), InDatabase { status: row.get(1), error: row.get(2), person })
    };
    rows.iter().map(user).collect()
}

/// Every user's rows in the form of the worked examples, by rank.
pub async fn recommendations(client: &Client, tables: &Tables) -> BTreeMap<String, Vec<Value>> {
    let mut all: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for row in client.query(&tables.render(ROWS), &[]).await.unwrap() {
        let text = |column: usize| row.get::<_, Option<String>>(column);
        let mut value = json!({
            "rank": row.get::<_, i32>(1), "card_name": text(2),
            "redemption_method": text(13), "redemption_rate": text(14),
        });
        for (place, figure) in FIGURES.into_iter().enumerate() {
            value[figure] = json!(text(3 + place));
        }
        all.entry(row.get(0)).or_default().push(value);
    }
    all
}

/// The catalogue and the date of the last run: what everybody in it computed with.
pub async fn catalogue_of_last_run(client: &Client, tables: &Tables) -> (Value, String) {
    let statement = "SELECT c.catalogue_text, r.as_of::text FROM {{runs}} AS r \
        JOIN cardgenius_catalogues AS c USING (catalogue_hash) ORDER BY r.opened_at DESC LIMIT 1";
    let schema = cardgenius_testkit::tables::quoted(&tables.input_schema);
    let statement =
        tables.render(&statement.replace("cardgenius_catalogues", &format!("{schema}.cardgenius_catalogues")));
    let row = client.query_one(&statement, &[]).await.unwrap();
    (serde_json::from_str(row.get(0)).unwrap(), row.get(1))
}

/// Every `step`th user is as the oracle says: completed with exactly these rows, or failed for this reason.
pub async fn assert_as_the_oracle_says(database: &Database<'_>, step: usize) {
    let client = database.connect().await;
    assert_in_two_databases(&client, &client, &database.tables, step).await;
}

/// The same with the recommendations elsewhere.
pub async fn assert_in_two_databases(source: &Client, target: &Client, tables: &Tables, step: usize) {
    let (catalogue, date) = catalogue_of_last_run(source, tables).await;
    let rows = recommendations(target, tables).await;
    let users = users(source, tables).await;
    assert!(users.len() >= step, "only {} users", users.len());
    for (user_id, user) in users.iter().step_by(step) {
        match rules::recommend(&catalogue, &date, &user.person) {
            Ok(ten) => {
                assert_eq!(user.status, "completed", "{user_id:?}: {:?}", user.error);
                assert_eq!(rows.get(user_id), Some(&ten), "{user_id:?} at {date}: {:?}", user.person);
            }
            Err(fault) => {
                assert_eq!((&*user.status, user.error.as_deref()), ("failed", Some(&*fault)), "{user_id:?}");
            }
        }
    }
}
