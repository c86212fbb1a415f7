//! The worked examples through the real database: the published figures come out, to the paisa.

use cardgenius_testkit::Database;
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::comparison::{recommendations, users};
use crate::place::{audited, backfill, migrated};
use crate::program::Start;

const COLUMNS: [&str; 6] = ["amazon", "flipkart", "myntra", "ajio", "grocery", "confirmed"];

fn sets() -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("../../crates/engine/tests/data/examples.json")).unwrap();
    all["sets"].as_array().unwrap().clone()
}

async fn insert(client: &Client, user: &Value) {
    let statement = "INSERT INTO user_spending_data (user_id, avg_amazon_gmv, avg_flipkart_gmv, avg_myntra_gmv, \
        avg_ajio_gmv, avg_grocery_gmv, avg_confirmed_gmv, monthly_income, credit_score) VALUES ($1, $2::text::numeric, \
        $3::text::numeric, $4::text::numeric, $5::text::numeric, $6::text::numeric, $7::text::numeric, \
        $8::text::numeric, $9::text::integer)";
    let [a, b, c, d, e, f] = COLUMNS.map(|column| user["spend"][format!("avg_{column}_gmv")].as_str());
    let (income, score) = (user["monthly_income"].as_str(), user["credit_score"].as_str());
    client.execute(statement, &[&user["user_id"].as_str(), &a, &b, &c, &d, &e, &f, &income, &score]).await.unwrap();
}

/// A run opened by somebody else, with the set's catalogue and its date: whoever starts joins it, and computes with both.
async fn open_run(client: &Client, set: &Value) {
    let catalogue = json!({ "cards": set["cards"] }).to_string();
    let statement = "WITH stored AS (INSERT INTO cardgenius_catalogues (catalogue_hash, catalogue_text) \
        VALUES (encode(sha256(convert_to($1::text, 'UTF8')), 'hex'), $1::text) RETURNING catalogue_hash) \
        INSERT INTO cardgenius_runs (run_id, source_table, kind, opened_for, as_of, catalogue_hash, engine_version, \
        opened_by, backlog) SELECT gen_random_uuid(), 'public.user_spending_data', 'backfill', 'the examples', \
        $2::text::date, catalogue_hash, '0', gen_random_uuid(), 1 FROM stored";
    client.execute(statement, &[&catalogue, &set["date"].as_str()]).await.unwrap();
}

fn with_optional_columns(start: Start) -> Start {
    start
        .variable("CARDGENIUS_SOURCE__COLUMNS__MONTHLY_INCOME", "monthly_income")
        .variable("CARDGENIUS_SOURCE__COLUMNS__CREDIT_SCORE", "credit_score")
        .variable("CARDGENIUS_PIPELINE__MAX_FAILED_SHARE", "1")
}

async fn prepared(set: &Value) -> (Database<'static>, Client) {
    let database = migrated();
    database.psql("ALTER TABLE {{input}} ADD COLUMN monthly_income numeric, ADD COLUMN credit_score integer");
    let client = database.connect().await;
    for user in set["users"].as_array().unwrap() {
        insert(&client, user).await;
    }
    (database, client)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_worked_example_comes_out_of_the_database_as_published() {
    let mut shown = 0;
    for set in sets() {
        let (database, client) = prepared(&set).await;
        open_run(&client, &set).await;
        with_optional_columns(backfill(&database, 4)).run().ended(0);
        audited(&database).await;
        let (rows, people) = (recommendations(&client, &database.tables).await, users(&client, &database.tables).await);
        for user in set["users"].as_array().unwrap() {
            let user_id = user["user_id"].as_str().unwrap();
            let found = &people[user_id];
            match user.get("error") {
                Some(error) => {
                    assert_eq!((&*found.status, found.error.as_deref()), ("failed", error.as_str()), "{user_id}");
                    assert!(!rows.contains_key(user_id));
                }
                None => {
                    assert_eq!(found.status, "completed", "{user_id}: {:?}", found.error);
                    assert_eq!(json!(rows[user_id]), user["rows"], "{} {user_id}", set["name"]);
                }
            }
            shown += 1;
        }
        let runs: i64 = client.query_one("SELECT count(*) FROM cardgenius_runs", &[]).await.unwrap().get(0);
        assert_eq!(runs, 1, "the open run was joined");
    }
    assert_eq!(shown, 22, "an example was lost on the way");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_opened_here_has_the_configured_catalogue_and_the_date_of_the_configured_zone() {
    let set = &sets()[0];
    let (database, client) = prepared(set).await;
    let start = with_optional_columns(backfill(&database, 4));
    let catalogue = json!({ "cards": set["cards"] }).to_string();
    let path = start.write("catalogue.json", &catalogue);
    start
        .flags(&["--catalog", path.to_str().unwrap()])
        .variable("CARDGENIUS_RUN__TIME_ZONE", "Pacific/Kiritimati")
        .run()
        .ended(0);
    let row = client
        .query_one(
            "SELECT c.catalogue_text, r.catalogue_hash, encode(sha256(convert_to(c.catalogue_text, 'UTF8')), 'hex'), \
             r.as_of IN ((r.opened_at AT TIME ZONE 'Pacific/Kiritimati')::date, \
             ((r.opened_at - interval '1 minute') AT TIME ZONE 'Pacific/Kiritimati')::date) \
             FROM cardgenius_runs AS r JOIN cardgenius_catalogues AS c USING (catalogue_hash)",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(row.get::<_, &str>(0), catalogue);
    assert_eq!(row.get::<_, &str>(1), row.get::<_, &str>(2));
    assert!(row.get::<_, bool>(3));
    crate::comparison::assert_as_the_oracle_says(&database, 1).await;
}
