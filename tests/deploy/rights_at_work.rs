//! The program works under the rights of roles.sql.

use cardgenius_testkit::{Counts, Database, audit, populate, until};
use nix::sys::signal::Signal;

use crate::place::{ANALYST, APP, SERVER, closed, customers, installed, roles, run_as};
use crate::program::{Start, holds_all};
use crate::running::spawn;

/// Every right in force of the three roles, a line each.
const RIGHTS: &str = "SELECT format('%s %s %s', entry.grantee::regrole, entry.privilege_type, entry.object)
    FROM (SELECT oid::regclass::text AS object, (aclexplode(relacl)).* FROM pg_class
        UNION ALL SELECT attrelid::regclass || '.' || attname, (aclexplode(attacl)).* FROM pg_attribute
        UNION ALL SELECT nspname, (aclexplode(nspacl)).* FROM pg_namespace
        UNION ALL SELECT datname, (aclexplode(datacl)).* FROM pg_database WHERE datname = current_database()) AS entry
    WHERE entry.grantee::regrole::text ~ '^cardgenius_(daemon|reader)$' ORDER BY 1";

async fn audited(database: &Database<'_>) -> Counts {
    let client = database.connect().await;
    audit(&client, &client, &database.tables).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_of_cardgenius_daemon_checks_and_does_a_backfill() {
    let database = installed();
    populate(&database.connect().await, &database.tables, 2_000, 601).await;
    run_as(&database, APP, &["check"]).run().ended(0);
    run_as(&database, APP, &["--backfill", "--chunk-rows", "300"]).run().ended(0);
    assert_eq!(audited(&database).await, Counts::all_completed(2_000));
    // What was there is replaced, too.
    database.psql("UPDATE {{input}} SET processing_status = 'new'");
    run_as(&database, APP, &["--backfill"]).run().ended(0);
    assert_eq!(audited(&database).await, Counts::all_completed(2_000));
}

fn with_short_leases(start: Start) -> Start {
    start
        .variable("CARDGENIUS_LEASE__LEASE_MS", "1500")
        .variable("CARDGENIUS_LEASE__RENEW_MS", "400")
        .variable("CARDGENIUS_LEASE__SWEEP_MS", "200")
        .variable("CARDGENIUS_LIMITS__RENEW_STATEMENT_MS", "400")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_of_cardgenius_daemon_sweeps_after_an_instance_that_died() {
    let database = installed();
    populate(&database.connect().await, &database.tables, 900, 602).await;
    let backfill = || with_short_leases(run_as(&database, APP, &["--backfill", "--chunk-rows", "300"]));
    let killed = backfill().failpoints("load.middle=1*off->1*return(kill)").command.status().unwrap();
    assert_eq!(killed.code(), None, "it was to be killed: {killed}");
    assert_ne!(database.psql("SELECT count(*) FROM {{input}} WHERE processing_status = 'pending'"), "0");
    let next = backfill().run().ended(0);
    holds_all(&next.stderr, &["swept what dead instances had left"]);
    assert_eq!(audited(&database).await, Counts::all_completed(900));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_itself_runs_as_a_member_of_cardgenius_daemon() {
    let database = installed();
    populate(&database.connect().await, &database.tables, 900, 605).await;
    // Leaves a run open, and a dead instance.
    let backfill = with_short_leases(run_as(&database, APP, &["--backfill", "--chunk-rows", "300"]));
    let killed = backfill.failpoints("load.middle=1*off->1*return(kill)").command.status().unwrap();
    assert_eq!(killed.code(), None, "it was to be killed: {killed}");
    let old =
        "INSERT INTO cardgenius_audit (happened_at, actor, action) VALUES (now() - interval '1 year', 'x', 'long ago')";
    database.psql(old);
    let daemon = spawn(with_short_leases(run_as(&database, APP, &["run", "--http", "127.0.0.1:0"])));
    daemon.said("run over");
    let left = "SELECT count(*) FROM cardgenius_audit WHERE action = 'long ago'";
    until("the old entry to be pruned", async || (database.psql(left) == "0").then_some(())).await;
    daemon.signal(Signal::SIGTERM);
    let answer = daemon.end().ended(0);
    holds_all(&answer.stderr, &["swept what dead instances had left"]);
    assert!(!answer.stderr.contains("permission denied"), "{}", answer.stderr);
    assert_eq!(audited(&database).await, Counts::all_completed(900));
}

/// What a year leaves behind: of each table a row that is to be forgotten, and of the fires one that is to stay.
const LONG_AGO: &str = "
    INSERT INTO cardgenius_catalogues (catalogue_hash, catalogue_text, stored_at)
    VALUES (repeat('f', 64), 'long ago', now() - interval '1 year');
    INSERT INTO cardgenius_runs (run_id, source_table, kind, opened_for, as_of, catalogue_hash, engine_version, state,
        opened_by, opened_at, backlog, closed_at)
    VALUES (repeat('1', 32)::uuid, 'public.user_spending_data', 'manual', 'long ago', now() - interval '1 year',
        repeat('f', 64), '0.1.0', 'cancelled', repeat('2', 32)::uuid, now() - interval '1 year', 1,
        now() - interval '1 year');
    INSERT INTO cardgenius_claims (claim_id, run_id, owner, state, users, first_user_id, last_user_id, returned, claimed_at,
        closed_at)
    VALUES (repeat('3', 32)::uuid, repeat('1', 32)::uuid, repeat('2', 32)::uuid, 'returned', 1, 'long ago', 'long ago', 1,
        now() - interval '1 year', now() - interval '1 year');
    INSERT INTO cardgenius_instances (instance_id, host, process_id, program_version, started_at, lease_until)
    VALUES (repeat('2', 32)::uuid, 'long ago', 1, '0.1.0', now() - interval '1 year', now() - interval '1 year');
    INSERT INTO cardgenius_fires (source_table, name, fire_at, outcome, decided_by, decided_at)
    SELECT 'public.user_spending_data', 'long ago', ago, 'missed', repeat('2', 32)::uuid, ago
    FROM (VALUES (now() - interval '1 year'), (now() - interval '53 weeks')) AS fires (ago);
    INSERT INTO cardgenius_audit (happened_at, actor, action) VALUES (now() - interval '1 year', 'x', 'long ago')";

/// How much of it is left, table by table.
const LONG_AGO_LEFT: &str = "SELECT (SELECT count(*) FROM cardgenius_catalogues WHERE catalogue_text = 'long ago'),
    (SELECT count(*) FROM cardgenius_runs WHERE opened_for = 'long ago'),
    (SELECT count(*) FROM cardgenius_claims WHERE first_user_id = 'long ago'),
    (SELECT count(*) FROM cardgenius_instances WHERE host = 'long ago'),
    (SELECT count(*) FROM cardgenius_fires WHERE name = 'long ago'),
    (SELECT count(*) FROM cardgenius_audit WHERE action = 'long ago')";

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_opens_what_is_due_and_forgets_what_is_old_as_a_member_of_cardgenius_daemon() {
    let database = installed();
    populate(&database.connect().await, &database.tables, 300, 607).await;
    database.psql(LONG_AGO);
    assert_eq!(database.psql(LONG_AGO_LEFT), "1|1|1|1|2|1");
    let cron = "SELECT to_char((now() - interval '1 hour') AT TIME ZONE 'UTC', 'FMMI FMHH24 * * *')";
    let start = run_as(&database, APP, &["run", "--http", "127.0.0.1:0"])
        .variable("CARDGENIUS_SCHEDULE__CRON", &database.psql(cron))
        .variable("CARDGENIUS_SCHEDULE__TIME_ZONE", "UTC")
        .variable("CARDGENIUS_SCHEDULE__LOOK_MS", "1000");
    database.psql(
        "INSERT INTO cardgenius_schedule (source_table, name, decided_until)
         VALUES ('public.user_spending_data', 'weekly', now() - interval '90 minutes')",
    );
    let daemon = spawn(with_short_leases(start));
    daemon.said("due: opened a run");
    daemon.said("run over");
    until("what is old to be pruned", async || (database.psql(LONG_AGO_LEFT) == "0|0|0|0|1|0").then_some(())).await;
    // A time that comes while a run is open is written down, too.
    run_as(&database, APP, &["pause", "--reason", "a look"]).run().ended(0);
    run_as(&database, APP, &["run-now"]).run().ended(0);
    database.psql(
        "UPDATE cardgenius_fires SET outcome = 'missed', run_id = NULL WHERE name = 'weekly';
         UPDATE cardgenius_schedule SET decided_until = now() - interval '90 minutes'",
    );
    daemon.said("covered by the open run");
    run_as(&database, APP, &["resume"]).run().ended(0);
    daemon.said_times("run over", 2);
    daemon.signal(Signal::SIGTERM);
    let answer = daemon.end().ended(0);
    holds_all(&answer.stderr, &["forgot runs, claims and audit entries"]);
    for fault in ["permission denied", "could not prune", "cannot look"] {
        assert!(!answer.stderr.contains(fault), "{fault}:\n{}", answer.stderr);
    }
    let fires = "SELECT outcome, run_id IS NOT NULL FROM cardgenius_fires WHERE name = 'weekly'";
    assert_eq!(database.psql(fires), "covered|t");
    let runs = "SELECT string_agg(kind || ' ' || state, ', ' ORDER BY opened_at) FROM {{runs}}";
    assert_eq!(database.psql(runs), "weekly done, manual done");
    assert_eq!(audited(&database).await, Counts::all_completed(300));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_steers_as_a_member_of_cardgenius_daemon() {
    let database = installed();
    populate(&database.connect().await, &database.tables, 300, 606).await;
    let steer = |arguments: &[&str]| run_as(&database, APP, arguments).run().ended(0);
    steer(&["run-now", "--max-users", "100"]);
    steer(&["pause", "--reason", "a look"]);
    holds_all(&steer(&["status"]).stdout, &["a look"]);
    steer(&["status", "--json"]);
    steer(&["resume"]);
    steer(&["cancel", "--yes", "--reason", "enough"]);
    database.psql("UPDATE {{input}} SET avg_ajio_gmv = -1 WHERE user_id = 'CK0000007'");
    run_as(&database, APP, &["--backfill"]).variable("CARDGENIUS_PIPELINE__MAX_FAILED_SHARE", "1").run().ended(0);
    holds_all(&steer(&["failures"]).stdout, &["negative spend"]);
    database.psql("UPDATE {{input}} SET avg_ajio_gmv = 1 WHERE user_id = 'CK0000007'");
    steer(&["requeue", "--failed", "--yes"]);
    steer(&["requeue", "--user", "CK0000001", "CK0000002", "--yes"]);
    steer(&["--backfill"]);
    assert_eq!(audited(&database).await, Counts::all_completed(300));
    assert_eq!(database.psql("SELECT count(*) > 4 FROM cardgenius_audit WHERE actor LIKE '%app%'"), "t");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_recommendations_in_a_second_database_the_file_is_run_in_both() {
    let (source, target) = (customers(), SERVER.empty());
    closed(&target);
    let both = |role: &str, arguments: &[&str]| {
        let url = target.server.url_as(role, None, &target.name);
        run_as(&source, role, arguments).variable("CARDGENIUS_TARGET__URL", &url)
    };
    for database in [&source, &target] {
        roles(database, "");
    }
    both("cardgenius_migrator", &["migrate"]).run().ended(0);
    holds_all(&both(APP, &["check"]).refused(), &["in the source database", "in the target database"]);
    for database in [&source, &target] {
        roles(database, "");
    }
    populate(&source.connect().await, &source.tables, 200, 603).await;
    both(APP, &["check"]).run().ended(0);
    both(APP, &["--backfill"]).run().ended(0);
    let counts = audit(&source.connect().await, &target.connect().await, &source.tables).await;
    assert_eq!(counts, Counts::all_completed(200));
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_need_quoting_and_the_optional_columns_are_variables() {
    let database = SERVER.empty();
    closed(&database);
    database.psql(
        r#"CREATE SCHEMA "Cash Karo" AUTHORIZATION shop; CREATE SCHEMA "out""put" AUTHORIZATION shop;
        CREATE TABLE "Cash Karo"."Users; --" (user_id text PRIMARY KEY, avg_amazon_gmv float8, avg_flipkart_gmv int,
            avg_myntra_gmv numeric, avg_ajio_gmv numeric, avg_grocery_gmv numeric, avg_confirmed_gmv numeric,
            "Monthly ""Income""" int, score int, processing_status text NOT NULL, processing_error text);
        ALTER TABLE "Cash Karo"."Users; --" OWNER TO shop;
        INSERT INTO "Cash Karo"."Users; --" VALUES ('CK1', 1000, 2000, 0, 0, 500, 9000, 200000, 800, 'new')"#,
    );
    let settings = r#"\set schema 'Cash Karo'
        \set table 'Users; --'
        \set target_schema 'out"put'
        \set target_table 'Top 10'
        \set monthly_income 'Monthly "Income"'
        \set credit_score score"#;
    let named = |role: &str, arguments: &[&str]| {
        run_as(&database, role, arguments)
            .variable("CARDGENIUS_SOURCE__SCHEMA", "Cash Karo")
            .variable("CARDGENIUS_SOURCE__TABLE", "Users; --")
            .variable("CARDGENIUS_SOURCE__COLUMNS__MONTHLY_INCOME", "Monthly \"Income\"")
            .variable("CARDGENIUS_SOURCE__COLUMNS__CREDIT_SCORE", "score")
            .variable("CARDGENIUS_TARGET__SCHEMA", "out\"put")
            .variable("CARDGENIUS_TARGET__TABLE", "Top 10")
    };
    roles(&database, settings);
    named("cardgenius_migrator", &["migrate"]).run().ended(0);
    roles(&database, settings);
    named(APP, &["check"]).run().ended(0);
    named(APP, &["--backfill"]).run().ended(0);
    assert_eq!(database.psql(r#"SELECT count(*) FROM "out""put"."Top 10""#), "10");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_may_be_run_again_and_takes_back_what_is_not_in_it() {
    let database = installed();
    let rights = database.psql(RIGHTS);
    assert!(rights.lines().count() > 80, "{rights}");
    roles(&database, "");
    assert_eq!(database.psql(RIGHTS), rights);
    database.psql(
        "GRANT UPDATE ON {{input}} TO cardgenius_daemon; GRANT SELECT (avg_ajio_gmv) ON {{input}} TO cardgenius_reader;
         GRANT INSERT ON {{claims}} TO cardgenius_reader; GRANT TRUNCATE ON {{output}} TO cardgenius_daemon",
    );
    assert_ne!(database.psql(RIGHTS), rights);
    roles(&database, "");
    assert_eq!(database.psql(RIGHTS), rights);
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_migration_the_file_says_what_is_not_there_and_afterwards_only_the_fence_is_not() {
    let database = customers();
    let before = roles(&database, "");
    assert!(before.lines().count() > 10 && before.lines().all(|line| line.starts_with("not there: ")), "{before}");
    run_as(&database, "cardgenius_migrator", &["migrate"]).run().ended(0);
    assert_eq!(roles(&database, ""), "not there: public.cardgenius_fence");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customers_own_sequence_behind_the_recommendations_is_granted() {
    let database = installed();
    database.psql("ALTER TABLE {{output}} ADD COLUMN id bigserial");
    roles(&database, "");
    populate(&database.connect().await, &database.tables, 20, 604).await;
    run_as(&database, APP, &["--backfill"]).run().ended(0);
    assert_eq!(audited(&database).await, Counts::all_completed(20));
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_the_daemon_nor_the_reader_can_migrate() {
    let database = customers();
    roles(&database, "");
    for role in [APP, ANALYST] {
        let answer = run_as(&database, role, &["migrate"]).run();
        assert_ne!(answer.code, 0, "{role}");
        holds_all(&answer.stderr, &["may not create our tables in schema public", "GRANT CREATE ON SCHEMA"]);
    }
}
