//! Programs of this machine.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Whether this can be run.
pub(crate) fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// The folders in which these programs on the path really lie: the path often holds only links to some of them.
pub(crate) fn folders_on_path(path: &OsStr, names: &[&str]) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = std::env::split_paths(path)
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)).collect::<Vec<_>>())
        .filter(|program| is_program(program))
        .filter_map(|program| Some(program.canonicalize().ok()?.parent()?.to_owned()))
        .collect();
    folders.dedup();
    folders
}
