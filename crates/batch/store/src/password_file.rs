//! A password in a file, which is read at each connection, so that a changed one needs no restart.

use std::io;
use std::path::Path;

use crate::bounded_read::{self, Reads};

/// No password is longer, in bytes.
const MAX_BYTES: usize = 65_536;

/// The file's text without what editors put there: a byte order mark at its beginning, and one line break at its end.
///
/// # Errors
///
/// Those of [`bounded_read::text`]; `InvalidData` where it is empty.
pub fn read(path: &Path) -> io::Result<String> {
    let text = bounded_read::text(path, MAX_BYTES)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let password = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
    if password.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is empty"));
    }
    Ok(password.to_owned())
}

/// The same in the middle of other work, which does not wait long for a disk that is gone.
pub(crate) async fn read_in_time(path: &Path) -> io::Result<String> {
    static READS: Reads = Reads::new(16);
    let path = path.to_owned();
    READS.in_time(move || read(&path)).await?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_editors_put_around_a_password_is_dropped_and_nothing_else() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (text, password) in [
            ("open", "open"),
            ("open\n", "open"),
            ("open\r\n", "open"),
            ("open\n\n", "open\n"),
            (" open \t", " open \t"),
            ("\u{feff}öpen\n", "öpen"),
        ] {
            std::fs::write(file.path(), text).unwrap();
            assert_eq!(read(file.path()).unwrap(), password, "{text:?}");
        }
        for empty in ["", "\n", "\u{feff}\r\n"] {
            std::fs::write(file.path(), empty).unwrap();
            assert!(read(file.path()).is_err(), "{empty:?}");
        }
    }
}
