//! What every test here begins and ends with: users, somebody who reads their rows all the while, and in the end the
//! whole of what was promised.

use cardgenius_testkit::{Counts, Database, Gate, Reader, TestServer, audit, populate, until};

use crate::comparison::assert_in_two_databases;
use crate::instances::quick;
use crate::place::{CUSTOMER, SERVER, migrated, on};
use crate::program::Start;

/// Notes every attempt and every crash that a user is charged with: settling sets both to zero again.
pub const CHARGES: &str = "CREATE TABLE charges (user_id text, attempts integer, crashes integer);
    CREATE FUNCTION charge() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO charges VALUES
            (NEW.user_id, greatest(NEW.attempts - OLD.attempts, 0), greatest(NEW.crashes - OLD.crashes, 0));
        RETURN NULL;
    END $$;
    CREATE TRIGGER charge AFTER UPDATE ON {{input}} FOR EACH ROW
    WHEN (NEW.attempts > OLD.attempts OR NEW.crashes > OLD.crashes) EXECUTE FUNCTION charge()";

/// Our sessions in this database.
pub const OUR_SESSIONS: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'cardgenius/%'";

/// Made-up users, all `new`, and a reader.
pub struct Scene<'s> {
    pub source: Database<'s>,
    /// The same as the source, unless the recommendations lie in a second database.
    pub target: Database<'s>,
    users: i64,
    /// Users that the test sets to `new` when they are completed, so that they are done once more.
    pub done_again: i64,
    reader: Reader,
}

/// What the users were charged with in all.
#[derive(Debug, PartialEq, Eq)]
pub struct Charged {
    pub attempts: i64,
    pub crashes: i64,
}

impl Scene<'static> {
    /// On the server that all share, in one database.
    pub async fn of(users: i64, seed: i64) -> Self {
        let database = migrated();
        Self::begun(database.clone(), database, users, seed).await
    }

    /// The recommendations in a database of their own.
    pub async fn in_two(users: i64, seed: i64) -> Self {
        Self::in_two_on(&SERVER, users, seed).await
    }
}

impl<'s> Scene<'s> {
    /// On a server of the test's own, which it may stop and reconfigure.
    pub async fn on(server: &'s TestServer, users: i64, seed: i64) -> Self {
        let database = server.empty();
        database.psql(CUSTOMER);
        on(&database, &["migrate"]).run().ended(0);
        Self::begun(database.clone(), database, users, seed).await
    }

    async fn in_two_on(server: &'s TestServer, users: i64, seed: i64) -> Self {
        let (source, target) = (server.empty(), server.empty());
        source.psql(CUSTOMER);
        on(&source, &["migrate"]).variable("CARDGENIUS_TARGET__URL", &target.url()).run().ended(0);
        Self::begun(source, target, users, seed).await
    }

    async fn begun(source: Database<'s>, target: Database<'s>, users: i64, seed: i64) -> Self {
        populate(&source.connect().await, &source.tables, users, seed).await;
        source.psql(CHARGES);
        let reader = Reader::start(target.url(), &target.tables);
        Self { source, target, users, done_again: 0, reader }
    }

    /// A backfill with short leases and waits.
    pub fn start(&self, chunk_rows: u32) -> Start {
        let start = quick(&self.source, chunk_rows);
        if self.source.name == self.target.name {
            return start;
        }
        start.variable("CARDGENIUS_TARGET__URL", &self.target.url())
    }

    /// A closed gate for loads of users from this key on.
    pub async fn gate(&self, from_key: &str) -> Gate {
        Gate::closed_from(self.target.connect().await, &self.target.tables, from_key).await
    }

    /// Waits until so many users are completed.
    pub async fn completed(&self, users: i64) {
        let done = "SELECT count(*) FROM {{input}} WHERE processing_status = 'completed'";
        let look = async || (self.source.psql(done).parse::<i64>().unwrap() >= users).then_some(());
        until(&format!("{users} completed users"), look).await;
    }

    /// Audits in the middle; the users by their status.
    pub async fn audited(&self) -> Counts {
        audit(&self.source.connect().await, &self.target.connect().await, &self.source.tables).await
    }

    /// What became of the claims: how many there are of this state.
    pub fn claims(&self, state: &str) -> i64 {
        self.source.psql(&format!("SELECT count(*) FROM {{{{claims}}}} WHERE state = '{state}'")).parse().unwrap()
    }

    /// What the users have been charged with so far.
    pub fn charged(&self) -> Charged {
        let sums = self.source.psql("SELECT coalesce(sum(attempts), 0), coalesce(sum(crashes), 0) FROM charges");
        let (attempts, crashes) = sums.split_once('|').unwrap();
        Charged { attempts: attempts.parse().unwrap(), crashes: crashes.parse().unwrap() }
    }

    /// Everybody is completed exactly once, in runs that are done, and it cost nobody anything.
    pub async fn all_well(self) {
        let charged = self.all_completed().await;
        assert_eq!(charged, Charged { attempts: 0, crashes: 0 });
    }

    /// Everybody is completed exactly once, in runs that are done; no session is left. What it cost.
    pub async fn all_completed(self) -> Charged {
        assert_eq!(self.audited().await, Counts::all_completed(self.users));
        let (source, target) = (self.source.connect().await, self.target.connect().await);
        let step = usize::try_from(self.users / 20).unwrap().max(1);
        assert_in_two_databases(&source, &target, &self.source.tables, step).await;
        let settled = format!("{}|0", self.users + self.done_again);
        assert_eq!(self.source.psql("SELECT sum(completed), sum(failed) FROM {{claims}}"), settled);
        assert_eq!(self.source.psql("SELECT DISTINCT state FROM {{runs}}"), "done");
        for database in [&self.source, &self.target] {
            until("our sessions to end", async || (database.psql(OUR_SESSIONS) == "0").then_some(())).await;
        }
        let charged = self.charged();
        let looks = self.reader.end().await;
        assert!(looks > 0, "the reader never saw anything");
        charged
    }
}
