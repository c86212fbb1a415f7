//! A proxy that holds every request of the client's until the test lets it go: sessions stepped statement by statement.
//!
//! A request is what ends in a Sync, or a simple query. The data of a COPY is one request, with the end of the COPY.
//! Starting a session, ending it and cancelling are no requests: they pass.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::held::Held;
use super::stepped_wire::serve;
use super::through;
use crate::database::Database;

/// A request that waits, or was let go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Whose: connections are counted from 1.
    pub connection: u64,
    /// The first statement that it brings or executes; empty if it does neither.
    pub text: String,
    /// It has the server do something, beyond preparing or forgetting a statement.
    pub executes: bool,
}

/// Which of a stepper's connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// All of them.
    All,
    /// This one.
    Only(u64),
    /// All but this one.
    Except(u64),
}

impl Lines {
    pub(super) const fn include(self, connection: u64) -> bool {
        match self {
            Self::All => true,
            Self::Only(only) => only == connection,
            Self::Except(except) => except != connection,
        }
    }
}

/// A proxy before one server, through which requests pass one at a time, each when the test says so. When it is dropped
/// all of its connections are closed.
#[derive(Debug)]
pub struct Stepper {
    address: SocketAddr,
    held: Arc<Held>,
    accepting: JoinHandle<()>,
}

impl Stepper {
    /// Starts one, on a port of its own of 127.0.0.1. Requests pass freely until [`Stepper::hold`].
    ///
    /// # Panics
    /// No port is to be had.
    pub async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let held = Arc::new(Held::default());
        let accepting = tokio::spawn(accept(listener, server, held.clone()));
        Self { address, held, accepting }
    }

    /// A database's URL through it, for the superuser.
    ///
    /// # Panics
    /// The database's server has a password, or does not listen on loopback TCP.
    #[must_use]
    pub fn url(&self, database: &Database<'_>) -> String {
        through(self.address, database)
    }

    /// From now on requests wait.
    pub fn hold(&self) {
        self.held.hold();
    }

    /// All requests pass, those that wait and those to come.
    pub fn pass_freely(&self) {
        self.held.pass_freely();
    }

    /// Of the requests that wait on these connections, the one that came first and could be let go: none of its
    /// connection's is under way.
    #[must_use]
    pub fn waiting(&self, among: Lines) -> Option<Request> {
        self.held.waiting(among)
    }

    /// Lets the first request of a connection go, if one waits there and none is under way.
    pub fn grant(&self, connection: u64) -> Option<Request> {
        self.held.grant(connection)
    }

    /// The server's processes that work at a request of these connections: let go, and neither answered (the server is
    /// ready for the next, or for a COPY's data) nor ended.
    #[must_use]
    pub fn under_way(&self, among: Lines) -> Vec<i32> {
        self.held.under_way(among)
    }

    /// Closes the client's side of a connection, which the server does not learn. What waits there can still be let go.
    pub fn lose_client(&self, connection: u64) {
        self.held.lose_client(connection);
    }

    /// Changes whenever a request arrives, is answered, or a connection ends.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.held.changes()
    }
}

impl Drop for Stepper {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Serves connections; they end with this task.
async fn accept(listener: TcpListener, server: SocketAddr, held: Arc<Held>) {
    let mut serving = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((client, _)) = accepted {
                    drop(serving.spawn(serve(client, server, held.clone())));
                }
            }
            Some(_) = serving.join_next(), if !serving.is_empty() => {}
        }
    }
}
