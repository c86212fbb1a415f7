//! docs/configuration.md says what the code does: every setting, its variable, its default and its range, both ways.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::{collections::BTreeMap, fs};

use cardgenius_daemon::config::{Config, Inputs, leaves, load, variable_name};
use serde_json::Value as Json;

const DOCUMENT: &str = include_str!("../docs/configuration.md");

/// What the document says of a setting.
#[derive(Debug)]
struct Row {
    variable: String,
    default: String,
    range: String,
    meaning: String,
}

fn documented() -> BTreeMap<String, Row> {
    let mut rows = BTreeMap::new();
    let settings = DOCUMENT.split("\n## ").filter(|part| part.contains("| setting |"));
    for line in settings.flat_map(str::lines).filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
        let [field, variable, default, range, meaning] = cells.try_into().expect(line);
        let field = field.trim_matches('`').to_owned();
        let row = Row { variable: variable.trim_matches('`').to_owned(), default, range, meaning };
        assert!(rows.insert(field, row).is_none(), "documented twice: {line}");
    }
    rows
}

/// The defaults as the document writes them.
fn defaults() -> BTreeMap<String, String> {
    let tree = serde_json::to_value(Config::default()).unwrap();
    let write = |field: &str, value: &Json| match value {
        _ if field == "pipeline.workers" => "number of cores".to_owned(),
        Json::Null => "none".to_owned(),
        Json::String(text) => format!("`{text}`"),
        other => format!("`{other}`"),
    };
    leaves(&tree).into_iter().map(|(field, value)| (field.clone(), write(&field, value))).collect()
}

#[test]
fn every_setting_is_documented_with_its_default_and_every_documented_setting_exists() {
    let said: BTreeMap<_, _> = documented().into_iter().map(|(field, row)| (field, row.default)).collect();
    assert_eq!(said, defaults());
}

#[test]
fn every_setting_is_documented_under_the_name_of_its_variable_and_with_a_meaning() {
    for (field, row) in documented() {
        assert_eq!(row.variable, variable_name(&field));
        assert!(row.meaning.len() > 10 && !row.range.is_empty(), "{field}");
    }
}

#[test]
fn every_bound_is_the_documented_range() {
    let documented = documented();
    let bounds = Config::default().bounds();
    for bound in &bounds {
        assert_eq!(documented[bound.field].range, format!("{} to {}", bound.min, bound.max), "{}", bound.field);
    }
    // A number without a bound would be a field that no rule guards.
    let tree = serde_json::to_value(Config::default()).unwrap();
    let whole = leaves(&tree).into_iter().filter(|(_, value)| value.is_u64()).count();
    assert_eq!(whole, bounds.len());
}

#[test]
fn every_example_in_the_document_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let mut examples = 0;
    for block in DOCUMENT.split("```toml\n").skip(1) {
        let file = folder.path().join("cardgenius.toml");
        fs::write(&file, block.split("```").next().unwrap()).unwrap();
        load(&Inputs { file: Some(file), ..Inputs::default() }).unwrap().into_config().unwrap();
        examples += 1;
    }
    assert!(examples > 0);
}
