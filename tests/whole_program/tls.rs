//! TLS to the database as `sslmode` asks, with certificates made here.

use std::sync::LazyLock;

use cardgenius_embedded::PostgresOptions;
use cardgenius_testkit::{Counts, Database, TestServer, populate};

use crate::certificates::{Authority, as_in_the_manual};
use crate::place::{CUSTOMER, SERVER, audited, migrate};
use crate::program::{Start, holds_all, start};

/// What the server's certificate is for; no machine is called so.
const HOST: &str = "db.cardgenius.test";

struct Place {
    server: TestServer,
    /// Of the authority that signed the server's certificate, and of another.
    trusted: String,
    other: String,
}

/// Over TCP `secure` must use TLS, `sesame` must use it and has a password, and `plain` must not use it.
const WHO_MAY: &str = "local all all trust\nhostssl all secure 127.0.0.1/32 trust\n\
    hostssl all sesame 127.0.0.1/32 scram-sha-256\nhostnossl all plain 127.0.0.1/32 trust\n";

static WITH_TLS: LazyLock<Place> = LazyLock::new(|| {
    let (authority, other) = (Authority::new(), Authority::new());
    let (certificate, key) = authority.sign(HOST);
    let options = PostgresOptions::for_tests()
        .loopback_tcp()
        .setting("ssl", "on")
        .file("server.crt", certificate)
        .file("server.key", key)
        .file("pg_hba.conf", WHO_MAY);
    let server = TestServer::launch(options);
    let roles = "CREATE ROLE secure LOGIN SUPERUSER; CREATE ROLE plain LOGIN SUPERUSER;
        CREATE ROLE sesame LOGIN SUPERUSER PASSWORD 'open'";
    server.postgres.psql("postgres", roles).unwrap();
    Place { server, trusted: authority.certificate.pem(), other: other.certificate.pem() }
});

async fn database() -> Database<'static> {
    let database = WITH_TLS.server.empty();
    database.psql(CUSTOMER);
    migrate(&database);
    populate(&database.connect().await, &database.tables, 50, 151).await;
    database
}

/// A start as this role on this host, which is 127.0.0.1 whatever it is called, with this end of the address.
fn on_host(database: &Database<'_>, role: &str, host: &str, rest: &str) -> Start {
    let (port, name) = (database.server.port(), &database.name);
    let start = start(&["check"]);
    let (trusted, other) = (start.write("trusted.pem", &WITH_TLS.trusted), start.write("other.pem", &WITH_TLS.other));
    let rest = rest.replace("TRUSTED", trusted.to_str().unwrap()).replace("OTHER", other.to_str().unwrap());
    let url = format!("postgres://{role}@{host}:{port}/{name}?hostaddr=127.0.0.1&{rest}");
    start.variable("CARDGENIUS_SOURCE__URL", &url)
}

