//! Columns and index on the customer's table while others are at work on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cardgenius_store::migrate::migrate;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts};
use tokio::sync::mpsc;

use crate::place::Place;

async fn session(place: &Place<'_>) -> Conn {
    let opts = mysql_async::OptsBuilder::default()
        .socket(Some(place.server.socket().display().to_string()))
        .user(Some(place.server.superuser_name()))
        .db_name(Some(&place.tables.source_schema));
    Conn::new(Opts::from(opts)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn others_go_on_writing_while_the_columns_are_added_and_the_index_is_built() {
    let place = Place::customers();
    place.run(
        "INSERT INTO user_spending_data (user_id, avg_ajio_gmv)
         SELECT CONCAT('CK', LPAD(seq, 9, '0')), seq FROM seq_1_to_200000",
    );
    let (over, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut writer = session(&place).await;
    let writing = tokio::spawn({
        let (over, written) = (over.clone(), written.clone());
        async move {
            let mut longest = Duration::ZERO;
            while !over.load(Ordering::Relaxed) {
                let number = written.fetch_add(1, Ordering::Relaxed) + 1;
                let begun = Instant::now();
                let update = format!("UPDATE user_spending_data SET avg_ajio_gmv = 0 WHERE user_id = 'CK{number:09}'");
                writer.query_drop(update).await.unwrap();
                let insert = format!("INSERT INTO user_spending_data (user_id) VALUES ('NEW{number}')");
                writer.query_drop(insert).await.unwrap();
                longest = longest.max(begun.elapsed());
            }
            longest
        }
    });
    let mut during_index = 0;
    let mut begun = 0;
    migrate(&place.config(), &mut |step: &str| {
        let now = written.load(Ordering::Relaxed);
        if step.contains("building the index") {
            begun = now;
        } else if begun > 0 && during_index == 0 {
            during_index = now - begun;
        }
    })
    .await
    .unwrap();
    over.store(true, Ordering::Relaxed);
    let longest = writing.await.unwrap();
    assert!(during_index > 10, "only {during_index} writes while the index was built");
    assert!(longest < Duration::from_secs(5), "a write waited for {longest:?}");
    let counts = place.run("SELECT COUNT(*) FROM user_spending_data FORCE INDEX (cardgenius_unsettled_user_spending_data) WHERE processing_status = 'new'");
    assert_eq!(counts, format!("{}\n", 200_000 + written.load(Ordering::Relaxed)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_in_use_by_a_long_transaction_is_tried_again_and_that_is_told() {
    let place = Place::customers();
    let mut holder = session(&place).await;
    holder.query_drop("BEGIN").await.unwrap();
    holder.query_drop("SELECT COUNT(*) FROM user_spending_data").await.unwrap();
    let (sender, mut told) = mpsc::unbounded_channel();
    let config = place.config();
    let migrating = tokio::spawn(async move {
        migrate(&config, &mut |step: &str| {
            let _ = sender.send(step.to_owned());
        })
        .await
    });
    while let Some(line) = told.recv().await {
        if line.contains("trying again") {
            assert!(line.starts_with("0001_09_input_columns: Lock wait timeout exceeded"), "{line}");
            break;
        }
    }
    // Nobody waits behind an attempt any longer than it lasts.
    let mut other = session(&place).await;
    let read = other.query_drop("INSERT INTO user_spending_data (user_id) VALUES ('meanwhile')");
    tokio::time::timeout(Duration::from_secs(5), read).await.unwrap().unwrap();
    holder.query_drop("COMMIT").await.unwrap();
    migrating.await.unwrap().unwrap();
    assert_eq!(place.schema(), Place::migrated().await.schema());
}
