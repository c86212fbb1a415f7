//! User ids that a bulk load could misread, and card names that could break out of a line.

use cardgenius_testkit::{Counts, Database};
use serde_json::json;

use crate::comparison::{assert_as_the_oracle_says, recommendations};
use crate::place::{audited, backfill, migrated};

fn odd_keys() -> Vec<String> {
    let plain = [
        "",
        " ",
        "  spaces at both ends  ",
        "O'Hara",
        "\"quoted\"",
        "tab\tin it",
        "\t",
        "line\nbreak",
        "\n",
        "carriage\rreturn",
        "\r\n",
        "back\\slash",
        "\\",
        "\\\\",
        "\\N",
        "\\.",
        "\\n",
        "\\t",
        "\\x41",
        "\\\n",
        "NULL",
        "null",
        "CK1,CK2",
        "a;DROP TABLE user_spending_data",
        "{}",
        "{a,b}",
        "%s %d",
        "$1",
        "\u{8}\u{b}\u{c}\u{1b}[31m",
        "\u{7f}\u{85}\u{2028}",
        "🙂",
        "👩‍👩‍👧‍👦",
        "é",
        "e\u{301}",
        "ＣＫ１",
        "CK1",
        "ck1",
        "\u{feff}bom",
        "٣",
        "ß",
    ];
    let mut keys: Vec<String> = plain.map(str::to_owned).into();
    keys.push("x".repeat(50));
    keys.push("🙂".repeat(50));
    keys.push("\\".repeat(50));
    keys
}

async fn all_are_completed_under_exactly_their_key(database: Database<'static>) {
    let client = database.connect().await;
    let keys = odd_keys();
    let statement = "INSERT INTO user_spending_data (user_id, avg_amazon_gmv, avg_confirmed_gmv) \
        SELECT key, place * 1000.01, place * 2000.02 FROM unnest($1::text[]) WITH ORDINALITY AS given (key, place)";
    assert_eq!(client.execute(statement, &[&keys]).await.unwrap(), keys.len() as u64);
    // In small chunks, so that many of the keys are first or last of a claim.
    for _ in 0..2 {
        backfill(&database, 3).run().ended(0);
        assert_eq!(audited(&database).await, Counts::all_completed(i64::try_from(keys.len()).unwrap()));
        let mut found: Vec<String> = recommendations(&client, &database.tables).await.into_keys().collect();
        let mut wanted = keys.clone();
        found.sort();
        wanted.sort();
        assert_eq!(found, wanted);
        assert_as_the_oracle_says(&database, 1).await;
        // The second time the old rows have to be found by their keys.
        database.psql("UPDATE {{input}} SET processing_status = 'new', avg_ajio_gmv = 5000");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_user_is_called_it_has_ten_rows_under_exactly_that_key() {
    all_are_completed_under_exactly_their_key(migrated()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_in_the_order_of_another_collation_are_all_done_too() {
    let database = migrated();
    database.psql(
        "ALTER TABLE {{input}} ALTER COLUMN user_id TYPE varchar(50) COLLATE \"en-x-icu\";
         ALTER TABLE {{output}} ALTER COLUMN user_id TYPE varchar(50) COLLATE \"en-x-icu\"",
    );
    all_are_completed_under_exactly_their_key(database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_cards_and_ways_of_redeeming_arrive_as_the_catalogue_has_them() {
    let database = migrated();
    database.psql("INSERT INTO {{input}} (user_id, avg_amazon_gmv) VALUES ('CK1', 1000)");
    let names = ["\\N", "\\.", "back\\slash \\t", "O'Hara \"Gold\"", "🙂 card", "{{output}}", "%s", "é", "$1", "NULL"];
    let cards: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(number, name)| {
            json!({
                "card_id": format!("card_{number}"), "card_name": name, "issuer": "Bank", "joining_fees": number,
                "annual_fees": 0, "redemption_options": [{"method": name, "conversion_rate": 1}],
            })
        })
        .collect();
    let start = backfill(&database, 10);
    let path = start.write("odd.json", &json!({ "cards": cards }).to_string());
    start.flags(&["--catalog", path.to_str().unwrap()]).run().ended(0);
    assert_as_the_oracle_says(&database, 1).await;
    let rows = &recommendations(&database.connect().await, &database.tables).await["CK1"];
    let found: Vec<_> = rows.iter().map(|row| (row["card_name"].as_str(), row["redemption_method"].as_str())).collect();
    let wanted: Vec<_> = names.iter().map(|name| (Some(*name), Some(*name))).collect();
    assert_eq!(found, wanted);
}
