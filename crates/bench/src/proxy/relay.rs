//! The two directions of a connection through the proxy, in whole messages of PostgreSQL's protocol (3.0).

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU64, Ordering};

use super::tuples::RowCounter;

/// No COPY has just ended.
pub const NOTHING: u64 = u64::MAX;

/// Read and written at a time.
const BUFFER_BYTES: usize = 256 * 1024;

/// What a client may ask before its first message, and is answered with one byte.
const ASKS_FOR_ENCRYPTION: [u32; 2] = [80_877_103, 80_877_104];
const NO_ENCRYPTION: &[u8] = b"N";

/// The longest of the short messages that are read as a whole.
const SHORT_BYTES: usize = 1024 * 1024;

const COPY_DATA: u8 = b'd';
const COPY_DONE: u8 = b'c';
const COPY_FAIL: u8 = b'f';
const COMMAND_COMPLETE: u8 = b'C';

/// Passes on what the client says, but for the data of a COPY, whose rows it counts into `counted`.
pub fn to_the_server(
    client: &UnixStream,
    server: &UnixStream,
    answers: &UnixStream,
    counted: &AtomicU64,
) -> io::Result<()> {
    let mut client = BufReader::with_capacity(BUFFER_BYTES, client);
    let mut server = BufWriter::with_capacity(BUFFER_BYTES, server);
    start(&mut client, &mut server, answers)?;
    let mut rows = RowCounter::default();
    loop {
        // What is held back here is waited for there, unless more comes anyway.
        if client.buffer().is_empty() {
            server.flush()?;
        }
        let Some((kind, length)) = header(&mut client)? else { return server.flush() };
        match kind {
            COPY_DATA => swallow(&mut client, length, &mut rows)?,
            COPY_DONE => {
                let (count, binary_header) = std::mem::take(&mut rows).finish().map_err(|_| malformed())?;
                if let Some(binary_header) = binary_header {
                    write_message(&mut server, COPY_DATA, &binary_header)?;
                }
                // Before the server can answer.
                counted.store(count, Ordering::SeqCst);
                write_message(&mut server, COPY_DONE, &[])?;
            }
            _ => {
                if kind == COPY_FAIL {
                    rows = RowCounter::default();
                }
                pass(&mut client, &mut server, kind, length)?;
            }
        }
    }
}

/// Passes on what the server says, but for the count of a COPY whose rows never reached it.
pub fn to_the_client(server: &UnixStream, client: &UnixStream, counted: &AtomicU64) -> io::Result<()> {
    let mut server = BufReader::with_capacity(BUFFER_BYTES, server);
    let mut client = BufWriter::with_capacity(BUFFER_BYTES, client);
    loop {
        if server.buffer().is_empty() {
            client.flush()?;
        }
        let Some((kind, length)) = header(&mut server)? else { return client.flush() };
        if kind != COMMAND_COMPLETE || length > SHORT_BYTES {
            pass(&mut server, &mut client, kind, length)?;
            continue;
        }
        let mut tag = vec![0; length];
        server.read_exact(&mut tag)?;
        if tag.starts_with(b"COPY ") {
            let count = counted.swap(NOTHING, Ordering::SeqCst);
            if count != NOTHING {
                tag = format!("COPY {count}\0").into_bytes();
            }
        }
        write_message(&mut client, COMMAND_COMPLETE, &tag)?;
    }
}

/// The messages before the first tagged one.
fn start(client: &mut impl Read, server: &mut impl Write, mut answers: &UnixStream) -> io::Result<()> {
    loop {
        let length = number(client)?;
        let code = number(client)?;
        if ASKS_FOR_ENCRYPTION.contains(&code) {
            answers.write_all(NO_ENCRYPTION)?;
            continue;
        }
        let body = usize::try_from(length).ok().and_then(|length| length.checked_sub(8));
        let mut body = vec![0; body.filter(|body| *body <= SHORT_BYTES).ok_or_else(malformed)?];
        client.read_exact(&mut body)?;
        server.write_all(&length.to_be_bytes())?;
        server.write_all(&code.to_be_bytes())?;
        return server.write_all(&body);
    }
}

/// A message's kind, and the length of what follows; none when the stream has ended.
fn header(stream: &mut impl BufRead) -> io::Result<Option<(u8, usize)>> {
    if stream.fill_buf()?.is_empty() {
        return Ok(None);
    }
    let mut kind = [0];
    stream.read_exact(&mut kind)?;
    let length = number(stream)?.checked_sub(4).and_then(|length| usize::try_from(length).ok());
    Ok(Some((kind[0], length.ok_or_else(malformed)?)))
}

fn number(stream: &mut impl Read) -> io::Result<u32> {
    let mut bytes = [0; 4];
    stream.read_exact(&mut bytes)?;
    Ok(u32::from_be_bytes(bytes))
}

fn swallow(client: &mut impl BufRead, length: usize, rows: &mut RowCounter) -> io::Result<()> {
    let mut left = length;
    while left > 0 {
        let piece = client.fill_buf()?;
        let piece = &piece[..piece.len().min(left)];
        if piece.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        rows.feed(piece).map_err(|_| malformed())?;
        let taken = piece.len();
        client.consume(taken);
        left -= taken;
    }
    Ok(())
}

fn pass(from: &mut impl BufRead, to: &mut impl Write, kind: u8, length: usize) -> io::Result<()> {
    to.write_all(&[kind])?;
    to.write_all(&announced(length)?)?;
    let passed = io::copy(&mut from.take(length as u64), to)?;
    if passed == length as u64 { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

fn write_message(to: &mut impl Write, kind: u8, body: &[u8]) -> io::Result<()> {
    to.write_all(&[kind])?;
    to.write_all(&announced(body.len())?)?;
    to.write_all(body)
}

/// A message's length as the protocol has it, its own four bytes included.
fn announced(length: usize) -> io::Result<[u8; 4]> {
    Ok(u32::try_from(length + 4).map_err(|_| malformed())?.to_be_bytes())
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not PostgreSQL's protocol")
}
