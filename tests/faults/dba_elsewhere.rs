//! A DBA's own sessions in the middle of a run on MariaDB: locks in another order, locks on whole tables, statements killed.

use cardgenius_embedded::MariadbOptions;
use cardgenius_testkit::{MariadbServer, until};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error};

use crate::program::holds_all;
use crate::running::{Running, spawn};
use crate::scene_elsewhere::Elsewhere;

/// ER_LOCK_DEADLOCK.
const DEADLOCK: u16 = 1213;

/// Locks users one by one, the last one first; whether it fell victim to a deadlock, and was rolled back.
async fn lock_downwards(dba: &mut Conn, from: &str, to: &str) -> bool {
    let lock = "SELECT user_id FROM user_spending_data WHERE user_id BETWEEN ? AND ? ORDER BY user_id DESC FOR UPDATE";
    match dba.exec_drop(lock, (from, to)).await {
        Ok(()) => false,
        Err(Error::Server(error)) if error.code == DEADLOCK => true,
        Err(error) => panic!("{error}"),
    }
}

/// A finish that waits for one user of a DBA's and holds others, of whom the DBA wants all. The server ends whoever has
/// changed less; true if it was the DBA.
async fn deadlocked(changed_by_the_dba: u32, seed: i64) -> (Elsewhere, Running, Conn, bool) {
    // Of its own: nobody else asks it what its transactions wait for.
    let server: &'static MariadbServer = Box::leak(Box::new(MariadbServer::launch(MariadbOptions::for_tests())));
    let scene = Elsewhere::on(server, 20, seed).await;
    let mut dba = scene.database().connect().await;
    dba.query_drop("CREATE TABLE ballast (n INT PRIMARY KEY) ENGINE = InnoDB").await.unwrap();
    let mut gate = scene.gate("").await;
    let start = scene.start(20).variable("CARDGENIUS_LIMITS__LOCK_MS", "20000");
    // Its looks at who waits would keep ours from seeing anything new.
    let run = spawn(start.variable("CARDGENIUS_THROTTLE__ENABLED", "false"));
    gate.reached_by(1).await;
    dba.query_drop("START TRANSACTION").await.unwrap();
    if changed_by_the_dba > 0 {
        let fill = format!("INSERT INTO ballast SELECT seq FROM seq_1_to_{changed_by_the_dba}");
        dba.query_drop(fill).await.unwrap();
    }
    assert!(!lock_downwards(&mut dba, "CK0000020", "CK0000020").await);
    gate.open().await;
    let waits = "SELECT count(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT' AND trx_query LIKE 'UPDATE%completed%'";
    until("the finish to wait", async || {
        // It shows what it showed last, unless nobody has asked for a tenth of a second.
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        (scene.ask(waits) == "1").then_some(())
    })
    .await;
    let victim = lock_downwards(&mut dba, "", "D").await;
    (scene, run, dba, victim)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finish_on_mariadb_that_falls_victim_to_a_deadlock_is_made_again_when_the_users_are_free() {
    let (scene, run, mut dba, they_were_the_victim) = deadlocked(10_000, 411).await;
    assert!(!they_were_the_victim);
    let deadlocks =
        "SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'Innodb_deadlocks'";
    scene.until("a deadlock to be counted", deadlocks).await;
    let settled = scene.ask("SELECT count(*) FROM {{input}} WHERE processing_status = 'completed'");
    assert_ne!(settled, "20", "users were settled under a lock of the DBA's");
    dba.query_drop("COMMIT").await.unwrap();
    run.end().ended(0);
    scene.all_completed();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finish_on_mariadb_goes_on_when_the_other_session_falls_victim_to_the_deadlock() {
    let (scene, run, dba, they_were_the_victim) = deadlocked(0, 412).await;
    assert!(they_were_the_victim);
    run.end().ended(0);
    drop(dba);
    scene.all_completed();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_locks_users_downwards_all_the_time_stops_nobody_on_mariadb() {
    let scene = Elsewhere::of(600, 413).await;
    let mut dba = scene.database().connect().await;
    let run = spawn(scene.start(30));
    run.said("opened a run");
    let mut rounds = 0;
    while scene.ask("SELECT state FROM {{runs}}") == "open" {
        dba.query_drop("START TRANSACTION").await.unwrap();
        let (from, to) = (format!("CK{:07}", 561 - 40 * (rounds % 15)), format!("CK{:07}", 600 - 40 * (rounds % 15)));
        let _ = lock_downwards(&mut dba, &from, &to).await;
        dba.query_drop("ROLLBACK").await.unwrap();
        rounds += 1;
    }
    run.end().ended(0);
    assert!(rounds > 1);
    // Whom the last claim could not have for the lock of that moment is left, said so, and done by the next run.
    scene.start(600).run().ended(0);
    scene.all_completed();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_mariadb_locked_as_a_whole_for_a_while_is_waited_for() {
    let scene = Elsewhere::of(60, 414).await;
    let mut dba = scene.database().connect().await;
    dba.query_drop("LOCK TABLES card_recommendations WRITE").await.unwrap();
    let run = spawn(scene.start(20).variable("CARDGENIUS_LIMITS__LOCK_MS", "1000"));
    run.said("finishing failed; trying again");
    dba.query_drop("UNLOCK TABLES").await.unwrap();
    run.end().ended(0);
    scene.all_completed();
}

/// Ends the statements that our sessions are at.
async fn kill_statements(scene: &Elsewhere, dba: &mut Conn) {
    let ours = "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND state = 'User lock'";
    for id in scene.ask(ours).lines() {
        // It may have ended meanwhile.
        let _ = dba.query_drop(format!("KILL QUERY {id}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_that_a_dba_kills_again_and_again_on_mariadb_are_made_again() {
    let scene = Elsewhere::of(200, 415).await;
    let mut gate = scene.gate("").await;
    let mut dba = scene.database().connect().await;
    let run = spawn(scene.start(20));
    for round in 1..=5 {
        gate.reached_by(2).await;
        kill_statements(&scene, &mut dba).await;
        run.said_times("finishing failed", 2 * round);
    }
    gate.open().await;
    let answer = run.end().ended(0);
    holds_all(&answer.stderr, &["error 1317", "giving the chunk back"]);
    scene.all_completed();
}
