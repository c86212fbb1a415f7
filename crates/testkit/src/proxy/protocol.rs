//! Which server's protocol a proxy understands.

use super::messages::{self, Backend, Frontend, Message};
use super::mysql_packets::{self, Packets};

/// The protocol of a kind of server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Postgres,
    Mysql,
}

/// Both sides of a connection, as far as they must be understood.
#[derive(Debug)]
pub(super) enum Talk {
    Postgres { frontend: Frontend, backend: Backend },
    Mysql(Packets),
}

impl Talk {
    pub(super) fn of(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Postgres => Self::Postgres { frontend: Frontend::default(), backend: Backend::default() },
            Protocol::Mysql => Self::Mysql(Packets::default()),
        }
    }

    /// What stands before the data of a load's message.
    pub(super) const fn header_bytes(&self) -> usize {
        match self {
            Self::Postgres { .. } => messages::HEADER_BYTES,
            Self::Mysql(_) => mysql_packets::HEADER_BYTES,
        }
    }

    /// The client's message at the front of `stream`, if it is there as a whole.
    pub(super) fn first(&self, stream: &[u8]) -> Option<Message> {
        match self {
            Self::Postgres { frontend, .. } => frontend.first(stream),
            Self::Mysql(packets) => packets.first(stream),
        }
    }

    /// Type byte and length of a client's message that has begun, whole or not.
    pub(super) fn begun(&self, stream: &[u8]) -> Option<(u8, usize)> {
        match self {
            Self::Postgres { frontend, .. } => frontend.begun(stream),
            Self::Mysql(packets) => packets.begun(stream),
        }
    }

    pub(super) fn is_commit(&self, message: Message, bytes: &[u8]) -> bool {
        match self {
            Self::Postgres { .. } => messages::is_commit(message, bytes),
            Self::Mysql(_) => mysql_packets::is_commit(bytes),
        }
    }

    /// The text of the statement that a message brings, or has the server execute.
    pub(super) fn statement(&self, message: Message, bytes: &[u8]) -> Option<String> {
        match self {
            Self::Postgres { frontend, .. } => frontend.statement(message, bytes),
            Self::Mysql(packets) => packets.statement(bytes),
        }
    }

    /// Takes note of a client's message that goes on its way.
    pub(super) fn note(&mut self, message: Message, bytes: &[u8]) {
        match self {
            Self::Postgres { frontend, backend } => {
                frontend.note(message, bytes);
                if message.kind == messages::Kind::AsksForEncryption {
                    backend.single_bytes += 1;
                }
            }
            Self::Mysql(packets) => packets.note(message, bytes),
        }
    }

    /// The server's message at the front of `stream`, if it is there as a whole.
    pub(super) fn first_answer(&self, stream: &[u8]) -> Option<Message> {
        match self {
            Self::Postgres { backend, .. } => backend.first(stream),
            Self::Mysql(_) => mysql_packets::first_answer(stream),
        }
    }

    /// Takes note of a server's message.
    pub(super) fn answered(&mut self, message: Message, bytes: &[u8]) {
        match self {
            Self::Postgres { backend, .. } if message.kind == messages::Kind::AsksForEncryption => {
                backend.single_bytes -= 1;
            }
            Self::Postgres { .. } => {}
            Self::Mysql(packets) => packets.answered(bytes),
        }
    }
}
