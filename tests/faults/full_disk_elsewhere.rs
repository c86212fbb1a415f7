//! A MariaDB that has no room for the rows for a while: on a small file system in memory where this account may mount one, and
//! always one that says so.

use std::fs;
use std::path::Path;

use cardgenius_embedded::MariadbOptions;
use cardgenius_testkit::{MariadbServer, until};
use mysql_async::prelude::Queryable;

use crate::full_disk::{Disk, fill};
use crate::program::holds_all;
use crate::running::spawn;
use crate::scene_elsewhere::Elsewhere;

/// What a run says of a full disk that it was told of.
const FULL: &str = r#""kind":"resource_limit""#;

/// The whole of what a run owes after it met a full disk.
fn all_well(scene: &Elsewhere) {
    assert_eq!(scene.claims("returned"), 0, "a chunk was given back");
    scene.all_completed();
    assert_eq!(scene.ask("SELECT max(attempts) + max(crashes) FROM {{input}}"), "0");
}

/// The server says of every row from some user on that the table is full.
async fn full_by_its_word(scene: &Elsewhere) {
    let mut dba = scene.database().connect().await;
    for statement in [
        "CREATE TABLE quota (used BOOLEAN NOT NULL) ENGINE = InnoDB",
        "INSERT INTO quota VALUES (TRUE)",
        "CREATE TRIGGER refuse BEFORE INSERT ON card_recommendations FOR EACH ROW
         IF NEW.user_id > 'CK0000150' AND (SELECT used FROM quota) THEN
             SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1114, MESSAGE_TEXT = 'The table is full';
         END IF",
    ] {
        dba.query_drop(statement).await.unwrap();
    }
    let run = spawn(scene.start(100));
    run.said("finishing failed; trying again");
    run.said("error 1114");
    let unsettled = "SELECT sum(processing_status IN ('new', 'pending')) > 0 AND sum(processing_status = 'failed') = 0 FROM {{input}}";
    assert_eq!(scene.ask(unsettled), "1");
    dba.query_drop("UPDATE quota SET used = FALSE").await.unwrap();
    holds_all(&run.end().ended(0).stderr, &[FULL]);
    all_well(scene);
}

/// Makes the table of recommendations anew, on another disk.
async fn move_recommendations(scene: &Elsewhere, disk: &Path) {
    let mut dba = scene.database().connect().await;
    let (_, made): (String, String) = dba.query_first("SHOW CREATE TABLE card_recommendations").await.unwrap().unwrap();
    dba.query_drop("DROP TABLE card_recommendations").await.unwrap();
    dba.query_drop(format!("{made} DATA DIRECTORY = '{}'", disk.display())).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full_for_a_while_under_a_mariadb_is_waited_for_and_costs_nobody_anything() {
    let server: &'static MariadbServer = Box::leak(Box::new(MariadbServer::launch(MariadbOptions::for_tests())));
    let scene = Elsewhere::on(server, 2_000, 431).await;
    let Some(disk) = Disk::mounted_for(server.mariadb.folder()) else {
        return full_by_its_word(&scene).await;
    };
    move_recommendations(&scene, &disk.path()).await;
    let ballast = fill(&disk.path());
    let run = spawn(scene.start(100));
    run.said("finishing failed; trying again");
    fs::remove_file(ballast).unwrap();
    // A load that does not fit is rolled back. Where InnoDB needs a page for that and finds none for five seconds, it ends
    // the server, and a DBA starts it again.
    until("the run's end", async || {
        if server.mariadb.server_pid().is_none() {
            server.mariadb.start().unwrap();
        }
        run.is_over().then_some(())
    })
    .await;
    let answer = run.end().ended(0);
    let log = fs::read_to_string(server.mariadb.log_path()).unwrap();
    assert!(
        answer.stderr.contains(FULL) || log.contains("(Out of disk space) in rollback"),
        "the disk was never full:\n{log}"
    );
    all_well(&scene);
    // It holds a file there.
    server.mariadb.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mariadb_that_says_for_a_while_that_its_table_is_full_is_waited_for_and_costs_nobody_anything() {
    full_by_its_word(&Elsewhere::of(400, 432).await).await;
}
