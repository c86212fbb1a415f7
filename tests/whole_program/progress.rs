//! What is seen while a run is under way: log lines for a collector, a bar on a terminal, both with the same figures.

use std::process::Command;

use cardgenius_testkit::{Database, Gate, populate, until};
use serde_json::Value;
use tempfile::TempDir;

use crate::place::{backfill, migrated};
use crate::program::{Start, holds_all};
use crate::running::{Running, spawn, spawn_command};

/// 150 of 300 users are completed and 2 failed when the rest begins to wait.
async fn half_way(database: &Database<'_>, run: impl FnOnce() -> Running) -> (Gate, Running) {
    let client = database.connect().await;
    populate(&client, &database.tables, 300, 61).await;
    database.psql("UPDATE {{input}} SET avg_ajio_gmv = -1 WHERE user_id IN ('CK0000010', 'CK0000020')");
    let gate = Gate::closed_from(database.connect().await, &database.tables, "CK0000153").await;
    let run = run();
    gate.reached_by(2).await;
    let settled = "SELECT count(*) FROM {{input}} WHERE processing_status IN ('completed', 'failed')";
    until("the first half", async || (database.psql(settled) == "152").then_some(())).await;
    (gate, run)
}

fn lenient(database: &Database<'_>) -> Start {
    backfill(database, 38).variable("CARDGENIUS_PIPELINE__MAX_FAILED_SHARE", "0.5")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_gets_the_progress_as_json_lines_and_the_summary_is_alone_on_standard_output() {
    let database = migrated();
    let (gate, run) = half_way(&database, || spawn(lenient(&database))).await;
    run.said(r#""done":152"#);
    gate.open().await;
    let answer = run.end().ended(0);
    let lines: Vec<Value> = answer.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let progress: Vec<&Value> = lines.iter().filter(|line| line["message"] == "progress").collect();
    for line in &progress {
        assert_eq!((&line["level"], &line["total"]), (&"INFO".into(), &300.into()), "{line}");
        assert!(line["users_per_second"].is_u64() && line["failed"].is_u64() && line["eta"].is_string(), "{line}");
    }
    let half = progress.iter().find(|line| line["done"] == 152).unwrap();
    assert_eq!(half["failed"], 2);
    assert!(half["users_per_second"].as_u64() > Some(0), "{half}");
    // 148 users at some users a second: minutes and seconds as on a clock.
    let eta = half["eta"].as_str().unwrap();
    assert!(eta.split(':').count() == 2 && eta.split(':').all(|part| part.parse::<u32>().is_ok()), "{eta}");

    holds_all(&answer.stdout, &["completed   298 users, 2,980 rows", "failed      2 users (0.667 %)"]);
    holds_all(&answer.stdout, &[r#"2 negative spend, such as "CK0000010""#]);
    assert!(answer.stdout.starts_with("run         backfill "), "{}", answer.stdout);
}

/// The program on a terminal of 80 columns; what the terminal shows comes on standard output.
fn on_a_terminal(start: Start) -> Running {
    let Start { command, .. } = start;
    let program = command.get_program().to_str().unwrap();
    let arguments: Vec<&str> = command.get_args().map(|argument| argument.to_str().unwrap()).collect();
    let mut script = Command::new("script");
    script.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("SHELL", "/bin/sh").env("TERM", "xterm");
    script.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let inner = format!("stty rows 24 cols 80; exec '{program}' {}", arguments.join(" "));
    script.args(["-qec", &inner, "/dev/null"]);
    spawn_command(script, TempDir::new().unwrap())
}

/// Without what moves the cursor and colours the text.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if character != '\u{1b}' {
            plain.push(character);
        } else if rest.next() == Some('[') {
            rest.by_ref().find(|end| end.is_ascii_alphabetic());
        }
    }
    plain
}

/// Runs claim to have begun with two million users: figures as long as they get.
const TWO_MILLION: &str = "CREATE FUNCTION two_million() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN NEW.backlog := 2000000; RETURN NEW; END$$;
    CREATE TRIGGER two_million BEFORE INSERT ON {{runs}} FOR EACH ROW EXECUTE FUNCTION two_million()";

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_of_80_columns_shows_a_bar_with_the_same_figures_on_one_line() {
    let database = migrated();
    database.psql(TWO_MILLION);
    let (gate, run) = half_way(&database, || on_a_terminal(lenient(&database))).await;
    run.printed("152 of 2,000,000 users");
    gate.open().await;
    let answer = run.end().ended(0);
    let shown = plain(&answer.stdout);
    let bar = shown.split(['\r', '\n']).find(|line| line.contains("152 of 2,000,000 users")).unwrap();
    holds_all(bar, &["  0%", " users/s", "ETA ", "failed 2 ", "─"]);
    assert!(bar.trim_end().chars().count() <= 80, "it wraps: {bar}");
    // People read text, and the summary comes last.
    assert!(!shown.contains(r#"{"timestamp""#), "{shown}");
    let summary = &shown[shown.find("run         backfill ").unwrap()..];
    holds_all(summary, &["(done)", "completed   298 users, 2,980 rows", "failed      2 users (0.667 %)"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_on_a_terminal_ends_with_the_code_that_it_was_stopped_with() {
    let database = migrated();
    let (gate, run) = half_way(&database, || on_a_terminal(lenient(&database))).await;
    run.printed("152 of 300 users");
    // Ctrl-C reaches the whole foreground group; here the program alone is told.
    let pid: i32 = database.psql("SELECT process_id FROM cardgenius_instances").parse().unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGINT).unwrap();
    run.printed("SIGINT: stopping; a second signal ends the program at once");
    gate.open().await;
    holds_all(&run.end().ended(4).stdout, &["(open)"]);
}
