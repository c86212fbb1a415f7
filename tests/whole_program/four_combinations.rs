//! Every combination of kinds for source and target, the same users: the same rows, byte for byte, as on PostgreSQL alone,
//! which the oracle has judged.

use cardgenius_embedded::MariadbOptions;
use cardgenius_testkit::{Counts, MariadbServer, Side, audit_sides};

use crate::combinations::{COMBINATIONS, Kind, MARIADB, MYSQL_CUSTOMER, Pair, on_postgres};
use crate::program::{holds_all, start};
use crate::running::spawn;

#[tokio::test(flavor = "multi_thread")]
async fn every_combination_of_databases_gets_the_same_rows_byte_for_byte() {
    let (alone, expected) = on_postgres(2_500, 601).await;
    assert_eq!(expected.len(), 25_000);
    for combination in COMBINATIONS {
        let pair = Pair::migrated(combination);
        pair.source.populate_from(&alone);
        let answer = pair.backfill(400).run().ended(0);
        holds_all(&answer.stdout, &["2,500 users, 25,000 rows"]);
        assert_eq!(pair.audited(), Counts::all_completed(2_500), "{combination:?}");
        assert!(pair.target().recommendations() == expected, "{combination:?}: other rows than on PostgreSQL");
        if pair.second.is_some() {
            let fence = pair.target().ask("SELECT count(*) FROM cardgenius_fence WHERE loaded");
            assert_eq!(fence, ["7"], "{combination:?}: a row at the fence for each load");
        }
        // Everybody once more: the old rows are replaced.
        let _ = pair.source.ask("UPDATE {{input}} SET processing_status = 'new'");
        pair.backfill(1_000).run().ended(0);
        assert_eq!(pair.audited(), Counts::all_completed(2_500), "{combination:?}, once more");
        assert!(pair.target().recommendations() == expected, "{combination:?}: other rows the second time");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_database_of_the_same_mariadb_is_written_in_one_transaction_without_a_fence() {
    let (alone, expected) = on_postgres(300, 604).await;
    let pair = Pair { source: Kind::Mariadb.source(), second: Some(Side::Mariadb(MARIADB.empty())) }.made_ready();
    pair.source.populate_from(&alone);
    pair.backfill(100).run().ended(0);
    assert_eq!(pair.audited(), Counts::all_completed(300));
    assert!(pair.target().recommendations() == expected);
    assert_eq!(pair.target().ask("SHOW TABLES LIKE 'cardgenius_fence'"), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn three_instances_share_the_users_of_every_combination() {
    let (alone, expected) = on_postgres(1_200, 602).await;
    for combination in COMBINATIONS {
        let pair = Pair::migrated(combination);
        pair.source.populate_from(&alone);
        let instances: Vec<_> = (0..3).map(|_| spawn(pair.backfill(50))).collect();
        for instance in instances {
            instance.end().ended(0);
        }
        assert_eq!(pair.audited(), Counts::all_completed(1_200), "{combination:?}");
        assert!(pair.target().recommendations() == expected, "{combination:?}");
        let completed = pair.source.ask("SELECT sum(completed) FROM {{claims}}");
        assert_eq!(completed, ["1200"], "{combination:?}: somebody was done twice");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_local_files_rows_are_inserted_and_are_the_same() {
    let (alone, expected) = on_postgres(300, 603).await;
    let server = MariadbServer::launch(MariadbOptions::for_tests().local_infile(false));
    let source = Side::Mariadb(server.empty());
    let _ = source.ask(MYSQL_CUSTOMER);
    source.populate_from(&alone);
    let on_it = |arguments: &[&str]| start(arguments).variable("CARDGENIUS_SOURCE__URL", &source.url());
    on_it(&["migrate"]).run().ended(0);
    let answer = on_it(&["--backfill", "--chunk-rows", "77"]).run().ended(0);
    holds_all(&answer.stderr, &["the server takes no local files"]);
    assert_eq!(audit_sides(&source, &source), Counts::all_completed(300));
    assert!(source.recommendations() == expected);
}
