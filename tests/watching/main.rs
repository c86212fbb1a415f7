//! What is delivered for watching CardGenius: Prometheus's rules, Alertmanager's configuration, Grafana's dashboards. Judged by
//! the real programs: each alert is shown to fire and not to, and every expression is put to a Prometheus that scrapes a run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

// What the whole-program tests have is used here in part.
#[allow(dead_code)]
#[path = "../whole_program/place.rs"]
mod place;
#[path = "../program.rs"]
mod program;
#[path = "../whole_program/running.rs"]
mod running;

mod a_real_run;
mod dashboards;
mod delivered;
mod expressions;
#[path = "../http.rs"]
mod http;
mod mutants;
mod prometheus;
mod rules;
mod runbook;
