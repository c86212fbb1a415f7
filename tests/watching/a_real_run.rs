//! A daemon in the middle of a run, scraped by a real Prometheus: every expression has something to say.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use cardgenius_testkit::{Gate, populate, until};
use nix::sys::signal::Signal;

use crate::dashboards;
use crate::expressions::{comparisons, string};
use crate::http::get;
use crate::place::{migrated, on};
use crate::prometheus::Prometheus;
use crate::rules;
use crate::running::spawn;

const USERS: i64 = 400;

/// Expressions with where they stand.
type Expressions = Vec<(String, String)>;

/// What the panels ask for, what the rules record, and each figure that an alert compares.
fn all_expressions() -> Expressions {
    let mut all = dashboards::expressions();
    for rule in rules::recorded() {
        all.push((string(rule, "name").to_owned(), string(rule, "query").to_owned()));
        all.push((string(rule, "name").to_owned(), string(rule, "name").to_owned()));
    }
    for alert in rules::alerts() {
        let compared = comparisons(string(alert, "query")).unwrap();
        all.extend(compared.into_iter().map(|comparison| (string(alert, "name").to_owned(), comparison.figure)));
    }
    all
}

/// Those that have no figure just now, or that Prometheus refuses.
fn without_figures(prometheus: &Prometheus, expressions: &Expressions) -> Expressions {
    let is_silent = |expression: &str| match prometheus.figures(expression) {
        Ok(figures) => figures.iter().all(|figure| figure.is_nan()),
        Err(refusal) => panic!("{expression}: {refusal}"),
    };
    expressions.iter().filter(|(_, expression)| is_silent(expression)).cloned().collect()
}

/// Asks for all of them until each has had something to say: rates take two scrapes.
async fn all_say_something(prometheus: &Prometheus, mut expressions: Expressions) {
    assert!(expressions.len() > 80, "only {} expressions", expressions.len());
    for _ in 0..60 {
        expressions = without_figures(prometheus, &expressions);
        if expressions.is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let silent: Vec<String> = expressions.iter().map(|(place, expression)| format!("{place}: {expression}")).collect();
    panic!("{} without data:\n  {}", silent.len(), silent.join("\n  "));
}

/// Prometheus's opinion of the names, the help texts and the units.
fn metrics_are_well_made(metrics: &str) {
    let mut command = Command::new("promtool");
    command.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut promtool = command.spawn().unwrap();
    promtool.stdin.take().unwrap().write_all(metrics.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].map(|stream| String::from_utf8(stream).unwrap()).concat();
    assert!(output.status.success() && said.is_empty(), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_expression_of_every_panel_and_alert_returns_data_during_a_real_run() {
    let database = migrated();
    populate(&database.connect().await, &database.tables, USERS, 81).await;
    database.psql("UPDATE {{input}} SET avg_ajio_gmv = -1 WHERE user_id = 'CK0000010'");
    // Nobody passes until Prometheus has seen the counters at 0.
    let gate = Gate::closed_from(database.connect().await, &database.tables, "").await;
    let daemon = on(&database, &["run"]).variable("CARDGENIUS_HTTP__LISTEN", "127.0.0.1:0");
    let daemon =
        daemon.variable("CARDGENIUS_PIPELINE__CHUNK_ROWS", "10").variable("CARDGENIUS_METRICS__SAMPLE_MS", "1000");
    let daemon = spawn(daemon.variable("CARDGENIUS_SCHEDULE__LOOK_MS", "1000"));
    let line = daemon.said_line("serving /metrics");
    let address = line.split("http://").nth(1).and_then(|rest| rest.split('"').next()).unwrap().parse().unwrap();
    until("a daemon that is ready", async || {
        get(address, "/readyz").is_ok_and(|(status, _)| status == 200).then_some(())
    })
    .await;
    let prometheus = Prometheus::scraping(address);
    prometheus.comes_to(r#"sum_over_time(up{job="cardgenius"}[1m]) >= 2"#).await;

    on(&database, &["run-now"]).run().ended(0);
    gate.reached_by(2).await;
    prometheus.comes_to("max(cardgenius_run_in_progress) == 1").await;
    // Half of the users may pass, and of the chunks that hold them a few may be kept waiting by later ones.
    gate.move_to("CK0000201").await;
    prometheus.comes_to("max(cardgenius_run_settled_users) >= 100").await;
    all_say_something(&prometheus, all_expressions()).await;
    metrics_are_well_made(&get(address, "/metrics").unwrap().1);

    gate.open().await;
    prometheus.comes_to(r#"sum(cardgenius_runs_total{kind="manual",state="done"}) == 1"#).await;
    daemon.signal(Signal::SIGTERM);
    daemon.end();
}

#[test]
fn an_expression_without_data_and_one_of_nothing_but_nan_are_found() {
    let prometheus = Prometheus::idle();
    let expressions = ["vector(1)", "cardgenius_never_declared", "vector(0) / 0", "vector(0)"];
    let expressions = expressions.map(|expression| (String::new(), expression.to_owned())).to_vec();
    let silent: Vec<String> =
        without_figures(&prometheus, &expressions).into_iter().map(|(_, silent)| silent).collect();
    assert_eq!(silent, ["cardgenius_never_declared", "vector(0) / 0"]);
}
