//! TLS to the database as `sslmode` asks, with certificates made here.

use std::sync::LazyLock;

use cardgenius_embedded::PostgresOptions;
use cardgenius_testkit::{Counts, Database, TestServer, populate};
use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};

use crate::place::{CUSTOMER, SERVER, audited, migrate};
use crate::program::{Start, holds_all, start};

/// What the server's certificate is for; no machine is called so.
const HOST: &str = "db.cardgenius.test";

struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages.push(KeyUsagePurpose::KeyCertSign);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    /// A certificate for this host, and its key.
    fn sign(&self, host: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![host.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

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
        (HOST, "sslmode=verify-ca&sslrootcert=OTHER", 75),
        (HOST, "sslmode=verify-full&sslrootcert=TRUSTED", 0),
        ("wrong.cardgenius.test", "sslmode=verify-full&sslrootcert=TRUSTED", 75),
        ("127.0.0.1", "sslmode=verify-full&sslrootcert=TRUSTED", 75),
        (HOST, "sslmode=verify-full&sslrootcert=OTHER", 75),
        ("wrong.cardgenius.test", "sslmode=verify-full&sslrootcert=OTHER", 75),
        // What does not verify does not read the file.
        (HOST, "sslmode=require", 0),
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
    for (mode, is_let_in) in
        [("disable", true), ("prefer", true), ("require", false), ("verify-ca", false), ("verify-full", false)]
    {
        let answer = on_host(&database, role, "localhost", &format!("sslmode={mode}&sslrootcert=TRUSTED")).run();
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
