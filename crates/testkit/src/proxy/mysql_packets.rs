//! The packets of MySQL's protocol, told apart in a stream of bytes ("Client/Server Protocol", MySQL internals manual).

use std::collections::HashMap;

use super::messages::{Kind, Message};

/// Length (three bytes) and number of a packet.
pub(super) const HEADER_BYTES: usize = 4;

const QUERY: u8 = 0x03;
const PREPARE: u8 = 0x16;
const EXECUTE: u8 = 0x17;

/// The client's side of a stream.
#[derive(Debug, Default)]
pub(super) struct Packets {
    /// Texts of prepared statements, by the server's number.
    prepared: HashMap<u32, String>,
    /// Sent to be prepared, and not answered.
    preparing: Option<String>,
    /// A local file is being sent.
    loading: bool,
}

impl Packets {
    /// The packet at the front of `stream`, if it is there as a whole. Those of a local file are tagged as PostgreSQL's are.
    pub(super) fn first(&self, stream: &[u8]) -> Option<Message> {
        let bytes = length(stream)? + HEADER_BYTES;
        if stream.len() < bytes {
            return None;
        }
        let tag = match (self.is_data(stream), bytes) {
            (true, HEADER_BYTES) => b'c',
            (true, _) => b'd',
            // A command, or part of a signing-in, which is none of the tags that mean something.
            (false, _) => stream.get(HEADER_BYTES).copied().filter(|tag| *tag < b' ').unwrap_or(0),
        };
        Some(Message { kind: Kind::Tagged(tag), bytes })
    }

    /// Whether what has begun is a piece of a local file, and the bytes of all of it.
    pub(super) fn begun(&self, stream: &[u8]) -> Option<(u8, usize)> {
        let bytes = length(stream)?;
        (self.is_data(stream) && bytes > 0).then_some((b'd', bytes + HEADER_BYTES))
    }

    /// A command begins a new count of packets.
    fn is_data(&self, stream: &[u8]) -> bool {
        self.loading && stream.get(3).is_some_and(|number| *number != 0)
    }

    /// Takes note of a packet that goes on its way.
    pub(super) fn note(&mut self, message: Message, bytes: &[u8]) {
        match message.kind {
            Kind::Tagged(b'c') => self.loading = false,
            Kind::Tagged(b'd') => {}
            _ if bytes.get(3) == Some(&0) => {
                let text = text(bytes);
                self.loading = bytes.get(HEADER_BYTES) == Some(&QUERY) && text.starts_with("LOAD DATA");
                self.preparing = (bytes.get(HEADER_BYTES) == Some(&PREPARE)).then_some(text);
            }
            _ => {}
        }
    }

    /// Takes note of an answer: what was prepared has a number from then on.
    pub(super) fn answered(&mut self, bytes: &[u8]) {
        if let Some(text) = self.preparing.take()
            && let Some([0, a, b, c, d]) = bytes.get(HEADER_BYTES..HEADER_BYTES + 5)
        {
            self.prepared.insert(u32::from_le_bytes([*a, *b, *c, *d]), text);
        }
    }

    /// The text of the statement that a packet brings, or has the server execute.
    pub(super) fn statement(&self, bytes: &[u8]) -> Option<String> {
        if bytes.get(3) != Some(&0) {
            return None;
        }
        match *bytes.get(HEADER_BYTES)? {
            QUERY | PREPARE => Some(text(bytes)),
            EXECUTE => {
                let number = bytes.get(HEADER_BYTES + 1..HEADER_BYTES + 5)?;
                self.prepared.get(&u32::from_le_bytes(number.try_into().ok()?)).cloned()
            }
            _ => None,
        }
    }
}

/// Whether a packet is a COMMIT.
pub(super) fn is_commit(bytes: &[u8]) -> bool {
    bytes.get(3..HEADER_BYTES + 1) == Some(&[0, QUERY]) && text(bytes).trim().eq_ignore_ascii_case("COMMIT")
}

/// The packet of the server's at the front of `stream`, if it is there as a whole.
pub(super) fn first_answer(stream: &[u8]) -> Option<Message> {
    let bytes = length(stream)? + HEADER_BYTES;
    (stream.len() >= bytes).then_some(Message { kind: Kind::Tagged(0), bytes })
}

fn length(stream: &[u8]) -> Option<usize> {
    let [a, b, c, _] = *stream.first_chunk::<HEADER_BYTES>()?;
    usize::try_from(u32::from_le_bytes([a, b, c, 0])).ok()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.get(HEADER_BYTES + 1..).unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(number: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len()).unwrap().to_le_bytes();
        [&length[..3], &[number], body].concat()
    }

    #[test]
    fn packets_are_told_apart_however_the_bytes_arrive() {
        let parts = [
            packet(1, b"signing in"),
            packet(0, b"\x16SELECT 1"),
            packet(0, b"\x17\x07\x00\x00\x00\x00"),
            packet(0, b"\x03LOAD DATA LOCAL INFILE"),
            packet(2, b"rows"),
            packet(3, b""),
            packet(0, b"\x03COMMIT"),
        ];
        let stream = parts.concat();
        for step in 1..stream.len() {
            let (mut packets, mut held, mut seen) = (Packets::default(), Vec::new(), Vec::new());
            for some in stream.chunks(step) {
                held.extend_from_slice(some);
                while let Some(message) = packets.first(&held) {
                    let bytes: Vec<u8> = held.drain(..message.bytes).collect();
                    seen.push((message.kind, packets.statement(&bytes), is_commit(&bytes)));
                    packets.note(message, &bytes);
                    packets.answered(&packet(1, b"\x00\x07\x00\x00\x00"));
                }
            }
            let said = |text: &str| Some(text.to_owned());
            let expected = [
                (Kind::Tagged(0), None, false),
                (Kind::Tagged(0x16), said("SELECT 1"), false),
                (Kind::Tagged(0x17), said("SELECT 1"), false),
                (Kind::Tagged(0x03), said("LOAD DATA LOCAL INFILE"), false),
                (Kind::Tagged(b'd'), None, false),
                (Kind::Tagged(b'c'), None, false),
                (Kind::Tagged(0x03), said("COMMIT"), true),
            ];
            assert!(held.is_empty());
            assert_eq!(seen, expected, "in pieces of {step} bytes");
        }
    }
}
