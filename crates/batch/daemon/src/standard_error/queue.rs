//! The bounded queue between all threads that have something to say and the one that writes.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Drawings of the progress bar wait only while less than this waits, in bytes: an old picture is of no use.
const MAX_WAITING_FOR_DRAWINGS: usize = 16 * 1024;

/// Something to write.
#[derive(Debug)]
pub(super) enum Piece {
    /// A line, which counts when it is lost.
    Line(Box<[u8]>),
    /// The progress bar, of which the next picture makes up for a lost one.
    Drawing(Box<[u8]>),
}

impl Piece {
    pub(super) const fn bytes(&self) -> &[u8] {
        match self {
            Self::Line(bytes) | Self::Drawing(bytes) => bytes,
        }
    }

    const fn is_line(&self) -> bool {
        matches!(self, Self::Line(_))
    }
}

#[derive(Debug, Default)]
struct State {
    pieces: VecDeque<Piece>,
    /// Bytes of `pieces`.
    waiting: usize,
    /// Pieces that were ever taken in, and those of them that were written or given up.
    taken: u64,
    done: u64,
    /// The writer is behind: no caller waits for its own line.
    is_behind: bool,
    lost: u64,
    /// Of the lost lines, those that the log has not mentioned yet.
    untold: u64,
}

impl State {
    const fn lose(&mut self) {
        self.lost += 1;
        self.untold += 1;
    }
}

/// Pieces in their order.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    came: Condvar,
    went: Condvar,
    max_waiting: usize,
}

impl Queue {
    pub(super) fn new(max_waiting: usize) -> Self {
        Self { state: Mutex::default(), came: Condvar::new(), went: Condvar::new(), max_waiting }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a piece in, or loses it where there is no room. Waits up to `wait` for a line to be written, unless the writer is
    /// behind already.
    pub(super) fn put(&self, piece: Piece, wait: Duration) {
        let mut state = self.state();
        let max = if piece.is_line() { self.max_waiting } else { MAX_WAITING_FOR_DRAWINGS };
        let is_line = piece.is_line();
        // A single line may be as large as it likes.
        if state.waiting > 0 && state.waiting + piece.bytes().len() > max {
            if is_line {
                state.lose();
            }
            return;
        }
        state.waiting += piece.bytes().len();
        state.taken += 1;
        let own = state.taken;
        state.pieces.push_back(piece);
        self.came.notify_one();
        if is_line && !state.is_behind {
            let waited = self.went.wait_timeout_while(state, wait, |state| state.done < own && !state.is_behind);
            let (mut state, outcome) = waited.unwrap_or_else(PoisonError::into_inner);
            state.is_behind |= outcome.timed_out();
        }
    }

    /// For the writer: the next piece, as soon as there is one.
    pub(super) fn next(&self) -> Piece {
        let mut state = self.state();
        loop {
            if let Some(piece) = state.pieces.pop_front() {
                return piece;
            }
            state = self.came.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// For the writer: the piece from [`Queue::next`] was written, or could not be. Gives the number of lost lines that are to be
    /// mentioned now.
    pub(super) fn done(&self, piece: &Piece, is_written: bool) -> u64 {
        let mut state = self.state();
        state.waiting -= piece.bytes().len();
        state.done += 1;
        if !is_written && piece.is_line() {
            state.lose();
        }
        let to_tell = if is_written { std::mem::take(&mut state.untold) } else { 0 };
        // While the writer itself says something, it cannot wait for itself.
        state.is_behind = to_tell > 0 || (state.is_behind && !state.pieces.is_empty());
        self.went.notify_all();
        to_tell
    }

    /// Waits until all that was taken in is written or given up, or `limit` has passed.
    pub(super) fn drain(&self, limit: Duration) {
        drop(self.went.wait_timeout_while(self.state(), limit, |state| state.done < state.taken));
    }

    pub(super) fn lost(&self) -> u64 {
        self.state().lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_WAIT: Duration = Duration::ZERO;

    fn line(text: &str) -> Piece {
        Piece::Line(text.as_bytes().into())
    }

    fn next(queue: &Queue) -> String {
        let piece = queue.next();
        let text = String::from_utf8_lossy(piece.bytes()).into_owned();
        queue.done(&piece, true);
        text
    }

    #[test]
    fn a_full_queue_loses_the_newest_lines_and_counts_them() {
        let queue = Queue::new(8);
        ["abc", "defgh", "i", "j"].into_iter().for_each(|text| queue.put(line(text), NO_WAIT));
        assert_eq!(queue.lost(), 2);
        assert_eq!((next(&queue), next(&queue)), ("abc".to_owned(), "defgh".to_owned()));
        queue.put(line("a line that is longer than the queue"), NO_WAIT);
        assert_eq!((next(&queue), queue.lost()), ("a line that is longer than the queue".to_owned(), 2));
    }

    #[test]
    fn lost_lines_are_to_be_mentioned_once_after_the_next_line_that_was_written() {
        let queue = Queue::new(3);
        ["abc", "d", "e"].into_iter().for_each(|text| queue.put(line(text), NO_WAIT));
        let piece = queue.next();
        assert_eq!(queue.done(&piece, false), 0, "nothing can be mentioned while nothing can be written");
        queue.put(line("abc"), NO_WAIT);
        let piece = queue.next();
        assert_eq!((queue.done(&piece, true), queue.lost()), (3, 3));
        queue.put(line("abc"), NO_WAIT);
        let piece = queue.next();
        assert_eq!(queue.done(&piece, true), 0);
    }

    #[test]
    fn a_drawing_that_finds_no_room_is_no_lost_line() {
        let queue = Queue::new(1 << 20);
        queue.put(Piece::Line(vec![b'x'; MAX_WAITING_FOR_DRAWINGS].into()), NO_WAIT);
        queue.put(Piece::Drawing(b"bar"[..].into()), NO_WAIT);
        assert_eq!(queue.lost(), 0);
        next(&queue);
        queue.drain(Duration::from_secs(60));
        assert!(queue.state().pieces.is_empty());
    }

    #[test]
    fn a_caller_waits_for_a_writer_that_is_behind_once_only() {
        let queue = Queue::new(1 << 20);
        queue.put(line("a"), Duration::from_millis(1));
        assert!(queue.state().is_behind);
        // Would hang if it waited.
        queue.put(line("b"), Duration::from_secs(3600));
        assert_eq!((next(&queue), next(&queue)), ("a".to_owned(), "b".to_owned()));
        assert!(!queue.state().is_behind);
    }
}
