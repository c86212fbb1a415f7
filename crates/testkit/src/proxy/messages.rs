//! PostgreSQL's messages, told apart in a stream of bytes (protocol 3.0).

use std::collections::HashMap;

const SSL_REQUEST: u32 = 80_877_103;
const GSSENC_REQUEST: u32 = 80_877_104;
const CANCEL_REQUEST: u32 = 80_877_102;

/// A message's type byte and length.
pub(super) const HEADER_BYTES: usize = 5;

/// A whole message at the front of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) kind: Kind,
    /// Of all of it.
    pub(super) bytes: usize,
}

/// What it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The client asks for encryption: answered by one byte, and nothing else.
    AsksForEncryption,
    /// The client's first real one.
    Startup,
    /// Asks to cancel what another connection does; closes without an answer.
    Cancel,
    /// By its type byte.
    Tagged(u8),
}

/// The client's side of a stream.
#[derive(Debug, Default)]
pub(super) struct Frontend {
    started: bool,
    /// Texts of prepared statements, by name.
    prepared: HashMap<Vec<u8>, String>,
}

impl Frontend {
    /// The message at the front of `stream`, if it is there as a whole.
    pub(super) fn first(&self, stream: &[u8]) -> Option<Message> {
        if self.started {
            return tagged(stream);
        }
        let bytes = usize::try_from(number(stream, 0)?).ok()?;
        let kind = match number(stream, 4)? {
            SSL_REQUEST | GSSENC_REQUEST => Kind::AsksForEncryption,
            CANCEL_REQUEST => Kind::Cancel,
            _ => Kind::Startup,
        };
        (stream.len() >= bytes).then_some(Message { kind, bytes })
    }

    /// Type byte and length of a message that has begun, whole or not; of tagged ones only.
    pub(super) fn begun(&self, stream: &[u8]) -> Option<(u8, usize)> {
        let bytes = usize::try_from(number(stream, 1)?).ok()? + 1;
        self.started.then(|| (stream[0], bytes))
    }

    /// Takes note of a message that goes on its way.
    pub(super) fn note(&mut self, message: Message, bytes: &[u8]) {
        match message.kind {
            Kind::Startup => self.started = true,
            Kind::Tagged(b'P') => {
                let (name, rest) = zero_ended(&bytes[HEADER_BYTES..]);
                let (text, _) = zero_ended(rest);
                self.prepared.insert(name.to_vec(), String::from_utf8_lossy(text).into_owned());
            }
            _ => {}
        }
    }

    /// The text of the statement that a message brings, or has the server execute.
    pub(super) fn statement(&self, message: Message, bytes: &[u8]) -> Option<String> {
        let body = bytes.get(HEADER_BYTES..)?;
        match message.kind {
            Kind::Tagged(b'Q') => Some(String::from_utf8_lossy(zero_ended(body).0).into_owned()),
            Kind::Tagged(b'P') => Some(String::from_utf8_lossy(zero_ended(zero_ended(body).1).0).into_owned()),
            Kind::Tagged(b'B') => self.prepared.get(zero_ended(zero_ended(body).1).0).cloned(),
            _ => None,
        }
    }
}

/// Whether this message is a COMMIT: clients send it as a simple query.
pub(super) fn is_commit(message: Message, bytes: &[u8]) -> bool {
    message.kind == Kind::Tagged(b'Q') && {
        let text = String::from_utf8_lossy(zero_ended(&bytes[HEADER_BYTES..]).0).trim().to_ascii_uppercase();
        text.trim_end_matches(';') == "COMMIT"
    }
}

/// The server's side of a stream.
#[derive(Debug, Default)]
pub(super) struct Backend {
    /// Answers of a single byte that are still to come.
    pub(super) single_bytes: usize,
}

impl Backend {
    /// The message at the front of `stream`, if it is there as a whole.
    pub(super) fn first(&self, stream: &[u8]) -> Option<Message> {
        match (self.single_bytes, stream.first()) {
            (0, _) => tagged(stream),
            (_, None) => None,
            (_, Some(_)) => Some(Message { kind: Kind::AsksForEncryption, bytes: 1 }),
        }
    }
}

fn tagged(stream: &[u8]) -> Option<Message> {
    let bytes = usize::try_from(number(stream, 1)?).ok()? + 1;
    (stream.len() >= bytes).then_some(Message { kind: Kind::Tagged(stream[0]), bytes })
}

fn number(stream: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(stream.get(at..at + 4)?.try_into().ok()?))
}

/// A text that ends with a zero byte, and what follows it.
fn zero_ended(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    (&bytes[..end], bytes.get(end + 1..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(tag: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        [&[tag], &length[..], body].concat()
    }

    fn startup(code: u32, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 8).unwrap().to_be_bytes();
        [&length[..], &code.to_be_bytes(), body].concat()
    }

    #[test]
    fn messages_are_told_apart_however_the_bytes_arrive() {
        let parts = [
            startup(SSL_REQUEST, b""),
            startup(196_608, b"user\0somebody\0\0"),
            message(b'P', b"s0\0SELECT 1\0\0\0"),
            message(b'B', b"\0s0\0\0\0\0\0\0\0"),
            message(b'S', b""),
            message(b'Q', b"COMMIT\0"),
        ];
        let stream = parts.concat();
        for step in 1..stream.len() {
            let (mut frontend, mut held, mut seen) = (Frontend::default(), Vec::new(), Vec::new());
            for some in stream.chunks(step) {
                held.extend_from_slice(some);
                while let Some(message) = frontend.first(&held) {
                    let bytes: Vec<u8> = held.drain(..message.bytes).collect();
                    seen.push((message.kind, frontend.statement(message, &bytes), is_commit(message, &bytes)));
                    frontend.note(message, &bytes);
                }
            }
            let select = Some("SELECT 1".to_owned());
            let expected = [
                (Kind::AsksForEncryption, None, false),
                (Kind::Startup, None, false),
                (Kind::Tagged(b'P'), select.clone(), false),
                (Kind::Tagged(b'B'), select, false),
                (Kind::Tagged(b'S'), None, false),
                (Kind::Tagged(b'Q'), Some("COMMIT".to_owned()), true),
            ];
            assert!(held.is_empty());
            assert_eq!(seen, expected, "in pieces of {step} bytes");
        }
    }

    #[test]
    fn an_answer_about_encryption_is_one_byte() {
        let mut backend = Backend { single_bytes: 1 };
        let stream = [&b"N"[..], &message(b'Z', b"I")].concat();
        assert_eq!(backend.first(&stream).map(|message| message.bytes), Some(1));
        backend.single_bytes = 0;
        assert_eq!(backend.first(&stream[1..]), Some(Message { kind: Kind::Tagged(b'Z'), bytes: 6 }));
    }
}
