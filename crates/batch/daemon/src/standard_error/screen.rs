//! The progress bar at the bottom of a terminal. It is drawn through the same queue as the log: a terminal that has hung up or
//! was halted neither ends nor holds up the program.

use std::io::{self, IsTerminal};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, TermLike};

use super::queue::Piece;

/// Pictures a second at most.
const PICTURES: u8 = 20;

static BARS: OnceLock<MultiProgress> = OnceLock::new();

fn bars() -> &'static MultiProgress {
    BARS.get_or_init(|| {
        let term = Term::stderr();
        MultiProgress::with_draw_target(if super::handle().is_terminal() {
            ProgressDrawTarget::term_like_with_hz(Box::new(Screen { term, drawing: Mutex::default() }), PICTURES)
        } else {
            ProgressDrawTarget::hidden()
        })
    })
}

/// Shows a bar at the bottom of the terminal.
#[must_use]
pub fn add(bar: ProgressBar) -> ProgressBar {
    bars().add(bar)
}

/// Takes the bars away while `work` is done.
pub(super) fn without_bars(work: impl FnOnce()) {
    bars().suspend(work);
}

/// A terminal that is written to by the queue's thread. What is drawn until the next flush goes out as one piece.
#[derive(Debug)]
struct Screen {
    /// Asked for its size only.
    term: Term,
    drawing: Mutex<String>,
}

impl Screen {
    #[expect(clippy::unnecessary_wraps, reason = "the trait wants an outcome, and a drawing cannot fail here")]
    fn draw(&self, text: &str) -> io::Result<()> {
        self.drawing.lock().unwrap_or_else(PoisonError::into_inner).push_str(text);
        Ok(())
    }

    /// Moves the cursor by so many places; terminals take 0 for 1.
    fn travel(&self, places: usize, direction: char) -> io::Result<()> {
        if places == 0 { Ok(()) } else { self.draw(&format!("\x1b[{places}{direction}")) }
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        self.term.size().1
    }

    fn height(&self) -> u16 {
        self.term.size().0
    }

    fn move_cursor_up(&self, lines: usize) -> io::Result<()> {
        self.travel(lines, 'A')
    }

    fn move_cursor_down(&self, lines: usize) -> io::Result<()> {
        self.travel(lines, 'B')
    }

    fn move_cursor_right(&self, columns: usize) -> io::Result<()> {
        self.travel(columns, 'C')
    }

    fn move_cursor_left(&self, columns: usize) -> io::Result<()> {
        self.travel(columns, 'D')
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.draw(text)?;
        self.draw("\n")
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.draw(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.draw("\r\x1b[2K")
    }

    fn flush(&self) -> io::Result<()> {
        let drawing = std::mem::take(&mut *self.drawing.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(queue) = super::queue() {
            queue.put(Piece::Drawing(drawing.into_bytes().into()), Duration::ZERO);
        }
        Ok(())
    }
}
