//! What commands print. A reader that goes away (`| head`) is no failure, and nothing here panics as `println!` would.

use std::io::{self, Write};

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use crate::exit::Exit;

/// Prints a command's result on standard output, ending its last line. Fails where it cannot be written, unless nobody
/// is left to read it.
pub(crate) fn print(text: &str) -> Exit {
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
    if json { print(&format!("{value:#}")) } else { print(text) }
}

/// Says on standard error what is wrong.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", text.trim_end_matches('\n'));
}

/// A table without lines around it, so that other programs can cut and search it; it folds its cells only to fit a
/// terminal. Columns of figures are aligned at their ends.
pub(crate) fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let rows: Vec<Vec<String>> = rows.into_iter().collect();
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
