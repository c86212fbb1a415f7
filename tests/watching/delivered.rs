//! The delivered files, and the programs of Prometheus and Alertmanager that judge them.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A file or folder of `deploy/`.
pub fn deploy(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(path)
}

pub fn text(path: &str) -> String {
    std::fs::read_to_string(deploy(path)).unwrap_or_else(|error| panic!("deploy/{path}: {error}"))
}

/// What the program wrote on both streams; an error if it ended with another code than 0.
pub fn judged(program: &str, arguments: &[&str], file: &Path) -> Result<String, String> {
    let output = Command::new(program).args(arguments).arg(file).output();
    let output = output.unwrap_or_else(|error| panic!("{program} (make prerequisites installs it): {error}"));
    let said = [output.stdout, output.stderr].map(|stream| String::from_utf8(stream).unwrap()).concat();
    if output.status.success() { Ok(said) } else { Err(said) }
}

#[track_caller]
fn accepted(program: &str, arguments: &[&str], file: &Path) {
    judged(program, arguments, file).unwrap_or_else(|said| panic!("{program} {arguments:?}:\n{said}"));
}

#[test]
fn prometheus_accepts_its_configuration_and_the_rules() {
    accepted("promtool", &["check", "config"], &deploy("prometheus/prometheus.yml"));
    accepted("promtool", &["check", "rules", "--lint=all", "--lint-fatal"], &deploy("prometheus/alerts.yml"));
}

#[test]
fn every_alert_fires_when_it_should_and_not_when_it_only_nearly_should() {
    accepted("promtool", &["test", "rules"], &deploy("prometheus/alerts.test.yml"));
}

#[test]
fn alertmanager_accepts_its_configuration_and_tells_nobody() {
    accepted("amtool", &["check-config"], &deploy("alertmanager/alertmanager.yml"));
    let text = text("alertmanager/alertmanager.yml");
    let in_force = text.lines().filter(|line| line.contains("receiver: ") && !line.trim_start().starts_with('#'));
    assert_eq!(in_force.collect::<Vec<_>>(), ["  receiver: none"]);
    assert_eq!(text.matches("\n  - name: ").count(), 1, "only that one receiver is in force");
}

/// A comment is an example unless it begins as a sentence does.
fn with_examples_in_force(line: &str) -> String {
    let example = |rest: &str| rest.starts_with(|first: char| first.is_lowercase() || [' ', '-'].contains(&first));
    match line.split_once("# ") {
        Some((before, rest)) if before.trim().is_empty() && example(rest) => format!("{before}{rest}\n"),
        _ => format!("{line}\n"),
    }
}

#[test]
fn the_commented_examples_are_accepted_once_their_hashes_are_taken_away() {
    let text = text("alertmanager/alertmanager.yml");
    let examples: String = text.lines().map(with_examples_in_force).collect();
    for kind in ["email", "slack", "pagerduty", "webhook"] {
        assert!(examples.contains(&format!("\n  - name: {kind}\n    {kind}_configs:\n")), "no example of {kind}");
    }
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("alertmanager.yml");
    std::fs::write(&file, &examples).unwrap();
    let said = judged("amtool", &["check-config"], &file).unwrap_or_else(|said| panic!("{said}\n{examples}"));
    assert!(said.contains("- 5 receivers"), "{said}");
    // The routes are in force as well: one that names an unknown receiver is refused.
    std::fs::write(&file, examples.replace("receiver: slack", "receiver: smoke")).unwrap();
    judged("amtool", &["check-config"], &file).unwrap_err();
}
