//! Steering: what an operator does while instances are at work, by our commands and by plain SQL.

use cardgenius_testkit::{Counts, Database, Gate, populate, until};
use serde_json::Value as Json;

use crate::place::{audited, backfill, migrated, on, unmigrated};
use crate::program::holds_all;
use crate::running::spawn;

const USERS: i64 = 600;

/// Chunks that are open or were, so far.
fn claims(database: &Database<'_>) -> i64 {
    database.psql("SELECT count(*) FROM {{claims}}").parse().unwrap()
}

/// Returns when no chunk is in flight.
async fn nothing_is_in_flight(database: &Database<'_>) {
    let open = "SELECT count(*) FROM {{claims}} WHERE state = 'open'";
    until("the chunks in flight", async || (database.psql(open) == "0").then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_by_command_or_by_plain_sql_stops_two_instances_within_a_chunk_and_a_resume_lets_them_go_on() {
    for by_command in [true, false] {
        let database = migrated();
        let client = database.connect().await;
        populate(&client, &database.tables, USERS, 301).await;
        let gate = Gate::closed_from(database.connect().await, &database.tables, "").await;
        let first = spawn(backfill(&database, 10));
        gate.reached_by(2).await;
        let instances = [first, spawn(backfill(&database, 10))];
        gate.reached_by(3).await;
        if by_command {
            let answer = on(&database, &["pause", "--reason", "the disk is full"]).run().ended(0);
            holds_all(&answer.stdout, &["paused: no instance claims", "chunks in flight", "cardgenius resume"]);
        } else {
            database.psql("UPDATE cardgenius_control SET paused = true, reason = 'the disk is full'");
        }
        let at_the_pause = claims(&database);
        gate.open().await;
        for instance in &instances {
            instance.said("paused by an operator");
            instance.said("the disk is full");
        }
        nothing_is_in_flight(&database).await;
        let at_rest = claims(&database);
        assert!(at_rest <= at_the_pause + 2, "one chunk an instance at most: {at_the_pause}, {at_rest}");
        let counts = audited(&database).await;
        assert_eq!((counts.pending, counts.failed), (0, 0));
        assert!(counts.completed >= 30 && counts.new > 0, "{counts:?}");
        let status = on(&database, &["status"]).run().ended(0).stdout;
        holds_all(&status, &["PAUSED since", "the disk is full"]);
        assert_eq!(claims(&database), at_rest);

        if by_command {
            holds_all(&on(&database, &["resume"]).run().ended(0).stdout, &["resumed", "the disk is full"]);
            holds_all(&on(&database, &["resume"]).run().ended(0).stdout, &["was not paused"]);
        } else {
            database.psql("UPDATE cardgenius_control SET paused = false");
        }
        for instance in instances {
            let answer = instance.end().ended(0);
            holds_all(&answer.stderr, &["the pause is over"]);
            assert_eq!(answer.stderr.matches("paused by an operator").count(), 1, "said once:\n{}", answer.stderr);
        }
        assert_eq!(audited(&database).await, Counts::all_completed(USERS));
        let audit = database.psql(
            "SELECT string_agg(action || ':' || (actor LIKE session_user || '%') || ':' || (actor LIKE '%via cardgenius%')
                 || ':' || (detail LIKE '%the disk is full%'), ' ' ORDER BY audit_id)
             FROM cardgenius_audit WHERE action IN ('pause', 'resume')",
        );
        assert_eq!(audit, format!("pause:true:{by_command}:true resume:true:{by_command}:true"));
        let switch = database
            .psql("SELECT paused, reason IS NULL, changed_at > now() - interval '10 minutes' FROM cardgenius_control");
        assert_eq!(switch, "f|t|t");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_that_starts_in_a_pause_says_so_and_waits_and_a_signal_ends_it() {
    let database = migrated();
    let client = database.connect().await;
    populate(&client, &database.tables, 50, 302).await;
    on(&database, &["pause", "--reason", "not yet"]).run().ended(0);
    let stopped = spawn(backfill(&database, 10));
    stopped.said("not yet");
    stopped.signal(nix::sys::signal::Signal::SIGTERM);
    stopped.end().ended(4);
    let waiting = spawn(backfill(&database, 10));
    waiting.said("not yet");
    assert_eq!(claims(&database), 0);
    on(&database, &["resume"]).run().ended(0);
    waiting.end().ended(0);
    assert_eq!(audited(&database).await, Counts::all_completed(50));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_cancels_ends_the_run_after_the_chunks_in_flight_and_the_rest_stays_new() {
    let database = migrated();
    let client = database.connect().await;
    populate(&client, &database.tables, USERS, 303).await;
    holds_all(&on(&database, &["cancel", "--yes"]).run().ended(0).stdout, &["no run is open"]);
    let gate = Gate::closed_from(database.connect().await, &database.tables, "").await;
    let first = spawn(backfill(&database, 10));
    gate.reached_by(2).await;
    let instances = [first, spawn(backfill(&database, 10))];
    gate.reached_by(3).await;
    let unasked = on(&database, &["cancel"]).run().ended(64);
    holds_all(&unasked.stderr, &["End the backfill run", "--yes"]);
    let answer = on(&database, &["cancel", "--yes", "--reason", "the wrong catalogue"]).run().ended(0);
    holds_all(&answer.stdout, &["cancelled the backfill run", "stays new"]);
    let at_the_end = claims(&database);
    gate.open().await;
    for instance in instances {
        holds_all(&instance.end().ended(4).stdout, &["(cancelled)"]);
    }
    assert_eq!(claims(&database), at_the_end, "nothing was claimed after it");
    let counts = audited(&database).await;
    assert_eq!((counts.pending, counts.failed), (0, 0));
    assert!(counts.completed >= 30 && counts.new > 0, "what was in flight is done: {counts:?}");
    let run = database.psql("SELECT state, reason LIKE 'cancelled by %: the wrong catalogue' FROM {{runs}}");
    assert_eq!(run, "cancelled|t");
    let audit = "SELECT action, detail, run_id IS NOT NULL FROM cardgenius_audit WHERE action = 'cancel'";
    assert_eq!(database.psql(audit), "cancel|the wrong catalogue|t");
    backfill(&database, 100).run().ended(0);
    assert_eq!(audited(&database).await, Counts::all_completed(USERS));
}

#[tokio::test(flavor = "multi_thread")]
async fn run_now_opens_one_run_for_those_who_are_up_and_says_when_nobody_is() {
    let database = migrated();
    let client = database.connect().await;
    populate(&client, &database.tables, 60, 304).await;
    let first = on(&database, &["run-now"]).run().ended(0);
    holds_all(
        &first.stdout,
        &["opened=true: manual run", "for 60 users", "no instance is alive", "cardgenius --backfill"],
    );
    let second = on(&database, &["run-now"]).run().ended(0);
    holds_all(&second.stdout, &["opened=false: the manual run"]);
    let run = "SELECT count(*), min(kind), bool_and(opened_for LIKE '%via cardgenius'), bool_and(catalogue_hash ~ '^[0-9a-f]{64}$') FROM {{runs}}";
    assert_eq!(database.psql(run), "1|manual|t|t");
    assert_eq!(database.psql("SELECT count(*) FROM cardgenius_audit WHERE action = 'open'"), "1");
    let gate = Gate::closed_from(database.connect().await, &database.tables, "").await;
    let instance = spawn(backfill(&database, 10));
    instance.said("joined the open run");
    gate.reached_by(2).await;
    holds_all(&on(&database, &["run-now"]).run().ended(0).stdout, &["opened=false", "1 live instance takes it"]);
    gate.open().await;
    instance.end().ended(0);
    assert_eq!(audited(&database).await, Counts::all_completed(60));
}

#[tokio::test(flavor = "multi_thread")]
async fn status_shows_a_run_in_the_middle_to_people_and_to_programs() {
    let database = migrated();
    let client = database.connect().await;
    populate(&client, &database.tables, USERS, 305).await;
    database.psql("UPDATE {{input}} SET avg_amazon_gmv = -1 WHERE user_id <= 'CK0000003'");
    let gate = Gate::closed_from(database.connect().await, &database.tables, "CK0000301").await;
    let instance = spawn(backfill(&database, 20));
    gate.reached_by(2).await;
    let done = "SELECT count(*) FROM {{input}} WHERE processing_status IN ('completed', 'failed')";
    until("the first half", async || (database.psql(done) == "300").then_some(())).await;
    database.psql("ANALYZE {{input}}");
    let answer = on(&database, &["status"]).run().ended(0);
    eprintln!("{}", answer.stdout);
    holds_all(
        &answer.stdout,
        &[
            "public.user_spending_data",
            "3 failed, about 297 completed",
            "claiming   on",
            "run        backfill",
            "50.0 %: 300 of 600 users, 3 failed",
            "users/s over the last minute, ETA 0:",
            "INSTANCE",
            "s left",
            "LAST RUNS",
            "open",
        ],
    );
    assert!(answer.stdout.lines().all(|line| line.chars().count() <= 100), "too wide:\n{}", answer.stdout);
    let json: Json = serde_json::from_str(&on(&database, &["status", "--json"]).run().ended(0).stdout).unwrap();
    let run = &json["run"];
    assert_eq!((&run["done"], &run["total"], &run["failed"]), (&300.into(), &600.into(), &3.into()));
    assert!(run["users_per_second"].as_f64().unwrap() > 0.0 && run["eta_seconds"].is_u64(), "{run}");
    assert_eq!(json["backlog"]["failed"], 3);
    assert_eq!(json["instances"].as_array().unwrap().len(), 1);
    let seen = &json["instances"][0];
    assert_eq!((&seen["alive"], seen["open_claims"].as_u64().unwrap() >= 2), (&true.into(), true), "{seen}");
    assert_eq!(seen["users_held"].as_u64().unwrap(), 20 * seen["open_claims"].as_u64().unwrap());
    assert_eq!((&json["control"]["paused"], &json["schema_version"]), (&false.into(), &4.into()));
    assert!(!json.to_string().contains("gmv"));
    gate.open().await;
    instance.end().ended(3);
    let after = on(&database, &["status"]).run().ended(0).stdout;
    holds_all(&after, &["run        none is open", "no instance is alive", "done"]);
    let failures = on(&database, &["failures"]).run().ended(0).stdout;
    eprintln!("{after}\n{failures}");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_database_without_our_tables_every_command_says_to_migrate_and_on_none_that_it_is_away() {
    let database = unmigrated();
    let nil = "00000000-0000-0000-0000-000000000000";
    for arguments in [
        &["status"][..],
        &["status", "--json"],
        &["pause", "--reason", "x"],
        &["resume"],
        &["cancel", "--yes"],
        &["requeue", "--failed", "--yes"],
        &["requeue", "--everybody", "--yes"],
        &["requeue", "--run", nil, "--yes"],
        &["failures"],
        &["failures", "--run", nil],
        &["run-now"],
    ] {
        let answer = on(&database, arguments).run();
        assert_eq!(answer.code, 64, "{arguments:?}\n{}{}", answer.stdout, answer.stderr);
        assert!(answer.stderr.contains("run `cardgenius migrate`"), "{arguments:?}\n{}", answer.stderr);
        let away = on(&database, arguments).variable("CARDGENIUS_SOURCE__URL", "postgres://x@127.0.0.1:1/x").run();
        assert_eq!(away.code, 75, "{arguments:?}\n{}{}", away.stdout, away.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_can_say_for_programs_what_it_did_and_a_limited_run_is_for_its_limit_of_users() {
    let database = migrated();
    populate(&database.connect().await, &database.tables, 50, 309).await;
    let said = |arguments: &[&str]| -> Json {
        let answer = on(&database, arguments).flags(&["--json"]).run().ended(0);
        serde_json::from_str(&answer.stdout).unwrap_or_else(|error| panic!("{error}: {}", answer.stdout))
    };
    let paused = said(&["pause", "--reason", "a test"]);
    assert_eq!((paused["paused"].as_bool(), paused["was_paused"].as_bool()), (Some(true), Some(false)));
    let opened = said(&["run-now", "--max-users", "20"]);
    assert_eq!((opened["opened"].as_bool(), opened["users"].as_u64()), (Some(true), Some(20)));
    assert_eq!((opened["paused"].as_bool(), opened["instances_alive"].as_u64()), (Some(true), Some(0)));
    assert_eq!(opened["catalogue_hash"], opened["configured_catalogue_hash"]);
    assert_eq!(said(&["status"])["run"]["total"], 20);
    assert_eq!(database.psql("SELECT users_total FROM cardgenius_progress"), "20");
    assert_eq!(said(&["resume"])["was_paused"].as_bool(), Some(true));
    backfill(&database, 10).run().ended(0);
    assert_eq!(database.psql("SELECT state, users_left FROM {{runs}}"), "done|30");
    let requeued = said(&["requeue", "--everybody", "--yes"]);
    assert_eq!((requeued["users"].as_u64(), &requeued["open_run"]), (Some(20), &Json::Null));
    let other = on(&database, &["run-now"]);
    let path =
        other.write("other.json", &include_str!("../../catalog/cards.json").replace("Credit Card", "Other Card"));
    let path = path.to_str().unwrap().to_owned();
    assert_eq!(said(&["run-now"])["opened"].as_bool(), Some(true));
    holds_all(&other.flags(&["--catalog", &path]).run().ended(0).stdout, &["opened=false", "has another catalogue"]);
    let cancelled = said(&["cancel", "--reason", "a test", "--yes"]);
    assert_eq!((cancelled["cancelled"].as_bool(), cancelled["kind"].as_str()), (Some(true), Some("manual")));
    assert_eq!(said(&["cancel", "--yes"])["cancelled"].as_bool(), Some(false));
}
