//! The configuration as an operator meets it: the real binary, its layers, its refusals, and what it never prints.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod program;

use std::{fs, io};

use program::{Answer, Start, holds_all, start};
use serde_json::Value as Json;

/// `config show --json`, the way most of these tests look in.
fn show() -> Start {
    start(&["config", "show", "--json"])
}

/// Looks into what `config show --json` answered.
trait Settings {
    /// A setting's value and where it comes from.
    fn setting(&self, field: &str) -> (Json, Json);
}

impl Settings for Answer {
    fn setting(&self, field: &str) -> (Json, Json) {
        assert_eq!(self.code, 0, "{}", self.stderr);
        let settings: Vec<Json> = serde_json::from_str(&self.stdout).unwrap();
        let setting = settings.iter().find(|setting| setting["setting"] == field).expect(field);
        (setting["value"].clone(), setting["from"].clone())
    }
}

#[test]
fn each_layer_wins_over_the_one_before_and_is_named_as_the_origin() {
    let answer = show().run();
    assert_eq!(answer.setting("catalog.path"), (Json::Null, serde_json::json!({"layer": "default"})));

    let file = "[catalog]\npath = \"file.json\"";
    let start = show().file(file);
    let path = start.folder.path().join("cardgenius.toml");
    let (value, from) = start.run().setting("catalog.path");
    assert_eq!(value, "file.json");
    assert_eq!(from, serde_json::json!({"layer": "file", "name": path}));

    let (value, from) =
        show().file(file).variable("CARDGENIUS_CATALOG__PATH", "env.json").run().setting("catalog.path");
    assert_eq!(value, "env.json");
    assert_eq!(from, serde_json::json!({"layer": "environment", "name": "CARDGENIUS_CATALOG__PATH"}));

    let start = show().file(file).variable("CARDGENIUS_CATALOG__PATH", "env.json").flags(&["--catalog", "flag.json"]);
    let (value, from) = start.run().setting("catalog.path");
    assert_eq!(value, "flag.json");
    assert_eq!(from, serde_json::json!({"layer": "flag", "name": "--catalog"}));
}

#[test]
fn a_layer_changes_only_what_it_names() {
    let answer = show().file("[lease]\nlease_ms = 40_000\n").variable("CARDGENIUS_LEASE__SWEEP_MS", "6_000").run();
    let values = ["lease.lease_ms", "lease.renew_ms", "lease.sweep_ms"].map(|field| answer.setting(field).0);
    assert_eq!(values, [40_000, 10_000, 6_000]);
}

#[test]
fn database_url_serves_where_nothing_else_names_the_source() {
    let fallback = || show().variable("DATABASE_URL", "postgres://fallback/x");
    let (value, from) = fallback().run().setting("source.url");
    assert_eq!((value, &from["name"]), ("postgres://fallback/x".into(), &"DATABASE_URL".into()));

    let file = "source.url = \"postgres://file/x\"";
    assert_eq!(fallback().file(file).run().setting("source.url").0, "postgres://file/x");
    let named = fallback().variable("CARDGENIUS_SOURCE__URL", "postgres://named/x");
    assert_eq!(named.run().setting("source.url").0, "postgres://named/x");
    assert_eq!(
        fallback().flags(&["--source-url", "postgres://flag/x"]).run().setting("source.url").0,
        "postgres://flag/x"
    );
    assert_eq!(show().variable("DATABASE_URL", "").run().setting("source.url").0, Json::Null);
}

#[test]
fn rust_log_wins_over_every_other_filter() {
    let answer = show()
        .file("log.filter = \"warn\"")
        .variable("CARDGENIUS_LOG__FILTER", "error")
        .variable("RUST_LOG", "debug")
        .run();
    let (value, from) = answer.setting("log.filter");
    assert_eq!((value, &from["name"]), ("debug".into(), &"RUST_LOG".into()));
    holds_all(&show().variable("RUST_LOG", "cardgenius=loud").refused(), &["log.filter", "RUST_LOG"]);
}

#[test]
fn the_file_may_be_named_by_a_variable_and_the_flag_wins() {
    let start = show();
    let path = start.write("other.toml", "run.locked_wait_ms = 1");
    let start = start.variable("CARDGENIUS_CONFIG", path.to_str().unwrap());
    assert_eq!(start.run().setting("run.locked_wait_ms").0, 1);

    let start = show().variable("CARDGENIUS_CONFIG", "absent.toml").file("run.locked_wait_ms = 2");
    assert_eq!(start.run().setting("run.locked_wait_ms").0, 2);
}

#[test]
fn a_file_that_is_missing_or_unreadable_is_an_error() {
    holds_all(&show().flags(&["--config", "absent.toml"]).refused(), &["absent.toml", "No such file"]);
    holds_all(&show().flags(&["--config", "."]).refused(), &["configuration file .", "directory"]);
    holds_all(&show().variable("CARDGENIUS_CONFIG", "absent.toml").refused(), &["absent.toml"]);
    let start = show();
    fs::write(start.folder.path().join("binary.toml"), [0xff, 0xfe, 0x00]).unwrap();
    holds_all(&start.flags(&["--config", "binary.toml"]).refused(), &["binary.toml", "UTF-8"]);
}

