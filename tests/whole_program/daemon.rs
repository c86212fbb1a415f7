//! `cardgenius run`, started by a test: with its pages on a free port, and leases so short that nobody waits long.

use std::net::SocketAddr;

use cardgenius_testkit::{Database, until};
use nix::sys::signal::Signal;

use crate::http::get;
use crate::place::on;
use crate::program::{Answer, Start};
use crate::running::{Running, spawn};

/// A daemon under way.
pub struct Daemon {
    pub running: Running,
    pub address: SocketAddr,
}

/// `cardgenius run` on this database; it looks every second, and no schedule is due unless the test says so.
pub fn start(database: &Database<'_>) -> Start {
    on(database, &["run", "--http", "127.0.0.1:0"])
        .variable("CARDGENIUS_SCHEDULE__LOOK_MS", "1000")
        .variable("CARDGENIUS_PIPELINE__CHUNK_ROWS", "20")
        .variable("CARDGENIUS_LEASE__LEASE_MS", "3000")
        .variable("CARDGENIUS_LEASE__RENEW_MS", "500")
        .variable("CARDGENIUS_LEASE__SWEEP_MS", "300")
        .variable("CARDGENIUS_LIMITS__RENEW_STATEMENT_MS", "400")
}

impl Daemon {
    /// Starts it and waits until its pages are served.
    pub fn spawn(start: Start) -> Self {
        let running = spawn(start);
        let served = "at http://";
        running.said(served);
        let heard = running.heard();
        let address = heard.split(served).nth(1).unwrap();
        let end = address.find(|character: char| !matches!(character, '0'..='9' | '.' | ':')).unwrap();
        Self { address: address[..end].parse().unwrap(), running }
    }

    /// Starts it and waits until it is ready for work.
    pub fn ready(start: Start) -> Self {
        let daemon = Self::spawn(start);
        daemon.running.said("ready: waiting for what is due");
        daemon
    }

    /// A page: its status and its body.
    pub fn page(&self, path: &str) -> (u16, String) {
        get(self.address, path).unwrap()
    }

    /// Waits until a page says this with this status.
    pub async fn shows(&self, path: &str, status: u16, part: &str) {
        let what = format!("{path} to show {part:?} with {status}");
        until(&what, async || {
            let (seen, body) = self.page(path);
            (seen == status && body.contains(part)).then_some(())
        })
        .await;
    }

    /// Asks it to end, which it must do well.
    pub fn stop(self) -> Answer {
        self.running.signal(Signal::SIGTERM);
        self.running.end().ended(0)
    }
}
