//! Users that a run cannot do, on both families of databases: all others are done, and the end of the run says how many are left, of which
//! kind and with an example, in its exit code too.

use cardgenius_testkit::Side;
use nix::sys::signal::Signal;

use crate::combinations::{Kind, Pair};
use crate::place::{SERVER, migrated};
use crate::program::{holds_all, start};
use crate::running::spawn;

const BOTH: [Kind; 2] = [Kind::Postgres, Kind::Mariadb];

/// Users U0001 and so on, all new.
fn add_users(source: &Side<'_>, count: usize) {
    let values: Vec<String> = (1..=count).map(|number| format!("('U{number:04}', 1000)")).collect();
    let _ = source.ask(&format!("INSERT INTO {{{{input}}}} (user_id, avg_amazon_gmv) VALUES {}", values.join(", ")));
}

fn completed(pair: &Pair) -> Vec<String> {
    pair.source.ask("SELECT count(*) FROM {{input}} WHERE processing_status = 'completed'")
}

fn states(pair: &Pair) -> Vec<String> {
    pair.source.ask("SELECT state FROM {{runs}} ORDER BY opened_at")
}

#[test]
fn users_that_cannot_be_claimed_are_named_and_stop_no_other_user() {
    for kind in BOTH {
        let pair = Pair::migrated((kind, None));
        add_users(&pair.source, 300);
        // The rows of a time before the constraint stay, and cannot be updated any more.
        let _ = pair.source.ask(match kind {
            Kind::Postgres => {
                "UPDATE {{input}} SET avg_amazon_gmv = -5 WHERE user_id IN ('U0001', 'U0150', 'U0151', 'U0300');
                 ALTER TABLE {{input}} ADD CONSTRAINT no_debts CHECK (avg_amazon_gmv >= 0) NOT VALID"
            }
            Kind::Mariadb => {
                "ALTER TABLE {{input}} ADD CONSTRAINT no_debts CHECK (avg_amazon_gmv >= 0);
                 SET SESSION check_constraint_checks = 0;
                 UPDATE {{input}} SET avg_amazon_gmv = -5 WHERE user_id IN ('U0001', 'U0150', 'U0151', 'U0300')"
            }
        });
        let answer = pair.backfill(100).run().ended(3);
        holds_all(
            &answer.stdout,
            &[
                "completed   296 users",
                "left        4 users",
                "4 cannot be claimed or settled, such as \"U0001\"",
                "no_debts",
            ],
        );
        holds_all(&answer.stderr, &["a user cannot be claimed", "U0150", "U0151", "U0300"]);
        assert_eq!(completed(&pair), ["296"], "{kind:?}");
        // With nothing else to do, no user is completed.
        let answer = pair.backfill(100).run().ended(1);
        holds_all(&answer.stdout, &["left        4 users", "no user of the backlog was completed"]);
        assert_eq!(states(&pair), ["failed", "failed"], "{kind:?}");
        let _ =
            pair.source.ask("ALTER TABLE {{input}} DROP CONSTRAINT no_debts; UPDATE {{input}} SET avg_amazon_gmv = 5");
        pair.backfill(100).run().ended(0);
        assert_eq!(completed(&pair), ["300"], "{kind:?}");
    }
}

