//! Passwords: wherever they are given they work, they change without a restart, and they are printed nowhere.

use std::sync::LazyLock;

use cardgenius_embedded::PostgresOptions;
use cardgenius_testkit::{Counts, Database, Gate, TestServer, populate, until};

use crate::place::{CUSTOMER, audited, backfill, migrate};
use crate::program::{Answer, Start, holds_all, start};
use crate::running::spawn;

/// Of the superuser: what has to be escaped in one place or another.
const SECRET: &str = "pa55 w/ö:rd@%41?&'\"\\#{}";

/// Asks everybody for a password.
static GUARDED: LazyLock<TestServer> =
    LazyLock::new(|| TestServer::launch(PostgresOptions::for_tests().loopback_tcp().password(SECRET)));

async fn guarded(users: i64) -> Database<'static> {
    let database = GUARDED.empty();
    database.psql(CUSTOMER);
    migrate(&database);
    populate(&database.connect().await, &database.tables, users, 141).await;
    database
}

/// As it may stand in an address: percent-encoded, by any piece of it that nobody else would print.
fn pieces_of(secret: &str) -> Vec<String> {
    let url = GUARDED.postgres.url_as("x", Some(secret), "y");
    let encoded = url.split("password=").nth(1).unwrap().to_owned();
    assert!(encoded.len() >= secret.len());
    let escaped = secret.escape_debug().to_string();
    vec![secret.to_owned(), encoded, escaped, secret.split(' ').next().unwrap().to_owned()]
}

trait Discreet {
    fn without(self, secret: &str) -> Self;
}

impl Discreet for Answer {
    fn without(self, secret: &str) -> Self {
        for piece in pieces_of(secret) {
            let found = self.stdout.lines().chain(self.stderr.lines()).find(|line| line.contains(&piece));
            assert_eq!(found, None, "{piece:?} was printed");
        }
        self
    }
}