#[tokio::test(flavor = "multi_thread")]
async fn disable_uses_no_tls_and_prefer_and_require_use_it_whoever_signed() {
    let database = database().await;
    for (role, mode, code) in [
        ("plain", "disable", 0),
        ("secure", "disable", 75),
        ("secure", "prefer", 0),
        ("plain", "prefer", 75),
        ("secure", "require", 0),
        ("plain", "require", 75),
        ("secure", "allow", 0),
    ] {
        let answer = on_host(&database, role, "localhost", &format!("sslmode={mode}")).run().ended(code);
        if code != 0 {
            holds_all(&answer.stderr, &["no pg_hba.conf entry"]);
        }
    }
    // Without a word about it: as with `prefer`.
    on_host(&database, "secure", "localhost", "").run().ended(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_ca_asks_who_signed_and_verify_full_for_the_hosts_name_too() {
    let database = database().await;
    for (host, rest, code) in [
        (HOST, "sslmode=verify-ca&sslrootcert=TRUSTED", 0),
        ("wrong.cardgenius.test", "sslmode=verify-ca&sslrootcert=TRUSTED", 0),
        (HOST, "sslmode=verify-ca&sslrootcert=OTHER", 64),
        (HOST, "sslmode=verify-full&sslrootcert=TRUSTED", 0),
        ("wrong.cardgenius.test", "sslmode=verify-full&sslrootcert=TRUSTED", 64),
        ("127.0.0.1", "sslmode=verify-full&sslrootcert=TRUSTED", 64),
        (HOST, "sslmode=verify-full&sslrootcert=OTHER", 64),
        ("wrong.cardgenius.test", "sslmode=verify-full&sslrootcert=OTHER", 64),
        (HOST, "sslmode=require", 0),
        // A file of certificates is never passed over.
        (HOST, "sslmode=require&sslrootcert=TRUSTED", 0),
        ("wrong.cardgenius.test", "sslmode=require&sslrootcert=TRUSTED", 0),
        (HOST, "sslmode=require&sslrootcert=OTHER", 64),
    ] {
        let answer = on_host(&database, "secure", host, rest).run();
        assert_eq!(answer.code, code, "{host} {rest}: {}", answer.stderr);
        if code != 0 {
            holds_all(&answer.stderr, &["certificate"]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_backfill_goes_over_verified_tls_with_a_password_bound_to_it() {
    let database = database().await;
    let mut start = on_host(&database, "sesame", HOST, "sslmode=verify-full&sslrootcert=TRUSTED");
    let url =
        start.command.get_envs().find(|(name, _)| *name == "CARDGENIUS_SOURCE__URL").unwrap().1.unwrap().to_owned();
    start.command = crate::program::start(&["--backfill", "--chunk-rows", "10"]).command;
    start.command.env("CARDGENIUS_SOURCE__URL", url).env("CARDGENIUS_SOURCE__PASSWORD", "open");
    start.command.current_dir(&start.folder);
    start.run().ended(0);
    assert_eq!(audited(&database).await, Counts::all_completed(50));
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_cannot_be_read_and_unknown_modes_are_refused_by_name() {
    let database = database().await;
    let said = on_host(&database, "secure", HOST, "sslmode=verify-full&sslrootcert=absent.pem").run().ended(64).stderr;
    holds_all(&said, &["sslrootcert=absent.pem"]);
    let start = on_host(&database, "secure", HOST, "sslmode=verify-full&sslrootcert=empty.pem");
    start.write("empty.pem", "no certificate\n");
    holds_all(&start.run().ended(64).stderr, &["root certificates"]);
    let said = on_host(&database, "secure", HOST, "sslmode=verify").run().ended(64).stderr;
    holds_all(&said, &["sslmode=verify", "verify-full"]);
}

#[test]
fn a_server_without_tls_serves_prefer_and_is_refused_by_require() {
    let database = SERVER.empty();
    let role = SERVER.postgres.superuser_name();
    for (mode, is_let_in) in [
        ("disable", true),
        ("prefer", true),
        ("require", false),
        ("require&sslrootcert=TRUSTED", false),
        ("verify-ca&sslrootcert=TRUSTED", false),
        ("verify-full&sslrootcert=TRUSTED", false),
    ] {
        let answer = on_host(&database, role, "localhost", &format!("sslmode={mode}")).run();
        if is_let_in {
            // Nothing is in the database: it was reached.
            assert_eq!(answer.code, 64, "{mode}: {}", answer.stderr);
            holds_all(&answer.stderr, &["refused (", "user_spending_data"]);
        } else {
            assert_eq!(answer.code, 75, "{mode}: {}", answer.stderr);
            holds_all(&answer.stderr, &["cannot connect to the database at", "server does not support TLS"]);
        }
    }
}

/// A server with this certificate, and perhaps these settings; everybody may come, with TLS or without.
fn server_with(certificate: &str, key: &str, settings: &[(&str, &str)]) -> TestServer {
    let mut options = PostgresOptions::for_tests()
        .loopback_tcp()
        .setting("ssl", "on")
        .file("server.crt", certificate.to_owned())
        .file("server.key", key.to_owned());
    for (name, value) in settings {
        options = options.setting(*name, *value);
    }
    TestServer::launch(options)
}

/// `cardgenius check` on that server, which ends with 64 where it gets through, since nothing is in the database.
fn check_on(server: &TestServer, host: &str, rest: &str, trusted: &str) -> crate::program::Answer {
    let start = start(&["check"]);
    let rest = rest.replace("FILE", start.write("trusted.pem", trusted).to_str().unwrap());
    let (role, port) = (server.postgres.superuser_name(), server.postgres.port());
    let url = format!("postgres://{role}@{host}:{port}/postgres?hostaddr=127.0.0.1&{rest}");
    start.variable("CARDGENIUS_SOURCE__URL", &url).run().ended(64)
}

#[test]
fn a_certificate_that_stands_in_the_file_itself_is_trusted_as_libpq_trusts_it() {
    let (certificate, key) = as_in_the_manual("localhost");
    let (twin, _) = as_in_the_manual("localhost");
    let server = server_with(&certificate, &key, &[]);
    for (host, mode, trusted, part) in [
        ("127.0.0.1", "verify-ca", &certificate, "missing-table"),
        ("localhost", "verify-full", &certificate, "missing-table"),
        ("localhost", "require", &certificate, "missing-table"),
        ("127.0.0.1", "verify-full", &certificate, "openssl x509"),
        // The same name, another key.
        ("localhost", "verify-ca", &twin, "the server's certificate is refused"),
        ("localhost", "require", &twin, "the server's certificate is refused"),
    ] {
        let answer = check_on(&server, host, &format!("sslmode={mode}&sslrootcert=FILE"), trusted);
        holds_all(&answer.stderr, &[part]);
    }
}

#[test]
fn a_certificate_whose_time_is_over_is_waited_for_since_a_new_one_heals_it() {
    let authority = Authority::new();
    let (certificate, key) = authority.sign_expired("localhost");
    let server = server_with(&certificate, &key, &[]);
    let start = start(&["check"]);
    let file = start.write("trusted.pem", &authority.certificate.pem());
    let (role, port) = (server.postgres.superuser_name(), server.postgres.port());
    let rest = format!("sslmode=verify-full&sslrootcert={}", file.display());
    let url = format!("postgres://{role}@localhost:{port}/postgres?hostaddr=127.0.0.1&{rest}");
    let answer = start.variable("CARDGENIUS_SOURCE__URL", &url).run().ended(75);
    holds_all(&answer.stderr, &["the server's certificate is refused", "expired"]);
}

#[test]
fn prefer_does_without_tls_where_the_handshake_fails_and_require_says_why_it_failed() {
    let (certificate, key) = Authority::new().sign("localhost");
    let old = [("ssl_min_protocol_version", "TLSv1"), ("ssl_max_protocol_version", "TLSv1.1")];
    let server = server_with(&certificate, &key, &old);
    holds_all(&check_on(&server, "localhost", "sslmode=prefer", "").stderr, &["missing-table"]);
    holds_all(&check_on(&server, "localhost", "sslmode=require", "").stderr, &["TLS 1.2 is the oldest here"]);
}

#[test]
fn channel_binding_that_cannot_be_had_is_told_with_what_it_needs() {
    let (certificate, key) = Authority::new().sign("localhost");
    let server = server_with(&certificate, &key, &[]);
    // The server asks for no password, so that nothing can be bound to one.
    let answer = check_on(&server, "localhost", "sslmode=require&channel_binding=require", "");
    holds_all(&answer.stderr, &["channel_binding=require", "scram-sha-256", "Ed25519"]);
}
