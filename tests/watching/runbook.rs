//! What the rules and dashboards speak of is written down.

use std::collections::BTreeSet;
use std::path::Path;

use crate::expressions::string;
use crate::{dashboards, rules};

fn document(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("docs/{name}: {error}"))
}

/// The anchors that GitHub makes of the headings: lower case, without punctuation, with hyphens for spaces.
fn anchors(markdown: &str) -> Vec<String> {
    let kept = |character: &char| character.is_alphanumeric() || " -_".contains(*character);
    let headings =
        markdown.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    headings.map(|heading| heading.to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-")).collect()
}

#[test]
fn every_alert_has_its_heading_in_the_runbook_and_every_heading_of_an_alert_its_alert() {
    let anchors = anchors(&document("operations.md"));
    let meant: BTreeSet<String> = rules::alerts()
        .into_iter()
        .map(|alert| string(&alert["annotations"], "runbook_url").split_once('#').unwrap().1.to_owned())
        .collect();
    let there: Vec<&String> = anchors.iter().filter(|anchor| anchor.starts_with("cardgenius")).collect();
    assert_eq!(there.len(), meant.len(), "{there:?}");
    assert_eq!(there.into_iter().cloned().collect::<BTreeSet<_>>(), meant);
}

#[test]
fn anchors_are_those_of_github() {
    let text = "# Install\n\ntext\n\n### refused (…) at the start\n## What to look at\n### CardGeniusNoSuccess\n";
    assert_eq!(anchors(text), ["install", "refused--at-the-start", "what-to-look-at", "cardgeniusnosuccess"]);
}

#[test]
fn every_metric_of_the_rules_and_the_dashboards_is_documented() {
    let document = document("metrics.md");
    let named: BTreeSet<String> = rules::named().into_iter().chain(dashboards::named()).collect();
    assert!(named.len() > 30, "only {named:?}");
    let unknown: Vec<_> = named.iter().filter(|name| !document.contains(&format!("`{name}`"))).collect();
    assert!(unknown.is_empty(), "not in docs/metrics.md: {unknown:?}");
}