#[test]
fn users_whose_status_is_none_of_the_four_are_counted() {
    for kind in BOTH {
        let source = kind.source();
        let _ = source.ask(match kind {
            Kind::Postgres => {
                "ALTER TABLE {{input}} ALTER processing_status DROP DEFAULT, ALTER processing_status TYPE text,
                 ALTER processing_status DROP NOT NULL;
                 ALTER TABLE {{input}} ALTER processing_status SET DEFAULT 'new'"
            }
            Kind::Mariadb => {
                "ALTER TABLE {{input}} MODIFY processing_status ENUM('new', 'pending', 'completed', 'failed') NULL DEFAULT 'new'"
            }
        });
        let pair = Pair { source, second: None }.made_ready();
        add_users(&pair.source, 20);
        let _ = pair.source.ask(match kind {
            Kind::Postgres => {
                "UPDATE {{input}} SET processing_status = NULL WHERE user_id = 'U0003';
                 UPDATE {{input}} SET processing_status = 'NEW' WHERE user_id = 'U0004';
                 UPDATE {{input}} SET processing_status = '' WHERE user_id = 'U0005';
                 UPDATE {{input}} SET processing_status = 'new ' WHERE user_id = 'U0006'"
            }
            Kind::Mariadb => {
                "SET SESSION sql_mode = '';
                 UPDATE {{input}} SET processing_status = NULL WHERE user_id IN ('U0003', 'U0004');
                 UPDATE {{input}} SET processing_status = 'NOUVEAU' WHERE user_id IN ('U0005', 'U0006')"
            }
        });
        let answer = pair.start(&["check"]).run().ended(0);
        holds_all(
            &answer.stderr,
            &["4 users have a status that is none of new, pending, completed and failed", "U0003"],
        );
        let answer = pair.backfill(10).run().ended(3);
        let unknown = "4 have a status that is none of new, pending, completed and failed, such as \"U0003\"";
        holds_all(&answer.stdout, &["completed   16 users", unknown]);
        assert_eq!(states(&pair), ["failed"], "{kind:?}");
        let _ =
            pair.source.ask("UPDATE {{input}} SET processing_status = 'new' WHERE user_id BETWEEN 'U0003' AND 'U0006'");
        pair.backfill(10).run().ended(0);
        assert_eq!(completed(&pair), ["20"], "{kind:?}");
    }
}

#[test]
fn a_trigger_that_sets_users_back_as_they_are_claimed_fails_the_run_and_is_said() {
    for kind in BOTH {
        let pair = Pair::migrated((kind, None));
        add_users(&pair.source, 60);
        let _ = pair.source.ask(match kind {
            Kind::Postgres => {
                "CREATE FUNCTION set_back() RETURNS trigger LANGUAGE plpgsql AS
                    'BEGIN NEW.processing_status := ''new''; RETURN NEW; END';
                 CREATE TRIGGER set_back BEFORE UPDATE ON {{input}} FOR EACH ROW EXECUTE FUNCTION set_back()"
            }
            Kind::Mariadb => {
                "CREATE TRIGGER set_back BEFORE UPDATE ON {{input}} FOR EACH ROW SET NEW.processing_status = 'new'"
            }
        });
        let answer = pair.backfill(30).run().ended(1);
        holds_all(&answer.stderr, &["a trigger or rule on the table of users may set users to new"]);
        assert_eq!((completed(&pair), states(&pair)), (vec!["0".to_owned()], vec!["failed".to_owned()]), "{kind:?}");
    }
}

#[test]
fn updates_that_a_trigger_swallows_are_noticed() {
    let pair = Pair::migrated((Kind::Postgres, None));
    add_users(&pair.source, 60);
    let _ = pair.source.ask(
        "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
         CREATE TRIGGER swallow BEFORE UPDATE ON {{input}} FOR EACH ROW WHEN (OLD.user_id = 'U0007') EXECUTE FUNCTION swallow()",
    );
    let answer = pair.backfill(30).run().ended(3);
    holds_all(
        &answer.stdout,
        &["completed   59 users", "1 are new and not locked, such as \"U0007\"", "may swallow updates"],
    );
    assert_eq!(states(&pair), ["failed"]);
}

