//! A listener for a few pages that no client can wear out, whatever it sends, and however slowly it sends or reads. It knows
//! nothing of the pages; all its limits are parameters.
//!
//! A new connection is always let in, so that a probe finds an answer at any time. Where there are too many, the oldest of the
//! peer that has the most is ended.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::crowd::Crowd;
use super::slow_reader::Bounded;

/// Before accepting again after the system gave no connection: most often it has run out of file descriptors.
const ACCEPT_WAIT: Duration = Duration::from_millis(200);

/// What the clients may use of the program.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// Of these, connections from one peer: an IPv4 address, or the first half of an IPv6 address.
    pub connections_of_a_peer: usize,
    /// Bytes of a request's head.
    pub head_bytes: usize,
    /// Time to send a request's head, and time to take an answer.
    pub request: Duration,
    /// A connection is kept for further requests up to this age.
    pub age: Duration,
}

/// Serves until `over`.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, over: CancellationToken) {
    let crowd = Arc::new(Crowd::new(limits.connections, limits.connections_of_a_peer));
    loop {
        let accepted = tokio::select! {
            () = over.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let place = crowd.let_in(peer.ip(), over.child_token());
                let router = router.clone();
                tokio::spawn(async move {
                    place.until_ended(serve_one(stream, router, limits)).await;
                });
            }
            Err(error) => {
                warn!(%error, "cannot accept a connection; trying again");
                sleep(ACCEPT_WAIT).await;
            }
        }
    }
}

/// One connection, for as long as it may last.
async fn serve_one(stream: TcpStream, router: Router, limits: Limits) {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(limits.request).max_buf_size(limits.head_bytes);
    let stream = TokioIo::new(Bounded::new(stream, limits.request));
    let connection = builder.serve_connection(stream, TowerToHyperService::new(router));
    if let Ok(Err(error)) = timeout(limits.age, connection).await {
        debug!(%error, "a connection to the pages ended badly");
    }
}
