//! The worked examples come out of the engine and of the oracle, every figure as exact decimal text.

use cardgenius_engine::Engine;
use cardgenius_engine::catalogue::Catalogue;
use serde_json::{Value, json};

use crate::people::{Person, rows_of_engine};
use crate::rules;

const COLUMNS: [&str; 6] = ["amazon", "flipkart", "myntra", "ajio", "grocery", "confirmed"];

struct Example {
    catalogue: Value,
    date: String,
    user_id: String,
    person: Person,
    expected: Result<Vec<Value>, String>,
}

fn examples() -> Vec<Example> {
    let all: Value = serde_json::from_str(include_str!("../data/examples.json")).unwrap();
    let mut examples = Vec::new();
    for set in all["sets"].as_array().unwrap() {
        for user in set["users"].as_array().unwrap() {
            examples.push(Example {
                catalogue: json!({ "cards": set["cards"] }),
                date: set["date"].as_str().unwrap().to_owned(),
                user_id: user["user_id"].as_str().unwrap().to_owned(),
                person: person(user),
                expected: match user.get("error") {
                    Some(error) => Err(error.as_str().unwrap().to_owned()),
                    None => Ok(user["rows"].as_array().unwrap().clone()),
                },
            });
        }
    }
    examples
}

fn person(user: &Value) -> Person {
    let text = |of: &Value| of.as_str().map(str::to_owned);
    Person {
        spend: COLUMNS.map(|column| text(&user["spend"][format!("avg_{column}_gmv")])),
        income: text(&user["monthly_income"]),
        score: text(&user["credit_score"]),
    }
}

#[test]
fn every_worked_example_comes_out_of_the_engine() {
    let examples = examples();
    assert_eq!(examples.len(), 22, "an example was lost on the way");
    for example in examples {
        let catalogue = Catalogue::parse(&serde_json::to_vec(&example.catalogue).unwrap()).unwrap();
        let engine = Engine::compile(&catalogue, example.date.parse().unwrap());
        assert_eq!(rows_of_engine(&engine, &example.person.user()), example.expected, "user {}", example.user_id);
    }
}

#[test]
fn every_worked_example_comes_out_of_the_oracle() {
    for example in examples() {
        let rows = rules::recommend(&example.catalogue, &example.date, &example.person);
        assert_eq!(rows, example.expected, "user {}", example.user_id);
    }
}