/// All that there is to log.
fn talkative(start: Start) -> Start {
    start.variable("RUST_LOG", "trace")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_works_from_everywhere_and_is_never_printed_not_even_at_trace() {
    let database = guarded(50).await;
    let superuser = GUARDED.postgres.superuser_name();
    let bare = GUARDED.postgres.url_as(superuser, None, &database.name);
    let with_password = [database.url(), GUARDED.postgres.tcp_url(&database.name).unwrap()];
    let with_source = |command: &[&str], url: &str| talkative(start(command)).variable("CARDGENIUS_SOURCE__URL", url);
    let in_a_file = |start: Start| {
        let path = start.write("password", &format!("{SECRET}\n"));
        start.variable("CARDGENIUS_SOURCE__PASSWORD_FILE", path.to_str().unwrap())
    };
    for command in
        [["--backfill"].as_slice(), &["check"], &["migrate"], &["config", "show"], &["config", "show", "--json"]]
    {
        for url in &with_password {
            with_source(command, url).run().ended(0).without(SECRET);
            talkative(start(command)).flags(&["--source-url", url]).run().ended(0).without(SECRET);
        }
        with_source(command, &bare).variable("CARDGENIUS_SOURCE__PASSWORD", SECRET).run().ended(0).without(SECRET);
        in_a_file(with_source(command, &bare)).run().ended(0).without(SECRET);
        database.psql("UPDATE {{input}} SET processing_status = 'new'");
    }
    // It did log what there is.
    let answer = with_source(&["--backfill"], &with_password[0]).run().ended(0).without(SECRET);
    holds_all(&answer.stderr, &[r#""level":"DEBUG""#]);
    assert_eq!(audited(&database).await, Counts::all_completed(50));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_75_and_is_not_printed_either() {
    let database = guarded(1).await;
    let superuser = GUARDED.postgres.superuser_name();
    let wrong = "wr0ng ö/@";
    let bare = GUARDED.postgres.url_as(superuser, None, &database.name);
    for command in ["--backfill", "check", "migrate"] {
        let in_url = GUARDED.postgres.url_as(superuser, Some(wrong), &database.name);
        for start in [
            start(&[command]).variable("CARDGENIUS_SOURCE__URL", &in_url),
            start(&[command]).variable("CARDGENIUS_SOURCE__URL", &bare).variable("CARDGENIUS_SOURCE__PASSWORD", wrong),
        ] {
            let answer = talkative(start).run().ended(75).without(wrong);
            holds_all(&answer.stderr, &["password authentication failed for user", r#""kind":"authentication""#]);
        }
        // None at all.
        let answer = talkative(start(&[command])).variable("CARDGENIUS_SOURCE__URL", &bare).run().ended(64);
        holds_all(&answer.stderr, &["set source.password_file"]);
    }
    assert_eq!(audited(&database).await, Counts { users: 1, new: 1, ..Counts::default() });
}

#[test]
fn a_password_file_that_all_accounts_may_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt;
    let database = GUARDED.empty();
    let bare = GUARDED.postgres.url_as(GUARDED.postgres.superuser_name(), None, &database.name);
    for (mode, warned) in [(0o666, true), (0o644, true), (0o400, false)] {
        let start = start(&["check"]);
        let path = start.write("password", SECRET);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let start = start.variable("CARDGENIUS_SOURCE__URL", &bare);
        let answer = start.variable("CARDGENIUS_SOURCE__PASSWORD_FILE", path.to_str().unwrap()).run().ended(64);
        let said = answer.without(SECRET).stderr;
        assert_eq!(said.matches("every account of the machine").count(), usize::from(warned), "{mode:o}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_file_that_changes_in_the_middle_of_a_run_is_read_again() {
    let database = guarded(200).await;
    let gate = Gate::closed_from(database.connect().await, &database.tables, "CK0000101").await;
    let role = GUARDED.fresh("rotating");
    database.psql(&format!("CREATE ROLE {role} LOGIN SUPERUSER PASSWORD 'f1rst secret'"));
    let mut start = backfill(&database, 10).variable("CARDGENIUS_RETRY__BASE_MS", "50");
    let path = start.write("password", "f1rst secret\n");
    start = start
        .variable("CARDGENIUS_SOURCE__URL", &GUARDED.postgres.url_as(&role, None, &database.name))
        .variable("CARDGENIUS_SOURCE__PASSWORD_FILE", path.to_str().unwrap());
    let run = spawn(talkative(start));
    gate.reached_by(2).await;
    // As an operator would: the new password where it will be looked for, then in the database, then out with the old
    // sessions. Nobody connects in between: all sessions are made, and stay.
    std::fs::write(&path, "s3cond secret\r\n").unwrap();
    database.psql(&format!("ALTER ROLE {role} PASSWORD 's3cond secret'"));
    let ended = database
        .psql(&format!("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = '{role}'"));
    assert!(ended.parse::<u32>().unwrap() >= 3, "{ended} sessions");
    let back = format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{role}'");
    until("new sessions", async || (database.psql(&back) != "0").then_some(())).await;
    gate.open().await;
    run.end().ended(0).without("f1rst secret").without("s3cond secret");
    assert_eq!(audited(&database).await, Counts::all_completed(200));
    assert_eq!(database.psql("SELECT sum(completed) FROM {{claims}}"), "200");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_users_spend_is_never_logged() {
    let database = guarded(20).await;
    database.psql(
        "UPDATE {{input}} SET avg_amazon_gmv = 76543210.98, avg_confirmed_gmv = 76543210.98;
         UPDATE {{input}} SET avg_ajio_gmv = -7654321.98 WHERE user_id = 'CK0000003';
         ALTER TABLE {{output}} ADD CONSTRAINT not_this CHECK (user_id <> 'CK0000004')",
    );
    let start = talkative(backfill(&database, 20)).variable("CARDGENIUS_PIPELINE__MAX_FAILED_SHARE", "1");
    let answer = start.run().ended(0);
    holds_all(&answer.stdout, &["1 negative spend", "1 refused by the database"]);
    answer.without("7654321");
    let errors = database.psql("SELECT string_agg(processing_error, ' ') FROM {{input}}");
    assert!(!errors.contains("7654321"), "{errors}");
}
