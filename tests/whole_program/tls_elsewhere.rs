//! TLS and ways to sign in on MariaDB, over TCP.

use std::sync::LazyLock;

use cardgenius_embedded::{MariadbOptions, PrivateMariadb};

use crate::certificates::{Authority, Readable, as_in_the_manual};
use crate::combinations::MYSQL_CUSTOMER;
use crate::program::{Answer, Start, holds_all, start};

struct Place {
    server: PrivateMariadb,
    files: Readable,
}

/// `secure` must use TLS and `ed` signs in with ed25519; the server's certificate is its own root, as PostgreSQL's manual makes one.
static WITH_TLS: LazyLock<Place> = LazyLock::new(|| {
    let files = Readable::new();
    let (certificate, key) = as_in_the_manual("localhost");
    files.write("other.pem", &Authority::new().certificate.pem());
    let (own, key) = (files.write("own.pem", &certificate), files.write("own.key", &key));
    let options = MariadbOptions::for_tests()
        .loopback_tcp()
        .setting("ssl_cert", own.to_str().unwrap())
        .setting("ssl_key", key.to_str().unwrap());
    let server = PrivateMariadb::launch(options).unwrap();
    server.create_database("shop").unwrap();
    let accounts = "INSTALL SONAME 'auth_ed25519';
        CREATE USER secure REQUIRE SSL; GRANT ALL ON shop.* TO secure;
        CREATE USER ed IDENTIFIED VIA ed25519 USING PASSWORD('pässwort'); GRANT ALL ON shop.* TO ed;
        CREATE USER plain; GRANT ALL ON shop.* TO plain;";
    server.run_sql("", accounts).unwrap();
    server.run_sql("shop", MYSQL_CUSTOMER).unwrap();
    let url = server.url("shop");
    assert_eq!(start(&["migrate"]).variable("CARDGENIUS_SOURCE__URL", &url).run().code, 0);
    Place { server, files }
});

fn at(user: &str, host: &str, options: &str) -> Start {
    command(&["check"], user, host, options)
}

fn command(command: &[&str], user: &str, host: &str, options: &str) -> Start {
    let port = WITH_TLS.server.port().unwrap();
    let file = |name: &str| WITH_TLS.files.write(name, "").to_str().unwrap().to_owned();
    let folder = file("folder").trim_end_matches("folder").to_owned();
    let options = options.replace("OWN", &format!("{folder}own.pem")).replace("OTHER", &format!("{folder}other.pem"));
    start(command).variable("CARDGENIUS_SOURCE__URL", &format!("mysql://{user}@{host}:{port}/shop{options}"))
}

fn ended(answer: &Answer, code: i32, parts: &[&str]) {
    assert_eq!(answer.code, code, "{}", answer.stderr);
    holds_all(&answer.stderr, parts);
}

#[test]
fn a_certificate_that_stands_in_the_file_itself_is_trusted_as_the_servers_own_client_trusts_it() {
    for (host, options, code, part) in [
        ("127.0.0.1", "?ssl-mode=VERIFY_CA&ssl-ca=OWN", 0, ""),
        ("127.0.0.1", "?ssl-ca=OWN", 0, ""),
        ("127.0.0.1", "?ssl-mode=REQUIRED&ssl-ca=OWN", 0, ""),
        ("localhost", "?ssl-mode=VERIFY_IDENTITY&ssl-ca=OWN", 0, ""),
        ("127.0.0.1", "?ssl-mode=VERIFY_IDENTITY&ssl-ca=OWN", 64, "the server's certificate is refused"),
        ("localhost", "?ssl-mode=VERIFY_CA&ssl-ca=OTHER", 64, "the server's certificate is refused"),
        ("localhost", "?ssl-mode=REQUIRED&ssl-ca=OTHER", 64, "the server's certificate is refused"),
        ("localhost", "?ssl-mode=PREFERRED&ssl-ca=OWN", 64, "verifies nothing"),
        ("localhost", "?ssl-mode=REQUIRED", 0, ""),
        ("localhost", "", 0, ""),
        ("localhost", "?ssl-mode=DISABLED", 64, "demands TLS"),
    ] {
        ended(&at("secure", host, options).run(), code, &[part]);
    }
    ended(&at("plain", "localhost", "?ssl-mode=DISABLED").run(), 0, &[]);
}

#[test]
fn an_account_of_ed25519_signs_in_with_and_without_tls() {
    for options in ["", "?ssl-mode=DISABLED", "?ssl-mode=VERIFY_CA&ssl-ca=OWN"] {
        let with = |password: &str| at("ed", "localhost", options).variable("CARDGENIUS_SOURCE__PASSWORD", password);
        ended(&with("pässwort").run(), 0, &[]);
        ended(&with("wrong").run(), 75, &[r#""kind":"authentication""#]);
    }
    ended(&at("ed", "localhost", "").run(), 64, &["set source.password_file"]);
}

#[test]
fn a_whole_backfill_goes_over_verified_tls() {
    let users =
        "INSERT INTO user_spending_data (user_id, avg_amazon_gmv, avg_flipkart_gmv, avg_myntra_gmv, avg_ajio_gmv,
            avg_grocery_gmv, avg_confirmed_gmv, processing_status)
        SELECT CONCAT('CK', seq), seq, 1, 2, 3, 4, 5, 'new' FROM seq_1_to_3000";
    WITH_TLS.server.run_sql("shop", users).unwrap();
    let options = "?ssl-mode=VERIFY_IDENTITY&ssl-ca=OWN";
    let answer = command(&["--backfill", "--chunk-rows", "500"], "secure", "localhost", options).run();
    ended(&answer, 0, &[]);
    holds_all(&answer.stdout, &["3,000 users, 30,000 rows"]);
}
