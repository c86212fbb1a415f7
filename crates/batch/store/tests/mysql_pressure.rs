//! What a look at a real MariaDB sees: who waits for us, the disk, and the DBA's own question; and how little of it an account
//! may see.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[allow(dead_code)]
#[path = "mysql_schema/place.rs"]
mod place;

use std::time::Duration;

use cardgenius_embedded::{MariadbOptions, PrivateMariadb};
use cardgenius_pipeline::ports::Store;
use cardgenius_pipeline::pressure::{Pressure, Reading, Sign};
use cardgenius_store::config::{CallLimits, DatabaseConfig, StoreConfig, TableNames, application_name};
use cardgenius_store::mysql::MysqlStore;
use cardgenius_testkit::until;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder};
use uuid::Uuid;

use crate::place::{Place, SERVER, fresh};

/// The server shows transactions as they were when somebody asked last, unless nobody has asked for a tenth of a second ("InnoDB
/// INFORMATION_SCHEMA Buffering", MySQL manual).
const LOOK_EVERY: Duration = Duration::from_millis(150);

fn store_as(server: &PrivateMariadb, account: &str, schema: &str) -> MysqlStore {
    let (source_schema, target_schema) = (schema.to_owned(), schema.to_owned());
    MysqlStore::new(&StoreConfig {
        source: DatabaseConfig { url: server.url_as(account, None, schema), ..DatabaseConfig::default() },
        target: None,
        tables: TableNames { source_schema, target_schema, ..TableNames::default() },
        limits: CallLimits::default(),
        sessions: 2,
        looks: 0,
        instance_id: Uuid::new_v4(),
        host: "test".into(),
    })
    .unwrap()
}

/// A migrated database of its own, and a store there with all rights.
async fn migrated() -> (Place<'static>, MysqlStore) {
    let place = Place::migrated().await;
    let store = store_as(&SERVER, SERVER.superuser_name(), &place.tables.source_schema);
    (place, store)
}

fn of(pressure: &Pressure, sign: Sign) -> Vec<&Reading> {
    pressure.readings.iter().filter(|reading| reading.sign == sign).collect()
}

