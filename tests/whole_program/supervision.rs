//! What systemd hears of the daemon: a datagram socket as it makes one, and the words of sd_notify(3).

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use cardgenius_embedded::PostgresOptions;
use cardgenius_testkit::TestServer;
use nix::sys::signal::Signal;

use crate::daemon::{Daemon, start};
use crate::place::{migrated, migrated_on};

/// Waits for a message that says this.
fn hears(socket: &UnixDatagram, what: &str) {
    let mut message = [0; 4096];
    loop {
        let length = socket.recv(&mut message).unwrap_or_else(|error| panic!("{what} was never said: {error}"));
        if String::from_utf8_lossy(&message[..length]).lines().any(|line| line.starts_with(what)) {
            return;
        }
    }
}

fn socket(folder: &tempfile::TempDir) -> (UnixDatagram, String) {
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    // After this long a test hangs. Not a measure of speed.
    socket.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
    (socket, path.to_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn systemd_hears_that_the_daemon_is_up_and_not_stuck_and_that_it_stops() {
    let database = migrated();
    let folder = tempfile::tempdir().unwrap();
    let (socket, path) = socket(&folder);
    let start = start(&database).variable("NOTIFY_SOCKET", &path).variable("WATCHDOG_USEC", "600000");
    let daemon = Daemon::spawn(start);
    hears(&socket, "READY=1");
    for _ in 0..3 {
        hears(&socket, "WATCHDOG=1");
    }
    daemon.running.signal(Signal::SIGTERM);
    hears(&socket, "STOPPING=1");
    daemon.running.end().ended(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn systemd_hears_nothing_of_ready_before_the_database_is_there() {
    let server = TestServer::launch(PostgresOptions::for_tests());
    let database = migrated_on(&server);
    server.postgres.stop_immediate().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (socket, path) = socket(&folder);
    let daemon = Daemon::spawn(start(&database).variable("NOTIFY_SOCKET", &path));
    let mut message = [0; 4096];
    let length = socket.recv(&mut message).unwrap();
    let first = String::from_utf8_lossy(&message[..length]).into_owned();
    assert!(
        first.contains("EXTEND_TIMEOUT_USEC=") && first.contains("STATUS=waiting") && !first.contains("READY"),
        "{first}"
    );
    server.postgres.start().unwrap();
    hears(&socket, "READY=1");
    daemon.stop();
}
