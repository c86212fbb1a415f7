//! The tests of the alerts can see: whatever is taken out of an alert, its own tests find it.

use std::path::Path;

use tempfile::TempDir;

use crate::delivered::{judged, text};
use crate::expressions::{Comparison, comparisons};

/// An alert as the file has it.
struct Alert {
    name: String,
    expression: String,
    delay: String,
}

fn alerts(rules: &str) -> Vec<Alert> {
    let found = rules.split("\n      - alert: ").skip(1).map(|part| {
        let mut lines = part.lines();
        let name = lines.next().unwrap().to_owned();
        let mut next = |key: &str| {
            let line = lines.next().unwrap().trim_start();
            line.strip_prefix(key).unwrap_or_else(|| panic!("{name}: not {key}: {line}")).to_owned()
        };
        let (expression, delay) = (next("expr: "), next("for: "));
        Alert { name, expression, delay }
    });
    found.collect()
}

/// Ways to spoil an alert: what was done, expression, delay.
fn spoiled(alert: &Alert) -> Vec<(String, String, &str)> {
    let parts = comparisons(&alert.expression).unwrap();
    let mut mutants = vec![
        ("fires never".to_owned(), "vector(0) == 1".to_owned(), alert.delay.as_str()),
        ("fires at once".to_owned(), alert.expression.clone(), "0s"),
    ];
    for Comparison { figure, operator, number } in parts {
        let whole = format!("{figure} {operator} {number}");
        assert!(alert.expression.contains(&whole), "{whole} is not in {}", alert.expression);
        let with = |part: &str| alert.expression.replace(&whole, part);
        mutants.push((format!("whatever {figure} is"), with(&figure), &alert.delay));
        if operator != "==" && number != "0" {
            let mutant = with(&format!("{figure} {operator}= {number}"));
            mutants.push((format!("{figure} at the limit"), mutant, &alert.delay));
        }
    }
    mutants
}

/// The tests whose names begin with that of the alert.
fn tests_of(alert: &str, tests: &str) -> String {
    let mut parts = tests.split("\n  - name: ");
    let head = parts.next().unwrap().to_owned();
    let own: Vec<&str> = parts.filter(|part| part.starts_with(&format!("{alert} "))).collect();
    assert!(own.len() >= 2, "{alert} has {} tests", own.len());
    own.iter().fold(head, |all, part| all + "\n  - name: " + part)
}

/// The group that holds the alert: it needs no other, and one alone is quicker to try.
fn group_of(alert: &str, rules: &str) -> String {
    let mut groups = rules.split("\n  - name: ");
    let head = groups.next().unwrap().to_owned();
    let group = groups.find(|group| group.contains(&format!("- alert: {alert}\n"))).unwrap();
    head + "\n  - name: " + group
}

/// Whether the tests in this folder go well with these rules.
fn go_well(folder: &Path, rules: &str, tests: &str) -> Result<String, String> {
    std::fs::write(folder.join("alerts.yml"), rules).unwrap();
    std::fs::write(folder.join("alerts.test.yml"), tests).unwrap();
    judged("promtool", &["test", "rules"], &folder.join("alerts.test.yml"))
}

#[test]
fn whatever_is_taken_out_of_an_alert_its_own_tests_find_it() {
    let (rules, tests) = (text("prometheus/alerts.yml"), text("prometheus/alerts.test.yml"));
    let folder = TempDir::new().unwrap();
    let mut survivors = Vec::new();
    for alert in alerts(&rules) {
        let (rules, tests) = (group_of(&alert.name, &rules), tests_of(&alert.name, &tests));
        go_well(folder.path(), &rules, &tests).unwrap_or_else(|said| panic!("{}: {said}", alert.name));
        let as_it_is =
            format!("alert: {}\n        expr: {}\n        for: {}\n", alert.name, alert.expression, alert.delay);
        assert_eq!(rules.matches(&as_it_is).count(), 1, "{as_it_is}");
        for (how, expression, delay) in spoiled(&alert) {
            let otherwise = format!("alert: {}\n        expr: {expression}\n        for: {delay}\n", alert.name);
            match go_well(folder.path(), &rules.replace(&as_it_is, &otherwise), &tests) {
                Ok(_) => survivors.push(format!("{}: {how}", alert.name)),
                Err(said) => assert!(said.contains("alertname: "), "{otherwise}: {said}"),
            }
        }
    }
    assert_eq!(survivors, [""; 0]);
}
