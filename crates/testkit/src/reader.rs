//! A reader in a loop: what an application of the customer's sees of the recommendations while everything goes wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_postgres::NoTls;

use crate::sql;
use crate::tables::Tables;

/// Between two attempts to reach a server that is down.
const RECONNECT_EVERY: Duration = Duration::from_millis(50);

/// Reads all recommendations again and again, and notes every user that is seen with other than the ranks 1 to 10.
#[derive(Debug)]
pub struct Reader {
    over: Arc<AtomicBool>,
    looks: Arc<AtomicU64>,
    reading: JoinHandle<Vec<String>>,
}

impl Reader {
    /// Starts to read the database at `url`; a connection that is lost is made anew.
    #[must_use]
    pub fn start(url: String, tables: &Tables) -> Self {
        let (over, looks) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let statement = tables.render(sql::READER_PARTIAL);
        let reading = tokio::spawn(read(url, statement, over.clone(), looks.clone()));
        Self { over, looks, reading }
    }

    /// Looks at the whole table so far.
    #[must_use]
    pub fn looks(&self) -> u64 {
        self.looks.load(Ordering::Relaxed)
    }

    /// Ends the reading; how often it looked.
    ///
    /// # Panics
    /// A user was seen in the middle: each is named.
    pub async fn end(self) -> u64 {
        self.over.store(true, Ordering::Relaxed);
        let seen = self.reading.await.unwrap();
        assert!(seen.is_empty(), "a reader saw users in the middle:\n  {}", seen.join("\n  "));
        self.looks.load(Ordering::Relaxed)
    }
}

async fn read(url: String, statement: String, over: Arc<AtomicBool>, looks: Arc<AtomicU64>) -> Vec<String> {
    let mut seen = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let Ok((client, connection)) = tokio_postgres::connect(&url, NoTls).await else {
            tokio::time::sleep(RECONNECT_EVERY).await;
            continue;
        };
        let serving = tokio::spawn(connection);
        while !over.load(Ordering::Relaxed) {
            let Ok(rows) = client.query(&statement, &[]).await else { break };
            seen.extend(rows.iter().map(|row| row.get::<_, String>(0)));
            looks.fetch_add(1, Ordering::Relaxed);
        }
        serving.abort();
    }
    seen
}
