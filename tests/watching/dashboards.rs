//! Grafana's dashboards.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::delivered::text;
use crate::expressions::{for_prometheus, metrics, string};

/// File names and titles.
const DASHBOARDS: [(&str, &str); 2] =
    [("cardgenius-ops", "CardGenius: the run"), ("cardgenius-engine-room", "CardGenius: engine room")];

/// The uid of the data source, as it is provisioned.
const DATA_SOURCE: &str = "cardgenius-prometheus";

fn dashboard(name: &str) -> Value {
    serde_json::from_str(&text(&format!("grafana/dashboards/{name}.json")))
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The panels that show something.
fn panels(dashboard: &Value) -> Vec<&Value> {
    dashboard["panels"].as_array().unwrap().iter().filter(|panel| panel["type"] != "row").collect()
}

/// Each expression with the title of its panel.
pub fn expressions() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (name, _) in DASHBOARDS {
        for panel in panels(&dashboard(name)) {
            for target in panel["targets"].as_array().unwrap() {
                found.push((format!("{name}: {}", string(panel, "title")), for_prometheus(string(target, "expr"))));
            }
        }
    }
    found
}

/// Every metric that the dashboards name.
pub fn named() -> Vec<String> {
    expressions().iter().flat_map(|(_, expression)| metrics(expression)).collect()
}

/// What every panel says of itself.
pub fn descriptions() -> Vec<String> {
    let of = |dashboard: &Value| {
        panels(dashboard).into_iter().map(|panel| string(panel, "description").to_owned()).collect()
    };
    DASHBOARDS.iter().flat_map(|(name, _)| -> Vec<String> { of(&dashboard(name)) }).collect()
}

#[test]
fn every_dashboard_keeps_its_place_and_is_for_a_grafana_of_today() {
    for (name, title) in DASHBOARDS {
        let dashboard = dashboard(name);
        assert_eq!((string(&dashboard, "uid"), string(&dashboard, "title")), (name, title));
        assert!(dashboard["schemaVersion"].as_u64() >= Some(36), "older than Grafana 9");
        // A variable would be one more thing to set before anything is seen.
        assert_eq!(dashboard["templating"]["list"], serde_json::json!([]));
    }
    let files = std::fs::read_dir(crate::delivered::deploy("grafana/dashboards")).unwrap();
    assert_eq!(files.count(), DASHBOARDS.len(), "one is not tested");
}

#[test]
fn every_panel_says_what_to_do_in_what_unit_it_is_and_asks_the_provisioned_data_source() {
    assert!(text("grafana/provisioning/datasources/prometheus.yml").contains(&format!("\n    uid: {DATA_SOURCE}\n")));
    for (name, _) in DASHBOARDS {
        for panel in panels(&dashboard(name)) {
            let title = format!("{name}: {}", string(panel, "title"));
            assert!(!string(panel, "description").is_empty(), "{title}");
            assert!(!string(&panel["fieldConfig"]["defaults"], "unit").is_empty(), "{title}");
            let targets = panel["targets"].as_array().unwrap();
            assert!(!targets.is_empty(), "{title}");
            for asked in targets.iter().chain([panel]) {
                assert_eq!(string(&asked["datasource"], "uid"), DATA_SOURCE, "{title}");
            }
        }
    }
}

#[test]
fn no_panel_lies_on_another_or_beyond_the_edge() {
    for (name, _) in DASHBOARDS {
        let dashboard = dashboard(name);
        let all = dashboard["panels"].as_array().unwrap();
        let ids: BTreeSet<_> = all.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
        assert_eq!(ids.len(), all.len(), "{name}: two panels with the same id");
        let mut taken = BTreeSet::new();
        for panel in all {
            let [x, y, w, h] = ["x", "y", "w", "h"].map(|side| panel["gridPos"][side].as_u64().unwrap());
            assert!(x + w <= 24, "{name}: {} is beyond the edge", panel["title"]);
            for (row, column) in (y..y + h).flat_map(|row| (x..x + w).map(move |column| (row, column))) {
                assert!(taken.insert((row, column)), "{name}: {} lies on another panel", panel["title"]);
            }
        }
    }
}
