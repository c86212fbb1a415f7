//! What accounts that are none of ours have made under our names: locks, which any account may take, triggers, columns.

use cardgenius_store::config::application_name;
use cardgenius_store::mysql::MysqlServer;
use cardgenius_store::server::Server;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder};
use uuid::Uuid;

use crate::inspected::Inspected;
use crate::place::{CUSTOMER, Place, fresh};

const ROLES: &str = include_str!("../../../../../sql/mysql/roles.sql");

/// A session of an account, which holds the lock of a name.
async fn holding(database: &Inspected<'_>, account: &str, name: &str) -> Conn {
    let opts =
        OptsBuilder::default().socket(Some(database.place.server.socket().display().to_string())).user(Some(account));
    let mut conn = Conn::new(Opts::from(opts)).await.unwrap();
    assert_eq!(conn.exec_first::<u8, _, _>("SELECT GET_LOCK(?, 0)", (name,)).await.unwrap(), Some(1));
    conn
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_that_takes_the_name_of_a_dead_instances_session_is_named_and_keeps_no_other_session_from_its_end() {
    let mut database = Inspected::sound().await;
    let (stranger, daemon, dead) = (fresh("mallory"), fresh("daemon"), Uuid::new_v4());
    database.run(&format!(
        "CREATE USER {stranger}; CREATE USER {daemon}; GRANT ALL ON `{}`.* TO {daemon}",
        database.tables.source_schema
    ));
    database.place.account = Some(daemon.clone());
    // The stranger's connection is the older one, and so the first to be looked at.
    let mut named = holding(&database, &stranger, &format!("{}/7", application_name(dead))).await;
    let left = holding(&database, &daemon, &format!("{}/3", application_name(dead))).await;
    let server = MysqlServer::source(&database.config()).unwrap();
    let error = server.end_sessions(dead, None).await.unwrap_err().to_string();
    assert!(error.contains(&format!("connection {}, of another account, holds a lock", named.id())), "{error}");
    let there = format!("SELECT COUNT(*) FROM information_schema.processlist WHERE id = {}", left.id());
    assert_eq!(database.run(&there), "0\n", "a session of the dead instance's own account is ended");
    assert_eq!(named.query_first::<u8, _>("SELECT 1").await.unwrap(), Some(1));

    database.run(&format!("GRANT PROCESS ON *.* TO {daemon}"));
    let server = MysqlServer::source(&database.config()).unwrap();
    let error = server.end_sessions(dead, None).await.unwrap_err().to_string();
    assert!(error.contains(&format!(", account {stranger}, from localhost, holds a lock")), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_on_a_table_of_ours_that_no_migration_made_is_refused_by_name() {
    let database = Inspected::sound().await;
    for (table, meddling) in [
        ("cardgenius_control", "BEFORE UPDATE ON cardgenius_control FOR EACH ROW SET NEW.paused = FALSE"),
        ("cardgenius_audit", "BEFORE INSERT ON cardgenius_audit FOR EACH ROW SET NEW.actor = 'ceo'"),
        ("cardgenius_claims", "BEFORE UPDATE ON cardgenius_claims FOR EACH ROW SET NEW.completed = NEW.completed + 1"),
    ] {
        database.run(&format!("CREATE TRIGGER meddling {meddling}"));
        let message = database.refused("foreign-object").await;
        assert!(message.contains(&format!("{table} has the trigger meddling of ")), "{message}");
        let error = database.place.migrate().await.unwrap_err().to_string();
        assert!(error.contains("has the trigger meddling of "), "{error}");
        database.run_advice(&message);
        database.assert_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn such_a_trigger_is_refused_under_the_rights_of_the_daemons_role_too() {
    let mut database = Inspected::sound().await;
    database.run(ROLES);
    let daemon = fresh("daemon");
    database.run(&format!(
        "CREATE USER {daemon}; GRANT cardgenius_daemon TO {daemon}; SET DEFAULT ROLE cardgenius_daemon FOR {daemon}"
    ));
    database.run("CREATE TRIGGER meddling BEFORE INSERT ON cardgenius_audit FOR EACH ROW SET NEW.actor = 'ceo'");
    database.place.account = Some(daemon);
    assert!(database.refused("foreign-object").await.contains("has the trigger meddling of an account that is hidden"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_that_stands_in_place_of_ours_and_keeps_the_switch_from_pausing_is_warned_of() {
    let database = Inspected::sound().await;
    let meddling = "BEFORE UPDATE ON cardgenius_control FOR EACH ROW SET NEW.paused = FALSE";
    database.run(&format!("CREATE OR REPLACE TRIGGER cardgenius_control_updated {meddling}"));
    assert!(database.warned().await.starts_with("the switch does not stay as it is turned"));
    database.place.migrate().await.unwrap();
    database.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_of_the_customers_own_with_our_names_are_refused_before_a_migration_too() {
    let place = Place::empty();
    place.run(CUSTOMER);
    place.run("ALTER TABLE user_spending_data ADD COLUMN attempts SMALLINT NOT NULL DEFAULT 5");
    let refusals = Inspected::of(place).inspect().await.refusals;
    let message = &refusals.iter().find(|refusal| refusal.name == "foreign-object").unwrap().message;
    assert!(message.contains("has columns of its own (attempts) in which we would write: rename them"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_ours_that_was_changed_by_hand_is_refused_by_name() {
    let database = Inspected::sound().await;
    database.run("ALTER TABLE cardgenius_claims MODIFY users VARCHAR(20) NOT NULL");
    assert!(database.refused("foreign-object").await.contains("cardgenius_claims has no column users of type int"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_can_only_be_migrated_in_a_quiet_hour_is_told_before() {
    let place = Place::empty();
    place.run(CUSTOMER);
    place.run("ALTER TABLE user_spending_data ADD COLUMN notes TEXT, ADD FULLTEXT INDEX words (notes)");
    let database = Inspected::of(place);
    let warnings = database.inspect().await.warnings;
    assert!(warnings.iter().any(|warning| warning.contains("has the FULLTEXT index words, and so")), "{warnings:?}");
    let error = database.place.migrate().await.unwrap_err().to_string();
    assert!(error.contains("In a quiet hour run the statement below"), "{error}");
    // Each of the two that a migration stops with.
    let mut error = error;
    loop {
        database.run(error.rsplit_once("which goes on from there: ").unwrap().1);
        match database.place.migrate().await {
            Ok(_) => break,
            Err(next) => error = next.to_string(),
        }
    }
    database.assert_sound().await;
}