#[test]
fn unknown_keys_of_file_and_environment_are_named_all_at_once_with_the_nearest() {
    let said = show()
        .file(
            "workers = 1\n[pipline]\nworkers = 2\n[source]\npasword = \"hunter2\"\n[source.columns]\nincome = \"x\"\n",
        )
        .variable("CARDGENIUS_SOURCE_URL", "postgres://ana:hunter2@db/x")
        .variable("CARDGENIUS_LIMITS__LOCKMS", "5")
        .refused();
    holds_all(
        &said,
        &[
            "6 faults",
            "unknown key `workers`",
            "unknown key `pipline.workers`",
            "the nearest known key is `pipeline.workers`",
            "unknown key `source.pasword`",
            "the nearest known key is `source.password`",
            "unknown key `source.columns.income`",
            "unknown environment variable CARDGENIUS_SOURCE_URL: the nearest known one is CARDGENIUS_SOURCE__URL",
            "unknown environment variable CARDGENIUS_LIMITS__LOCKMS: the nearest known one is CARDGENIUS_LIMITS__LOCK_MS",
        ],
    );
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn variables_of_others_are_passed_over() {
    let answer = show()
        .variable("CARDGENIUS_PORT", "tcp://10.0.0.1:9090")
        .variable("CARDGENIUS_SERVICE_HOST", "10.0.0.1")
        .variable("CARDGENIUSLY", "x")
        .variable("SOURCE__URL", "x")
        .run();
    assert_eq!(answer.setting("source.url").0, Json::Null);
}

#[test]
fn a_password_in_a_variable_is_its_exact_text() {
    // The text of a secret cannot be seen, but a table's name goes the same way and can.
    for text in
        ["12345", "true", "0x10", "1e3", "\"quoted\"", "'quoted'", "[1, 2]", "{a=1}", " spaced ", "a=b", "ä\"\\n"]
    {
        let answer = show()
            .variable("CARDGENIUS_SOURCE__TABLE", text)
            .variable("CARDGENIUS_SOURCE__COLUMNS__CREDIT_SCORE", text)
            .variable("CARDGENIUS_SOURCE__PASSWORD", text)
            .run();
        assert_eq!(answer.setting("source.table").0, text);
        assert_eq!(answer.setting("source.columns.credit_score").0, text);
        assert_eq!(answer.setting("source.password").0, "[redacted]");
    }
}

#[test]
fn numbers_in_variables_are_read_and_anything_else_in_their_place_is_refused() {
    let answer = show()
        .variable("CARDGENIUS_PIPELINE__CHUNK_ROWS", "20_000")
        .variable("CARDGENIUS_PIPELINE__MAX_FAILED_SHARE", "1");
    let answer = answer.run();
    assert_eq!(answer.setting("pipeline.chunk_rows").0, 20_000);
    assert_eq!(answer.setting("pipeline.max_failed_share").0, 1.0);
    for text in ["", "many", "-1", "1.5", "99999999999999999999"] {
        let said = show().variable("CARDGENIUS_RETRY__MAX_MS", text).refused();
        holds_all(&said, &["`retry.max_ms`", "CARDGENIUS_RETRY__MAX_MS", "must be a whole number"]);
    }
}

#[test]
fn values_of_a_wrong_kind_are_named_all_at_once_and_never_shown() {
    let said = show()
        .file(
            "pipeline.workers = \"two\"\nlease = 4711\n[source]\npassword = 4711\nschema = 4711\n[log]\nformat = \"xml\"\n\
             [retry]\nattempts = 4294967296",
        )
        .variable("CARDGENIUS_RUN__LOCKED_WAIT_MS", "soon")
        .refused();
    holds_all(
        &said,
        &[
            "7 faults",
            "`pipeline.workers` (file ",
            "`lease` (file ",
            "must be a table",
            "`source.password` (file ",
            "must be text (in quotes, in a file)",
            "`source.schema` (file ",
            "`log.format` (file ",
            "must be one of auto, human, json",
            "`retry.attempts` (file ",
            "`run.locked_wait_ms` (environment CARDGENIUS_RUN__LOCKED_WAIT_MS) must be a whole number",
        ],
    );
    assert!(!said.contains("4711"), "{said}");
}

#[test]
fn a_password_without_its_quotes_is_not_shown_by_the_parser() {
    for line in
        ["password = hunter2", "password = \"hunter2", "password = hunter2 = 3", "password = 'hunter2' x", "hunter2"]
    {
        let start = show().file(&format!("[source]\nschema = \"public\"\n{line}\n"));
        let said = start.refused();
        holds_all(&said, &["cardgenius.toml", "not valid TOML", "line 3"]);
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn secrets_are_shown_nowhere() {
    let secrets = |start: Start| {
        start
            .file("[target]\nurl = \"postgres://bob@db2/y?password=hunter2&sslmode=require\"\n")
            .variable("CARDGENIUS_SOURCE__URL", "postgres://ana:hunter2@db:5432/x?sslmode=require")
            .variable("CARDGENIUS_MIGRATE__URL", "postgres://owner@db/x")
            .variable("CARDGENIUS_MIGRATE__PASSWORD", "hunter2")
    };
    let answer = secrets(show()).run();
    answer.says_nothing_of("hunter2");
    assert_eq!(answer.setting("source.url").0, "postgres://ana:***@db:5432/x?sslmode=require");
    assert_eq!(answer.setting("target.url").0, "postgres://bob@db2/y?password=***&sslmode=require");
    assert_eq!(answer.setting("migrate.password").0, "[redacted]");

    let answer = secrets(start(&["config", "show"])).run();
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    answer.says_nothing_of("hunter2");
    holds_all(&answer.stdout, &["postgres://ana:***@db:5432/x", "[redacted]", "environment CARDGENIUS_SOURCE__URL"]);

    // Addresses that are no good are not shown in their refusal either.
    for url in [
        "postgres://ana:hun/ter2@db/x",
        "postgres://ana:hun@ter2@db/x",
        "mysql://ana:hun@ter2@db/x",
        "postgres://ana:hun%ter2@db/x",
        "mysql://ana:hun/ter2@db/x",
        "mariadb://ana:ter2@db/x",
        "ana:ter2@db",
        "postgres://ana:ter2",
    ] {
        let answer = show().flags(&["--source-url", url]).run();
        assert_eq!(answer.code, 64);
        answer.says_nothing_of("ter2");
        holds_all(&answer.stderr, &["`source.url` (flag --source-url) must"]);
    }
    // Nor by the command line that they do not fit into.
    for arguments in [&["run", "postgres://ana:hunter2@db/x"][..], &["--backfill=postgres://ana:hunter2@db/x"]] {
        let answer = start(arguments).run();
        assert_eq!(answer.code, 64);
        answer.says_nothing_of("hunter2");
    }
}

#[test]
fn rules_that_are_broken_are_named_all_at_once_with_their_fields_and_origins() {
    let answer = start(&["--backfill", "--workers", "0"])
        .file("[lease]\nlease_ms = 12_000\nrenew_ms = 8_000\n[limits]\nload_ms = 400_000\n[run]\ntime_zone = \"Asia/Calcuta\"\nbackfill_hours = \"22-06\"\n")
        .variable("CARDGENIUS_PIPELINE__SESSIONS", "5")
        .variable("CARDGENIUS_TARGET__TABLE", "user_spending_data");
    let said = answer.refused();
    holds_all(
        &said,
        &[
            "`pipeline.workers` (flag --workers) must be 1 to 200, is 0",
            "`pipeline.sessions` (environment CARDGENIUS_PIPELINE__SESSIONS) must be at most `pipeline.chunks_in_flight`, 4",
            "must be at least three times `lease.renew_ms`",
            "must be more than `lease.renew_ms` + `limits.renew_statement_ms`, 8000 + 5000, is 12000",
            "`pipeline.chunk_deadline_ms` (default) must be more than `limits.load_ms` + `limits.statement_ms`",
            "the nearest is Asia/Calcutta",
            "must be empty, or windows such as 22:00-06:00, is \"22-06\"",
            "`target.table` (environment CARDGENIUS_TARGET__TABLE) must be another table",
        ],
    );
}

#[test]
fn a_configuration_that_breaks_rules_is_shown_and_then_refused() {
    let answer = show().variable("CARDGENIUS_RETRY__ATTEMPTS", "0").run();
    assert_eq!(answer.code, 64);
    assert!(serde_json::from_str::<Vec<Json>>(&answer.stdout).is_ok());
    holds_all(&answer.stderr, &["`retry.attempts`", "must be 1 to 20, is 0"]);
}

#[test]
fn exit_codes_tell_usage_from_help() {
    for (arguments, code) in [
        (&["--help"][..], 0),
        (&["--version"], 0),
        (&["migrate", "--help"], 0),
        (&["config", "show"], 0),
        (&[], 64),
        (&["nonsense"], 64),
        (&["--nonsense"], 64),
        (&["--backfill", "run"], 64),
        (&["--workers", "2"], 64),
        (&["--backfill", "--workers", "two"], 64),
        (&["catalog"], 64),
        (&["config"], 64),
    ] {
        let answer = start(arguments).run();
        assert_eq!(answer.code, code, "{arguments:?}: {}", answer.stderr);
        assert_eq!(answer.stdout.is_empty(), code != 0, "{arguments:?}");
    }
    let answer = start(&[]).run();
    holds_all(&answer.stderr, &["Usage: cardgenius", "--backfill", "Exit codes:"]);
}

#[test]
fn output_that_cannot_be_written_is_a_failure_and_a_reader_that_left_is_none() {
    let mut full = start(&["config", "show"]);
    full.command.stdout(fs::File::options().write(true).open("/dev/full").unwrap());
    let answer = full.run();
    assert_eq!(answer.code, 1);
    holds_all(&answer.stderr, &["standard output"]);

    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let mut left = start(&["config", "show"]);
    left.command.stdout(writer);
    assert_eq!(left.run().code, 0);
}
