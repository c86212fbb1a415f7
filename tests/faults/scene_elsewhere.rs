//! What the tests on MariaDB begin and end with: users, and in the end the whole of what was promised.

use cardgenius_testkit::{Counts, MariadbDatabase, MariadbGate, MariadbServer, Side, until};

use crate::combinations::{Kind, MYSQL_CUSTOMER, Pair, on_postgres};
use crate::instances::with_short_leases;
use crate::program::Start;

/// Made-up users on MariaDB, all `new`, and the rows that they must get.
pub struct Elsewhere {
    pub pair: Pair,
    users: i64,
    expected: Vec<String>,
    /// Users that the test sets to `new` when they are completed, so that they are done once more.
    pub done_again: i64,
}

impl Elsewhere {
    /// On the server that all share.
    pub async fn of(users: i64, seed: i64) -> Self {
        Self::begun(Pair::migrated((Kind::Mariadb, None)), users, seed).await
    }

    /// On a server of the test's own, which it may stop and ask what it likes.
    pub async fn on(server: &'static MariadbServer, users: i64, seed: i64) -> Self {
        let pair = Pair { source: Side::Mariadb(server.empty()), second: None };
        let _ = pair.source.ask(MYSQL_CUSTOMER);
        Self::begun(pair.made_ready(), users, seed).await
    }

    async fn begun(pair: Pair, users: i64, seed: i64) -> Self {
        let (judged, expected) = on_postgres(users, seed).await;
        pair.source.populate_from(&judged);
        Self { pair, users, expected, done_again: 0 }
    }

    pub fn database(&self) -> &MariadbDatabase<'static> {
        match &self.pair.source {
            Side::Mariadb(database) => database,
            Side::Postgres(_) => unreachable!("made on MariaDB"),
        }
    }

    /// A backfill with short leases and waits.
    pub fn start(&self, chunk_rows: u32) -> Start {
        with_short_leases(self.pair.backfill(chunk_rows))
    }

    /// What a question's one row says.
    pub fn ask(&self, question: &str) -> String {
        self.pair.source.ask(question).join("\n")
    }

    /// A closed gate for loads of users from this key on.
    pub async fn gate(&self, from_key: &str) -> MariadbGate {
        MariadbGate::closed_from(self.database(), from_key).await
    }

    /// Waits until a question says something else than 0.
    pub async fn until(&self, what: &str, question: &str) {
        until(what, async || (self.ask(question) != "0").then_some(())).await;
    }

    /// Waits until so many users are completed.
    pub async fn completed(&self, users: i64) {
        let done = format!("SELECT count(*) >= {users} FROM {{{{input}}}} WHERE processing_status = 'completed'");
        self.until(&format!("{users} completed users"), &done).await;
    }

    /// How many claims there are of this state.
    pub fn claims(&self, state: &str) -> i64 {
        self.ask(&format!("SELECT count(*) FROM {{{{claims}}}} WHERE state = '{state}'")).parse().unwrap()
    }

    /// Everybody is completed exactly once, in runs that are done, with the rows that PostgreSQL gave them.
    pub fn all_completed(&self) {
        assert_eq!(self.pair.audited(), Counts::all_completed(self.users));
        assert!(self.pair.target().recommendations() == self.expected, "other rows");
        let settled = (self.users + self.done_again).to_string();
        assert_eq!(self.ask("SELECT sum(completed) FROM {{claims}}"), settled, "somebody was done twice");
        assert_eq!(self.ask("SELECT DISTINCT state FROM {{runs}}"), "done");
    }
}
