//! `cardgenius demo`: the whole thing from nothing, and nothing left of it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::program::{Answer, holds_all, start};

/// Where the demo says its server is.
fn folder(answer: &Answer) -> String {
    let line = answer.stdout.lines().find(|line| line.starts_with("» PostgreSQL ")).unwrap();
    line.rsplit(" in ").next().unwrap().to_owned()
}

/// Processes with this folder on their command line.
fn processes_of(folder: &str) -> Vec<String> {
    let lines =
        fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines.filter(|line| line.contains(folder)).collect()
}

/// The summary and the table that follow the backfill.
fn assert_shows_the_result(stdout: &str, users: u64) {
    let value = |name: &str| stdout.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim();
    let number = |text: &str| text.split(' ').next().unwrap().replace(',', "").parse::<u64>().unwrap();
    let (completed, failed) = (value("completed "), value("failed "));
    assert_eq!(number(completed) + number(failed), users, "{stdout}");
    assert!(number(failed) * 100 < users, "{stdout}");
    assert_eq!(number(completed.split(", ").last().unwrap()), 10 * number(completed), "{stdout}");
    holds_all(value("run "), &["backfill ", "(done)"]);

    let table = &stdout[stdout.find("the ten cards of CK").unwrap()..];
    holds_all(table.lines().next().unwrap(), &["who spends a month (rupees): amazon ", ", confirmed "]);
    let rows: Vec<&str> = table.lines().skip(2).take(11).collect();
    let header: Vec<&str> = rows[0].split_whitespace().collect();
    assert_eq!(header, ["#", "CARD", "NET", "SAVINGS", "FEE", "EXTRAS", "REDEEM", "AS", "RATE"]);
    let mut last = f64::INFINITY;
    for (rank, row) in (1..=10).zip(&rows[1..]) {
        assert_eq!(row.split_whitespace().next(), Some(&*rank.to_string()), "{table}");
        let figures: Vec<f64> =
            row.split_whitespace().filter(|word| word.contains('.')).filter_map(|word| word.parse().ok()).collect();
        let [net, savings, fee, extras, _rate] = figures[..] else { panic!("{row}") };
        assert!((savings - fee + extras - net).abs() < 0.005, "{row}");
        assert!(net <= last, "{table}");
        last = net;
    }
}

#[test]
fn the_demo_shows_a_backfill_from_an_empty_server_to_ten_cards_and_leaves_nothing_behind() {
    let answer = start(&["demo", "--users", "2000"]).run().ended(0);
    let steps: Vec<&str> = answer.stdout.lines().filter(|line| line.starts_with("» ")).collect();
    let said = [
        "» starting a private PostgreSQL server",
        "» PostgreSQL ",
        "» made up 2,000 users in ",
        "» migrating",
        "» the backfill: cardgenius --backfill",
        "» the server is stopped and its folder is gone",
    ];
    assert_eq!(steps.len(), said.len(), "{}", answer.stdout);
    assert!(steps.iter().zip(said).all(|(step, said)| step.starts_with(said)), "{}", answer.stdout);
    holds_all(&answer.stdout, &["schema version 4 is in force"]);
    assert_shows_the_result(&answer.stdout, 2_000);
    let folder = folder(&answer);
    assert!(!Path::new(&folder).exists(), "{folder} is still there");
    assert_eq!(processes_of(&folder), [""; 0]);
}

#[test]
fn the_same_seed_shows_the_same_users() {
    let table = |seed: &str| {
        let answer = start(&["demo", "--users", "300", "--seed", seed]).run().ended(0);
        answer.stdout[answer.stdout.find("the ten cards of").unwrap()..].to_owned()
    };
    let first = table("7");
    assert_eq!(first, table("7"));
    assert_ne!(first, table("8"));
}

#[test]
fn the_demo_touches_no_database_but_its_own() {
    let nowhere = "postgres://nobody@127.0.0.1:1/x";
    let start = start(&["demo", "--users", "50"]).variable("CARDGENIUS_SOURCE__URL", nowhere);
    start.variable("CARDGENIUS_TARGET__URL", nowhere).variable("DATABASE_URL", nowhere).run().ended(0);
}

/// A demo that was kept; ended by the command that it printed.
struct Kept {
    stdout: String,
    end: String,
}

impl Kept {
    fn line(stdout: &str, name: &str) -> String {
        let begin = format!("  {name}:");
        stdout.lines().find_map(|line| line.strip_prefix(&begin)).unwrap().trim().to_owned()
    }

    fn shell(command: &str) -> Output {
        Command::new("/bin/sh").args(["-c", command]).output().unwrap()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        Self::shell(&self.end);
    }
}

#[test]
fn a_demo_that_is_kept_can_be_looked_into_run_again_and_ended_by_what_it_printed() {
    let answer = start(&["demo", "--users", "200", "--keep"]).run().ended(0);
    let kept = Kept { end: Kept::line(&answer.stdout, "end"), stdout: answer.stdout.clone() };
    assert_shows_the_result(&kept.stdout, 200);
    let folder = folder(&answer);

    let look = Kept::line(&kept.stdout, "look");
    assert!(look.starts_with("psql '"), "{look}");
    let looked = Kept::shell(&format!("{look} -XAtc \"SELECT count(*) FROM card_recommendations WHERE rank = 1\""));
    let seen = String::from_utf8_lossy(&looked.stdout);
    assert!(looked.status.success() && seen.trim().parse::<u32>().unwrap() > 190, "{looked:?}");

    let again =
        Kept::line(&kept.stdout, "again").replace("cardgenius --", &format!("{} --", env!("CARGO_BIN_EXE_cardgenius")));
    let again = Kept::shell(&again);
    assert!(again.status.success(), "{again:?}");
    holds_all(&String::from_utf8_lossy(&again.stdout), &["completed   0 users"]);
    assert!(Path::new(&Kept::line(&kept.stdout, "log")).is_file());

    let ended = Kept::shell(&kept.end);
    assert!(ended.status.success() && ended.stderr.is_empty(), "{ended:?}");
    assert!(!Path::new(&folder).exists());
    assert_eq!(processes_of(&folder), [""; 0]);
}

#[test]
fn ctrl_c_ends_a_demo_and_its_server() {
    let run = crate::running::spawn(start(&["demo", "--users", "2000000"]));
    run.printed("» PostgreSQL ");
    run.signal(nix::sys::signal::Signal::SIGINT);
    let answer = run.end().ended(4);
    let folder = folder(&answer);
    assert!(!Path::new(&folder).exists());
    assert_eq!(processes_of(&folder), [""; 0]);
}
