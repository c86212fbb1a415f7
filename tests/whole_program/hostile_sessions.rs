//! On MariaDB, a whole run by an account whose sessions begin with the worst that a server, a role or an `init_connect` can preset.

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use cardgenius_embedded::MariadbOptions;
use cardgenius_testkit::{MariadbDatabase, MariadbServer, Side, audit_sides};

use crate::combinations::{MYSQL_CUSTOMER, Pair};
use crate::program::{Answer, Start, holds_all, start};

const ROLES: &str = include_str!("../../sql/mysql/roles.sql");

/// Without the right SUPER, so that `init_connect` is run for its sessions.
const ACCOUNT: &str = "plain";

/// Of the tests' own: its global settings are bad for every other test.
static SERVER: LazyLock<MariadbServer> = LazyLock::new(|| {
    let server = MariadbServer::launch(MariadbOptions::for_tests());
    server.mariadb.run_sql("", &format!("CREATE USER {ACCOUNT}")).unwrap();
    server
});

/// The presets are the server's, so that one test has them at a time.
static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Presets that are at their worst together; each line is a combination.
const COMBINATIONS: [&str; 4] = [
    // Keys and figures as another client would see them, and answers that are cut off.
    "sql_select_limit = 2, character_set_client = latin1, character_set_results = latin1, collation_connection = latin1_swedish_ci,
     group_concat_max_len = 4, max_sort_length = 1, div_precision_increment = 0, max_recursive_iterations = 0, max_error_count = 0,
     sql_notes = 0, default_regex_flags = 'EXTENDED', time_zone = '+05:30'",
    // Statements that are refused or ended.
    "sql_select_limit = 0, max_join_size = 1, sql_big_selects = 0, sql_safe_updates = 1, max_statement_time = 0.000001,
     sort_buffer_size = 1024, idle_transaction_timeout = 1, idle_write_transaction_timeout = 1, wait_timeout = 1, net_read_timeout = 1,
     optimizer_max_sel_arg_weight = 0, innodb_lock_wait_timeout = 0, lock_wait_timeout = 0, alter_algorithm = 'INSTANT',
     max_session_mem_used = 1048576, old_mode = 'ZERO_DATE_TIME_CAST'",
    // Transactions that are other than they seem.
    "autocommit = 0, completion_type = 1, tx_isolation = 'SERIALIZABLE', foreign_key_checks = 0, unique_checks = 0,
     check_constraint_checks = 0, sql_auto_is_null = 1, character_set_client = utf8mb3, character_set_results = NULL,
     collation_connection = utf8mb3_general_ci, innodb_strict_mode = 0, default_storage_engine = MyISAM, sql_if_exists = 1,
     explicit_defaults_for_timestamp = 0",
    // Other dialects, other plans.
    "sql_mode = 'ORACLE,ANSI_QUOTES,NO_BACKSLASH_ESCAPES,EMPTY_STRING_IS_NULL,PAD_CHAR_TO_FULL_LENGTH,HIGH_NOT_PRECEDENCE',
     completion_type = 2, tx_read_only = 1, lc_time_names = 'hi_IN', lc_messages = 'de_DE', sql_quote_show_create = 0,
     in_predicate_conversion_threshold = 2, eq_range_index_dive_limit = 0, sql_buffer_result = 1,
     optimizer_switch = 'derived_merge=off,materialization=off,semijoin=off,firstmatch=off,index_merge=off,mrr=on,extended_keys=off'",
];

/// Keys of one to four bytes a character, blanks, and what another character set would take for something else.
const KEYS: [&str; 8] = ["CK1", "ck2", "Zoë", "प्रिया", "✨🎉", "🙂", "ＣＫ１", "it''s \\\\N"];

/// Makes every session of the account begin so; none: as the server is by itself.
fn preset(settings: Option<&str>) {
    begin_with(&settings.map_or(String::new(), |settings| format!("SET SESSION {settings}")));
}

/// Makes every session of the account begin with these statements.
fn begin_with(init: &str) {
    let quoted = init.replace('\\', "\\\\").replace('\'', "''");
    SERVER.mariadb.run_sql("", &format!("SET GLOBAL init_connect = '{quoted}'")).unwrap();
}

/// The customer's tables, with users who have these keys, and one whose amounts are refused.
fn customers() -> MariadbDatabase<'static> {
    let database = SERVER.empty();
    let _ = database.sql(MYSQL_CUSTOMER);
    let _ = database
        .sql("ALTER TABLE {{input}} MODIFY user_id VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL");
    let users: Vec<String> = KEYS.iter().map(|key| format!("('{key}', 1000.25, 2000.5)")).collect();
    let _ = database.sql(&format!(
        "SET NAMES utf8mb4; INSERT INTO {{{{input}}}} (user_id, avg_amazon_gmv, avg_confirmed_gmv) VALUES {}, ('💥', -1, 1)",
        users.join(", ")
    ));
    let grant = format!("GRANT ALL ON `{}`.* TO {ACCOUNT}", database.name);
    SERVER.mariadb.run_sql("", &grant).unwrap();
    database
}

fn on(database: &MariadbDatabase<'_>, arguments: &[&str]) -> Start {
    let url = database.server.url_as(ACCOUNT, None, &database.name);
    start(arguments).variable("CARDGENIUS_SOURCE__URL", &url)
}

