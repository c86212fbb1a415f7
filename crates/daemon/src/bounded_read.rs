//! Reads files whose path an operator gave: a wrong path must not fill the memory.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

/// The file's bytes, if there are at most `max_bytes`.
///
/// # Errors
///
/// The system's; `FileTooLarge` beyond `max_bytes`, without reading on.
pub(crate) fn bytes(path: &Path, max_bytes: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(max_bytes).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    if bytes.len() > max_bytes {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {max_bytes} bytes")));
    }
    Ok(bytes)
}

/// The file's text, if there are at most `max_bytes`.
///
/// # Errors
///
/// Those of [`bytes`]; `InvalidData` where it is not UTF-8.
pub(crate) fn text(path: &Path, max_bytes: usize) -> io::Result<String> {
    String::from_utf8(bytes(path, max_bytes)?)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not valid UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_beyond_the_limit_is_refused_and_one_at_the_limit_is_not() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "12345").unwrap();
        assert_eq!(text(file.path(), 5).unwrap(), "12345");
        assert_eq!(text(file.path(), 4).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(bytes(Path::new("/dev/zero"), 4).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }
}