fn only(pressure: &Pressure, sign: Sign) -> &Reading {
    match of(pressure, sign)[..] {
        [reading] => reading,
        ref other => panic!("expected one reading, found {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_row_of_ours_is_seen_to_wait_and_who_waits_for_others_is_not() {
    // Of its own: nobody else asks it what its transactions wait for.
    let server = PrivateMariadb::launch(MariadbOptions::for_tests()).unwrap();
    server.create_database("shop").unwrap();
    let tables = TableNames { source_schema: "shop".into(), target_schema: "shop".into(), ..TableNames::default() };
    let place = Place { server: &server, tables, account: None };
    place.run(place::CUSTOMER);
    place.migrate().await.unwrap();
    place.run(
        "CREATE TABLE written (id INT PRIMARY KEY, n INT NOT NULL) ENGINE=InnoDB; INSERT INTO written VALUES (1, 0)",
    );
    let session = async || {
        let socket = Some(server.socket().display().to_string());
        let who = OptsBuilder::default().socket(socket).user(Some(server.superuser_name())).db_name(Some("shop"));
        Conn::new(who).await.unwrap()
    };
    let store = store_as(&server, server.superuser_name(), "shop");
    let (mut holder, mut waiter) = (session().await, session().await);
    let waiter_id = waiter.id();
    holder.query_drop("START TRANSACTION; UPDATE written SET n = 1").await.unwrap();
    let waiting = tokio::spawn(async move { waiter.query_drop("UPDATE written SET n = 2").await });
    until("the other session to wait", async || {
        tokio::time::sleep(LOOK_EVERY).await;
        let waits = "SELECT count(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'";
        (place.run(waits).trim() == "1").then_some(())
    })
    .await;
    assert_eq!(only(&store.pressure(None).await.unwrap(), Sign::Blocked).value, 0.0);
    // As a session of this instance is known; the store has not come to this place.
    let ours = format!("SELECT GET_LOCK('{}/63', 0)", application_name(store.instance_id()));
    holder.query_drop(ours).await.unwrap();
    let shown = until("the wait to be long", async || {
        tokio::time::sleep(LOOK_EVERY).await;
        let pressure = store.pressure(None).await.unwrap();
        let reading = only(&pressure, Sign::Blocked);
        (reading.value >= 1.0).then(|| reading.shown.clone())
    })
    .await;
    assert_eq!(shown, format!("session {waiter_id}"));
    holder.query_drop("COMMIT").await.unwrap();
    waiting.await.unwrap().unwrap();
    until("nobody to be seen waiting", async || {
        tokio::time::sleep(LOOK_EVERY).await;
        (only(&store.pressure(None).await.unwrap(), Sign::Blocked).value == 0.0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_the_right_to_see_who_waits_is_told_so_and_sees_the_rest() {
    let (place, _) = migrated().await;
    let (account, schema) = (fresh("bare"), &place.tables.source_schema);
    place.run(&format!("CREATE USER {account}@localhost; GRANT SELECT ON {schema}.* TO {account}@localhost"));
    let store = store_as(&SERVER, &account, schema);
    for _ in 0..2 {
        let pressure = store.pressure(Some("SELECT 1 = 1")).await.unwrap();
        assert!(of(&pressure, Sign::Blocked).is_empty(), "{pressure:?}");
        let unseen = pressure.unseen.iter().find(|unseen| unseen.starts_with("sessions that wait for ours")).unwrap();
        assert!(unseen.contains("PROCESS"), "{unseen}");
        assert!(only(&pressure, Sign::FreeDisk).value > 0.0);
        assert_eq!(only(&pressure, Sign::StopQuery).value, 1.0);
    }
    place.run(&format!("GRANT PROCESS ON *.* TO {account}@localhost"));
    let store = store_as(&SERVER, &account, schema);
    assert_eq!(only(&store.pressure(None).await.unwrap(), Sign::Blocked).value, 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_free_disk_of_a_server_on_this_machine_is_seen_and_the_lag_of_replicas_is_said_to_be_unseen() {
    let (_place, store) = migrated().await;
    let pressure = store.pressure(None).await.unwrap();
    assert!(only(&pressure, Sign::FreeDisk).value > 0.0);
    assert!(
        matches!(&pressure.unseen[..], [lag] if lag.starts_with("the lag of replicas") && lag.contains("throttle.stop_query")),
        "{:?}",
        pressure.unseen
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dbas_own_question_stops_and_a_question_that_fails_is_taken_for_a_stop() {
    let (place, store) = migrated().await;
    place.run("CREATE TABLE written (id INT PRIMARY KEY) ENGINE=InnoDB; INSERT INTO written VALUES (1)");
    for (query, stops, shown) in [
        ("SELECT false", 0.0, "says stop"),
        ("SELECT count(*) >= 0 FROM written", 1.0, "says stop"),
        ("SELECT true FROM written WHERE false", 1.0, "returned 0"),
        ("SELECT NULL", 1.0, "returned NULL"),
        ("SELECT 'yes'", 1.0, "something else"),
        ("SELECT false, false", 1.0, "one column"),
        ("SELECT nobody FROM nowhere", 1.0, "nowhere"),
        ("SELECT sleep(60)", 1.0, "no answer within"),
        ("DELETE FROM written RETURNING false", 1.0, "READ ONLY"),
        ("SELECT false; DELETE FROM written", 1.0, "syntax"),
    ] {
        let pressure = store.pressure(Some(query)).await.unwrap();
        let reading = only(&pressure, Sign::StopQuery);
        assert_eq!(reading.value, stops, "{query}: {reading:?}");
        assert!(reading.shown.contains(shown), "{query}: {reading:?}");
        let fault = store.try_stop_query(query).await.unwrap();
        assert_eq!(fault.is_some(), shown != "says stop", "{query}: {fault:?}");
    }
    assert_eq!(place.run("SELECT count(*) FROM written").trim(), "1");
}