#[test]
fn a_key_that_no_client_can_read_stops_no_other_user() {
    let name = SERVER.fresh("ascii");
    let place = SERVER.empty();
    place.psql(&format!("CREATE DATABASE {name} ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"));
    let ask = |script: &str| place.psql(&format!("\\connect {name}\n{script}"));
    ask(include_str!("../../sql/postgres/customer/user_spending_data.sql"));
    let url = SERVER.postgres.url(&name);
    start(&["migrate"]).variable("CARDGENIUS_SOURCE__URL", &url).run().ended(0);
    ask(
        "INSERT INTO user_spending_data (user_id, avg_amazon_gmv) SELECT 'U' || n, 1000 FROM generate_series(1, 30) AS n",
    );
    ask("INSERT INTO user_spending_data (user_id, avg_amazon_gmv) VALUES (E'Zo\\xEB', 1000), ('Zoe', 1000)");
    let answer = start(&["--backfill", "--chunk-rows", "10"]).variable("CARDGENIUS_SOURCE__URL", &url).run().ended(3);
    holds_all(
        &answer.stdout,
        &["completed   31 users", "left        1 users", "1 cannot be claimed or settled, such as \"Zo\\\\353\""],
    );
    // By key the last of them all, and of the failed ones the last too.
    ask(
        "INSERT INTO user_spending_data (user_id, processing_status) VALUES (E'\\xFF', 'completed'), (E'\\xFE', 'failed')",
    );
    let requeue =
        |what: &str| start(&["requeue", what, "--yes"]).variable("CARDGENIUS_SOURCE__URL", &url).run().ended(0);
    holds_all(&requeue("--failed").stdout, &["1 users are new again"]);
    holds_all(&requeue("--everybody").stdout, &["32 users are new again"]);
    // By key the last one of a whole step.
    ask(
        "TRUNCATE user_spending_data;
         INSERT INTO user_spending_data (user_id, processing_status) SELECT 'A' || lpad(n::text, 5, '0'), 'completed' FROM generate_series(1, 4999) AS n;
         INSERT INTO user_spending_data (user_id, processing_status) VALUES (E'A\\xFF', 'completed');
         INSERT INTO user_spending_data (user_id, processing_status) SELECT 'B' || n, 'completed' FROM generate_series(1, 100) AS n",
    );
    holds_all(&requeue("--everybody").stdout, &["5,100 users are new again"]);
}

#[test]
fn a_status_that_is_a_text_on_mariadb_is_told_apart_as_exactly() {
    let pair = Pair::migrated((Kind::Mariadb, None));
    let _ = pair.source.ask("ALTER TABLE {{input}} MODIFY processing_status VARCHAR(20) NULL DEFAULT 'new'");
    add_users(&pair.source, 20);
    pair.backfill(10).run().ended(0);
    let _ = pair.source.ask(
        "UPDATE {{input}} SET processing_status = 'new';
         UPDATE {{input}} SET processing_status = '7th' WHERE user_id = 'U0003';
         UPDATE {{input}} SET processing_status = ' new' WHERE user_id = 'U0004';
         UPDATE {{input}} SET processing_status = NULL WHERE user_id = 'U0005'",
    );
    let answer = pair.backfill(10).run().ended(3);
    let unknown = "3 have a status that is none of new, pending, completed and failed, such as \"U0003\"";
    holds_all(&answer.stdout, &["completed   17 users", unknown]);
}

/// A trigger that refuses a status for some users.
fn refuse(pair: &Pair, kind: Kind, status: &str, users: &str) {
    let _ = pair.source.ask(&match kind {
        Kind::Postgres => format!(
            "CREATE FUNCTION refuse_{status}() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN RAISE EXCEPTION ''{status} is not for this user''; END';
             CREATE TRIGGER refuse_{status} BEFORE UPDATE ON {{{{input}}}} FOR EACH ROW
             WHEN (NEW.processing_status = '{status}' AND NEW.user_id IN ({users})) EXECUTE FUNCTION refuse_{status}()"
        ),
        Kind::Mariadb => format!(
            "DELIMITER //
             CREATE TRIGGER refuse_{status} BEFORE UPDATE ON {{{{input}}}} FOR EACH ROW BEGIN
                 IF NEW.processing_status = '{status}' AND NEW.user_id IN ({users}) THEN
                     SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{status} is not for this user';
                 END IF;
             END //"
        ),
    });
}

