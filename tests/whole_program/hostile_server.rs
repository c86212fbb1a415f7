//! A server of MySQL's protocol that is none: what it can make the program say while it signs in.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use crate::place::SERVER;
use crate::program::{Answer, holds_all, start};

/// Asked for in no other test.
const SECRET: &str = "TopSecret99";

/// A public key of the listener's own, to which a password would be encrypted.
const PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----\n\
    MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAMIIpAWpcNEJnHqLSZdjtGJu3gcEOXHp\n\
    tkFiIrBhXgTqBy2fiG8QqVNUgvlxQJRSjvWiNzAKfnmdZ5zlsp2WdO8CAwEAAQ==\n\
    -----END PUBLIC KEY-----\n";

/// What the listener says after the greeting, each time that it was answered.
type Script = Vec<Vec<u8>>;

/// Answers one connection after another by the script, and sends on all that it hears.
fn listen(plugin: &'static str, script: Script) -> (u16, Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (heard, all) = channel();
    thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let _ = heard.send(converse(stream, plugin, &script));
        }
    });
    (port, all)
}

fn converse(mut stream: TcpStream, plugin: &str, script: &Script) -> Vec<u8> {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut heard = Vec::new();
    let mut number = 0;
    let mut said = greeting(plugin);
    for next in script.iter().cloned().map(Some).chain([None]) {
        if send(&mut stream, number, &said).is_err() {
            return heard;
        }
        let Some((answered, body)) = receive(&mut stream) else { return heard };
        heard.extend_from_slice(&body);
        heard.push(b'\n');
        number = answered + 1;
        match next {
            Some(next) => said = next,
            None => return heard,
        }
    }
    heard
}

fn greeting(plugin: &str) -> Vec<u8> {
    let mut body = vec![10];
    body.extend_from_slice(b"8.0.40\0");
    body.extend_from_slice(&7_u32.to_le_bytes());
    body.extend_from_slice(b"abcdefgh\0");
    // Everything but TLS and compression.
    let capabilities = 0x00ff_f7df_u32 & !0x0800 & !0x20;
    body.extend_from_slice(&capabilities.to_le_bytes()[..2]);
    body.extend_from_slice(&[45, 2, 0]);
    body.extend_from_slice(&capabilities.to_le_bytes()[2..]);
    body.push(21);
    body.extend_from_slice(&[0; 10]);
    body.extend_from_slice(b"ijklmnopqrst\0");
    body.extend_from_slice(plugin.as_bytes());
    body.push(0);
    body
}

fn send(stream: &mut TcpStream, number: u8, body: &[u8]) -> std::io::Result<()> {
    let [low, middle, high, _] = (body.len() as u32).to_le_bytes();
    stream.write_all(&[&[low, middle, high, number], body].concat())
}

fn receive(stream: &mut TcpStream) -> Option<(u8, Vec<u8>)> {
    let mut head = [0; 4];
    stream.read_exact(&mut head).ok()?;
    let mut body = vec![0; u32::from_le_bytes([head[0], head[1], head[2], 0]) as usize];
    stream.read_exact(&mut body).ok()?;
    Some((head[3], body))
}

fn switch_to(plugin: &str, data: &[u8]) -> Vec<u8> {
    [&[0xfe], plugin.as_bytes(), &[0], data].concat()
}

fn check_at(port: u16, options: &str) -> Answer {
    start(&["check"])
        .variable("CARDGENIUS_SOURCE__URL", &format!("mysql://ann@127.0.0.1:{port}/shop{options}"))
        .variable("CARDGENIUS_SOURCE__PASSWORD", SECRET)
        .variable("CARDGENIUS_LIMITS__CONNECT_MS", "15000")
        .run()
}

#[test]
fn a_server_that_is_not_verified_is_never_told_the_password() {
    let wanted = vec![0x01, 0x04];
    let key = [&[0x01], PUBLIC_KEY.as_bytes()].concat();
    for options in ["", "?ssl-mode=PREFERRED", "?ssl-mode=DISABLED"] {
        for (plugin, script) in [
            ("caching_sha2_password", vec![wanted.clone(), key.clone()]),
            (
                "mysql_native_password",
                vec![switch_to("caching_sha2_password", b"abcdefghijklmnopqrst\0"), wanted.clone(), key.clone()],
            ),
        ] {
            let (port, heard) = listen(plugin, script);
            let answer = check_at(port, options);
            assert_eq!(answer.code, 64, "{options}: {}", answer.stderr);
            holds_all(&answer.stderr, &["asks for the password itself", "ssl-mode=VERIFY_CA", "socket=/path"]);
            answer.says_nothing_of(SECRET);
            let heard = heard.recv_timeout(Duration::from_secs(20)).unwrap();
            assert!(!heard.windows(SECRET.len()).any(|piece| piece == SECRET.as_bytes()), "{options}");
            // The driver's request for the key is one byte of its own, and its encrypted password is as long as the key.
            let asked = heard.split(|byte| *byte == b'\n').any(|answer| answer == [0x02]);
            assert!(!asked, "{options}: the server's own key was asked for");
        }
    }
}

#[test]
fn ways_to_sign_in_that_send_the_password_itself_are_refused() {
    for plugin in ["mysql_clear_password", "dialog", "sha256_password", "mysql_old_password"] {
        let (port, heard) =
            listen("mysql_native_password", vec![switch_to(plugin, b"abcdefghijklmnopqrst\0"), vec![0]]);
        let answer = check_at(port, "");
        assert_eq!(answer.code, 75, "{plugin}: {}", answer.stderr);
        holds_all(&answer.stderr, &[r#""kind":"authentication""#]);
        let heard = heard.recv_timeout(Duration::from_secs(20)).unwrap();
        assert!(!heard.windows(SECRET.len()).any(|piece| piece == SECRET.as_bytes()), "{plugin}");
    }
}

#[test]
fn a_driver_that_panics_while_it_signs_in_ends_no_program() {
    // A challenge that is too short for this plugin, which the driver does not look at before it uses it.
    let salt = [b"\x01P\x00".as_slice(), &[7; 18]].concat();
    let (port, _heard) = listen("mysql_native_password", vec![switch_to("parsec", b"short"), salt]);
    let answer = check_at(port, "");
    assert_eq!(answer.code, 75, "{}", answer.stderr);
    holds_all(&answer.stderr, &["another authentication plugin", r#""kind":"authentication""#]);
}

#[test]
fn a_password_that_is_wanted_and_not_given_is_a_fault_of_the_configuration() {
    let mut options = cardgenius_embedded::PostgresOptions::for_tests().loopback_tcp();
    options = options.password("open sesame");
    let guarded = cardgenius_testkit::TestServer::launch(options);
    let bare = guarded.postgres.url_as(guarded.postgres.superuser_name(), None, "postgres");
    let answer =
        start(&["check"]).variable("CARDGENIUS_SOURCE__URL", &bare).variable("PGPASSWORD", "open sesame").run();
    assert_eq!(answer.code, 64, "{}", answer.stderr);
    holds_all(&answer.stderr, &["set source.password_file", "PGPASSWORD, .pgpass"]);
    // A server that asks for none is served without.
    let trusting = SERVER.empty();
    let answer = start(&["check"]).variable("CARDGENIUS_SOURCE__URL", &trusting.url()).run();
    holds_all(&answer.stderr, &["refused (missing-table)"]);
}
