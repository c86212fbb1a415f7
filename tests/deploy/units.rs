//! The unit files, as systemd reads them.

use std::fs;

use tempfile::TempDir;

use crate::documents::{are_settings, files, is_a_command_line, read, stop_seconds, told};
use crate::program::holds_all;

const INSTALLED: &str = "/usr/local/bin/cardgenius";

/// Out of 100, as `systemd-analyze security` counts. What is left is the network, and what is to be seen in /proc.
const MOST_EXPOSED: &str = "15";

/// The values of a setting in a unit file, in their order.
fn values<'t>(unit: &'t str, name: &str) -> Vec<&'t str> {
    unit.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('=')).collect()
}

/// The one value of a setting.
fn value<'t>(unit: &'t str, name: &str) -> &'t str {
    let values = values(unit, name);
    assert_eq!(values.len(), 1, "{name}: {values:?}");
    values[0]
}

/// What `systemd-analyze verify` says of these units, where the program is in the place of the installed one.
fn verified(units: &[(String, String)]) -> String {
    let folder = TempDir::new().unwrap();
    let mut paths = Vec::new();
    for (path, text) in units {
        let copy = folder.path().join(path.rsplit('/').next().unwrap());
        fs::write(&copy, text.replace(INSTALLED, env!("CARGO_BIN_EXE_cardgenius"))).unwrap();
        paths.push(copy.to_str().unwrap().to_owned());
    }
    let mut arguments = vec!["verify"];
    arguments.extend(paths.iter().map(String::as_str));
    let said = told("systemd-analyze", "systemd", &arguments, "");
    assert!(said.succeeded || !said.stderr.is_empty());
    said.stderr
}

fn units() -> Vec<(String, String)> {
    files("deploy/systemd", "service").into_iter().map(|path| (path.clone(), read(&path))).collect()
}

#[test]
fn systemd_finds_nothing_wrong_with_the_units() {
    let units = units();
    assert_eq!(units.len(), 2);
    assert_eq!(verified(&units), "");
}

#[test]
fn a_misspelt_setting_and_a_missing_program_would_be_found() {
    let mut units = units();
    units[0].1 = units[0].1.replace("ProtectSystem=", "ProtectSytem=");
    assert!(verified(&units).contains("ProtectSytem"), "{}", verified(&units));
    units[1].1 = units[1].1.replace(INSTALLED, "/usr/local/bin/no-such-program");
    assert!(verified(&units).contains("no-such-program"), "{}", verified(&units));
}

#[test]
fn the_units_leave_little_exposed() {
    for (path, _) in units() {
        let threshold = format!("--threshold={MOST_EXPOSED}");
        let arguments = ["security", "--offline=true", "--no-pager", &threshold, &path];
        let said = told("systemd-analyze", "systemd", &arguments, "");
        assert!(said.succeeded, "{path} is exposed more than {MOST_EXPOSED}:\n{}{}", said.stdout, said.stderr);
        assert!(said.stdout.contains("Overall exposure level"), "{}", said.stdout);
    }
}

#[test]
fn the_units_start_what_the_program_knows_and_leave_it_the_time_that_it_takes() {
    for (path, unit) in units() {
        let arguments: Vec<&str> = value(&unit, "ExecStart").split(' ').collect();
        assert_eq!(arguments[0], INSTALLED, "{path}");
        is_a_command_line(&arguments[1..]);
        assert!(value(&unit, "TimeoutStopSec").parse::<f64>().unwrap() > stop_seconds() + 5.0, "{path}");
        let variables = values(&unit, "Environment");
        assert_eq!(variables, ["CARDGENIUS_SOURCE__PASSWORD_FILE=%d/source-password"]);
        assert_eq!(value(&unit, "LoadCredential"), "source-password:/etc/cardgenius/source-password");
        assert_eq!((value(&unit, "LimitCORE"), value(&unit, "SyslogLevelPrefix")), ("0", "no"), "{path}");
        assert!(value(&unit, "RestartPreventExitStatus").split(' ').any(|code| code == "64"), "{path}");
    }
}

#[test]
fn the_daemon_notifies_and_is_watched_and_the_backfill_takes_as_long_as_it_takes() {
    let daemon = read("deploy/systemd/cardgenius.service");
    assert_eq!((value(&daemon, "Type"), value(&daemon, "NotifyAccess")), ("notify", "main"));
    assert_eq!(value(&daemon, "WatchdogSec"), "60");
    let backfill = read("deploy/systemd/cardgenius-backfill.service");
    assert_eq!((value(&backfill, "Type"), value(&backfill, "TimeoutStartSec")), ("oneshot", "infinity"));
    // Both are confined alike.
    let confinement = |unit: &str| {
        let from = unit.find("DynamicUser=").unwrap();
        unit[from..].split("\n[Install]").next().unwrap().trim().to_owned()
    };
    assert_eq!(confinement(&daemon), confinement(&backfill));
}

/// The lines of the example that set something, those that are switched off among them.
fn example(text: &str) -> Vec<(&str, &str)> {
    let lines = text.lines().map(|line| line.strip_prefix('#').unwrap_or(line));
    lines.filter(|line| line.starts_with("CARDGENIUS_")).map(|line| line.split_once('=').unwrap()).collect()
}

#[test]
fn every_line_of_the_example_environment_is_a_setting() {
    let text = read("deploy/environment.example");
    let lines = example(&text);
    assert!(lines.len() > 8);
    are_settings(lines);
    // As it stands, too.
    are_settings(text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('=')));
    holds_all(&text, &["/etc/cardgenius/environment", "/etc/cardgenius/source-password"]);
    assert!(!text.contains("PASSWORD="), "a password has no place in it");
}
