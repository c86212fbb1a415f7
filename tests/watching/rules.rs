//! The rules as Prometheus has read them.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::Value;

use crate::expressions::{comparisons, metrics, string};
use crate::prometheus::Prometheus;

/// What is alerted on.
const ALERTS: [&str; 18] = [
    "CardGeniusBackfillSlow",
    "CardGeniusCatalogueRefused",
    "CardGeniusDatabaseUnreachable",
    "CardGeniusErrorShareHigh",
    "CardGeniusFailedUsersWaiting",
    "CardGeniusInstanceDown",
    "CardGeniusLeaseExpiring",
    "CardGeniusNoSuccess",
    "CardGeniusPausedLong",
    "CardGeniusPendingWithoutClaim",
    "CardGeniusPoolExhausted",
    "CardGeniusRunFailed",
    "CardGeniusRunFailing",
    "CardGeniusRunStuck",
    "CardGeniusThrottledLong",
    "CardGeniusThroughputLow",
    "CardGeniusWeeklyRunMissed",
    "CardGeniusWeeklyRunSlow",
];

static RULES: LazyLock<Vec<Value>> = LazyLock::new(|| Prometheus::idle().rules());

fn of_type(kind: &str) -> Vec<&'static Value> {
    RULES.iter().filter(|rule| rule["type"] == kind).collect()
}

pub fn alerts() -> Vec<&'static Value> {
    of_type("alerting")
}

pub fn recorded() -> Vec<&'static Value> {
    of_type("recording")
}

#[test]
fn everything_that_was_asked_for_is_alerted_on() {
    let mut names: Vec<_> = alerts().into_iter().map(|alert| string(alert, "name")).collect();
    names.sort_unstable();
    assert_eq!(names, ALERTS);
}

#[test]
fn every_alert_waits_a_while_and_says_how_bad_it_is_what_it_is_and_where_the_runbook_is() {
    for alert in alerts() {
        let name = string(alert, "name");
        assert!(alert["duration"].as_f64() >= Some(60.0), "{name} fires for a restart");
        let severity = string(&alert["labels"], "severity");
        assert!(["critical", "warning", "info"].contains(&severity), "{name}: {severity}");
        for text in ["summary", "description"] {
            assert!(string(&alert["annotations"], text).len() > 10, "{name} has no {text}");
        }
        let runbook = format!("docs/operations.md#{}", name.to_lowercase());
        assert_eq!(string(&alert["annotations"], "runbook_url"), runbook);
    }
}

#[test]
fn every_alert_compares_recorded_figures_and_every_recorded_figure_is_of_use() {
    let recorded: BTreeSet<_> = recorded().into_iter().map(|rule| string(rule, "name")).collect();
    let mut compared = BTreeSet::new();
    for alert in alerts() {
        let query = string(alert, "query");
        let found = comparisons(query).unwrap_or_else(|| panic!("{}: {query}", alert["name"]));
        let names = found.iter().map(|comparison| comparison.figure.split('{').next().unwrap().to_owned());
        compared.extend(names);
    }
    assert_eq!(compared, recorded.into_iter().map(str::to_owned).collect());
}

/// Every metric that the rules name.
pub fn named() -> Vec<String> {
    recorded().into_iter().flat_map(|rule| metrics(string(rule, "query"))).collect()
}
