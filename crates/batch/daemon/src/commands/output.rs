//! What commands print. A reader that goes away (`| head`) is no failure, and nothing here panics as `println!` would.
//!
//! Text for people passes here only, and nothing that a terminal obeys or hides passes. A line break is taken for our own: what
//! comes from a database, a file, the environment or the command line is [`Shown`] where a text is put together, or stands in
//! a cell of a [`table`].

use std::io::{self, Write};

use cardgenius_text::{Shown, ShownJson, ShownLines};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use crate::exit::Exit;
use crate::standard_error;

/// Prints a command's result for people on standard output, ending its last line. Fails where it cannot be written, unless its
/// reader is gone.
pub(crate) fn print(text: &str) -> Exit {
    print_as_is(&ShownLines(text).to_string())
}

/// Prints a JSON document.
pub(crate) fn print_json(document: &str) -> Exit {
    print_as_is(&ShownJson(document).to_string())
}

/// Prints a text for programs, such as SQL, in which a changed character would change the meaning.
#[expect(clippy::disallowed_methods, reason = "this function is the one place that writes to standard output")]
pub(crate) fn print_as_is(text: &str) -> Exit {
    let mut output = io::stdout().lock();
    match writeln!(output, "{}", text.trim_end_matches('\n')).and_then(|()| output.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            complain(&format!("cannot write to standard output: {error}"));
            Exit::Failed
        }
        _ => Exit::Done,
    }
}

/// Prints what a command did: for people, or the same for programs.
pub(crate) fn say(json: bool, text: &str, value: &serde_json::Value) -> Exit {
    if json { print_json(&format!("{value:#}")) } else { print(text) }
}

/// Says on standard error what is wrong.
pub(crate) fn complain(text: &str) {
    standard_error::write(format!("{}\n", ShownLines(text.trim_end_matches('\n'))).as_bytes());
}

/// A table without lines around it, so that other programs can cut and search it; it folds its cells only to fit a
/// terminal. What the cells hold may come from anywhere. Columns of figures are aligned at their ends.
pub(crate) fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let shown = |cells: Vec<String>| cells.iter().map(|cell| Shown(cell).to_string()).collect();
    let rows: Vec<Vec<String>> = rows.into_iter().map(shown).collect();
    let is_figure = |column: usize| {
        let mut cells = rows.iter().filter_map(|row| row.get(column)).peekable();
        cells.peek().is_some() && cells.all(|cell| cell.replace(',', "").parse::<f64>().is_ok())
    };
    let figures: Vec<bool> = (0..header.len()).map(is_figure).collect();
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header.to_vec()).add_rows(rows);
    for (column, is_figure) in table.column_iter_mut().zip(figures) {
        column.set_padding((0, 2));
        if is_figure {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}
