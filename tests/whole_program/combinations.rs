//! Source and target on databases of whatever kinds.

use std::sync::LazyLock;

use cardgenius_embedded::MariadbOptions;
use cardgenius_testkit::{Counts, MariadbServer, Side, audit_sides, populate};

use crate::comparison::assert_as_the_oracle_says;
use crate::place::{CUSTOMER, SERVER, backfill, migrated};
use crate::program::{Start, start};

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
    pub fn source(self) -> Side<'static> {
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

    /// Migrates it, and has it checked.
    pub fn made_ready(self) -> Self {
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
