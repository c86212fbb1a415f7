//! Standard error: the log, the progress bar, and what commands complain of. Its reader must neither end the program nor hold
//! it up: see docs/adr/0025-a-log-that-cannot-be-written.md.
//!
//! Everything goes through one bounded queue to one thread, which alone writes. A line is lost if it cannot be written, or if
//! the queue is full because the reader does not read. Lost lines are counted.

mod queue;
mod screen;

use std::fs::File;
use std::io::{self, IsTerminal, Stderr, Write};
use std::os::fd::AsFd;
use std::sync::OnceLock;
use std::time::Duration;

use tracing::warn;

use self::queue::{Piece, Queue};
pub use self::screen::add;
use crate::runtime::STACK_BYTES;

/// Lines that wait for a slow reader take at most this much memory, in bytes.
const MAX_WAITING: usize = 1 << 20;

/// A caller waits this long for its own line to be written, so that a program that dies next has said its last line. Once a
/// line has taken longer, no caller waits any more until the reader has caught up.
const WAIT_FOR_OWN: Duration = Duration::from_millis(100);

/// Before the next attempt where the stream does not block and is full.
const RETRY: Duration = Duration::from_millis(10);

static QUEUE: OnceLock<Option<&'static Queue>> = OnceLock::new();

/// The standard library's handle.
#[expect(clippy::disallowed_methods, reason = "this module is the one place that writes to standard error")]
fn handle() -> Stderr {
    io::stderr()
}

/// Whether a person reads there.
#[must_use]
pub fn is_terminal() -> bool {
    handle().is_terminal()
}

/// The queue with its thread, none where the system gives no thread or no file descriptor.
fn queue() -> Option<&'static Queue> {
    *QUEUE.get_or_init(|| {
        // A descriptor of its own: while this thread waits in a write, it holds no lock of the standard library.
        let stream = handle().as_fd().try_clone_to_owned().map(File::from).ok()?;
        let queue: &'static Queue = Box::leak(Box::new(Queue::new(MAX_WAITING)));
        let writer = std::thread::Builder::new().name("log".to_owned()).stack_size(STACK_BYTES);
        writer.spawn(move || write_all_that_comes(queue, stream)).ok()?;
        Some(queue)
    })
}

/// Writes a text that ends its last line. The text is lost where it cannot be written.
pub fn write(text: &[u8]) {
    screen::without_bars(|| match queue() {
        Some(queue) => queue.put(Piece::Line(text.into()), WAIT_FOR_OWN),
        // Better late than never.
        None => drop(handle().write_all(text)),
    });
}

/// Waits until everything is written or given up, or `limit` has passed.
pub fn flush(limit: Duration) {
    if let Some(Some(queue)) = QUEUE.get() {
        queue.drain(limit);
    }
}

/// Lines that were lost since the program started.
#[must_use]
pub fn lost() -> u64 {
    QUEUE.get().copied().flatten().map_or(0, Queue::lost)
}

/// The log's writer: each call of `write` is a whole line.
#[derive(Clone, Copy, Debug, Default)]
pub struct Log;

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        write(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes each piece as it comes, for as long as the program lives.
fn write_all_that_comes(queue: &Queue, mut stream: impl Write) {
    let mut is_torn = false;
    loop {
        let piece = queue.next();
        let outcome = write_whole(&mut stream, piece.bytes(), &mut is_torn);
        let lost = queue.done(&piece, outcome.is_ok());
        if lost > 0 {
            // From this thread it joins the queue as from any other.
            warn!(lines = lost, "lines of the log were lost: standard error could not be written to, or was not read");
        }
    }
}

/// Writes a whole piece; where the last one broke off in the middle of a line, on a new line.
fn write_whole(stream: &mut impl Write, piece: &[u8], is_torn: &mut bool) -> io::Result<()> {
    if *is_torn {
        write_some(stream, b"\n", &mut false)?;
        *is_torn = false;
    }
    write_some(stream, piece, is_torn)
}

fn write_some(stream: &mut impl Write, mut rest: &[u8], has_begun: &mut bool) -> io::Result<()> {
    while !rest.is_empty() {
        match stream.write(rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                rest = &rest[written..];
                *has_begun = !rest.is_empty();
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::thread::sleep(RETRY),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream with room for so many bytes; the second value is what it took.
    struct Disk(usize, Vec<u8>);

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.0);
            if taken == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.0 -= taken;
            self.1.extend_from_slice(&bytes[..taken]);
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_that_was_cut_short_does_not_spoil_the_next_one() {
        let (mut disk, mut is_torn) = (Disk(4, Vec::new()), false);
        assert!(write_whole(&mut disk, b"first\n", &mut is_torn).is_err());
        assert!(write_whole(&mut disk, b"second\n", &mut is_torn).is_err());
        disk.0 = 100;
        write_whole(&mut disk, b"third\n", &mut is_torn).unwrap();
        write_whole(&mut disk, b"fourth\n", &mut is_torn).unwrap();
        assert_eq!(String::from_utf8_lossy(&disk.1), "firs\nthird\nfourth\n");
    }
}