#[test]
fn users_that_cannot_be_settled_are_named_and_stop_no_other_user() {
    for kind in BOTH {
        let pair = Pair::migrated((kind, None));
        add_users(&pair.source, 300);
        refuse(&pair, kind, "completed", "'U0001', 'U0150', 'U0300'");
        refuse(&pair, kind, "failed", "'U0150', 'U0151'");
        let _ = pair.source.ask("UPDATE {{input}} SET avg_amazon_gmv = -5 WHERE user_id = 'U0151'");
        let answer = pair.backfill(100).run().ended(3);
        let left = "2 cannot be claimed or settled, such as \"U015";
        holds_all(&answer.stdout, &["completed   296 users", "failed      2 users", "left        2 users", left]);
        holds_all(&answer.stderr, &["a user can be neither completed nor failed", "U0150", "U0151"]);
        let failed =
            pair.source.ask("SELECT user_id FROM {{input}} WHERE processing_status = 'failed' ORDER BY user_id");
        assert_eq!(failed, ["U0001", "U0300"], "{kind:?}");
        assert_eq!((completed(&pair), states(&pair)), (vec!["296".to_owned()], vec!["failed".to_owned()]), "{kind:?}");
    }
}

#[test]
fn a_run_whose_row_is_deleted_in_the_middle_is_not_done() {
    let pair = Pair::migrated((Kind::Postgres, None));
    add_users(&pair.source, 60);
    let run = spawn(pair.backfill(20).failpoints("claim.committed=1*return(freeze)"));
    run.said("failpoint claim.committed");
    let _ = pair.source.ask("DELETE FROM {{claims}}; DELETE FROM {{runs}}");
    run.signal(Signal::SIGCONT);
    let answer = run.end().ended(1);
    holds_all(&answer.stderr, &["the row of this run is gone"]);
}

/// A trigger of the customer's that answers with an error of this code for some users.
fn answer_with(pair: &Pair, kind: Kind, table: &str, code: &str) {
    let when = if table == "{{input}}" { "UPDATE" } else { "INSERT" };
    let _ = pair.source.ask(&match kind {
        Kind::Postgres => format!(
            "CREATE FUNCTION answer() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN RAISE EXCEPTION ''in the way'' USING ERRCODE = ''{code}''; END';
             CREATE TRIGGER answer BEFORE {when} ON {table} FOR EACH ROW
             WHEN (NEW.user_id IN ('U0007', 'U0040')) EXECUTE FUNCTION answer()"
        ),
        Kind::Mariadb => format!(
            "DELIMITER //
             CREATE TRIGGER answer BEFORE {when} ON {table} FOR EACH ROW BEGIN
                 IF NEW.user_id IN ('U0007', 'U0040') THEN
                     SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = {code}, MESSAGE_TEXT = 'in the way';
                 END IF;
             END //"
        ),
    });
}

#[test]
fn users_that_other_sessions_hold_up_are_left_for_the_next_run_and_stop_no_other_user() {
    for (kind, table, code) in [
        (Kind::Postgres, "{{input}}", "55P03"),
        (Kind::Mariadb, "{{input}}", "1213"),
        (Kind::Postgres, "{{output}}", "40001"),
        (Kind::Mariadb, "{{output}}", "1205"),
    ] {
        let pair = Pair::migrated((kind, None));
        add_users(&pair.source, 60);
        answer_with(&pair, kind, table, code);
        let impatient = pair
            .backfill(30)
            .variable("CARDGENIUS_RUN__LOCKED_WAIT_MS", "1")
            .variable("CARDGENIUS_RETRY__BASE_MS", "10")
            .variable("CARDGENIUS_RETRY__MAX_MS", "50");
        let answer = impatient.run().ended(0);
        holds_all(
            &answer.stdout,
            &["completed   58 users", "2 are held up by other sessions, such as \"U0", "in the way"],
        );
        assert_eq!(states(&pair), ["done"], "{kind:?} {table}");
    }
}

