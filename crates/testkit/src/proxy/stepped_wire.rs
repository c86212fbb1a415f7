//! One connection through a stepper.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, watch};

use super::held::{Held, Item};
use super::messages::{Backend, Frontend, Kind};
use super::stepper::Request;

/// Serves a connection until the server ends it.
pub(super) async fn serve(client: TcpStream, server: SocketAddr, held: Arc<Held>) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    let place = held.place();
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let (asked, asks) = mpsc::unbounded_channel();
    let listening = Listening { held: &held, connection: place.connection, asked };
    let up = listening.listen(from_client, place.lost.clone());
    let answering = Answering { held: &held, connection: place.connection, asks };
    tokio::select! {
        () = answering.answer(from_server, to_client, place.lost) => {}
        () = async {
            tokio::join!(up, send(place.going, to_server));
            std::future::pending::<()>().await;
        } => {}
    }
    held.ended(place.connection);
}

/// Sends what may go.
async fn send(mut going: mpsc::UnboundedReceiver<Item>, mut to_server: OwnedWriteHalf) {
    while let Some(item) = going.recv().await {
        let sent = match item {
            Item::Request(_, bytes) | Item::Free(bytes) => to_server.write_all(&bytes).await,
            Item::End => to_server.shutdown().await,
        };
        // The other direction sees the end.
        if sent.is_err() {
            return;
        }
    }
}

/// The client's direction.
struct Listening<'a> {
    held: &'a Held,
    connection: u64,
    /// A question about encryption was asked.
    asked: mpsc::UnboundedSender<()>,
}

impl Listening<'_> {
    /// Puts the client's messages together to requests.
    async fn listen(self, mut from_client: OwnedReadHalf, mut lost: watch::Receiver<bool>) {
        let (mut frontend, mut stream, mut request) = (Frontend::default(), BytesMut::new(), BytesMut::new());
        let (mut text, mut executes) = (String::new(), false);
        loop {
            while let Some(message) = frontend.first(&stream) {
                let bytes = stream.split_to(message.bytes);
                if text.is_empty() {
                    text = frontend.statement(message, &bytes).unwrap_or_default();
                }
                frontend.note(message, &bytes);
                request.extend_from_slice(&bytes);
                executes |= matches!(message.kind, Kind::Tagged(b'Q' | b'E' | b'c' | b'f'));
                let whole = match message.kind {
                    Kind::AsksForEncryption | Kind::Startup | Kind::Cancel | Kind::Tagged(b'p' | b'X') => {
                        if message.kind == Kind::AsksForEncryption {
                            let _ = self.asked.send(());
                        }
                        Item::Free(request.split().freeze())
                    }
                    Kind::Tagged(b'Q' | b'S') => {
                        let (text, executes) = (std::mem::take(&mut text), std::mem::take(&mut executes));
                        Item::Request(Request { connection: self.connection, text, executes }, request.split().freeze())
                    }
                    Kind::Tagged(_) => continue,
                };
                self.held.arrive(self.connection, whole);
            }
            tokio::select! {
                read = from_client.read_buf(&mut stream) => {
                    if !matches!(read, Ok(1..)) {
                        return self.held.arrive(self.connection, Item::End);
                    }
                }
                // The server does not learn.
                _ = lost.wait_for(|lost| *lost) => return,
            }
        }
    }
}

/// The server's direction.
struct Answering<'a> {
    held: &'a Held,
    connection: u64,
    asks: mpsc::UnboundedReceiver<()>,
}

impl Answering<'_> {
    async fn answer(
        mut self,
        mut from_server: OwnedReadHalf,
        to_client: OwnedWriteHalf,
        mut lost: watch::Receiver<bool>,
    ) {
        let (mut backend, mut stream) = (Backend::default(), BytesMut::new());
        let mut to_client = Some(to_client);
        loop {
            let read = tokio::select! {
                read = from_server.read_buf(&mut stream) => read,
                _ = lost.wait_for(|lost| *lost), if to_client.is_some() => {
                    to_client = None;
                    continue;
                }
            };
            if !matches!(read, Ok(1..)) {
                return;
            }
            while self.asks.try_recv().is_ok() {
                backend.single_bytes += 1;
            }
            while let Some(message) = backend.first(&stream) {
                let bytes = stream.split_to(message.bytes);
                if let Some(client) = &mut to_client
                    && client.write_all(&bytes).await.is_err()
                {
                    to_client = None;
                }
                match message.kind {
                    Kind::AsksForEncryption => backend.single_bytes -= 1,
                    Kind::Tagged(b'K') => {
                        let backend = i32::from_be_bytes(bytes[5..9].try_into().unwrap());
                        self.held.served_by(self.connection, backend);
                    }
                    Kind::Tagged(b'Z' | b'G') => self.held.answered(self.connection),
                    _ => {}
                }
            }
        }
    }
}
