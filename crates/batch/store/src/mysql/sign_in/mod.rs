//! The way to a server over TCP. The driver speaks with a socket of this process, and what it says there is carried over a
//! connection that is opened here: so the TLS is our own, the same as PostgreSQL's, and no server whose certificate was not
//! verified is told the password, which the driver has no switch for (0026).

mod conversation;
mod packets;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use cardgenius_failure::error::{DatabaseError, ErrorKind};
use nix::sys::socket::{setsockopt, sockopt};
use rustls::ClientConfig;
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::address::SslMode;
use crate::tls::{Trust, refusal};

/// Before the first probe of a silent connection; the system's number of probes follows.
const KEEPALIVE_SECONDS: u32 = 30;

/// How a connection is protected.
#[derive(Clone)]
pub(super) struct Security {
    /// The name that the certificate is asked for.
    pub(super) host: String,
    pub(super) mode: SslMode,
    pub(super) trust: Trust,
    /// None: no TLS.
    pub(super) tls: Option<Arc<ClientConfig>>,
}

/// Why a connection was not made.
#[derive(Debug)]
pub(super) enum Fault {
    /// The network or the driver broke off; the driver has an error of its own for that.
    Broken,
    NoTls,
    NoName,
    Handshake(io::Error),
    PasswordWanted,
    Unexpected,
}

impl From<io::Error> for Fault {
    fn from(_: io::Error) -> Self {
        Self::Broken
    }
}

impl Fault {
    /// For the operator; none where the driver has more to say.
    pub(super) fn told(&self, doing: &str) -> Option<DatabaseError> {
        let error = |kind, words: &str| Some(DatabaseError::new(kind, format!("{doing}: {words}")));
        match self {
            Self::Broken => None,
            Self::NoTls => error(ErrorKind::Unreachable, "the server offers no TLS, and ssl-mode demands it"),
            Self::NoName => error(
                ErrorKind::Refused,
                "the host's name cannot stand in a certificate: connect to another of its names",
            ),
            Self::Handshake(cause) => match refusal(cause, "ssl-ca") {
                Some(refusal) => error(refusal.kind, &refusal.words),
                None => error(ErrorKind::Unreachable, &format!("TLS failed: {cause}")),
            },
            Self::PasswordWanted => error(
                ErrorKind::Refused,
                "the server asks for the password itself, and its certificate was not verified: the password was not sent. \
                 Set ssl-mode=VERIFY_CA or VERIFY_IDENTITY, with ssl-ca=FILE if the authority is your own, or connect by a \
                 Unix socket (socket=/path)",
            ),
            Self::Unexpected => {
                error(ErrorKind::Unreachable, "the server's answer to the sign-in cannot be understood")
            }
        }
    }
}

/// A way that is open for one connection of the driver. Dropped it is closed; kept it lasts as long as that connection.
pub(super) struct Way {
    /// The socket for the driver.
    pub(super) socket: String,
    fault: oneshot::Receiver<Fault>,
    carrying: JoinSet<()>,
}

impl Way {
    /// Connects to a server.
    pub(super) async fn open(port: u16, security: &Security) -> io::Result<Self> {
        let server = TcpStream::connect((security.host.as_str(), port)).await?;
        server.set_nodelay(true)?;
        setsockopt(&server, sockopt::KeepAlive, &true)?;
        setsockopt(&server, sockopt::TcpKeepIdle, &KEEPALIVE_SECONDS)?;
        // A name without a file, which no other process can know before the driver is there.
        let socket = format!("\0cardgenius/{}", Uuid::new_v4());
        let listener = UnixListener::bind(&socket)?;
        let (failed, fault) = oneshot::channel();
        let mut carrying = JoinSet::new();
        let security = security.clone();
        carrying.spawn(async move {
            if let Err(fault) = carry(listener, server, &security).await {
                let _ = failed.send(fault);
            }
        });
        Ok(Self { socket, fault, carrying })
    }

    /// The driver is through.
    pub(super) fn keep(mut self) {
        self.carrying.detach_all();
    }

    /// Why the driver did not get through, where it is this side that stopped it.
    pub(super) async fn fault(mut self) -> Option<Fault> {
        /// The driver's end is seen here at once; a server that hangs is not waited for.
        const LAST_MOMENTS: Duration = Duration::from_secs(1);
        tokio::time::timeout(LAST_MOMENTS, &mut self.fault).await.ok()?.ok()
    }
}

async fn carry(listener: UnixListener, server: TcpStream, security: &Security) -> Result<(), Fault> {
    loop {
        let (driver, _) = listener.accept().await?;
        if is_ours(&driver) {
            drop(listener);
            return conversation::serve(driver, server, security).await;
        }
    }
}

/// Whether this process itself is at the other end.
fn is_ours(driver: &UnixStream) -> bool {
    driver.peer_cred().is_ok_and(|peer| peer.pid().is_some_and(|pid| pid.unsigned_abs() == std::process::id()))
}
