//! Reads files whose path an operator gave. A wrong path must not fill the memory, and must not hold up the program: a pipe that
//! nothing writes to, or a network's disk that is gone, would otherwise be waited for without end.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use nix::fcntl::OFlag;
use tokio::time::timeout;

/// Whatever waits for a file gives up after this time.
pub const READ_WITHIN: Duration = Duration::from_secs(10);

/// The file's bytes, if it is a regular file of at most `max_bytes`.
///
/// # Errors
///
/// The system's; `InvalidInput` for what is no regular file; `FileTooLarge` beyond `max_bytes`, without reading on.
pub fn bytes(path: &Path, max_bytes: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(max_bytes).unwrap_or(u64::MAX).saturating_add(1);
    regular_file(path)?.take(limit).read_to_end(&mut bytes)?;
    if bytes.len() > max_bytes {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {max_bytes} bytes")));
    }
    Ok(bytes)
}

/// The file's text, if it is a regular file of at most `max_bytes`.
///
/// # Errors
///
/// Those of [`bytes()`]; `InvalidData` where it is not UTF-8.
pub fn text(path: &Path, max_bytes: usize) -> io::Result<String> {
    String::from_utf8(bytes(path, max_bytes)?)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not valid UTF-8"))
}

/// Reads of one kind, each of which may hang without holding up more than one thread.
#[derive(Debug)]
pub struct Reads {
    under_way: AtomicUsize,
    max: usize,
}

impl Reads {
    /// Reads of which `max` may hang at the same time. The next one is refused instead of begun.
    #[must_use]
    pub const fn new(max: usize) -> Self {
        Self { under_way: AtomicUsize::new(0), max }
    }

    /// Does `reading` on a thread that may hang, and waits [`READ_WITHIN`] for it at most. The end of the program does not wait
    /// for that thread either.
    ///
    /// # Errors
    ///
    /// `TimedOut` if it takes longer; `WouldBlock` if too many earlier ones hang.
    pub async fn in_time<T: Send + 'static>(
        &'static self,
        reading: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<T> {
        self.within(READ_WITHIN, reading).await
    }

    async fn within<T: Send + 'static>(
        &'static self,
        limit: Duration,
        reading: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<T> {
        let Some(under_way) = UnderWay::begin(self) else {
            let text = "earlier reads have not ended yet: is the disk there?";
            return Err(io::Error::new(io::ErrorKind::WouldBlock, text));
        };
        let reading = tokio::task::spawn_blocking(move || {
            let outcome = reading();
            drop(under_way);
            outcome
        });
        match timeout(limit, reading).await {
            Ok(outcome) => outcome.map_err(io::Error::other),
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, format!("it could not be read within {limit:?}"))),
        }
    }
}

/// Opening a pipe or a device must not wait for its other end, and it is not read at all.
fn regular_file(path: &Path) -> io::Result<File> {
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)?;
    let kind = file.metadata()?.file_type();
    if kind.is_file() {
        return Ok(file);
    }
    let what = if kind.is_dir() { "it is a directory, not a file" } else { "it is not a regular file" };
    Err(io::Error::new(io::ErrorKind::InvalidInput, what))
}

/// Counts a read for as long as it is under way.
struct UnderWay(&'static Reads);

impl UnderWay {
    fn begin(reads: &'static Reads) -> Option<Self> {
        let more = |under_way: usize| (under_way < reads.max).then_some(under_way + 1);
        let has_room = reads.under_way.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok();
        // Made only where there is room: a value that is dropped at once would count down.
        has_room.then(|| Self(reads))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use nix::sys::stat::Mode;
    use nix::unistd::mkfifo;

    use super::*;

    #[test]
    fn a_file_beyond_the_limit_is_refused_and_one_at_the_limit_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "12345").unwrap();
        assert_eq!(text(&file, 5).unwrap(), "12345");
        assert_eq!(text(&file, 4).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }

    #[test]
    fn what_is_no_regular_file_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        mkfifo(&pipe, Mode::S_IRWXU).unwrap();
        for path in [pipe.as_path(), Path::new("/dev/zero"), Path::new("/dev/tty"), folder.path()] {
            // A process without a terminal cannot open one at all.
            let kind = bytes(path, 4).unwrap_err().kind();
            assert!(kind == io::ErrorKind::InvalidInput || path.ends_with("tty"), "{}: {kind}", path.display());
        }
    }

    #[tokio::test]
    async fn a_read_that_hangs_is_given_up_and_those_that_hang_are_not_added_to() {
        static READS: Reads = Reads::new(2);
        let limit = Duration::from_millis(5);
        let mut releases = Vec::new();
        for _ in 0..2 {
            let (release, hanging) = mpsc::channel::<()>();
            releases.push(release);
            let outcome = READS.within(limit, move || hanging.recv().is_ok()).await;
            assert_eq!(outcome.unwrap_err().kind(), io::ErrorKind::TimedOut);
        }
        assert_eq!(READS.within(limit, || 1).await.unwrap_err().kind(), io::ErrorKind::WouldBlock);
        drop(releases);
        // Their threads end, each in its own time.
        while READS.under_way.load(Ordering::Relaxed) > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(READS.in_time(|| 1).await.unwrap(), 1);
    }
}
