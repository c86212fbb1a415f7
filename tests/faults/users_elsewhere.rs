//! On MariaDB, users whom the database will not have, at whom it hangs, or whose computation ends the process.

use cardgenius_testkit::Counts;
use mysql_async::prelude::Queryable;
use nix::sys::signal::Signal;

use crate::program::holds_all;
use crate::running::spawn;
use crate::scene_elsewhere::Elsewhere;

const REFUSE: &str = "CREATE TRIGGER refuse BEFORE INSERT ON card_recommendations FOR EACH ROW
    IF NEW.user_id LIKE '%7' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no card for a seven'; END IF";

async fn run(scene: &Elsewhere, statement: &str) {
    scene.database().connect().await.query_drop(statement).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn more_poison_than_its_share_stops_a_run_on_mariadb_with_the_reason_and_leaves_the_rest_new() {
    let scene = Elsewhere::of(5_000, 401).await;
    run(&scene, REFUSE).await;
    let answer = scene.start(500).run().ended(1);
    holds_all(&answer.stderr, &["were refused by the database", "pipeline.max_poison_share = 0.05"]);
    let counts = scene.pair.audited();
    assert!(counts.new >= 1_000 && counts.pending == 0, "{counts:?}");
    assert_eq!(counts.failed * 10, counts.completed + counts.failed, "one in ten of those that were settled");
    let ended = scene.ask("SELECT concat_ws('|', state, reason) FROM {{runs}}");
    assert!(ended.starts_with("failed|") && ended.contains("more than pipeline.max_poison_share"), "{ended}");
    let reasons = "SELECT DISTINCT processing_error FROM {{input}} WHERE processing_status = 'failed'";
    assert_eq!(scene.ask(reasons), "refused by the database: no card for a seven (SQLSTATE 45000), error 1644");

    // Mended, the next run does the rest.
    run(&scene, "DROP TRIGGER refuse").await;
    run(&scene, "UPDATE user_spending_data SET processing_status = 'new' WHERE processing_status = 'failed'").await;
    scene.start(500).run().ended(0);
    assert_eq!(scene.pair.audited(), Counts::all_completed(5_000));
}

/// Waits as long as the customer's trigger sleeps for one user, whenever it is that user's turn.
const HANG: &str = "CREATE TRIGGER hang BEFORE INSERT ON card_recommendations FOR EACH ROW
    IF NEW.user_id = 'CK0000123' THEN DO SLEEP(600); END IF";

#[tokio::test(flavor = "multi_thread")]
async fn a_user_at_whom_a_mariadb_hangs_is_found_and_fails_alone_after_three_attempts() {
    let scene = Elsewhere::of(1_000, 402).await;
    run(&scene, HANG).await;
    let answer = scene
        .start(500)
        .variable("CARDGENIUS_LIMITS__STATEMENT_MS", "1500")
        .variable("CARDGENIUS_LIMITS__LOCK_MS", "1000")
        .variable("CARDGENIUS_LIMITS__LOAD_MS", "1500")
        .run()
        .ended(0);
    holds_all(&answer.stderr, &["finishing failed too often; giving the chunk back"]);
    let counts = scene.pair.audited();
    assert_eq!(counts, Counts { users: 1_000, completed: 999, failed: 1, ..Counts::default() });
    let failed = "SELECT concat_ws('|', user_id, processing_error) FROM {{input}} WHERE processing_status = 'failed'";
    let failed = scene.ask(failed);
    assert!(failed.starts_with("CK0000123|gave up after 3 attempts: "), "{failed}");
    assert_eq!(scene.ask("SELECT sum(attempts) + sum(crashes) FROM {{input}}"), "0");
    let sleeping = "SELECT count(*) FROM information_schema.processlist WHERE db = DATABASE() AND state = 'User sleep'";
    assert_eq!(scene.ask(sleeping), "0", "what hung was left behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_user_that_ends_the_process_fails_alone_on_mariadb_and_takes_nobody_along() {
    let scene = Elsewhere::of(400, 403).await;
    // Shorter than elsewhere: nine instances in a row have to die.
    let deadly = || {
        scene
            .start(100)
            .variable("CARDGENIUS_LEASE__LEASE_MS", "1500")
            .variable("CARDGENIUS_LEASE__RENEW_MS", "300")
            .failpoints("compute.user=return(CK0000123)")
    };
    let mut deaths = 0;
    let answer = loop {
        match spawn(deadly()).outcome() {
            Ok(answer) => break answer.ended(3),
            Err(signal) => assert_eq!(signal, Signal::SIGKILL),
        }
        deaths += 1;
        assert!(deaths <= 9, "three in a chunk, three among a hundred, three alone");
    };
    assert_eq!(deaths, 9, "{}", answer.stderr);
    assert_eq!(scene.pair.audited(), Counts { users: 400, completed: 399, failed: 1, ..Counts::default() });
    let failed = "SELECT concat_ws('|', user_id, processing_error) FROM {{input}} WHERE processing_status = 'failed'";
    assert_eq!(scene.ask(failed), "CK0000123|computation ended the process");
    assert_eq!(scene.ask("SELECT sum(attempts) + sum(crashes) FROM {{input}}"), "0");
}
