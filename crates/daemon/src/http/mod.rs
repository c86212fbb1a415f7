//! The program's pages about itself: `/metrics`, `/livez`, `/readyz`, `/status`. Nothing here changes anything.

mod answers;
mod pages;
mod readiness;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;
use tracing::{debug, error, info, warn};

use self::answers::Answers;
use self::readiness::Check;
use crate::exit::Exit;
use crate::service::State;
use crate::status::Status;

/// Connections at once: a Prometheus or two, probes, and people.
const MAX_CONNECTIONS: usize = 64;

/// Bytes of a request's head at most.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// Bytes of a request's body at most; no page wants any.
const MAX_BODY_BYTES: usize = 1024;

/// A connection is kept for further requests so long at most.
const MAX_AGE: Duration = Duration::from_secs(300);

/// Before accepting again after the system gave no connection: out of files, most often.
const ACCEPT_WAIT: Duration = Duration::from_millis(200);

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
    Ok(Server { task: tokio::spawn(accept(listener, router(pages, limit), limit, over)) })
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

async fn accept(listener: TcpListener, router: Router, limit: Duration, over: CancellationToken) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else { return };
        let accepted = tokio::select! {
            () = over.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let serving = serve(stream, router.clone(), limit, over.clone());
                tokio::spawn(async move {
                    serving.await;
                    drop(permit);
                });
            }
            Err(error) => {
                warn!(%error, "cannot accept a connection; trying again");
                sleep(ACCEPT_WAIT).await;
            }
        }
    }
}

/// One connection: whoever is slow at asking, or never ends, does not keep it.
async fn serve(stream: TcpStream, router: Router, limit: Duration, over: CancellationToken) {
    let service = TowerToHyperService::new(router);
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(limit).max_buf_size(MAX_HEAD_BYTES);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    if let Some(Ok(Err(error))) = over.run_until_cancelled(timeout(MAX_AGE, connection)).await {
        debug!(%error, "a connection to the pages ended badly");
    }
}
