//! A password in a file, which is read at each connection, so that a changed one needs no restart.

use std::io;
use std::path::Path;

use crate::bounded_read::{self, Reads};

/// No password is longer, in bytes.
const MAX_BYTES: usize = 65_536;

/// The file's text without the one line break at its end that editors and `echo` put there.
///
/// # Errors
///
/// Those of [`bounded_read::text`]; `InvalidData` where it is empty.
pub fn read(path: &Path) -> io::Result<String> {
    let text = bounded_read::text(path, MAX_BYTES)?;
    let password = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
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
