//! One connection through the proxy: bytes pass in whole messages, and faults are made between them.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

use super::fault::{Armed, Fault, Trigger};
use super::messages::{Kind, Message};
use super::protocol::{Protocol, Talk};
use super::switchboard::{Seat, Switchboard};

/// More than this waits at the sender, not here.
const MOST_WAITING_BYTES: usize = 64 * 1024;

/// A slow connection gets its share in portions of this length.
const PORTION: Duration = Duration::from_millis(10);

/// Bytes in one direction.
#[derive(Debug)]
struct Pipe {
    /// Read, and not looked at.
    held: BytesMut,
    /// To be passed on.
    out: BytesMut,
    /// No more comes.
    ended: bool,
    /// And the receiver knows.
    told: bool,
    /// A slow connection's next portion.
    not_before: Instant,
}

impl Pipe {
    fn new() -> Self {
        Self { held: BytesMut::new(), out: BytesMut::new(), ended: false, told: false, not_before: Instant::now() }
    }

    fn may_read(&self) -> bool {
        !self.ended && self.out.len() < MOST_WAITING_BYTES
    }

    /// Reads what is there. An error is an end too.
    fn read_from(&mut self, socket: &TcpStream) {
        match socket.try_read_buf(&mut self.held) {
            Ok(0) => self.ended = true,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => self.ended = true,
        }
    }

