//! The floor's rows: computed and encoded before the clock starts.

use bytes::Bytes;
use cardgenius_engine::Engine;
use cardgenius_pipeline::ports::Encode;
use cardgenius_store::rows::Rows;
use cardgenius_store::text_rows::TextRows;

use crate::failure::Outcome;
use crate::machine;
use crate::shoppers::{self, Shopper};

/// Users claimed at a time: the program's default.
pub const CHUNK_USERS: usize = 10_000;

/// Sent at a time.
const FRAME_BYTES: usize = 256 * 1024;

/// What a load in the binary format begins and ends with.
const BINARY_HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const BINARY_TRAILER: &[u8] = &(-1_i16).to_be_bytes();

/// Ten rows in either format, with room to spare.
const BYTES_A_USER: u64 = 3_000;

/// How rows are written.
#[derive(Clone, Copy, Debug)]
pub enum Format {
    /// Lines of text.
    Text,
    /// Tuples of the binary format.
    Binary,
}

/// The rows of one claim.
#[derive(Clone, Debug)]
pub struct ReadyChunk {
    pub first: Box<str>,
    pub last: Box<str>,
    pub users: usize,
    pub frames: Vec<Bytes>,
}

/// The rows of all of these users, by claim.
///
/// # Errors
/// They would not fit into the memory that there is.
pub fn make(engine: &Engine, shoppers: &[Shopper], format: Format) -> Outcome<Vec<ReadyChunk>> {
    let needed_mib = shoppers.len() as u64 * BYTES_A_USER / (1024 * 1024);
    let available_mib = machine::available_mib()?;
    if needed_mib > available_mib / 2 {
        return Err(format!(
            "the floor's ready-made rows take {needed_mib} MiB, and {available_mib} MiB are free of which half may be \
             taken; take fewer users, or leave the floor out with --contenders program,discard"
        )
        .into());
    }
    match format {
        Format::Text => encode(engine, shoppers, &TextRows::new(engine), (b"", b"")),
        Format::Binary => encode(engine, shoppers, &Rows::binary(engine), (BINARY_HEADER, BINARY_TRAILER)),
    }
}

/// The chunks, each a load of its own with what such a one begins and ends with.
fn encode(
    engine: &Engine,
    shoppers: &[Shopper],
    encoder: &impl Encode,
    (header, trailer): (&[u8], &[u8]),
) -> Outcome<Vec<ReadyChunk>> {
    let chunks = shoppers.chunks(CHUNK_USERS).map(|users| {
        let mut bytes = header.to_vec();
        shoppers::compute(engine, users, |shopper, ten| encoder.encode(&shopper.key, ten, &mut bytes))?;
        bytes.extend_from_slice(trailer);
        let key = |shopper: Option<&Shopper>| shopper.map(|shopper| shopper.key.clone()).unwrap_or_default();
        let (first, last) = (key(users.first()), key(users.last()));
        Ok(ReadyChunk { first, last, users: users.len(), frames: frames(bytes.into()) })
    });
    chunks.collect()
}

fn frames(mut bytes: Bytes) -> Vec<Bytes> {
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        frames.push(bytes.split_to(bytes.len().min(FRAME_BYTES)));
    }
    frames
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_hold_all_bytes_in_order_and_none_is_too_long() {
        let bytes: Vec<u8> = (0..FRAME_BYTES * 2 + 5).map(|place| (place % 251) as u8).collect();
        let frames = frames(bytes.clone().into());
        assert_eq!(frames.iter().map(Bytes::len).collect::<Vec<_>>(), [FRAME_BYTES, FRAME_BYTES, 5]);
        assert_eq!(frames.concat(), bytes);
    }
}
