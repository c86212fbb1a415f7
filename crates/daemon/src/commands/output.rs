//! What commands print. A reader that goes away (`| head`) is no failure, and nothing here panics as `println!` would.

use std::io::{self, Write};

use comfy_table::{ContentArrangement, Table, presets};

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

/// Says on standard error what is wrong.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", text.trim_end_matches('\n'));
}

/// A table without lines around it, so that other programs can cut and search it; it folds its cells only to fit a
/// terminal.
pub(crate) fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header.to_vec()).add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}
