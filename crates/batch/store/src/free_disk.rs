//! The free disk of a server on this machine: SQL does not know it.

use std::path::{Path, PathBuf};

use nix::sys::statvfs::statvfs;

/// Bytes that are free where the data is or, if it has a folder of its own there, the log, whichever is less; none if this
/// process may not look there.
pub(crate) async fn free_bytes(folder: PathBuf, log: Option<&'static str>) -> Option<u64> {
    // A file system that hangs must not take the runtime along.
    tokio::task::spawn_blocking(move || {
        let data = free_at(&folder)?;
        // The log may be on a disk of its own; who may not look there knows of the other one at least.
        Some(log.and_then(|log| free_at(&folder.join(log))).map_or(data, |log| log.min(data)))
    })
    .await
    .ok()?
}

fn free_at(folder: &Path) -> Option<u64> {
    let seen = statvfs(folder).ok()?;
    Some(seen.blocks_available().saturating_mul(seen.fragment_size()))
}
