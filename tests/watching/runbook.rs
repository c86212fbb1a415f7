//! What the rules and dashboards speak of is written down.

use std::collections::BTreeSet;
use std::path::Path;

use crate::expressions::string;
use crate::place::migrated;
use crate::program::start;
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

/// What stands between backquotes, line by line.
fn quoted(markdown: &str) -> impl Iterator<Item = Vec<&str>> {
    markdown.lines().map(|line| line.split('`').skip(1).step_by(2).collect())
}

/// Each command of ours with its flags: the words of the command, then its flags, also those that the same line adds.
fn commands(markdown: &str) -> Vec<(Vec<&str>, Vec<&str>)> {
    let mut commands: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
    for line in quoted(markdown) {
        let mut is_about_one = false;
        for span in line {
            let is_flag = |word: &&str| word.starts_with("--");
            if let Some(rest) = span.strip_prefix("cardgenius ") {
                let is_word = |word: &&str| word.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-');
                let words = rest.split(' ').take_while(|word| is_word(word) && !is_flag(word)).collect();
                commands.push((words, rest.split(' ').filter(is_flag).collect()));
                is_about_one = true;
            } else if let Some((_, flags)) = commands.last_mut().filter(|_| is_about_one) {
                flags.extend(span.split(' ').filter(is_flag));
            }
        }
    }
    commands
}

#[test]
fn every_command_that_is_advised_exists_with_its_flags() {
    let advice = [document("operations.md"), dashboards::descriptions().join("\n")].join("\n");
    let commands = commands(&advice);
    assert!(commands.len() > 20, "only {commands:?}");
    let mut unknown = BTreeSet::new();
    for (words, flags) in &commands {
        let help = start(words).flags(&["--help"]).run();
        let is_known = help.code == 0 && (words.is_empty() || !help.stdout.contains("Usage: cardgenius [OPTIONS]"));
        let missing = flags.iter().filter(|flag| !help.stdout.contains(**flag));
        unknown.extend(missing.map(|flag| format!("{} {flag}", words.join(" "))));
        if !is_known {
            unknown.insert(words.join(" "));
        }
    }
    assert_eq!(unknown, BTreeSet::new());
}

#[test]
fn every_statement_that_is_advised_works_on_a_migrated_database() {
    let document = document("operations.md");
    let blocks = document.split("```sql\n").skip(1).map(|block| block.split("```").next().unwrap());
    let lines: Vec<Vec<&str>> = quoted(&document).collect();
    let in_text = lines.iter().flatten().copied().filter(|span| span.starts_with("SELECT "));
    let statements: Vec<&str> = blocks.chain(in_text).collect();
    assert!(statements.len() > 12, "only {statements:?}");
    let database = migrated();
    let refused = |statement: &&str| database.server.psql(&database.name, statement).is_err();
    assert_eq!(statements.into_iter().filter(refused).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn commands_are_found_with_the_flags_that_their_line_adds() {
    let text = "`cardgenius requeue --failed`, or `--run ID`\nof `--backfill`: `cardgenius catalog check FILE`";
    let found = commands(text);
    assert_eq!(found, [(vec!["requeue"], vec!["--failed", "--run"]), (vec!["catalog", "check"], vec![])]);
}
