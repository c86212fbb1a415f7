//! Who else may read or change a file with a password.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tracing::warn;

/// Warns of a file that others may read or change, once for each file. It is no fault: Kubernetes mounts a secret like that
/// by default, where the container has one account only.
pub(super) fn warn_of(field: &str, path: &Path) {
    static TOLD: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
    let Some(exposure) = fs::metadata(path).ok().and_then(|file| exposure(file.permissions().mode())) else { return };
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    if !told.iter().any(|known| known == path) {
        told.push(path.to_owned());
        warn!(
            file = %path.display(),
            "the file of `{field}` {exposure}: give it to the account of this program, with mode 0400; in Kubernetes set defaultMode: \
             0440 and fsGroup"
        );
    }
}

fn exposure(mode: u32) -> Option<&'static str> {
    match mode {
        mode if mode & 0o002 != 0 => Some("can be changed by every account of the machine"),
        mode if mode & 0o004 != 0 => Some("can be read by every account of the machine"),
        mode if mode & 0o020 != 0 => Some("can be changed by every account of its group"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_others_may_read_or_change_is_told_from_one_that_they_may_not() {
        for mode in [0o400, 0o600, 0o440, 0o640, 0o100_400] {
            assert_eq!(exposure(mode), None, "{mode:o}");
        }
        for (mode, word) in [(0o644, "read by every"), (0o666, "changed by every"), (0o660, "of its group")] {
            assert!(exposure(mode).unwrap().contains(word), "{mode:o}");
        }
    }
}
