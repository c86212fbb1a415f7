//! Clients that never read, say nothing, or ask slowly do not keep others from the pages; foreign names are refused.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use cardgenius_testkit::until;

use crate::daemon::{Daemon, start};
use crate::http::get;
use crate::place::migrated;

/// A probe gives up after a second. The machine of the tests may be busy; what is shown here took ten seconds and more.
const SOON: Duration = Duration::from_secs(3);

fn never_reading(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nonblocking(true).unwrap();
    let _ = stream.write_all(format!("GET /metrics HTTP/1.1\r\nHost: {address}\r\n\r\n").repeat(300).as_bytes());
    stream
}

fn silent(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).unwrap()
}

fn asking_slowly(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /livez HTTP/1.1\r\nX: ").unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_never_read_or_say_nothing_or_ask_slowly_keep_nobody_from_the_pages() {
    let database = migrated();
    let daemon = Daemon::ready(start(&database));
    let mut clients = Vec::new();
    for client in [never_reading, silent, asking_slowly] {
        clients.extend((0..100).map(|_| client(daemon.address)));
        for path in ["/livez", "/livez", "/metrics"] {
            let begun = Instant::now();
            assert_eq!(get(daemon.address, path).unwrap().0, 200);
            assert!(begun.elapsed() < SOON, "{path} took {:?}", begun.elapsed());
        }
    }
    drop(clients);
    daemon.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_take_its_answer_in_time_is_sent_away() {
    let database = migrated();
    let daemon = Daemon::ready(start(&database).variable("CARDGENIUS_HTTP__TIMEOUT_MS", "500"));
    let before = daemon.running.tcp_sockets();
    let clients: Vec<TcpStream> = (0..20).map(|_| never_reading(daemon.address)).collect();
    until("all clients", async || (daemon.running.tcp_sockets() >= before + 20).then_some(())).await;
    until("none of them", async || (daemon.running.tcp_sockets() <= before).then_some(())).await;
    drop(clients);
    daemon.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_at_a_loopback_address_refuses_requests_under_a_foreign_name() {
    let database = migrated();
    let daemon = Daemon::ready(start(&database));
    let status = |head: &str| {
        let mut stream = TcpStream::connect(daemon.address).unwrap();
        stream.write_all(format!("GET {head}\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap().to_owned()
    };
    for head in
        ["/status HTTP/1.1\r\nHost: evil.example:9187", "http://evil.example/status HTTP/1.1\r\nHost: localhost"]
    {
        assert_eq!(status(head), "421", "{head}");
    }
    for head in ["/livez HTTP/1.1\r\nHost: localhost:9187", "/livez HTTP/1.1\r\nHost: 127.0.0.1", "/livez HTTP/1.0"] {
        assert_eq!(status(head), "200", "{head}");
    }
    daemon.stop();
}
