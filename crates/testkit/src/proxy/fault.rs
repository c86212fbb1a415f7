//! Which faults there are, and when they strike.

/// What a proxy does to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: bytes pass.
    Pass,
    /// Both sides are closed in good order (FIN).
    Cut,
    /// Both sides are reset (RST).
    Reset,
    /// Nothing passes in either direction, an end of the connection included, and all sockets stay open. New connections
    /// are accepted and never answered. What was on its way arrives when the proxy is healed.
    BlackHole,
    /// New connections are reset at once; those that are there go on.
    Refuse,
    /// Each direction of each connection passes no more than this.
    Slow {
        /// At least 1.
        bytes_per_second: u32,
    },
    /// The client's side is closed; the server's stays open and silent, so that the server never learns.
    HalfOpen,
    /// The client is heard and the server is not: its answers are swallowed for good.
    MuteServer,
}

/// When an armed fault strikes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// At once, on the oldest open connection; on the next one if there is none.
    Now,
    /// In the middle of a COPY or a LOAD DATA from the client, when exactly so many bytes of its data have been passed on. One with
    /// no more never reaches it.
    FirstCopyData {
        /// 0 is before the first byte of data.
        after_bytes: usize,
    },
    /// A COMMIT was sent and is not passed on.
    CommitSent,
    /// A COMMIT was passed on and the server has answered it; the answer is not passed on. So it has taken, or failed.
    CommitForwarded,
    /// A statement whose text contains this was sent (simple, to be prepared, or prepared before and bound), and is not
    /// passed on.
    Statement(String),
}

/// A fault that waits for its trigger.
#[derive(Clone, Debug)]
pub(super) struct Armed {
    pub(super) trigger: Trigger,
    pub(super) fault: Fault,
    /// Strikes all connections, present and future; else only the one that reached the trigger.
    pub(super) everywhere: bool,
}
