//! What a DBA does to the sessions of the program.

use cardgenius_testkit::{Database, until};
use tokio_postgres::Client;

/// Ends all our sessions in this database; how many there were.
pub async fn terminate(client: &Client) -> i64 {
    on_ours(client, "pg_terminate_backend").await
}

/// Cancels what our sessions in this database are doing; how many there were.
pub async fn cancel(client: &Client) -> i64 {
    on_ours(client, "pg_cancel_backend").await
}

async fn on_ours(client: &Client, function: &str) -> i64 {
    let statement = format!(
        "SELECT count({function}(pid)) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name LIKE 'cardgenius/%'"
    );
    client.query_one(&statement, &[]).await.unwrap().get(0)
}

/// Waits until at least so many sessions whose statement is like `query` wait for a lock.
pub async fn wait_for_a_lock(database: &Database<'_>, query: &str, sessions: i64) {
    let waits = format!(
        "SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '{query}'"
    );
    let client = database.connect().await;
    let look = async || (client.query_one(&waits, &[]).await.unwrap().get::<_, i64>(0) >= sessions).then_some(());
    until(&format!("{sessions} sessions that wait for a lock in {query}"), look).await;
}
