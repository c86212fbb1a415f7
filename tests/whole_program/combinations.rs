//! Every combination of kinds for source and target, the same users: the same rows, byte for byte, as on PostgreSQL alone,
//! which the oracle has judged.

use std::sync::LazyLock;

use cardgenius_embedded::MariadbOptions;
use cardgenius_testkit::{Counts, MariadbServer, Side, audit_sides, populate};

use crate::comparison::assert_as_the_oracle_says;
use crate::place::{CUSTOMER, SERVER, backfill, migrated};
use crate::program::{Start, holds_all, start};

/// The customer's table on MySQL and MariaDB, before we come.
pub const MYSQL_CUSTOMER: &str = include_str!("../../sql/mysql/customer/user_spending_data.sql");

/// One MariaDB for all tests, and one for targets that are elsewhere: all databases of one server share a transaction.
pub static MARIADB: LazyLock<MariadbServer> = LazyLock::new(mariadb);
static OTHER_MARIADB: LazyLock<MariadbServer> = LazyLock::new(mariadb);

fn mariadb() -> MariadbServer {
    MariadbServer::launch(MariadbOptions::for_tests().loopback_tcp().setting("max_connections", "200"))
}

/// The kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Postgres,
    Mariadb,
}

/// The kinds of source and target; with none for the target both tables are in one database.
pub type Combination = (Kind, Option<Kind>);

/// Those that are not PostgreSQL alone.
pub const COMBINATIONS: [Combination; 4] = [
    (Kind::Mariadb, None),
    (Kind::Mariadb, Some(Kind::Mariadb)),
    (Kind::Postgres, Some(Kind::Mariadb)),
    (Kind::Mariadb, Some(Kind::Postgres)),
];

impl Kind {
    /// With the customer's table of users.
    fn source(self) -> Side<'static> {
        let (side, customer) = match self {
            Self::Postgres => (Side::Postgres(SERVER.empty()), CUSTOMER),
            Self::Mariadb => (Side::Mariadb(MARIADB.empty()), MYSQL_CUSTOMER),
        };
        let _ = side.ask(customer);
        side
    }

    fn second_target(self) -> Side<'static> {
        match self {
            Self::Postgres => Side::Postgres(SERVER.empty()),
            Self::Mariadb => Side::Mariadb(OTHER_MARIADB.empty()),
        }
    }
}

/// A source and a target.
pub struct Pair {
    pub source: Side<'static>,
    /// None: in the source.
    pub second: Option<Side<'static>>,
}

impl Pair {
    /// Migrated, and found sound by `check`.
    pub fn migrated((source, target): Combination) -> Self {
        Self { source: source.source(), second: target.map(Kind::second_target) }.made_ready()
    }

    fn made_ready(self) -> Self {
        let pair = self;
        pair.start(&["migrate"]).run().ended(0);
        pair.start(&["check"]).run().ended(0);
        pair
    }

    pub fn target(&self) -> &Side<'static> {
        self.second.as_ref().unwrap_or(&self.source)
    }

    /// A start of the program on these databases.
    pub fn start(&self, arguments: &[&str]) -> Start {
        let start = start(arguments).variable("CARDGENIUS_SOURCE__URL", &self.source.url());
        match &self.second {
            Some(target) => start.variable("CARDGENIUS_TARGET__URL", &target.url()),
            None => start,
        }
    }

    pub fn backfill(&self, chunk_rows: u32) -> Start {
        self.start(&["--backfill", "--chunk-rows", &chunk_rows.to_string()])
    }

    pub fn audited(&self) -> Counts {
        audit_sides(&self.source, self.target())
    }
}

/// The same users on PostgreSQL alone, completed and judged by the oracle; and the rows that they got there.
pub async fn on_postgres(users: i64, seed: i64) -> (cardgenius_testkit::Database<'static>, Vec<String>) {
    let alone = migrated();
    populate(&alone.connect().await, &alone.tables, users, seed).await;
    backfill(&alone, 1_000).run().ended(0);
    assert_as_the_oracle_says(&alone, usize::try_from(users / 20).unwrap()).await;
    let rows = Side::Postgres(alone.clone()).recommendations();
    (alone, rows)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_combination_of_databases_gets_the_same_rows_byte_for_byte() {
    let (alone, expected) = on_postgres(2_500, 601).await;
    assert_eq!(expected.len(), 25_000);
    for combination in COMBINATIONS {
        let pair = Pair::migrated(combination);
        pair.source.populate_from(&alone);
        let answer = pair.backfill(400).run().ended(0);
        holds_all(&answer.stdout, &["2,500 users, 25,000 rows"]);
        assert_eq!(pair.audited(), Counts::all_completed(2_500), "{combination:?}");
        assert!(pair.target().recommendations() == expected, "{combination:?}: other rows than on PostgreSQL");
        if pair.second.is_some() {
            let fence = pair.target().ask("SELECT count(*) FROM cardgenius_fence WHERE loaded");
            assert_eq!(fence, ["7"], "{combination:?}: a row at the fence for each load");
        }
        // Everybody once more: the old rows are replaced.
        let _ = pair.source.ask("UPDATE {{input}} SET processing_status = 'new'");
        pair.backfill(1_000).run().ended(0);
        assert_eq!(pair.audited(), Counts::all_completed(2_500), "{combination:?}, once more");
        assert!(pair.target().recommendations() == expected, "{combination:?}: other rows the second time");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_database_of_the_same_mariadb_is_written_in_one_transaction_without_a_fence() {
    let (alone, expected) = on_postgres(300, 604).await;
    let pair = Pair { source: Kind::Mariadb.source(), second: Some(Side::Mariadb(MARIADB.empty())) }.made_ready();
    pair.source.populate_from(&alone);
    pair.backfill(100).run().ended(0);
    assert_eq!(pair.audited(), Counts::all_completed(300));
    assert!(pair.target().recommendations() == expected);
    assert_eq!(pair.target().ask("SHOW TABLES LIKE 'cardgenius_fence'"), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn three_instances_share_the_users_of_every_combination() {
    let (alone, expected) = on_postgres(1_200, 602).await;
    for combination in COMBINATIONS {
        let pair = Pair::migrated(combination);
        pair.source.populate_from(&alone);
        let instances: Vec<_> = (0..3).map(|_| crate::running::spawn(pair.backfill(50))).collect();
        for instance in instances {
            instance.end().ended(0);
        }
        assert_eq!(pair.audited(), Counts::all_completed(1_200), "{combination:?}");
        assert!(pair.target().recommendations() == expected, "{combination:?}");
        let completed = pair.source.ask("SELECT sum(completed) FROM {{claims}}");
        assert_eq!(completed, ["1200"], "{combination:?}: somebody was done twice");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_local_files_rows_are_inserted_and_are_the_same() {
    let (alone, expected) = on_postgres(300, 603).await;
    let server = MariadbServer::launch(MariadbOptions::for_tests().local_infile(false));
    let source = Side::Mariadb(server.empty());
    let _ = source.ask(MYSQL_CUSTOMER);
    source.populate_from(&alone);
    let on_it = |arguments: &[&str]| start(arguments).variable("CARDGENIUS_SOURCE__URL", &source.url());
    on_it(&["migrate"]).run().ended(0);
    let answer = on_it(&["--backfill", "--chunk-rows", "77"]).run().ended(0);
    holds_all(&answer.stderr, &["the server takes no local files"]);
    assert_eq!(audit_sides(&source, &source), Counts::all_completed(300));
    assert!(source.recommendations() == expected);
}
