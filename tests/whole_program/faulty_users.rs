//! Users that cannot be computed: each fails for its own reason, and nobody else for it.

use cardgenius_testkit::{Counts, populate};
use serde_json::{Value, json};

use crate::comparison::{assert_as_the_oracle_says, recommendations, users};
use crate::place::{SERVER, audited, backfill, migrated};
use crate::program::holds_all;

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_user_never_stops_a_chunk() {
    let database = migrated();
    let client = database.connect().await;
    populate(&client, &database.tables, 200, 71).await;
    // Amounts as wide and as precise as NUMERIC can be; infinities came with version 14.
    let infinity = if SERVER.postgres.version().major >= 14 { "Infinity" } else { "NaN" };
    let minus_infinity = if SERVER.postgres.version().major >= 14 { "-Infinity" } else { "NaN" };
    let amounts = ["amazon", "flipkart", "myntra", "ajio", "grocery", "confirmed"];
    let types: Vec<String> = amounts.iter().map(|of| format!("ALTER COLUMN avg_{of}_gmv TYPE numeric")).collect();
    database.psql(&format!("ALTER TABLE {{{{input}}}} {}", types.join(", ")));
    for (user, amazon, confirmed) in [
        ("negative", "-0.01", "5"),
        ("negative in all", "5", "-0.001"),
        ("nan", "NaN", "5"),
        ("infinite", infinity, "5"),
        ("minus infinite", minus_infinity, "5"),
        ("nan and negative", "NaN", "-1"),
        ("infinite in all", "1", infinity),
        ("decimals", "1000.004999999999999999999", "2000.1234567890123456789"),
        ("half a paisa", "333.335", "1000.005"),
        ("beyond", "1e30", "1e30"),
        ("tiny", "0.000000000000000000001", "0"),
        ("null", "NULL", "NULL"),
    ] {
        let quoted = |amount: &str| if amount == "NULL" { amount.to_owned() } else { format!("'{amount}'") };
        database.psql(&format!(
            "INSERT INTO {{{{input}}}} (user_id, avg_amazon_gmv, avg_confirmed_gmv) VALUES ('{user}', {}, {})",
            quoted(amazon),
            quoted(confirmed)
        ));
    }
    let answer = backfill(&database, 1_000).variable("CARDGENIUS_PIPELINE__MAX_FAILED_SHARE", "1").run().ended(0);
    let found = users(&client, &database.tables).await;
    for (user, fault) in [
        ("negative", Some("negative spend")),
        ("negative in all", Some("negative spend")),
        ("nan", Some("invalid spend")),
        ("infinite", Some("invalid spend")),
        ("minus infinite", Some("invalid spend")),
        ("nan and negative", Some("negative spend")),
        ("infinite in all", Some("invalid spend")),
        ("beyond", Some("out of range")),
        ("decimals", None),
        ("half a paisa", None),
        ("tiny", None),
        ("null", None),
    ] {
        let status = if fault.is_some() { "failed" } else { "completed" };
        assert_eq!((&*found[user].status, found[user].error.as_deref()), (status, fault), "{user}");
    }
    assert_as_the_oracle_says(&database, 1).await;
    assert_eq!(audited(&database).await, Counts { users: 212, completed: 204, failed: 8, ..Counts::default() });
    assert_eq!(database.psql("SELECT count(*) FROM {{claims}}"), "1", "all were in one chunk");
    holds_all(&answer.stdout, &["4 invalid spend, such as ", "3 negative spend, such as ", "1 out of range, such as "]);
    // Who fails has no rows if it never had.
    assert!(!recommendations(&client, &database.tables).await.contains_key("nan"));
}

/// Twelve cards, eight of them for those who spend 120,000 rupees a year and more.
fn demanding_catalogue() -> Value {
    let card = |number: u32| {
        json!({
            "card_id": format!("card_{number:02}"), "card_name": format!("Card {number}"), "issuer": "Bank",
            "joining_fees": number * 100, "annual_fees": 0,
            "reward_rates": {"amazon": {"base_rate": 0.01}, "other_online": {"base_rate": 0.005}},
            "redemption_options": [{"method": "Cash", "conversion_rate": 1}],
            "eligibility": if number >= 4 { json!({"min_annual_spend": 120_000}) } else { json!({}) },
        })
    };
    json!({ "cards": (0..12).map(card).collect::<Vec<_>>() })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_with_fewer_than_ten_eligible_cards_fails_and_says_how_many() {
    let database = migrated();
    database.psql(
        "INSERT INTO {{input}} (user_id, avg_amazon_gmv, avg_confirmed_gmv)
         VALUES ('poor', 9999.99, 9999.99), ('just', 10000, 10000), ('rich', 1, 50000), ('nothing', NULL, NULL)",
    );
    let start = backfill(&database, 1_000).variable("CARDGENIUS_PIPELINE__MAX_FAILED_SHARE", "1");
    let path = start.write("demanding.json", &demanding_catalogue().to_string());
    let answer = start.flags(&["--catalog", path.to_str().unwrap()]).run().ended(0);
    assert_as_the_oracle_says(&database, 1).await;
    let found = users(&database.connect().await, &database.tables).await;
    assert_eq!(found["poor"].error.as_deref(), Some("only 4 eligible cards, 10 needed"));
    assert_eq!(found["nothing"].error.as_deref(), Some("only 4 eligible cards, 10 needed"));
    assert_eq!(audited(&database).await, Counts { users: 4, completed: 2, failed: 2, ..Counts::default() });
    holds_all(&answer.stdout, &["2 only N eligible cards, N needed, such as \"nothing\""]);
}
