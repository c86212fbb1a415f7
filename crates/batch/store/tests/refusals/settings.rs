//! Settings that a server, role or database presets for our sessions (docs/database.md, "Settings of our sessions").

use cardgenius_embedded::{PostgresOptions, PrivatePostgres};
use cardgenius_store::config::DatabaseConfig;
use cardgenius_store::postgres::PostgresServer;
use cardgenius_store::server::Server;

use crate::database::{CUSTOMER, Database, fresh};
use crate::protocol::run_everything;

/// What a role can preset that our statements could depend on, each as badly as it can be.
const HOSTILE: &[(&str, &str)] = &[
    ("search_path", "''"),
    ("default_transaction_isolation", "serializable"),
    ("default_transaction_deferrable", "on"),
    ("statement_timeout", "100"),
    ("lock_timeout", "1"),
    ("idle_in_transaction_session_timeout", "100"),
    ("exit_on_error", "on"),
    ("client_min_messages", "debug1"),
    ("standard_conforming_strings", "off"),
    ("backslash_quote", "off"),
    ("transform_null_equals", "on"),
    ("array_nulls", "off"),
    ("quote_all_identifiers", "on"),
    ("check_function_bodies", "off"),
    ("constraint_exclusion", "on"),
    ("plan_cache_mode", "force_generic_plan"),
    // Each statement is compiled, for longer than the statement's limit.
    ("jit", "on"),
    ("jit_above_cost", "0"),
    ("jit_inline_above_cost", "0"),
    ("jit_optimize_above_cost", "0"),
    ("enable_seqscan", "off"),
    ("enable_indexscan", "off"),
    ("enable_indexonlyscan", "off"),
    ("enable_bitmapscan", "off"),
    ("enable_tidscan", "off"),
    ("enable_sort", "off"),
    ("enable_hashagg", "off"),
    ("enable_material", "off"),
    ("enable_nestloop", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("enable_partition_pruning", "off"),
    ("from_collapse_limit", "1"),
    ("join_collapse_limit", "1"),
    ("random_page_cost", "1000"),
    ("work_mem", "64"),
    ("max_parallel_workers_per_gather", "8"),
    ("parallel_setup_cost", "0"),
    ("parallel_tuple_cost", "0"),
    ("min_parallel_table_scan_size", "0"),
    ("DateStyle", "'SQL, DMY'"),
    ("IntervalStyle", "sql_standard"),
    ("TimeZone", "'Asia/Kathmandu'"),
    ("extra_float_digits", "-15"),
    ("bytea_output", "escape"),
    ("client_encoding", "LATIN1"),
    ("application_name", "mallory"),
];

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_life_of_a_chunk_passes_whatever_is_preset_for_the_role() {
    let mut database = Database::empty();
    database.run(CUSTOMER);
    database.role = fresh("preset");
    let role = &database.role;
    let mut script = format!("CREATE ROLE {role} LOGIN SUPERUSER;");
    for (name, value) in HOSTILE {
        script.push_str(&format!("ALTER ROLE {role} SET {name} = {value};"));
    }
    database.run(&script);
    database.migrate_as(role, &mut |_| ()).await.unwrap();
    // As the second time, over what is there.
    database.migrate_as(role, &mut |_| ()).await.unwrap();
    database.assert_sound().await;
    run_everything(&database).await;
    let store = database.store();
    assert_eq!(store.failures(None).await.unwrap().len(), 1);
    assert_eq!(database.run("SELECT users_failed, users_new, paused FROM cardgenius_status"), "2|0|f");
}

/// What a lost host is noticed by, as a session of ours has it.
const MISSED_SOON: &str =
    "SELECT current_setting('tcp_keepalives_idle') = '20' AND current_setting('tcp_keepalives_interval') = '10'
    AND current_setting('tcp_keepalives_count') = '3' AND current_setting('tcp_user_timeout') IN ('1min', '60000')
    AND current_setting('client_connection_check_interval') = '10s'";

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_told_to_notice_within_a_minute_that_our_host_is_lost() {
    let server = PrivatePostgres::launch(PostgresOptions::for_tests().loopback_tcp()).unwrap();
    let role = server.superuser_name();
    server
        .psql(
            "postgres",
            &format!("ALTER ROLE {role} SET tcp_keepalives_idle = 7200; ALTER ROLE {role} SET tcp_user_timeout = 0"),
        )
        .unwrap();
    let mut config = Database::empty().config();
    config.source = DatabaseConfig { url: server.tcp_url("postgres").unwrap(), ..DatabaseConfig::default() };
    let ours = PostgresServer::source(&config).unwrap();
    assert_eq!(ours.ask_whether_to_stop(MISSED_SOON).await.unwrap(), Ok(true));
    // The question tells it from a session that is not ours.
    assert_eq!(server.psql("postgres", MISSED_SOON).unwrap(), "f");
}
