//! A TCP proxy that makes faults, between a program and a PostgreSQL or MariaDB server on loopback TCP without TLS.
//!
//! It understands as much of the protocol as it takes to strike at a known place: in the middle of a load, before a
//! COMMIT, between a COMMIT and its answer, before a statement.

mod fault;
mod held;
mod messages;
mod mysql_packets;
mod protocol;
mod stepped_wire;
mod stepper;
mod switchboard;
mod wire;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

pub use self::fault::{Fault, Trigger};
pub use self::stepper::{Lines, Request, Stepper};

use self::fault::Armed;
use self::protocol::Protocol;
use self::switchboard::{Seat, Switchboard};
use self::wire::Wire;
use crate::database::Database;
use crate::mariadb::MariadbDatabase;

/// A proxy before one server. When it is dropped all of its connections are closed.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    board: Arc<Switchboard>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Starts one, on a port of its own of 127.0.0.1. Everything passes.
    ///
    /// # Panics
    /// No port is to be had.
    pub async fn before(server: SocketAddr) -> Self {
        Self::of(Protocol::Postgres, server).await
    }

    /// The same before a MariaDB.
    ///
    /// # Panics
    /// No port is to be had.
    pub async fn before_mariadb(server: SocketAddr) -> Self {
        Self::of(Protocol::Mysql, server).await
    }

    async fn of(protocol: Protocol, server: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let board = Arc::new(Switchboard::default());
        let accepting = tokio::spawn(accept(listener, (protocol, server), board.clone()));
        Self { address, board, accepting }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// A database's URL through the proxy, for the superuser.
    ///
    /// # Panics
    /// The database's server has a password, or does not listen on loopback TCP.
    #[must_use]
    pub fn url(&self, database: &Database<'_>) -> String {
        through(self.address, database)
    }

    /// The same on MariaDB.
    ///
    /// # Panics
    /// The database's server does not listen on loopback TCP.
    #[must_use]
    pub fn mariadb_url(&self, database: &MariadbDatabase<'_>) -> String {
        let url = database.server.tcp_url(&database.name).expect("a server on loopback TCP");
        let server = format!("@127.0.0.1:{}/", database.server.port().unwrap_or_default());
        assert!(url.contains(&server), "no address in {url}");
        // It reads what passes.
        format!("{}?ssl-mode=DISABLED", url.replacen(&server, &format!("@{}/", self.address), 1))
    }

    /// Changes what happens to all connections, present and future, at once. What has been cut, reset or left half open
    /// stays so.
    pub fn set(&self, fault: Fault) {
        self.board.set(fault);
    }

    /// Has a fault strike once, on the first connection that reaches the trigger; the others go on. A fault that was armed
    /// before and has not struck never will.
    ///
    /// # Panics
    /// [`Fault::Refuse`] concerns no single connection: see [`arm_everywhere`](Self::arm_everywhere).
    pub fn arm(&self, trigger: Trigger, fault: Fault) {
        assert_ne!(fault, Fault::Refuse, "refuses nothing to a connection that is there");
        self.board.arm(Armed { trigger, fault, everywhere: false });
    }

    /// Has a fault strike all connections, present and future, when the first of them reaches the trigger.
    pub fn arm_everywhere(&self, trigger: Trigger, fault: Fault) {
        self.board.arm(Armed { trigger, fault, everywhere: true });
    }

    /// Waits until the fault armed last has struck.
    pub async fn struck(&self) {
        // The sender lives as long as this proxy.
        let _ = self.board.struck().wait_for(|struck| *struck).await;
    }

    /// Everything passes again: for new connections, and for those that a black hole or slowness held up. What is armed
    /// is disarmed.
    pub fn heal(&self) {
        self.board.heal();
    }

    /// Connections whose client's side is open.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.board.open()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// A database's URL for the superuser, with this address in the place of the server's.
fn through(address: SocketAddr, database: &Database<'_>) -> String {
    let url = database.server.tcp_url(&database.name).expect("a server on loopback TCP");
    let server = format!("@127.0.0.1:{}/", database.server.port());
    assert!(url.contains(&server), "no address in {url}");
    url.replacen(&server, &format!("@{address}/"), 1)
}

/// Serves connections; they end with this task.
async fn accept(listener: TcpListener, server: (Protocol, SocketAddr), board: Arc<Switchboard>) {
    let mut serving = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // A client that has gone already.
                let Ok((client, _)) = accepted else { continue };
                match board.sit() {
                    Some(seat) => drop(serving.spawn(serve(client, server, board.clone(), seat))),
                    None => client.set_zero_linger().unwrap(),
                }
            }
            Some(_) = serving.join_next(), if !serving.is_empty() => {}
        }
    }
}

async fn serve(client: TcpStream, (protocol, server): (Protocol, SocketAddr), board: Arc<Switchboard>, mut seat: Seat) {
    if *seat.orders.borrow() == Fault::BlackHole {
        board.took_effect(seat.id, Fault::BlackHole);
    }
    // Nothing reaches the server through a black hole.
    let _ = seat.orders.wait_for(|fault| *fault != Fault::BlackHole).await;
    let id = seat.id;
    match TcpStream::connect(server).await {
        Ok(server) => {
            client.set_nodelay(true).unwrap();
            server.set_nodelay(true).unwrap();
            Wire::new((board, seat), protocol, client, server).serve().await;
        }
        // As when there is no proxy: the client is told at once.
        Err(_) => {
            board.leave(id);
            client.set_zero_linger().unwrap();
        }
    }
}
