//! A real Prometheus with the delivered configuration, made quick and pointed at a daemon.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::delivered::{deploy, text};
use crate::http::{encoded, get};
use crate::running::{Running, spawn_command};

/// Nobody listens there.
const NOWHERE: &str = "127.0.0.1:1";

/// A Prometheus under way; killed when dropped, and its data with it.
pub struct Prometheus {
    address: SocketAddr,
    _running: Running,
}

/// The text with the one place replaced where this stands.
fn replaced(text: &str, this: &str, by: &str) -> String {
    assert_eq!(text.matches(this).count(), 1, "{this:?} is not there once:\n{text}");
    text.replace(this, by)
}

/// The delivered configuration, scraping this daemon each second.
fn configuration(daemon: &str) -> String {
    let text = text("prometheus/prometheus.yml");
    let text: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .fold(String::new(), |all, line| all + line + "\n");
    let text = replaced(&text, "scrape_interval: 15s", "scrape_interval: 1s");
    let text = replaced(&text, "evaluation_interval: 15s", "evaluation_interval: 1s");
    let text = replaced(&text, "daemon:9187", daemon);
    let text = replaced(&text, "backfill:9187", NOWHERE);
    let text = replaced(&text, "alertmanager:9093", NOWHERE);
    replaced(&text, "localhost:9090", NOWHERE)
}

impl Prometheus {
    /// Starts one that scrapes this daemon.
    pub fn scraping(daemon: SocketAddr) -> Self {
        Self::with(&configuration(&daemon.to_string()))
    }

    /// Starts one that has nothing to scrape.
    pub fn idle() -> Self {
        Self::with(&configuration(NOWHERE))
    }

    fn with(configuration: &str) -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("prometheus.yml"), configuration).unwrap();
        std::fs::copy(deploy("prometheus/alerts.yml"), folder.path().join("alerts.yml")).unwrap();
        let mut command = Command::new("prometheus");
        command.current_dir(&folder).args(["--config.file=prometheus.yml", "--storage.tsdb.path=data"]);
        command.arg("--web.listen-address=127.0.0.1:0");
        let running = spawn_command(command, folder);
        let line = running.said_line("Listening on");
        let address = line.split("address=").nth(1).and_then(|rest| rest.split_whitespace().next());
        let address = address.and_then(|address| address.parse().ok()).unwrap_or_else(|| panic!("no address: {line}"));
        running.said("Server is ready to receive web requests.");
        Self { address, _running: running }
    }

    fn asked(&self, path: &str) -> Result<Value, String> {
        let (status, body) = get(self.address, path).unwrap();
        let answer: Value = serde_json::from_str(&body).unwrap_or_else(|error| panic!("{path}: {error}: {body}"));
        if status == 200 { Ok(answer["data"].clone()) } else { Err(answer["error"].to_string()) }
    }

    /// All rules that it has loaded.
    pub fn rules(&self) -> Vec<Value> {
        let groups = self.asked("/api/v1/rules").unwrap();
        let rules = groups["groups"].as_array().unwrap().iter().flat_map(|group| group["rules"].as_array().unwrap());
        rules.cloned().collect()
    }

    /// The figures that an expression has just now; an error if it is none.
    pub fn figures(&self, expression: &str) -> Result<Vec<f64>, String> {
        let data = self.asked(&format!("/api/v1/query?query={}", encoded(expression)))?;
        let vector = data["result"].as_array().unwrap().iter();
        // A scalar is a pair of time and figure by itself, which no panel and no rule has.
        Ok(vector.map(|series| series["value"][1].as_str().unwrap().parse().unwrap()).collect())
    }

    /// Whether each figure satisfies the comparison, and there is one: waits until it is so.
    pub async fn comes_to(&self, comparison: &str) {
        let look = async || {
            let found = !self.figures(comparison).unwrap().is_empty();
            if !found {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            found.then_some(())
        };
        cardgenius_testkit::until(comparison, look).await;
    }
}
