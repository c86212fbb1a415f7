//! The users' database, and the recommendations' where that is another one.

use cardgenius_testkit::{Counts, Database, Reader, audit};

use crate::comparison::assert_in_two_databases;
use crate::place::{SERVER, migrated, on, unmigrated};
use crate::program::Start;

/// Both may be the same.
pub struct Sides {
    pub source: Database<'static>,
    pub target: Database<'static>,
}

impl Sides {
    /// One database for both tables.
    pub fn one() -> Self {
        let source = migrated();
        Self { target: source.clone(), source }
    }

    /// The recommendations in a database of their own.
    pub fn two() -> Self {
        let sides = Self { source: unmigrated(), target: SERVER.empty() };
        sides.naming(on(&sides.source, &["migrate"])).run().ended(0);
        sides
    }

    /// Tells a start where the recommendations are.
    pub fn naming(&self, start: Start) -> Start {
        if self.source.name == self.target.name {
            return start;
        }
        start.variable("CARDGENIUS_TARGET__URL", &self.target.url())
    }

    /// A reader of the recommendations.
    pub fn reader(&self) -> Reader {
        Reader::start(self.target.url(), &self.target.tables)
    }

    pub async fn audited(&self) -> Counts {
        audit(&self.source.connect().await, &self.target.connect().await, &self.source.tables).await
    }

    pub async fn assert_as_the_oracle_says(&self, step: usize) {
        let (source, target) = (self.source.connect().await, self.target.connect().await);
        assert_in_two_databases(&source, &target, &self.source.tables, step).await;
    }

    /// Changes with every row that is written, deleted or written again, and with every status.
    pub fn fingerprint(&self) -> String {
        let rows = "SELECT count(*), max(xmin::text::bigint), md5(string_agg(o::text, ',' ORDER BY user_id, rank)) FROM {{output}} AS o";
        let users = "SELECT md5(string_agg(u::text, ',' ORDER BY user_id)) FROM {{input}} AS u";
        format!("{} {}", self.target.psql(rows), self.source.psql(users))
    }
}