/// Migrates, checks, fills, looks, requeues and fills again.
fn lives(database: &MariadbDatabase<'static>, preset: &str) -> Answer {
    on(database, &["migrate"]).run().ended(0);
    on(database, &["migrate"]).run().ended(0);
    let checked = on(database, &["check"]).run().ended(0);
    assert!(checked.stdout.contains("nothing is wrong"), "{preset}: {}", checked.stdout);
    // One of nine users fails.
    let fill =
        || on(database, &["--backfill", "--chunk-rows", "3"]).variable("CARDGENIUS_PIPELINE__MAX_FAILED_SHARE", "0.5");
    fill().run().ended(0);
    let failures = on(database, &["failures"]).run().ended(0).stdout;
    holds_all(&failures, &["negative spend", "💥"]);
    on(database, &["requeue", "--everybody", "--yes"]).run().ended(0);
    let settled = "SELECT COUNT(*) FROM {{input}} WHERE processing_status <> 'new'";
    assert_eq!(database.sql(settled), "0", "{preset}: users were not requeued");
    fill().run().ended(0);
    on(database, &["pause", "--reason", "प्रिया asked"]).run().ended(0);
    let status = on(database, &["status"]).run().ended(0);
    assert!(status.stdout.contains("प्रिया asked"), "{preset}: {}", status.stdout);
    on(database, &["resume"]).run().ended(0);
    status
}

fn everybody_is_done(database: &MariadbDatabase<'static>, preset: &str) {
    let side = Side::Mariadb(database.clone());
    let counts = audit_sides(&side, &side);
    assert_eq!((counts.users, counts.completed, counts.failed), (9, 8, 1), "{preset}: {counts:?}");
    let keys = "SELECT COUNT(DISTINCT user_id) FROM {{output}} AS o WHERE user_id IN (SELECT user_id FROM {{input}})";
    assert_eq!(database.sql(keys), "8", "{preset}");
    let paused =
        database.sql("SELECT COUNT(*) FROM cardgenius_audit WHERE action = 'pause' AND detail = 'प्रिया asked'");
    assert_eq!(paused, "1", "{preset}");
}

#[test]
fn a_run_is_the_same_whatever_the_sessions_of_its_account_begin_with() {
    let _turn = turn();
    for settings in COMBINATIONS {
        preset(None);
        let database = customers();
        preset(Some(settings));
        // That the preset is there is shown by what the server says to the account itself.
        lives(&database, settings);
        preset(None);
        everybody_is_done(&database, settings);
    }
}

#[test]
fn what_an_init_connect_has_begun_is_ended_before_a_session_works() {
    let _turn = turn();
    for begun in ["SET character_set_connection = utf16; START TRANSACTION", "LOCK TABLES user_spending_data READ"] {
        preset(None);
        let database = customers();
        begin_with(begun);
        lives(&database, begun);
        preset(None);
        everybody_is_done(&database, begun);
    }
}

#[test]
fn what_is_printed_and_the_roles_are_the_same_whatever_the_clients_session_begins_with() {
    let _turn = turn();
    preset(None);
    let plain = customers();
    let made = |database: &MariadbDatabase<'static>| {
        let tables = "SELECT GROUP_CONCAT(table_name, table_collation, row_format ORDER BY table_name) FROM information_schema.tables
            WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'";
        let rights = format!(
            "SELECT COUNT(*) FROM information_schema.column_privileges WHERE table_schema = '{}'",
            database.name
        );
        format!("{} {}", database.sql(tables), database.sql(&rights))
    };
    let script = on(&plain, &["migrate", "--print"]).run().ended(0).stdout;
    plain.server.run_sql(&plain.name, &format!("{script}\n{ROLES}")).unwrap();
    for settings in COMBINATIONS {
        let database = customers();
        let script = on(&database, &["migrate", "--print"]).run().ended(0).stdout;
        // The client's own session begins so.
        let all = format!("SET SESSION {settings};\n{script}\n{ROLES}");
        database.server.run_sql(&database.name, &all).unwrap_or_else(|error| panic!("{settings}: {error}"));
        assert_eq!(made(&database), made(&plain), "{settings}");
    }
}

#[test]
fn a_second_database_is_written_the_same_whatever_its_servers_limits_are() {
    static OTHER: LazyLock<MariadbServer> = LazyLock::new(|| MariadbServer::launch(MariadbOptions::for_tests()));
    let pair = Pair { source: Side::Mariadb(OTHER.empty()), second: Some(Side::Mariadb(SERVER.empty())) };
    let _ = pair.source.ask(MYSQL_CUSTOMER);
    let values: Vec<String> = (0..40).map(|user| format!("('CK{user}', 1000)")).collect();
    let _ =
        pair.source.ask(&format!("INSERT INTO {{{{input}}}} (user_id, avg_amazon_gmv) VALUES {}", values.join(", ")));
    OTHER
        .mariadb
        .run_sql("", "SET GLOBAL sql_select_limit = 5, GLOBAL max_join_size = 1, GLOBAL max_statement_time = 0.5")
        .unwrap();
    let pair = pair.made_ready();
    pair.backfill(7).run().ended(0);
    OTHER
        .mariadb
        .run_sql("", "SET GLOBAL sql_select_limit = 18446744073709551615, GLOBAL max_join_size = 18446744073709551615")
        .unwrap();
    assert_eq!(pair.audited(), cardgenius_testkit::Counts::all_completed(40));
}
