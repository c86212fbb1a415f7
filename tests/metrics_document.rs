//! docs/metrics.md says what the code does: every metric with its type, labels and their values, both ways; and the names
//! keep to the conventions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};

use cardgenius_daemon::metrics::Metrics;
use cardgenius_failure::error::ErrorKind;

#[path = "metrics/a_run.rs"]
mod a_run;

const DOCUMENT: &str = include_str!("../docs/metrics.md");

/// The customer's own names: no prefix, and one of them no unit.
const CUSTOMERS: [&str; 3] =
    ["batch_processing_time_seconds", "user_processing_time_seconds", "concurrent_workers_active"];

/// Labels whose values are names from the configuration or versions.
const OPEN_LABELS: [&str; 3] = ["schedule", "version", "schema"];

/// What the document says of a metric.
struct Row {
    kind: String,
    /// Label, and its values.
    labels: BTreeMap<String, String>,
    unit: String,
}

fn documented() -> BTreeMap<String, Row> {
    let mut rows = BTreeMap::new();
    let table = DOCUMENT.split("\n## All metrics\n").nth(1).unwrap().split("\n## ").next().unwrap();
    for line in table.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
        let [name, kind, labels, unit, meaning, from]: [String; 6] = cells.try_into().expect(line);
        assert!(meaning.len() > 10 && !from.is_empty(), "{line}");
        let labels = labels.split("; ").filter(|label| *label != "none").map(|label| {
            let (label, values) = label.split_once(" = ").expect(line);
            (label.trim_matches('`').to_owned(), values.to_owned())
        });
        let row = Row { kind, labels: labels.collect(), unit };
        assert!(rows.insert(name.trim_matches('`').to_owned(), row).is_none(), "documented twice: {line}");
    }
    rows
}

/// What is rendered of a metric: its type, and for each label the values.
fn rendered() -> BTreeMap<String, (String, BTreeMap<String, BTreeSet<String>>)> {
    let metrics = Metrics::new().unwrap();
    metrics.schedules(["weekly"]);
    let text = metrics.render();
    let mut found: BTreeMap<_, (String, BTreeMap<String, BTreeSet<String>>)> = BTreeMap::new();
    let mut name = "";
    for line in text.lines() {
        if let Some(of) = line.strip_prefix("# TYPE ") {
            let (of, kind) = of.split_once(' ').unwrap();
            name = of;
            found.insert(of.to_owned(), (kind.to_owned(), BTreeMap::new()));
        } else if !line.starts_with('#') {
            let labels = line.split_once('{').map_or("", |(_, rest)| rest.split_once('}').unwrap().0);
            for label in labels.split(',').filter(|label| !label.is_empty() && !label.starts_with("le=")) {
                let (label, value) = label.split_once('=').unwrap();
                let values = &mut found.get_mut(name).unwrap().1;
                values.entry(label.to_owned()).or_default().insert(value.trim_matches('"').to_owned());
            }
        }
    }
    found
}

#[test]
fn every_metric_is_documented_with_its_type_and_labels_and_every_documented_metric_exists() {
    let said: BTreeMap<_, _> = documented()
        .into_iter()
        .map(|(name, row)| (name, (row.kind, row.labels.into_keys().collect::<BTreeSet<_>>())))
        .collect();
    let declared: BTreeMap<_, _> = Metrics::DECLARED
        .iter()
        .map(|metric| {
            let labels = metric.labels.iter().map(|label| (*label).to_owned()).collect();
            (metric.name.to_owned(), (metric.kind.to_owned(), labels))
        })
        .collect();
    assert_eq!(said, declared);
}

#[test]
fn whatever_is_declared_is_rendered_from_the_start_with_exactly_the_documented_values_of_its_labels() {
    let (documented, mut rendered) = (documented(), rendered());
    let kinds: BTreeSet<String> = ErrorKind::ALL.map(|kind| kind.name().to_owned()).into();
    let line = DOCUMENT.split("A kind of failure is one of").nth(1).unwrap().split(':').next().unwrap();
    assert_eq!(line.split('`').skip(1).step_by(2).map(str::to_owned).collect::<BTreeSet<_>>(), kinds);
    for (name, row) in documented {
        let (kind, labels) = rendered.remove(&name).unwrap_or_else(|| panic!("{name} is not rendered"));
        assert_eq!(kind, row.kind, "{name}");
        assert!(labels.keys().eq(row.labels.keys()), "{name}: {labels:?}");
        for (label, values) in labels {
            if OPEN_LABELS.contains(&&*label) {
                assert_eq!(values.len(), 1, "{name}: {label}");
                continue;
            }
            let said = match &*row.labels[&label] {
                "a kind of failure" => kinds.clone(),
                listed => listed.split(", ").map(str::to_owned).collect(),
            };
            assert_eq!(values, said, "{name}: {label}");
        }
    }
    // The library's own.
    assert!(rendered.keys().all(|name| name.starts_with("process_")), "{:?}", rendered.keys());
    assert_eq!(rendered.len(), 7);
}

#[test]
fn names_keep_to_the_conventions() {
    for metric in Metrics::DECLARED {
        let (name, unit) = (metric.name, documented()[metric.name].unit.clone());
        assert!(name.starts_with("cardgenius_") || CUSTOMERS.contains(&name), "{name}");
        assert_eq!(name.ends_with("_total"), metric.kind == "counter", "{name}");
        let base = name.trim_end_matches("_total");
        assert_eq!(
            base.ends_with("_seconds"),
            ["seconds", "seconds since 1970"].contains(&&*unit),
            "{name} is in {unit}"
        );
        assert_eq!(base.ends_with("_timestamp_seconds"), unit == "seconds since 1970", "{name}");
        assert_eq!(base.ends_with("_bytes"), unit == "bytes", "{name}");
        assert_eq!(base.ends_with("_ratio"), unit == "0 to 1", "{name}");
        for word in ["_ms", "_milliseconds", "_minutes", "_percent", "_count", "_sum", "_bucket"] {
            assert!(!base.ends_with(word), "{name}");
        }
        assert!(metric.help.ends_with('.') && metric.help.len() > 10, "{name}: {}", metric.help);
        assert_eq!(metric.kind == "histogram", !metric.buckets.is_empty(), "{name}");
        assert!(metric.buckets.is_sorted_by(|a, b| a < b), "{name}");
        assert!(!metric.labels.iter().any(|label| ["user", "user_id", "claim", "run", "run_id", "le"].contains(label)));
    }
}

#[test]
fn an_unknown_eta_is_no_number_and_no_run_is_no_progress() {
    let text = Metrics::new().unwrap().render();
    assert!(text.contains("\ncardgenius_run_eta_seconds NaN\n"), "{text}");
    assert!(text.contains("\ncardgenius_run_progress_ratio 0\n"), "{text}");
    assert!(
        text.contains(&format!(
            "\ncardgenius_build_info{{schema=\"4\",version=\"{}\"}} 1\n",
            env!("CARGO_PKG_VERSION")
        ))
    );
}