#[test]
fn users_that_are_new_again_after_each_pass_are_named_and_the_run_is_not_done() {
    for (kind, status) in [(Kind::Postgres, "pending"), (Kind::Postgres, "completed"), (Kind::Mariadb, "pending")] {
        let pair = Pair::migrated((kind, None));
        add_users(&pair.source, 60);
        let _ = pair.source.ask(&match kind {
            Kind::Postgres => format!(
                "CREATE FUNCTION set_back() RETURNS trigger LANGUAGE plpgsql AS
                    'BEGIN NEW.processing_status := ''new''; RETURN NEW; END';
                 CREATE TRIGGER set_back BEFORE UPDATE ON {{{{input}}}} FOR EACH ROW
                 WHEN (NEW.processing_status = '{status}' AND NEW.user_id = 'U0007') EXECUTE FUNCTION set_back()"
            ),
            Kind::Mariadb => format!(
                "CREATE TRIGGER set_back BEFORE UPDATE ON {{{{input}}}} FOR EACH ROW
                 SET NEW.processing_status = IF(NEW.processing_status = '{status}' AND NEW.user_id = 'U0007', 'new', NEW.processing_status)"
            ),
        });
        let answer = pair.backfill(30).run().ended(3);
        holds_all(&answer.stdout, &["1 are new again after each of the last passes, such as \"U0007\""]);
        assert_eq!(states(&pair), ["failed"], "{kind:?} {status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn old_recommendations_that_another_session_holds_locked_keep_no_run_from_its_end() {
    let database = migrated();
    let pair = Pair { source: Side::Postgres(database.clone()), second: None };
    add_users(&pair.source, 60);
    pair.backfill(30).run().ended(0);
    let _ = pair.source.ask("UPDATE {{input}} SET processing_status = 'new'");
    let holder = database.connect().await;
    let lock = database.tables.render("BEGIN; SELECT 1 FROM {{output}} WHERE user_id = 'U0007' FOR UPDATE");
    holder.batch_execute(&lock).await.unwrap();
    let impatient = pair
        .backfill(30)
        .variable("CARDGENIUS_RUN__LOCKED_WAIT_MS", "1")
        .variable("CARDGENIUS_LIMITS__LOCK_MS", "50")
        .variable("CARDGENIUS_RETRY__BASE_MS", "10")
        .variable("CARDGENIUS_RETRY__MAX_MS", "50");
    let answer = impatient.run().ended(0);
    holds_all(&answer.stdout, &["completed   59 users", "1 are held up by other sessions, such as \"U0007\""]);
    holder.batch_execute("ROLLBACK").await.unwrap();
    pair.backfill(30).run().ended(0);
    assert_eq!(completed(&pair), ["60"]);
}

/// A character set that has a character twice, of which only one comes back: a user of such a key is never found again.
#[test]
fn users_whose_key_is_not_the_one_that_the_server_tells_us_are_named_and_stop_no_other_user() {
    let source = Kind::Mariadb.source();
    let _ =
        source.ask("ALTER TABLE {{input}} MODIFY user_id VARCHAR(50) CHARACTER SET cp932 COLLATE cp932_bin NOT NULL");
    let pair = Pair { source, second: None }.made_ready();
    add_users(&pair.source, 20);
    // U+2252 is written as 81E0 or as 8790, and read as the former.
    let _ = pair.source.ask(
        "INSERT INTO {{input}} (user_id, avg_amazon_gmv) VALUES (_cp932 X'53418790', 1000), (_cp932 X'534281E0', 1000)",
    );
    let answer = pair.backfill(7).run().ended(3);
    holds_all(&answer.stdout, &["completed   21 users", "left        1 users", "such as \"SA≒\""]);
    assert_eq!(completed(&pair), ["21"]);
    assert_eq!(states(&pair), ["failed"]);
}
