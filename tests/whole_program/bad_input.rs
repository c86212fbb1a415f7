//! What keeps a run from starting: said plainly, with the right exit code, and nothing is begun.

use cardgenius_embedded::PostgresOptions;
use cardgenius_testkit::{Counts, Database, TestServer, populate};

use crate::place::{CUSTOMER, SERVER, audited, backfill, migrated, on, unmigrated};
use crate::program::{holds_all, start};

/// No run was opened and nobody was touched.
async fn nothing_was_started(database: &Database<'_>, users: i64) {
    assert_eq!(database.psql("SELECT count(*) FROM {{runs}}"), "0");
    assert_eq!(audited(database).await, Counts { users, new: users, ..Counts::default() });
}

#[test]
fn a_database_that_is_down_is_75_and_said_with_its_place() {
    let server = TestServer::launch(PostgresOptions::for_tests().loopback_tcp());
    let (socket, tcp) = (server.postgres.url("x"), server.postgres.tcp_url("x").unwrap());
    let (folder, port) = (server.postgres.folder().display().to_string(), server.postgres.port());
    server.postgres.stop().unwrap();
    for (url, place) in [(socket, folder), (tcp, format!("127.0.0.1:{port}/x"))] {
        for command in ["--backfill", "check", "migrate"] {
            let answer = start(&[command]).variable("CARDGENIUS_SOURCE__URL", &url).run().ended(75);
            holds_all(&answer.stderr, &["cannot connect to the database at", &place]);
        }
    }
}

#[test]
fn a_host_that_has_no_address_is_75() {
    let url = "postgres://ana@no-such-host.invalid/x";
    let answer = start(&["check"]).variable("CARDGENIUS_SOURCE__URL", url).run().ended(75);
    holds_all(&answer.stderr, &["no-such-host.invalid"]);
}

#[test]
fn a_database_that_does_not_exist_is_named() {
    let url = SERVER.postgres.url("no such database");
    let answer = start(&["--backfill"]).variable("CARDGENIUS_SOURCE__URL", &url).run().ended(64);
    holds_all(&answer.stderr, &["database \\\"no such database\\\" does not exist"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_faulty_catalogue_starts_nothing_and_every_fault_is_listed() {
    let database = migrated();
    populate(&database.connect().await, &database.tables, 10, 121).await;
    let start = backfill(&database, 10);
    let path = start.write(
        "faulty.json",
        r#"{"cards": [{"card_id": "gold", "card_name": "Gold", "issuer": "Bank", "joining_fees": -1, "annual_fees": 0,
            "redemption_options": [{"method": "Cash", "conversion_rate": 2}], "colour": "gold"}]}"#,
    );
    let said = start.flags(&["--catalog", path.to_str().unwrap()]).refused();
    holds_all(
        &said,
        &["faulty.json is faulty, so nothing was started", "gold", "joining_fees", "conversion_rate", "colour"],
    );
    nothing_was_started(&database, 10).await;

    let said = backfill(&database, 10).flags(&["--catalog", "absent.json"]).refused();
    holds_all(&said, &["cannot read the catalogue absent.json", "No such file"]);
    nothing_was_started(&database, 10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_setting_is_refused_wherever_it_stands() {
    let database = migrated();
    let said = backfill(&database, 10).variable("CARDGENIUS_PIPELINE__CHUNK_ROW", "7").refused();
    holds_all(&said, &["CARDGENIUS_PIPELINE__CHUNK_ROW:", "CARDGENIUS_PIPELINE__CHUNK_ROWS"]);
    let said = backfill(&database, 10).file("[pipelines]\nworkers = 2\n").refused();
    holds_all(&said, &["pipelines", "pipeline"]);
    nothing_was_started(&database, 0).await;
}

#[test]
fn without_an_address_the_program_says_how_to_give_one() {
    holds_all(&start(&["--backfill"]).refused(), &["source.url"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_were_not_migrated_are_refused_with_what_to_do() {
    let database = unmigrated();
    for command in ["check", "--backfill"] {
        let said = on(&database, &[command]).refused();
        holds_all(&said, &["refused (", "cardgenius migrate"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_in_the_place_of_the_table_is_refused_by_name() {
    let database = migrated();
    database.psql(
        "ALTER TABLE {{input}} RENAME TO users; CREATE VIEW {{input}} AS SELECT * FROM users;
         ALTER TABLE {{output}} DROP CONSTRAINT card_recommendations_pkey",
    );
    // All that is wrong is said at once.
    let said = on(&database, &["--backfill"]).refused();
    let refusals: Vec<&str> = said.lines().filter(|line| line.starts_with("refused (")).collect();
    assert!(refusals.len() >= 2, "{said}");
    holds_all(&said, &["view", "card_recommendations"]);
    assert_eq!(database.psql("SELECT count(*) FROM {{runs}}"), "0");
}

#[test]
fn a_migration_without_the_customers_table_says_which_table_it_looked_for() {
    let database = SERVER.empty();
    let said = on(&database, &["migrate"]).refused();
    holds_all(&said, &["public.user_spending_data", "source.table"]);
    database.psql(CUSTOMER);
    on(&database, &["migrate"]).run().ended(0);
}