    /// Writes what can be written, and no more than a slow connection's portion. An error is an end too.
    fn write_to(&mut self, socket: &TcpStream, fault: Fault) {
        let most = match fault {
            Fault::Slow { bytes_per_second } => {
                let portion = u64::from(bytes_per_second) * u64::try_from(PORTION.as_millis()).unwrap() / 1000;
                self.out.len().min(usize::try_from(portion).unwrap().max(1))
            }
            _ => self.out.len(),
        };
        match socket.try_write(&self.out[..most]) {
            Ok(written) => {
                let _: Bytes = self.out.split_to(written).freeze();
                if let Fault::Slow { bytes_per_second } = fault {
                    let share = f64::from(u32::try_from(written).unwrap()) / f64::from(bytes_per_second);
                    self.not_before = Instant::now() + Duration::from_secs_f64(share);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => {
                self.out.clear();
                (self.ended, self.told) = (true, true);
            }
        }
    }
}

/// A connection: two sockets, and what is between them.
pub(super) struct Wire {
    board: Arc<Switchboard>,
    seat: Seat,
    client: TcpStream,
    server: TcpStream,
    up: Pipe,
    down: Pipe,
    talk: Talk,
    /// Payload of the COPY under way that was passed on.
    copied_bytes: usize,
    /// What is left of a message within which a fault struck.
    rest_bytes: usize,
    /// Requests whose answers have not come to their end.
    unanswered: usize,
    /// Strikes at the answer to a COMMIT, after so many others.
    at_answer: Option<(usize, Armed)>,
    /// Strikes as soon as everything before it is passed on.
    pending: Option<Armed>,
}

impl Wire {
    pub(super) fn new(
        (board, seat): (Arc<Switchboard>, Seat),
        protocol: Protocol,
        client: TcpStream,
        server: TcpStream,
    ) -> Self {
        Self {
            board,
            seat,
            client,
            server,
            up: Pipe::new(),
            down: Pipe::new(),
            talk: Talk::of(protocol),
            copied_bytes: 0,
            rest_bytes: 0,
            unanswered: 0,
            at_answer: None,
            pending: None,
        }
    }

    /// Serves the connection to its end.
    pub(super) async fn serve(mut self) {
        loop {
            let fault = *self.seat.orders.borrow_and_update();
            match fault {
                Fault::Cut => return self.cut().await,
                Fault::Reset => return self.reset(),
                Fault::HalfOpen => return self.half_open().await,
                Fault::BlackHole => {
                    self.board.took_effect(self.seat.id, fault);
                    let _ = self.seat.orders.changed().await;
                }
                Fault::Pass | Fault::Refuse | Fault::Slow { .. } | Fault::MuteServer => {
                    self.board.took_effect(self.seat.id, fault);
                    self.pass(fault).await;
                    // The server has ended it, or the client is gone.
                    if self.down.told {
                        return self.board.leave(self.seat.id);
                    }
                }
            }
        }
    }

    async fn cut(mut self) {
        let _ = tokio::join!(self.client.shutdown(), self.server.shutdown());
        self.board.leave(self.seat.id);
        // Closing with something unread would reset the connection.
        tokio::join!(drain(&mut self.client), drain(&mut self.server));
    }

    fn reset(self) {
        let Self { board, seat, client, server, .. } = self;
        for socket in [client, server] {
            socket.set_zero_linger().unwrap();
        }
        board.leave(seat.id);
    }

    async fn half_open(mut self) {
        let _ = self.client.shutdown().await;
        self.board.leave(self.seat.id);
        drain(&mut self.client).await;
        drop(self.client);
        // Until the proxy is dropped.
        let _server = self.server;
        std::future::pending::<()>().await;
    }

    /// Passes something on, or waits until there is something or the orders change.
    async fn pass(&mut self, fault: Fault) {
        self.look_at_requests();
        self.look_at_answers(fault);
        if self.up.out.is_empty() && self.down.out.is_empty() {
            if let Some(armed) = self.pending.take() {
                return self.board.strike(self.seat.id, &armed);
            }
            self.pass_ends_on().await;
            if self.down.told {
                return;
            }
        }
        let now = Instant::now();
        let strikes = self.pending.is_some();
        let (up, down) = (&self.up, &self.down);
        let waits = |pipe: &Pipe| matches!(fault, Fault::Slow { .. }) && pipe.not_before > now;
        let writes = |pipe: &Pipe| !pipe.out.is_empty() && !waits(pipe);
        tokio::select! {
            biased;
            changed = self.seat.orders.changed() => { let _ = changed; }
            _ = self.server.writable(), if writes(up) => self.up.write_to(&self.server, fault),
            _ = self.client.writable(), if writes(down) => self.down.write_to(&self.client, fault),
            _ = self.client.readable(), if up.may_read() && !strikes => self.up.read_from(&self.client),
            _ = self.server.readable(), if down.may_read() && !strikes => self.down.read_from(&self.server),
            () = sleep_until(up.not_before), if waits(up) && !up.out.is_empty() => {}
            () = sleep_until(down.not_before), if waits(down) && !down.out.is_empty() => {}
        }
    }

    /// Tells one side that the other has ended, when everything before that is passed on.
    async fn pass_ends_on(&mut self) {
        if self.up.ended && !self.up.told {
            let _ = self.server.shutdown().await;
            self.up.told = true;
        }
        if self.down.ended && !self.down.told {
            let _ = self.client.shutdown().await;
            self.down.told = true;
        }
    }

    /// Lets whole messages of the client's go on their way, up to one at which a fault strikes.
    fn look_at_requests(&mut self) {
        while self.pending.is_none() {
            if self.rest_bytes > 0 {
                let rest = self.up.held.split_to(self.rest_bytes.min(self.up.held.len()));
                self.rest_bytes -= rest.len();
                self.copied_bytes += rest.len();
                self.up.out.extend_from_slice(&rest);
                if self.rest_bytes > 0 {
                    return;
                }
            }
            if self.stops_within_copy() {
                return;
            }
            let Some(message) = self.talk.first(&self.up.held) else { return };
            let bytes = &self.up.held[..message.bytes];
            let commits = self.talk.is_commit(message, bytes);
            let statement = self.talk.statement(message, bytes);
            self.pending = self.board.take_if(|trigger| match trigger {
                Trigger::CommitSent => commits,
                Trigger::Statement(part) => statement.as_ref().is_some_and(|text| text.contains(part)),
                _ => false,
            });
            if self.pending.is_some() {
                return;
            }
            if commits && self.at_answer.is_none() {
                let armed = self.board.take_if(|trigger| *trigger == Trigger::CommitForwarded);
                self.at_answer = armed.map(|armed| (self.unanswered, armed));
            }
            let bytes = self.up.held.split_to(message.bytes);
            self.count(message, &bytes);
            self.up.out.extend_from_slice(&bytes);
        }
    }

    /// Whether the fault strikes in the middle of the data at hand: then what comes before that point goes on its way.
    fn stops_within_copy(&mut self) -> bool {
        let Some((b'd', bytes)) = self.talk.begun(&self.up.held) else { return false };
        let header = self.talk.header_bytes();
        let data = bytes - header;
        let copied = self.copied_bytes;
        let mut stop = 0;
        self.pending = self.board.take_if(|trigger| match trigger {
            Trigger::FirstCopyData { after_bytes } if *after_bytes < copied + data => {
                stop = after_bytes.saturating_sub(copied);
                // The part before the point must be here.
                self.up.held.len() >= header + stop
            }
            _ => false,
        });
        if self.pending.is_some() && stop > 0 {
            let before = self.up.held.split_to(header + stop);
            self.up.out.extend_from_slice(&before);
            (self.copied_bytes, self.rest_bytes) = (copied + stop, data - stop);
        }
        self.pending.is_some()
    }

    fn count(&mut self, message: Message, bytes: &[u8]) {
        self.talk.note(message, bytes);
        match message.kind {
            Kind::Startup | Kind::Tagged(b'S' | b'Q') => self.unanswered += 1,
            Kind::Tagged(b'd') => self.copied_bytes += message.bytes - self.talk.header_bytes(),
            Kind::Tagged(b'c' | b'f') => self.copied_bytes = 0,
            _ => {}
        }
    }

    /// Lets whole messages of the server's go on their way, up to one at which a fault strikes.
    fn look_at_answers(&mut self, fault: Fault) {
        while self.pending.is_none() {
            if matches!(self.at_answer, Some((0, _))) && !self.down.held.is_empty() {
                self.pending = self.at_answer.take().map(|(_, armed)| armed);
                return;
            }
            let Some(message) = self.talk.first_answer(&self.down.held) else { return };
            // A Sync before a COPY's data is not answered: the one behind it is.
            if matches!(message.kind, Kind::Tagged(b'Z' | b'G')) {
                self.unanswered = self.unanswered.saturating_sub(1);
                if let Some((before, _)) = &mut self.at_answer {
                    *before = before.saturating_sub(1);
                }
            }
            let bytes = self.down.held.split_to(message.bytes);
            self.talk.answered(message, &bytes);
            if fault != Fault::MuteServer {
                self.down.out.extend_from_slice(&bytes);
            }
        }
    }
}

/// Reads until the other side closes.
async fn drain(socket: &mut TcpStream) {
    let _ = tokio::io::copy(socket, &mut tokio::io::sink()).await;
}
