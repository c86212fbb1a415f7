//! Users on databases of whatever kinds, with somebody who reads their rows: where an arrow is tried.

use std::time::Duration;

use cardgenius_testkit::{Counts, Database, Reader, Side, populate};
use tokio::sync::OnceCell;

use crate::combinations::{Combination, Kind, Pair, on_postgres};
use crate::instances::with_short_leases;
use crate::program::Start;
use crate::scene::CHARGES;
use crate::sides::Sides;

/// Of every scenario.
pub const USERS: i64 = 900;

const SEED: i64 = 301;

/// As [`CHARGES`], in MySQL's words.
const MYSQL_CHARGES: &str = "CREATE TABLE charges (user_id VARCHAR(50), attempts INT, crashes INT);
    CREATE TRIGGER charge AFTER UPDATE ON {{input}} FOR EACH ROW
    INSERT INTO charges SELECT NEW.user_id, GREATEST(NEW.attempts - OLD.attempts, 0), GREATEST(NEW.crashes - OLD.crashes, 0)
    FROM DUAL WHERE NEW.attempts > OLD.attempts OR NEW.crashes > OLD.crashes";

/// On MariaDB no row tells when it was written: each is counted.
const MYSQL_WRITTEN: &str = "CREATE TABLE written (place BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY);
    CREATE TRIGGER note_what_is_written AFTER INSERT ON {{output}} FOR EACH ROW INSERT INTO written () VALUES ()";

/// PostgreSQL alone, or with a second PostgreSQL, has means of its own to look; every other combination is looked at in words
/// that both kinds have.
pub enum Ground {
    Postgres(Box<Sides>),
    Mixed(Box<Pair>),
}

/// The same users done on PostgreSQL, and the rows that they get: judged by the oracle once.
async fn judged() -> &'static (Database<'static>, Vec<String>) {
    static JUDGED: OnceCell<(Database<'static>, Vec<String>)> = OnceCell::const_new();
    JUDGED.get_or_init(|| on_postgres(USERS, SEED)).await
}

impl Ground {
    /// Migrated, with users; charges are noted, and a reader reads.
    pub async fn with_users(combination: Combination) -> (Self, Watching) {
        match combination {
            (Kind::Postgres, None | Some(Kind::Postgres)) => {
                let sides = if combination.1.is_some() { Sides::two() } else { Sides::one() };
                populate(&sides.source.connect().await, &sides.source.tables, USERS, SEED).await;
                sides.source.psql(CHARGES);
                let reader = sides.reader();
                (Self::Postgres(Box::new(sides)), Watching::Reader(reader))
            }
            _ => {
                let pair = Pair::migrated(combination);
                pair.source.populate_from(&judged().await.0);
                let charges = if combination.0 == Kind::Mariadb { MYSQL_CHARGES } else { CHARGES };
                let _ = pair.source.ask(charges);
                if matches!(pair.target(), Side::Mariadb(_)) {
                    let _ = pair.target().ask(MYSQL_WRITTEN);
                }
                let watching = Watching::start(pair.target().clone());
                (Self::Mixed(Box::new(pair)), watching)
            }
        }
    }

    /// An instance with short leases.
    pub fn instance(&self, chunk_rows: u32) -> Start {
        with_short_leases(match self {
            Self::Postgres(sides) => sides.naming(crate::place::backfill(&sides.source, chunk_rows)),
            Self::Mixed(pair) => pair.backfill(chunk_rows),
        })
    }

    /// What the source says to a question.
    pub fn ask(&self, question: &str) -> String {
        match self {
            Self::Postgres(sides) => sides.source.psql(question),
            Self::Mixed(pair) => pair.source.ask(question).join("\n"),
        }
    }

    pub async fn audited(&self) -> Counts {
        match self {
            Self::Postgres(sides) => sides.audited().await,
            Self::Mixed(pair) => pair.audited(),
        }
    }

    pub async fn assert_as_the_oracle_says(&self, step: usize) {
        match self {
            Self::Postgres(sides) => sides.assert_as_the_oracle_says(step).await,
            Self::Mixed(pair) => assert!(pair.target().recommendations() == judged().await.1, "other rows"),
        }
    }

    /// Changes with every row that is written or written again, and with every status.
    pub fn fingerprint(&self) -> String {
        match self {
            Self::Postgres(sides) => sides.fingerprint(),
            Self::Mixed(pair) => {
                let written = match pair.target() {
                    Side::Mariadb(_) => "SELECT count(*) FROM written",
                    Side::Postgres(_) => "SELECT max(xmin::text::bigint) FROM {{output}}",
                };
                let users = "SELECT concat_ws('|', user_id, processing_status, claim_id, processed_at) FROM {{input}} ORDER BY user_id";
                let (users, rows) = (pair.source.ask(users), pair.target().recommendations());
                format!("{:?} {} {}", pair.target().ask(written), users.join("\n"), rows.join("\n"))
            }
        }
    }
}

/// Somebody who reads.
pub enum Watching {
    Reader(Reader),
    Side { over: tokio::sync::watch::Sender<bool>, reading: std::thread::JoinHandle<(u64, Vec<String>)> },
}

impl Watching {
    fn start(target: Side<'static>) -> Self {
        let (over, ended) = tokio::sync::watch::channel(false);
        let reading = std::thread::spawn(move || {
            let (mut looks, mut seen) = (0, Vec::new());
            while !*ended.borrow() {
                seen.extend(target.partly_there());
                looks += 1;
                // Each look starts a client: all the machine would be busy with it.
                std::thread::sleep(Duration::from_millis(100));
            }
            (looks, seen)
        });
        Self::Side { over, reading }
    }

    /// Ends the reading; how often it looked.
    pub async fn end(self) -> u64 {
        match self {
            Self::Reader(reader) => reader.end().await,
            Self::Side { over, reading } => {
                over.send_replace(true);
                let (looks, seen) = tokio::task::spawn_blocking(|| reading.join().unwrap()).await.unwrap();
                assert!(seen.is_empty(), "a reader saw users in the middle:\n  {}", seen.join("\n  "));
                looks
            }
        }
    }
}
