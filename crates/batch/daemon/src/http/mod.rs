//! The program's pages about itself: `/metrics`, `/livez`, `/readyz`, `/status`. Nothing here changes anything.

mod answers;
mod crowd;
mod listener;
mod own_name;
mod pages;
mod readiness;
mod slow_reader;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;
use tracing::{error, info};

use self::answers::Answers;
use self::listener::Limits;
use self::readiness::Check;
use crate::exit::Exit;
use crate::service::State;
use crate::status::Status;

/// Bytes of a request's body at most; no page wants any.
const MAX_BODY_BYTES: usize = 1024;

/// For a Prometheus or two, probes, and people.
const fn limits(request: Duration) -> Limits {
    Limits { connections: 64, connections_of_a_peer: 32, head_bytes: 16 * 1024, request, age: Duration::from_secs(300) }
}

/// What every page can ask.
#[derive(Clone)]
pub(super) struct Pages {
    state: Arc<State>,
    readiness: Arc<Answers<Vec<Check>>>,
    overview: Arc<Answers<Result<Status, String>>>,
}

/// The server under way.
pub struct Server {
    task: JoinHandle<()>,
}

impl Server {
    /// Waits until it has stopped listening.
    pub async fn ended(self) {
        let _ = self.task.await;
    }
}

/// Listens, and serves until `over`.
///
/// # Errors
/// The address cannot be listened at; that was said. One that is taken, or that the machine does not have yet, may be free at the
/// next start.
pub async fn start(state: Arc<State>, over: CancellationToken) -> Result<Server, Exit> {
    let listen = state.config.http.listen.clone();
    let bound = match state.config.http.address() {
        Some(address) => TcpListener::bind(address).await,
        None => Err(ErrorKind::InvalidInput.into()),
    };
    let listener = bound.map_err(|error| match error.kind() {
        ErrorKind::InvalidInput | ErrorKind::PermissionDenied | ErrorKind::Unsupported => {
            error!(%error, "cannot listen at http.listen = {listen:?}: write an address of this machine and a port that this user may use");
            Exit::Usage
        }
        _ => {
            error!(%error, "cannot listen at http.listen = {listen:?}: is another instance there? Stop it, or set another port; a later start may get through");
            Exit::Unreachable
        }
    })?;
    let address = listener.local_addr().map_or_else(|_| listen, |address: SocketAddr| address.to_string());
    info!("serving /metrics, /livez, /readyz and /status at http://{address}");
    let limit = Duration::from_millis(state.config.http.timeout_ms);
    let pages = Pages { state, readiness: Arc::default(), overview: Arc::default() };
    let is_loopback = listener.local_addr().is_ok_and(|address| address.ip().to_canonical().is_loopback());
    let router = router(pages, limit);
    let router = if is_loopback { router.layer(from_fn(own_name::only_under_our_own)) } else { router };
    Ok(Server { task: tokio::spawn(listener::serve(listener, router, limits(limit), over)) })
}

fn router(pages: Pages, limit: Duration) -> Router {
    Router::new()
        .route("/metrics", get(pages::metrics))
        .route("/livez", get(pages::livez))
        .route("/readyz", get(pages::readyz))
        .route("/status", get(pages::status))
        .layer(RequestBodyLimitLayer::new(MAX_BODY_BYTES))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, limit))
        .with_state(pages)
}
